"""What the pipeline's feedback modules import from Core when they are loaded."""

import inspect

import pytest


@pytest.mark.contract(
    "telemetry.BackpressureLevel",
    "telemetry.FeedbackEvent",
    "telemetry.RateAdjustment",
    "protocols.FeedbackPublisher",
    "protocols.RateController",
)
def test_telemetry_and_protocols_import() -> None:
    """Core's telemetry models and feedback protocols can be imported."""
    from market_data_core.protocols import FeedbackPublisher, RateController
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent, RateAdjustment

    imported = (
        BackpressureLevel,
        FeedbackEvent,
        RateAdjustment,
        FeedbackPublisher,
        RateController,
    )
    assert all(inspect.isclass(thing) for thing in imported)
