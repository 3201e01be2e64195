"""What the pipeline's own classes do, beside what this pack says of them: a live cell asks."""

from __future__ import annotations

from typing import Any

TIME = 1_700_000_000.25


class Coordinator:
    """What the pipeline's rate controller calls."""

    def __init__(self) -> None:
        self.called: list[tuple[object, ...]] = []

    async def set_global_pressure(self, provider: str, level: str) -> None:
        self.called.append(("pressure", provider, level))

    async def set_budget_scale(self, provider: str, scale: float) -> None:
        self.called.append(("scale", provider, scale))


def _feedback(level: str) -> Any:
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    return FeedbackEvent(
        coordinator_id="bars",
        queue_size=850,
        capacity=1000,
        level=BackpressureLevel[level],
        ts=TIME,
    )


def policy_of_the_settings() -> tuple[object, object]:
    """The feedback settings have a scale for ok, soft and hard, and the user set none."""
    from market_data_pipeline.settings.feedback import PipelineFeedbackSettings

    policy = PipelineFeedbackSettings().get_policy()
    said = {"ok": 1.0, "soft": 0.5, "hard": 0.0}
    return said, {level.value: scale for level, scale in policy.items()}


def policy_of_the_handler() -> tuple[object, object]:
    """The feedback handler has the same scales where it is given none."""
    from market_data_pipeline.orchestration.feedback.consumer import FeedbackHandler

    policy = FeedbackHandler(rate=Coordinator(), provider="ibkr").policy
    said = {"ok": 1.0, "soft": 0.5, "hard": 0.0}
    return said, {level.value: scale for level, scale in policy.items()}


async def rate_controller() -> tuple[object, object]:
    """The rate controller is awaited with an adjustment, and hands on its level and its scale."""
    from market_data_pipeline.orchestration.feedback.consumer import (
        FeedbackHandler,
        RateCoordinatorAdapter,
    )

    coordinator = Coordinator()
    handler = FeedbackHandler(
        rate=RateCoordinatorAdapter(coordinator), provider="ibkr", policy={"soft": 0.25}
    )
    await handler.handle(_feedback("soft"))
    return [("pressure", "ibkr", "soft"), ("scale", "ibkr", 0.25)], coordinator.called


async def slowest_rate() -> tuple[object, object]:
    """Hard backpressure leaves a provider one message a second."""
    from market_data_pipeline.orchestration.coordinator import RateCoordinator

    coordinator = RateCoordinator()
    coordinator.register_provider("ibkr", capacity=10, refill_rate=10)
    await coordinator.set_budget_scale("ibkr", 0.0)
    return 1, coordinator._buckets["ibkr"].budget.max_msgs_per_sec
