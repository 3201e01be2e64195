"""What the feedback subscriber (`feedback.py`) reads from the store's feedback events."""

import pytest


@pytest.mark.contract("telemetry.FeedbackEvent", "telemetry.BackpressureLevel")
def test_feedback_event_of_the_store_gives_level_and_queue_size() -> None:
    """The store's own kind of feedback event still gives level and queue_size when dumped.

    Before that, store's bus works out its utilization, or hands it to nobody.
    """
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    class StoreEvent(FeedbackEvent):
        reason: str | None = None

        @property
        def utilization(self) -> float:
            return self.queue_size / self.capacity

    event = StoreEvent(
        coordinator_id="bars",
        queue_size=0,
        capacity=1000,
        level=BackpressureLevel.ok,
        ts=1700000000.0,
        reason="queue is empty",
    )
    assert event.utilization == 0
    fields = event.model_dump()
    assert fields["level"] == BackpressureLevel.ok
    assert fields["queue_size"] == 0
