"""What store's own classes do, beside what this pack says of them: a live cell asks."""

from __future__ import annotations

import json
from typing import Any

from test_event_envelope import feedback_envelope  # type: ignore[import-not-found]
from test_feedback import NOW, store_event  # type: ignore[import-not-found]


def _real_event(queue_size: int = 850, capacity: int = 1000) -> Any:
    """An event as store itself makes it, at the pack's time."""
    from market_data_core.telemetry import BackpressureLevel
    from market_data_store.coordinator.feedback import FeedbackEvent

    event = FeedbackEvent.create(
        coordinator_id="bars",
        queue_size=queue_size,
        capacity=capacity,
        level=BackpressureLevel.soft,
        reason="queue_recovered",
    )
    return event.model_copy(update={"ts": NOW})


def event_on_the_wire() -> tuple[object, object]:
    """The feedback event has the fields and the JSON of the one in `test_feedback.py`."""
    return json.loads(store_event().model_dump_json()), json.loads(_real_event().model_dump_json())


def event_itself() -> tuple[object, object]:
    """The feedback event adds a reason, a utilization and `create` to Core's, and no more."""
    from market_data_core.telemetry import FeedbackEvent

    def added(event: Any) -> set[str]:
        return {name for name in vars(type(event)) if name[0] != "_"} - {*vars(FeedbackEvent)}

    return added(store_event()), added(_real_event())


def utilization() -> tuple[object, object]:
    """The utilization is the queue's part of its capacity, and 0 where there is none."""
    sizes = ((850, 1000), (0, 1000), (1, 1))
    return (
        [store_event(*size).utilization for size in sizes],
        [_real_event(*size).utilization for size in sizes],
    )


async def bus() -> tuple[object, object]:
    """The feedback bus hands the event itself to each who has subscribed, in their order."""
    from market_data_store.coordinator.feedback import FeedbackBus

    heard = list[object]()

    async def first(event: object) -> None:
        heard.append(("first", event))

    async def second(event: object) -> None:
        heard.append(("second", event))

    own, event = FeedbackBus(), _real_event()
    own.subscribe(first)
    own.subscribe(second)
    await own.publish(event)
    return [("first", event), ("second", event)], heard


async def publisher() -> tuple[object, object]:
    """The publisher gives its bus a stream, a key, and the envelope of `test_event_envelope.py`."""
    from market_data_store.pulse.config import PulseConfig
    from market_data_store.pulse.publisher import FeedbackPublisherService

    class Bus:
        async def publish(self, stream: str, value: Any, *, key: str) -> str:
            self.given = (stream, key, value)
            return "1"

    service = FeedbackPublisherService(PulseConfig())
    own = Bus()
    service._bus = own
    await service._on_feedback(_real_event())
    stream, key, envelope = own.given
    said = feedback_envelope()
    said.meta.headers["utilization"] = "0.850000"
    return ("mdp.telemetry.feedback", "bars", _shown(said)), (stream, key, _shown(envelope))


def _shown(envelope: Any) -> dict[str, Any]:
    """An envelope but for its times."""
    found: dict[str, Any] = json.loads(envelope.model_dump_json())
    found.pop("ts")
    found["payload"].pop("ts")
    return found
