"""The pipeline's feedback handler, which turns a feedback event into a rate adjustment."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

TIME = 1_700_000_000.25


@pytest.mark.contract("telemetry.BackpressureLevel")
def test_levels_are_ok_soft_and_hard() -> None:
    """The backpressure levels ok, soft and hard exist, and each one's value is its name."""
    from market_data_core.telemetry import BackpressureLevel

    assert BackpressureLevel.ok.value == "ok"
    assert BackpressureLevel.soft.value == "soft"
    assert BackpressureLevel.hard.value == "hard"


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_has_its_required_fields() -> None:
    """A feedback event needs its coordinator, queue size, capacity, level and time, and no more."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    fields: dict[str, Any] = {
        "coordinator_id": "bars",
        "queue_size": 850,
        "capacity": 1000,
        "level": BackpressureLevel.soft,
        "ts": TIME,
    }
    event = FeedbackEvent(**fields)

    assert event.coordinator_id == "bars"
    assert event.queue_size == 850
    assert event.capacity == 1000
    assert event.level is BackpressureLevel.soft
    assert event.ts == TIME
    for missing in fields:
        with pytest.raises(ValidationError):
            FeedbackEvent(**{name: fields[name] for name in fields if name != missing})


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_survives_json() -> None:
    """A feedback event is written to JSON and read back under the same names and values."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    wire = {
        "coordinator_id": "bars",
        "queue_size": 850,
        "capacity": 1000,
        "level": "hard",
        "source": "store",
        "ts": TIME,
    }
    event = FeedbackEvent.model_validate_json(json.dumps(wire))
    written = json.loads(event.model_dump_json())

    assert event.queue_size == 850
    assert event.capacity == 1000
    assert event.level is BackpressureLevel.hard
    assert event.ts == TIME
    assert {name: written[name] for name in wire} == wire


@pytest.mark.contract(
    "telemetry.FeedbackEvent", "telemetry.BackpressureLevel", "telemetry.RateAdjustment"
)
def test_feedback_event_becomes_rate_adjustment() -> None:
    """Feedback of level ok, soft or hard becomes a rate adjustment of scale 1.0, 0.7 or 0.0."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent, RateAdjustment

    policy = {
        BackpressureLevel.ok: 1.0,
        BackpressureLevel.soft: 0.7,
        BackpressureLevel.hard: 0.0,
    }
    for level, scale in policy.items():
        event = FeedbackEvent(
            coordinator_id="bars",
            queue_size=850,
            capacity=1000,
            level=level,
            source="store",
            ts=TIME,
        )
        adjustment = RateAdjustment(
            provider="ibkr", scale=policy[event.level], reason=event.level, ts=event.ts
        )

        assert adjustment.provider == "ibkr"
        assert adjustment.scale == scale
        assert adjustment.reason is level
        assert adjustment.ts == TIME
