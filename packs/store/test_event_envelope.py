"""The envelope that store's feedback publisher (`pulse/publisher.py`) puts each event into."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from market_data_core.events.envelope import EventEnvelope, EventMeta
    from market_data_core.telemetry import FeedbackEvent

NOW = 1_700_000_000.25


def event_meta(track: Literal["v1", "v2"] = "v1") -> EventMeta:
    """Metadata made from the keywords that store gives."""
    from market_data_core.events.envelope import EventMeta

    return EventMeta(schema_id="telemetry.FeedbackEvent", track=track, headers={})


def feedback_envelope() -> EventEnvelope[FeedbackEvent]:
    """An envelope made from the keywords that store gives."""
    from market_data_core.events.envelope import EventEnvelope, EventMeta
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    return EventEnvelope(
        id="",
        key="bars",
        ts=NOW,
        meta=EventMeta(
            schema_id="telemetry.FeedbackEvent", track="v1", headers={"reason": "queue_recovered"}
        ),
        payload=FeedbackEvent(
            coordinator_id="bars",
            queue_size=850,
            capacity=1000,
            level=BackpressureLevel.soft,
            source="store",
            ts=NOW,
        ),
    )


@pytest.mark.contract("events.envelope.EventMeta", core=">=1.2")
def test_event_meta_gives_back_schema_and_headers() -> None:
    """Event metadata is made from schema_id, track and headers by keyword and holds them."""
    from market_data_core.events.envelope import EventMeta

    meta = EventMeta(
        schema_id="telemetry.FeedbackEvent", track="v1", headers={"origin": "coordinator"}
    )

    assert meta.schema_id == "telemetry.FeedbackEvent"
    assert meta.headers["origin"] == "coordinator"


@pytest.mark.contract("events.envelope.EventMeta", core=">=1.2")
def test_event_meta_accepts_both_tracks() -> None:
    """Event metadata accepts the schema tracks v1 and v2, which store can be set to."""
    assert event_meta("v1").track == "v1"
    assert event_meta("v2").track == "v2"


@pytest.mark.contract("events.envelope.EventMeta", core=">=1.2")
def test_headers_can_be_added_to_event_meta() -> None:
    """Headers can be added to event metadata after it was made, and are written with it."""
    meta = event_meta()
    meta.headers["reason"] = "queue_recovered"
    meta.headers["utilization"] = "0.850000"

    headers = json.loads(meta.model_dump_json())["headers"]
    assert headers["reason"] == "queue_recovered"
    assert headers["utilization"] == "0.850000"


@pytest.mark.contract("events.envelope.EventEnvelope", "telemetry.FeedbackEvent", core=">=1.2")
def test_envelope_accepts_empty_id() -> None:
    """An envelope is made with an empty id, because the event bus gives the id of what it adds."""
    assert feedback_envelope().payload.coordinator_id == "bars"


@pytest.mark.contract("events.envelope.EventEnvelope", "telemetry.FeedbackEvent", core=">=1.2")
def test_envelope_keeps_feedback_event() -> None:
    """An envelope gives the feedback event that was put into it, with all that it says."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    payload = feedback_envelope().payload

    assert isinstance(payload, FeedbackEvent)
    assert payload.coordinator_id == "bars"
    assert payload.queue_size == 850
    assert payload.level is BackpressureLevel.soft


@pytest.mark.contract(
    "events.envelope.EventEnvelope",
    "events.envelope.EventMeta",
    "telemetry.FeedbackEvent",
    core=">=1.2",
)
def test_envelope_json_names() -> None:
    """The JSON of an envelope names key, ts, meta and payload as they are named in Python."""
    wire = json.loads(feedback_envelope().model_dump_json())

    assert wire["key"] == "bars"
    assert wire["ts"] == NOW
    assert wire["meta"]["schema_id"] == "telemetry.FeedbackEvent"
    assert wire["meta"]["track"] == "v1"
    assert wire["meta"]["headers"]["reason"] == "queue_recovered"
    assert wire["payload"]["coordinator_id"] == "bars"
    assert wire["payload"]["queue_size"] == 850
    assert wire["payload"]["capacity"] == 1000
    assert wire["payload"]["level"] == "soft"
    assert wire["payload"]["source"] == "store"
    assert wire["payload"]["ts"] == NOW


@pytest.mark.contract("events.envelope.EventEnvelope", "telemetry.FeedbackEvent", core=">=1.2")
def test_envelope_payload_reads_as_feedback_event() -> None:
    """The payload in an envelope's JSON reads as a Core feedback event."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    wire = json.loads(feedback_envelope().model_dump_json())
    event = FeedbackEvent.model_validate(wire["payload"])

    assert event.coordinator_id == "bars"
    assert event.queue_size == 850
    assert event.capacity == 1000
    assert event.level is BackpressureLevel.soft
    assert event.ts == NOW
