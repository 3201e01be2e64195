"""The feedback that the pipeline receives from store, whose events extend Core's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from market_data_core.telemetry import FeedbackEvent


def store_event(**changes: Any) -> FeedbackEvent:
    """A feedback event as store makes it: Core's, with a reason and what store works out of it."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    class StoreEvent(FeedbackEvent):
        reason: str | None = None

        @property
        def utilization(self) -> float:
            return self.queue_size / self.capacity

    fields = {
        "coordinator_id": "bars",
        "queue_size": 850,
        "capacity": 1000,
        "level": BackpressureLevel.soft,
        "source": "store",
        "ts": 1_700_000_000.25,
        "reason": "queue filling",
    }
    return StoreEvent(**{**fields, **changes})


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_extended_event_reads_as_feedback_event() -> None:
    """The JSON of store's event, with its extra reason, reads as a Core feedback event."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    wire = store_event().model_dump_json()
    event = FeedbackEvent.model_validate_json(wire)

    assert json.loads(wire)["reason"] == "queue filling"
    assert event.coordinator_id == "bars"
    assert event.queue_size == 850
    assert event.capacity == 1000
    assert event.level is BackpressureLevel.soft
    assert event.ts == 1_700_000_000.25


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.RateAdjustment")
def test_extended_event_becomes_rate_adjustment() -> None:
    """Store's own kind of feedback event makes a rate adjustment without being converted first."""
    from market_data_core.telemetry import RateAdjustment

    event = store_event()
    adjustment = RateAdjustment(provider="ibkr", scale=0.5, reason=event.level, ts=event.ts)

    assert adjustment.reason.value == "soft"
    assert adjustment.ts == event.ts


@pytest.mark.contract("telemetry.FeedbackEvent")
def test_feedback_event_accepts_empty_and_full_queue() -> None:
    """A feedback event tells of an empty queue and of a full one, down to a capacity of one."""
    empty = store_event(queue_size=0, capacity=1)
    full = store_event(queue_size=1, capacity=1)

    assert (empty.queue_size, empty.capacity) == (0, 1)
    assert (full.queue_size, full.capacity) == (1, 1)


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_dumps_values_a_json_schema_accepts() -> None:
    """A dumped feedback event holds plain text and numbers, which a JSON schema can check."""
    dumped = store_event().model_dump()

    assert isinstance(dumped["coordinator_id"], str)
    assert isinstance(dumped["queue_size"], int | float)
    assert isinstance(dumped["capacity"], int | float)
    assert isinstance(dumped["level"], str)
    assert dumped["level"] == "soft"
    assert isinstance(dumped["ts"], int | float)
