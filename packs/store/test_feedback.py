"""The feedback events of store's write coordinator, which extend Core's by an optional reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

if TYPE_CHECKING:
    from market_data_core.telemetry import FeedbackEvent

NOW = 1_700_000_000.25


def store_event_type() -> type[FeedbackEvent]:
    """A stand-in for store's own feedback event."""
    from market_data_core.telemetry import FeedbackEvent

    class StoreEvent(FeedbackEvent):
        reason: str | None = None

    return StoreEvent


def store_event(queue_size: int = 850, capacity: int = 1000) -> FeedbackEvent:
    """An event made from the keywords that store gives."""
    from market_data_core.telemetry import BackpressureLevel

    return store_event_type()(
        **{"reason": "queue_recovered"},
        coordinator_id="bars",
        queue_size=queue_size,
        capacity=capacity,
        level=BackpressureLevel.soft,
        source="store",
        ts=NOW,
    )


@pytest.mark.contract("telemetry.BackpressureLevel")
def test_backpressure_levels_keep_names_and_values() -> None:
    """The backpressure levels ok, soft and hard have their own name as value."""
    from market_data_core.telemetry import BackpressureLevel

    assert BackpressureLevel.ok.value == "ok"
    assert BackpressureLevel.soft.value == "soft"
    assert BackpressureLevel.hard.value == "hard"


@pytest.mark.contract("telemetry.FeedbackEvent")
def test_feedback_event_can_be_extended() -> None:
    """A kind of feedback event may add a field of its own, which the event then holds."""
    assert store_event().model_dump()["reason"] == "queue_recovered"


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_gives_back_what_it_was_made_from() -> None:
    """A feedback event gives its coordinator, queue size, capacity and time back unchanged."""
    event = store_event()

    assert event.coordinator_id == "bars"
    assert event.queue_size == 850
    assert event.capacity == 1000
    assert event.source == "store"
    assert event.ts == NOW


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_level_stays_an_enum_member() -> None:
    """The level of a feedback event is a backpressure level, not only its text."""
    from market_data_core.telemetry import BackpressureLevel

    assert store_event().level is BackpressureLevel.soft


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_accepts_empty_queue() -> None:
    """A feedback event can tell that the queue is empty again."""
    assert store_event(queue_size=0).queue_size == 0


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_accepts_full_queue_of_one() -> None:
    """A feedback event can tell that a queue for a single item is full."""
    event = store_event(queue_size=1, capacity=1)

    assert (event.queue_size, event.capacity) == (1, 1)


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_cannot_be_changed() -> None:
    """A feedback event cannot be changed, because store hands the same one to every subscriber."""
    event = store_event()

    with pytest.raises(ValidationError):
        event.queue_size = 0
    assert event.queue_size == 850


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_json_names() -> None:
    """The JSON of a feedback event names its fields as they are named in Python."""
    wire = json.loads(store_event().model_dump_json())

    assert wire["coordinator_id"] == "bars"
    assert wire["queue_size"] == 850
    assert wire["capacity"] == 1000
    assert wire["level"] == "soft"
    assert wire["source"] == "store"
    assert wire["ts"] == NOW
    assert wire["reason"] == "queue_recovered"


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_core_event_reads_extended_event() -> None:
    """Core's feedback event reads store's JSON and ignores the reason, which pipeline needs."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    event = FeedbackEvent.model_validate_json(store_event().model_dump_json())

    assert event.coordinator_id == "bars"
    assert event.queue_size == 850
    assert event.capacity == 1000
    assert event.level is BackpressureLevel.soft
    assert event.source == "store"
    assert event.ts == NOW
