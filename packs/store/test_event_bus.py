"""The event bus that store's feedback publisher (`pulse/publisher.py`) makes and publishes on."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from redis_stand_in import redis_stand_in

if TYPE_CHECKING:
    from market_data_core.events.envelope import EventEnvelope
    from market_data_core.telemetry import FeedbackEvent

URL = "redis://localhost:6379/0"
STREAM = "mdp.telemetry.feedback"


@pytest.fixture
def redis_bus() -> Iterator[Any]:
    """A Redis bus as Core makes it where redis is installed."""
    with redis_stand_in():
        from market_data_core.events import create_event_bus

        yield create_event_bus(backend="redis", redis_url=URL)


def feedback_envelope() -> EventEnvelope[FeedbackEvent]:
    """The envelope that store publishes."""
    from market_data_core.events.envelope import EventEnvelope, EventMeta
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    return EventEnvelope(
        id="",
        key="bars",
        ts=1_700_000_000.25,
        meta=EventMeta(schema_id="telemetry.FeedbackEvent", track="v1", headers={}),
        payload=FeedbackEvent(
            coordinator_id="bars",
            queue_size=850,
            capacity=1000,
            level=BackpressureLevel.soft,
            source="store",
            ts=1_700_000_000.25,
        ),
    )


async def received() -> dict[str, Any]:
    """What a subscriber of the in-memory bus is given after store published, as JSON."""
    from market_data_core.events import create_event_bus

    bus = create_event_bus(backend="inmem", redis_url=None)
    await bus.publish(STREAM, feedback_envelope(), key="bars")
    events = aiter(bus.subscribe(STREAM, group="pipeline", consumer="worker-1"))
    envelope = await asyncio.wait_for(anext(events), timeout=5)
    wire: dict[str, Any] = json.loads(envelope.model_dump_json())
    return wire


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_in_memory_bus_needs_no_redis_url() -> None:
    """An in-memory bus is made by keyword, at once and without a Redis URL."""
    from market_data_core.events import create_event_bus

    bus = create_event_bus(backend="inmem", redis_url=None)

    inspect.signature(bus.publish).bind(STREAM, object(), key="bars")
    assert inspect.iscoroutinefunction(bus.publish)


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_backend_asked_for_wins_over_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend that store asks for is used, whatever EVENT_BUS_BACKEND says."""
    from market_data_core.events import create_event_bus

    monkeypatch.setenv("EVENT_BUS_BACKEND", "no-such-backend")
    bus = create_event_bus(backend="inmem", redis_url=None)

    assert inspect.iscoroutinefunction(bus.publish)


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_comes_along() -> None:
    """A Redis bus can be made with what installing Core brings along; store adds no redis."""
    from market_data_core.events import create_event_bus

    bus = create_event_bus(backend="redis", redis_url=URL)

    assert inspect.iscoroutinefunction(bus.publish)


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_bus_publishes_as_store_calls_it(redis_bus: Any) -> None:
    """Where redis is installed, a Redis bus publishes a value on a stream by key, with await."""
    inspect.signature(redis_bus.publish).bind(STREAM, object(), key="bars")
    assert inspect.iscoroutinefunction(redis_bus.publish)


@pytest.mark.contract("events.protocols.EventBus", core=">=1.2")
def test_event_bus_protocol_has_store_publish_call() -> None:
    """Every event bus publishes a value on a stream by key, with await."""
    from market_data_core.events.protocols import EventBus

    inspect.signature(EventBus.publish).bind(object(), STREAM, object(), key="bars")
    assert inspect.iscoroutinefunction(EventBus.publish)


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "events.envelope.EventEnvelope", core=">=1.2")
async def test_publish_gives_event_id_as_text() -> None:
    """Publishing an envelope gives the event's id as text."""
    from market_data_core.events import create_event_bus

    bus = create_event_bus(backend="inmem", redis_url=None)
    event_id = await bus.publish(STREAM, feedback_envelope(), key="bars")

    assert isinstance(event_id, str)
    assert event_id


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "events.envelope.EventEnvelope", core=">=1.2")
async def test_subscriber_receives_publish_key() -> None:
    """A subscriber of the same stream receives the key that store published with."""
    assert (await received())["key"] == "bars"


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "telemetry.FeedbackEvent", core=">=1.2")
async def test_subscriber_receives_feedback() -> None:
    """A subscriber of the same stream receives the feedback, in however many envelopes."""
    event = await received()
    while "coordinator_id" not in event:
        event = event["payload"]

    assert event["coordinator_id"] == "bars"
    assert event["queue_size"] == 850
    assert event["capacity"] == 1000
    assert event["level"] == "soft"
