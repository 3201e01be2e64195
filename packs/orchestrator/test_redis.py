"""What the orchestrator needs for events and rate limits over Redis, without a Redis server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from redis_streams import Streams, redis_streams

if TYPE_CHECKING:
    from market_data_core.events.adapters.redis_streams import RedisStreamsBus
    from market_data_core.events.envelope import EventEnvelope

URL = "redis://localhost:6379/0"
STREAM = "mdp.telemetry.feedback"


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Streams]:
    """A Redis server that is reached from Core as where redis is installed."""
    for name in ("REDIS_URL", "MD_NAMESPACE", "SCHEMA_TRACK"):
        monkeypatch.delenv(name, raising=False)
    with redis_streams() as streams:
        yield streams


@pytest.fixture
def bus(redis: Streams) -> RedisStreamsBus:
    """The Redis bus as the watches make it, from its URL alone."""
    from market_data_core.events.adapters.redis_streams import RedisStreamsBus

    return RedisStreamsBus(URL)


def feedback() -> BaseModel:
    """A feedback event under the one name by which Core's Redis bus knows it again."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    class Named(FeedbackEvent):
        __schema_id__ = "telemetry.FeedbackEvent"

    return Named(
        coordinator_id="bars",
        queue_size=850,
        capacity=1000,
        level=BackpressureLevel.soft,
        ts=1_700_000_000.5,
    )


async def watched(bus: RedisStreamsBus, publisher: Any) -> Any:
    """The envelope that a watch gets when the publisher publishes a feedback event."""

    async def watch() -> Any:
        async for envelope in bus.subscribe(STREAM, group="orchestrator", consumer="observer-1"):
            return envelope

    task = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await publisher.publish(STREAM, feedback())
    done, _ = await asyncio.wait({task}, timeout=2)
    assert done, "no event arrived"
    return task.result()


@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
def test_redis_comes_along() -> None:
    """Installing Core brings redis along, which the orchestrator imports but does not ask for."""
    assert find_spec("redis") is not None
    assert find_spec("redis.asyncio") is not None


@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
def test_redis_bus_needs_only_its_url(bus: RedisStreamsBus) -> None:
    """A Redis bus is made from its URL alone."""
    assert bus


@pytest.mark.asyncio
@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
async def test_redis_bus_connects_to_its_url(bus: RedisStreamsBus, redis: Streams) -> None:
    """A Redis bus made from its URL, by position, connects to that one."""
    await watched(bus, bus)
    assert set(redis.urls) == {URL}


@pytest.mark.asyncio
@pytest.mark.contract(
    "events.adapters.redis_streams.RedisStreamsBus", "telemetry.FeedbackEvent", core=">=1.2"
)
async def test_redis_bus_is_watched_like_the_in_memory_one(bus: RedisStreamsBus) -> None:
    """A Redis bus is watched by stream, group and consumer, and gives its events in envelopes."""
    envelope: EventEnvelope[Any] = await watched(bus, bus)
    assert envelope.payload.queue_size == 850
    assert envelope.meta.schema_id
    assert envelope.ts > 1_700_000_000


@pytest.mark.asyncio
@pytest.mark.contract(
    "events.adapters.redis_streams.RedisStreamsBus",
    "events.create_event_bus",
    "events.envelope.EventMeta",
    core=">=1.2",
)
async def test_redis_bus_shares_its_streams_with_the_store(
    bus: RedisStreamsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch sees what is published by a bus of Core's factory, as store makes it, by default.

    The track of store's events is v1, unless its environment says v2.
    """
    from market_data_core.events import create_event_bus

    store = create_event_bus(backend="redis", redis_url=URL)
    assert (await watched(bus, store)).payload.queue_size == 850

    monkeypatch.setenv("SCHEMA_TRACK", "v2")
    store = create_event_bus(backend="redis", redis_url=URL)
    assert (await watched(bus, store)).payload.queue_size == 850


@pytest.mark.asyncio
@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
async def test_redis_bus_acknowledges_by_id(bus: RedisStreamsBus) -> None:
    """A Redis bus acknowledges an event that it gave, by stream and envelope id, with await."""
    envelope = await watched(bus, bus)
    await bus.ack(STREAM, envelope.id)


@pytest.mark.asyncio
@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
async def test_redis_bus_fails_by_id_with_a_reason(bus: RedisStreamsBus, redis: Streams) -> None:
    """A Redis bus keeps the id and the reason of an event that failed, in a stream of that name."""
    envelope = await watched(bus, bus)
    await bus.fail(STREAM, envelope.id, "no such stream")
    assert redis.holds(STREAM, envelope.id, "no such stream")
