"""The feedback events of store's write coordinator (`coordinator/feedback.py`): Core's and more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import Field

if TYPE_CHECKING:
    from market_data_core.telemetry import BackpressureLevel

NOW = 1_700_000_000.25


def store_event_type() -> Any:
    """Store's own feedback event, which adds a field, a property and a method to Core's."""
    from market_data_core.telemetry import FeedbackEvent

    class StoreEvent(FeedbackEvent):
        reason: str | None = Field(default=None, description="Optional backpressure context")

        @property
        def utilization(self) -> float:
            return self.queue_size / self.capacity if self.capacity > 0 else 0.0

        @classmethod
        def create(
            cls,
            coordinator_id: str,
            queue_size: int,
            capacity: int,
            level: BackpressureLevel,
            reason: str | None = None,
        ) -> StoreEvent:
            return cls(
                coordinator_id=coordinator_id,
                queue_size=queue_size,
                capacity=capacity,
                level=level,
                source="store",
                ts=NOW,
                reason=reason,
            )

    return StoreEvent


def store_event(queue_size: int = 850, capacity: int = 1000) -> Any:
    """An event as the write coordinator's queue makes it."""
    from market_data_core.telemetry import BackpressureLevel

    return store_event_type().create(
        coordinator_id="bars",
        queue_size=queue_size,
        capacity=capacity,
        level=BackpressureLevel.soft,
        reason="queue_recovered",
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
    """Store's feedback event has a reason of its own, which it gives back and dumps."""
    event = store_event()

    assert event.reason == "queue_recovered"
    assert event.model_dump()["reason"] == "queue_recovered"


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_leaves_utilization_to_store() -> None:
    """The utilization of store's feedback event is what store reckons, and no part of its JSON."""
    event = store_event()

    assert event.utilization == 0.85
    assert "utilization" not in json.loads(event.model_dump_json())


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_leaves_create_to_store() -> None:
    """Store's feedback event is made by its own `create`, which is no part of its JSON."""
    assert "create" not in json.loads(store_event().model_dump_json())


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_gives_back_what_it_was_made_from() -> None:
    """A feedback event gives coordinator, queue size, capacity, source and time back unchanged."""
    event = store_event()

    assert event.coordinator_id == "bars"
    assert event.queue_size == 850
    assert event.capacity == 1000
    assert event.source == "store"
    assert event.ts == NOW


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_level_stays_an_enum_member() -> None:
    """The level of a feedback event is a backpressure level, whose value store sends over HTTP."""
    from market_data_core.telemetry import BackpressureLevel

    assert store_event().level is BackpressureLevel.soft
    assert store_event().level.value == "soft"


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
def test_feedback_event_has_the_source_it_is_given() -> None:
    """A feedback event has the source that it is given, whatever its default is."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    event = FeedbackEvent(
        coordinator_id="bars",
        queue_size=850,
        capacity=1000,
        level=BackpressureLevel.soft,
        source="store of another region",
        ts=NOW,
    )

    assert event.source == "store of another region"


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
