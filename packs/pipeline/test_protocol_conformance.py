"""The pipeline's rate controller and feedback publisher, which implement Core's protocols."""

import inspect
from collections.abc import Awaitable, Callable

import pytest


@pytest.mark.contract("telemetry.RateAdjustment", "telemetry.BackpressureLevel")
def test_rate_adjustment_has_its_required_fields() -> None:
    """A rate adjustment is made of provider, scale, reason and time alone, and gives them back."""
    from market_data_core.telemetry import BackpressureLevel, RateAdjustment

    adjustment = RateAdjustment(
        provider="ibkr", scale=0.5, reason=BackpressureLevel.soft, ts=1_700_000_000.25
    )

    assert adjustment.provider == "ibkr"
    assert adjustment.scale == 0.5
    assert adjustment.reason.value == "soft"
    assert adjustment.ts == 1_700_000_000.25


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
    """A class that inherits the protocol, with its own coordinator and apply, can be used."""
    from market_data_core.protocols import RateController

    class Adapter(RateController):
        def __init__(self, coordinator: list[object]) -> None:
            self.coordinator = coordinator

        async def apply(self, adjustment: object) -> None:
            self.coordinator.append(adjustment)

    applied: list[object] = []
    await Adapter(applied).apply("soft")

    assert applied == ["soft"]


@pytest.mark.asyncio
@pytest.mark.contract("protocols.FeedbackPublisher")
async def test_class_with_publish_is_a_feedback_publisher() -> None:
    """A class that inherits the protocol, with its own subscribers and publish, can be used."""
    from market_data_core.protocols import FeedbackPublisher

    class Bus(FeedbackPublisher):
        def __init__(self) -> None:
            self._subscribers: list[Callable[[object], Awaitable[None]]] = []

        def subscribe(self, fn: Callable[[object], Awaitable[None]]) -> None:
            self._subscribers.append(fn)

        async def publish(self, event: object) -> None:
            for fn in self._subscribers:
                await fn(event)

    published: list[object] = []

    async def subscriber(event: object) -> None:
        published.append(event)

    bus = Bus()
    bus.subscribe(subscriber)
    await bus.publish("soft")

    assert published == ["soft"]
