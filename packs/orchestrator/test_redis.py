"""What the orchestrator needs for events and rate limits over Redis, without a Redis server."""

import inspect
from collections.abc import AsyncIterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from redis_stand_in import redis_stand_in

if TYPE_CHECKING:
    from market_data_core.events.adapters.redis_streams import RedisStreamsBus

URL = "redis://localhost:6379/0"
STREAM = "mdp.telemetry.feedback"


@pytest.fixture
def bus_type(monkeypatch: pytest.MonkeyPatch) -> "Iterator[type[RedisStreamsBus]]":
    """The Redis bus over a stand-in for redis, which may or may not be installed."""
    monkeypatch.delenv("REDIS_URL", raising=False)
    with redis_stand_in():
        from market_data_core.events.adapters.redis_streams import RedisStreamsBus

        yield RedisStreamsBus


@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
def test_redis_comes_along() -> None:
    """Installing Core brings redis along, which the orchestrator imports but does not ask for."""
    assert find_spec("redis") is not None
    assert find_spec("redis.asyncio") is not None


@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
def test_redis_bus_needs_only_its_url(bus_type: "type[RedisStreamsBus]") -> None:
    """A Redis bus is made from its URL alone, and does not connect yet."""
    assert isinstance(bus_type(URL), bus_type)


@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
def test_redis_bus_is_watched_like_the_in_memory_one(bus_type: "type[RedisStreamsBus]") -> None:
    """A Redis bus is watched by stream, group and consumer, and gives envelopes to iterate over."""
    envelopes = bus_type(URL).subscribe(STREAM, group="orchestrator", consumer="observer-1")
    assert isinstance(envelopes, AsyncIterable)


@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
def test_redis_bus_acknowledges_by_id(bus_type: "type[RedisStreamsBus]") -> None:
    """A Redis bus acknowledges an event by stream and envelope id, with await."""
    inspect.signature(bus_type.ack).bind(object(), STREAM, "1700000000000-0")
    assert inspect.iscoroutinefunction(bus_type.ack)


@pytest.mark.contract("events.adapters.redis_streams.RedisStreamsBus", core=">=1.2")
def test_redis_bus_fails_by_id_with_a_reason(bus_type: "type[RedisStreamsBus]") -> None:
    """A Redis bus fails an event by stream, envelope id and reason, with await."""
    inspect.signature(bus_type.fail).bind(object(), STREAM, "1700000000000-0", "no such stream")
    assert inspect.iscoroutinefunction(bus_type.fail)
