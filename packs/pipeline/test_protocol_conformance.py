"""The pipeline's rate controller and feedback publisher, which implement Core's protocols."""

import inspect
from typing import Any

import pytest
from pydantic import ValidationError


@pytest.mark.contract("telemetry.RateAdjustment", "telemetry.BackpressureLevel")
def test_rate_adjustment_has_its_required_fields() -> None:
    """A rate adjustment needs its provider, scale, reason and time, and no more."""
    from market_data_core.telemetry import BackpressureLevel, RateAdjustment

    fields: dict[str, Any] = {
        "provider": "ibkr",
        "scale": 0.7,
        "reason": BackpressureLevel.soft,
        "ts": 1_700_000_000.25,
    }
    adjustment = RateAdjustment(**fields)

    assert adjustment.provider == "ibkr"
    assert adjustment.scale == 0.7
    assert adjustment.reason is BackpressureLevel.soft
    assert adjustment.ts == 1_700_000_000.25
    for missing in fields:
        with pytest.raises(ValidationError):
            RateAdjustment(**{name: fields[name] for name in fields if name != missing})


@pytest.mark.contract("protocols.RateController")
def test_apply_is_awaited_with_one_adjustment() -> None:
    """A rate controller's apply is awaited and takes one rate adjustment by position."""
    from market_data_core.protocols import RateController

    controller, adjustment = object(), object()
    inspect.signature(RateController.apply).bind(controller, adjustment)
    assert inspect.iscoroutinefunction(RateController.apply)


@pytest.mark.contract("protocols.FeedbackPublisher")
def test_publish_is_awaited_with_one_event() -> None:
    """A feedback publisher's publish is awaited and takes one feedback event by position."""
    from market_data_core.protocols import FeedbackPublisher

    publisher, event = object(), object()
    inspect.signature(FeedbackPublisher.publish).bind(publisher, event)
    assert inspect.iscoroutinefunction(FeedbackPublisher.publish)


@pytest.mark.asyncio
@pytest.mark.contract("protocols.RateController")
async def test_class_with_apply_is_a_rate_controller() -> None:
    """An async apply is all that a class needs to be a rate controller."""
    from market_data_core.protocols import RateController

    applied: list[object] = []

    class Standalone:
        async def apply(self, adjustment: object) -> None:
            applied.append(adjustment)

    class Inheriting(RateController):
        async def apply(self, adjustment: object) -> None:
            applied.append(adjustment)

    await Standalone().apply("soft")
    await Inheriting().apply("hard")

    assert isinstance(Standalone(), RateController)
    assert applied == ["soft", "hard"]


@pytest.mark.asyncio
@pytest.mark.contract("protocols.FeedbackPublisher")
async def test_class_with_publish_is_a_feedback_publisher() -> None:
    """An async publish is all that a class needs to be a feedback publisher."""
    from market_data_core.protocols import FeedbackPublisher

    published: list[object] = []

    class Standalone:
        async def publish(self, event: object) -> None:
            published.append(event)

    class Inheriting(FeedbackPublisher):
        async def publish(self, event: object) -> None:
            published.append(event)

    await Standalone().publish("soft")
    await Inheriting().publish("hard")

    assert isinstance(Standalone(), FeedbackPublisher)
    assert published == ["soft", "hard"]
