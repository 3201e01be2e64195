"""The pipeline's feedback handler, which turns a feedback event into a rate adjustment."""

import json

import pytest

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
    """A feedback event is made of coordinator, queue size, capacity, level and time alone."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    event = FeedbackEvent(
        coordinator_id="bars",
        queue_size=850,
        capacity=1000,
        level=BackpressureLevel.soft,
        ts=TIME,
    )

    assert event.coordinator_id == "bars"
    assert event.queue_size == 850
    assert event.capacity == 1000
    assert event.level.value == "soft"
    assert event.ts == TIME


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_survives_json() -> None:
    """A feedback event is written to JSON and read back under the same names and values."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    wire = {
        "coordinator_id": "bars",
        "queue_size": 850,
        "capacity": 1000,
        "level": "hard",
        "source": "store-eu",
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
    """Feedback of level ok, soft or hard becomes a rate adjustment of the scale for that level.

    The pipeline's own scales are 1.0, 0.5 and 0.0, unless its user sets others; 1.0, 0.7 and 0.0
    are those of Core's documents, which no consumer has.
    """
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent, RateAdjustment

    levels = (BackpressureLevel.ok, BackpressureLevel.soft, BackpressureLevel.hard)
    for scales in ((1.0, 0.5, 0.0), (1.0, 0.7, 0.0)):
        policy = dict(zip(levels, scales, strict=True))
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
            assert adjustment.reason.value == level.value
            assert adjustment.ts == TIME
