"""The event bus that store's feedback publisher (`pulse/publisher.py`) makes and publishes on."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import pytest

from redis_streams import Streams, redis_streams

if TYPE_CHECKING:
    from market_data_core.events.envelope import EventEnvelope
    from market_data_core.telemetry import FeedbackEvent

URL = "redis://localhost:6379/0"
STREAM = "mdp.telemetry.feedback"
HEADERS = {"reason": "queue_recovered", "utilization": "0.850000"}


@pytest.fixture
def redis() -> Iterator[Streams]:
    """A Redis server that is reached from Core as where redis is installed."""
    with redis_streams() as streams:
        yield streams


def feedback_envelope() -> EventEnvelope[FeedbackEvent]:
    """The envelope that store publishes."""
    from market_data_core.events.envelope import EventEnvelope, EventMeta
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    return EventEnvelope(
        id="",
        key="bars",
        ts=1_700_000_000.25,
        meta=EventMeta(schema_id="telemetry.FeedbackEvent", track="v1", headers=dict(HEADERS)),
        payload=FeedbackEvent(
            coordinator_id="bars",
            queue_size=850,
            capacity=1000,
            level=BackpressureLevel.soft,
            source="store",
            ts=1_700_000_000.25,
        ),
    )


async def publish(backend: Literal["inmem", "redis"]) -> str:
    """What a bus gives back for an envelope, when it is made and called as by store."""
    from market_data_core.events import create_event_bus

    bus: Any = create_event_bus(backend=backend, redis_url=URL if backend == "redis" else None)
    event_id: str = await bus.publish(STREAM, feedback_envelope(), key="bars")
    return event_id


def objects(value: object) -> Iterator[Mapping[str, object]]:
    """Every JSON object in a value, in however many envelopes and texts."""
    if isinstance(value, str):
        with suppress(ValueError):
            yield from objects(json.loads(value))
    elif isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from objects(inner)


def added(redis: Streams) -> list[Mapping[str, object]]:
    """Every JSON object in what was added to the stream that store publishes on."""
    entries = [entry for name, each in redis.entries.items() if STREAM in name for entry in each]
    return [one for _, fields in entries for one in objects(fields)]


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_in_memory_bus_needs_no_redis_url() -> None:
    """An in-memory bus is made by keyword, at once and without a Redis URL."""
    from market_data_core.events import create_event_bus

    bus = create_event_bus(backend="inmem", redis_url=None)

    assert callable(bus.publish)


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_backend_asked_for_wins_over_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend that store asks for is used, whatever EVENT_BUS_BACKEND says."""
    from market_data_core.events import create_event_bus

    monkeypatch.setenv("EVENT_BUS_BACKEND", "no-such-backend")
    bus = create_event_bus(backend="inmem", redis_url=None)

    assert callable(bus.publish)


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "events.envelope.EventEnvelope", core=">=1.2")
async def test_publish_gives_event_id_as_text() -> None:
    """Publishing an envelope in memory gives the event's own id as text."""
    event_id, other = await publish("inmem"), await publish("inmem")

    assert isinstance(event_id, str)
    assert event_id
    assert event_id != other


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_comes_along() -> None:
    """A Redis bus can be made with what installing Core brings along; store adds no redis."""
    from market_data_core.events import create_event_bus

    bus = create_event_bus(backend="redis", redis_url=URL)

    assert callable(bus.publish)


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_redis_bus_connects_to_the_url_it_is_given(
    redis: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Redis bus connects to the URL that store gives, and to no other."""
    monkeypatch.setenv("REDIS_URL", "redis://localhost:6379/1")
    await publish("redis")

    assert set(redis.urls) == {URL}


@pytest.mark.asyncio
@pytest.mark.contract(
    "events.create_event_bus",
    "events.envelope.EventEnvelope",
    "telemetry.FeedbackEvent",
    core=">=1.2",
)
async def test_redis_bus_publishes_as_store_calls_it(redis: Streams) -> None:
    """A Redis bus adds the feedback, as JSON, to a stream that has the given name in its own."""
    await publish("redis")

    (event,) = [one for one in added(redis) if "coordinator_id" in one]
    assert event["coordinator_id"] == "bars"
    assert event["queue_size"] == 850
    assert event["capacity"] == 1000
    assert event["level"] == "soft"


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "events.envelope.EventMeta", core=">=1.2")
async def test_redis_bus_publishes_reason_and_utilization(redis: Streams) -> None:
    """What a Redis bus adds to the stream has the headers, in which store puts its own two."""
    await publish("redis")

    assert HEADERS in added(redis)


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_redis_bus_gives_event_id_as_text(redis: Streams) -> None:
    """Publishing an envelope over Redis gives the event's own id as text."""
    event_id, other = await publish("redis"), await publish("redis")

    assert isinstance(event_id, str)
    assert event_id
    assert event_id != other


@pytest.mark.contract("events.protocols.EventBus", core=">=1.2")
def test_event_bus_protocol_has_store_publish_call() -> None:
    """Every event bus publishes a value on a stream by key, with await."""
    from market_data_core.events.protocols import EventBus

    inspect.signature(EventBus.publish).bind(object(), STREAM, object(), key="bars")
    assert inspect.iscoroutinefunction(EventBus.publish)
