"""The pipeline's Pulse consumer, which reads store's feedback from Core's event bus."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from redis_stand_in import redis_stand_in

if TYPE_CHECKING:
    from market_data_core.events.envelope import EventEnvelope
    from market_data_core.telemetry import FeedbackEvent

STREAM = "mdp.telemetry.feedback"
REDIS_URL = "redis://localhost:6379/0"
PATIENCE_SECONDS = 5


class Message(BaseModel):
    """What the event bus carries where it does not matter what that is."""

    number: int


def in_memory_bus() -> Any:
    from market_data_core.events import create_event_bus

    return create_event_bus(backend="inmem", redis_url=None)


def feedback_event(queue_size: int) -> FeedbackEvent:
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    return FeedbackEvent(
        coordinator_id="bars",
        queue_size=queue_size,
        capacity=1000,
        level=BackpressureLevel.soft,
        source="store",
        ts=1_700_000_000.25,
    )


async def read(bus: Any, count: int) -> list[EventEnvelope[Any]]:
    """The next envelopes, read as the pipeline reads them."""
    envelopes: list[EventEnvelope[Any]] = []
    async for envelope in bus.subscribe(STREAM, group="pipeline", consumer="pipeline_w1"):
        envelopes.append(envelope)
        if len(envelopes) == count:
            break
    return envelopes


async def publish(bus: Any, events: tuple[BaseModel, ...]) -> None:
    for event in events:
        await bus.publish(STREAM, event)


async def deliver(bus: Any, *events: BaseModel) -> list[EventEnvelope[Any]]:
    """What a reader of the bus receives while the events are published."""
    reader = asyncio.create_task(read(bus, len(events)))
    publisher = asyncio.create_task(publish(bus, events))
    done, pending = await asyncio.wait(
        {reader, publisher},
        timeout=PATIENCE_SECONDS,
        return_when=asyncio.FIRST_EXCEPTION,
    )
    for task in done:
        task.result()
    assert not pending, "the events did not arrive"
    return reader.result()


@pytest.mark.asyncio
@pytest.mark.contract(
    "events.create_event_bus",
    "events.envelope.EventEnvelope",
    "telemetry.FeedbackEvent",
    core=">=1.2",
)
async def test_published_feedback_arrives_in_an_envelope() -> None:
    """A feedback event published on the event bus arrives as the payload of an envelope."""
    from market_data_core.events.envelope import EventEnvelope
    from market_data_core.telemetry import BackpressureLevel

    (envelope,) = await deliver(in_memory_bus(), feedback_event(850))

    assert isinstance(envelope, EventEnvelope)
    assert envelope.payload.queue_size == 850
    assert envelope.payload.level is BackpressureLevel.soft


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "telemetry.FeedbackEvent", core=">=1.2")
async def test_extended_feedback_arrives_with_core_fields() -> None:
    """Store's own kind of feedback event passes through the event bus with all of Core's fields."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    class StoreEvent(FeedbackEvent):
        reason: str | None = None

    event = StoreEvent(
        coordinator_id="bars",
        queue_size=850,
        capacity=1000,
        level=BackpressureLevel.hard,
        source="store",
        ts=1_700_000_000.25,
        reason="queue full",
    )
    (envelope,) = await deliver(in_memory_bus(), event)

    assert isinstance(envelope.payload, FeedbackEvent)
    assert envelope.payload.queue_size == 850
    assert envelope.payload.capacity == 1000
    assert envelope.payload.level is BackpressureLevel.hard
    assert envelope.payload.ts == 1_700_000_000.25


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_feedback_arrives_in_the_order_published() -> None:
    """Feedback arrives in the order published, because the pipeline obeys the latest."""
    messages = [Message(number=number) for number in (9, 1, 5)]
    envelopes = await deliver(in_memory_bus(), *messages)

    assert [envelope.payload for envelope in envelopes] == messages


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "events.envelope.EventEnvelope", core=">=1.2")
async def test_every_envelope_has_its_own_id() -> None:
    """Every envelope has an id of its own, by which the pipeline drops what it has already seen."""
    message = Message(number=1)
    first, second = await deliver(in_memory_bus(), message, message)

    assert isinstance(first.id, str)
    assert isinstance(second.id, str)
    assert first.id != second.id


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_handled_envelope_is_acknowledged() -> None:
    """The event bus acknowledges an envelope, given its stream and id."""
    bus = in_memory_bus()
    (envelope,) = await deliver(bus, Message(number=1))

    await bus.ack(STREAM, envelope.id)


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_envelope_that_cannot_be_handled_is_failed() -> None:
    """The event bus takes an envelope back as failed, given its stream, id and a reason."""
    bus = in_memory_bus()
    (envelope,) = await deliver(bus, Message(number=1))

    await bus.fail(STREAM, envelope.id, "the provider is gone")


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_waiting_reader_can_be_stopped() -> None:
    """A reader that waits for feedback ends when it is cancelled, so that the pipeline can stop."""
    bus = in_memory_bus()
    reader = asyncio.create_task(read(bus, 1))
    await asyncio.wait({reader}, timeout=0)
    assert not reader.done(), "the reader did not wait"

    reader.cancel()
    done, _ = await asyncio.wait({reader}, timeout=PATIENCE_SECONDS)
    if reader not in done:
        # A reader that did not end would keep the test run from ending: this ends it.
        await bus.publish(STREAM, Message(number=1))

    assert reader in done


@pytest.fixture
def redis_bus() -> Iterator[Any]:
    """A Redis bus as Core makes it where redis is installed."""
    with redis_stand_in():
        from market_data_core.events import create_event_bus

        yield create_event_bus(backend="redis", redis_url=REDIS_URL)


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_event_bus_needs_no_more_than_core() -> None:
    """A plain install of Core makes the Redis event bus; the pipeline adds no redis."""
    from market_data_core.events import create_event_bus

    assert create_event_bus(backend="redis", redis_url=REDIS_URL)


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_event_bus_is_read_like_the_in_memory_one(redis_bus: Any) -> None:
    """A Redis event bus is read by stream, group and consumer, with envelopes to iterate over."""
    subscription = redis_bus.subscribe(STREAM, group="pipeline", consumer="pipeline_w1")

    assert isinstance(subscription, AsyncIterable)


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_event_bus_acknowledges_by_id(redis_bus: Any) -> None:
    """A Redis event bus acknowledges an envelope by stream and id, with await."""
    inspect.signature(redis_bus.ack).bind(STREAM, "1700000000000-0")

    assert inspect.iscoroutinefunction(redis_bus.ack)


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_event_bus_fails_by_id_with_a_reason(redis_bus: Any) -> None:
    """A Redis event bus takes an envelope back as failed, by stream, id and reason, with await."""
    inspect.signature(redis_bus.fail).bind(STREAM, "1700000000000-0", "the provider is gone")

    assert inspect.iscoroutinefunction(redis_bus.fail)
