"""The pipeline's Pulse consumer, which reads store's feedback from Core's event bus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from redis_streams import Streams, redis_streams

if TYPE_CHECKING:
    from market_data_core.events.envelope import EventEnvelope
    from market_data_core.telemetry import FeedbackEvent

STREAM = "mdp.telemetry.feedback"
REDIS_URL = "redis://localhost:6379/0"
PATIENCE_SECONDS = 2


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


async def assert_waiting_reader_can_be_stopped(bus: Any, event: BaseModel) -> None:
    reader = asyncio.create_task(read(bus, 1))
    await asyncio.wait({reader}, timeout=0.01)
    assert not reader.done(), "the reader did not wait"

    reader.cancel()
    done, _ = await asyncio.wait({reader}, timeout=PATIENCE_SECONDS)
    if reader not in done:
        # A reader that did not end would keep the test run from ending: this ends it.
        await bus.publish(STREAM, event)

    assert reader in done


@pytest.mark.asyncio
@pytest.mark.contract(
    "events.create_event_bus",
    "events.envelope.EventEnvelope",
    "telemetry.FeedbackEvent",
    core=">=1.2",
)
async def test_published_feedback_arrives_in_an_envelope() -> None:
    """A feedback event published on the event bus arrives as the payload of an envelope."""
    from market_data_core.telemetry import BackpressureLevel

    (envelope,) = await deliver(in_memory_bus(), feedback_event(850))

    assert envelope.payload.queue_size == 850
    assert envelope.payload.level is BackpressureLevel.soft


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "telemetry.FeedbackEvent", core=">=1.2")
async def test_payload_of_an_envelope_is_dumped_for_its_schema() -> None:
    """The payload of an envelope dumps its fields by name, which the schema check reads."""
    (envelope,) = await deliver(in_memory_bus(), feedback_event(850))

    dumped = envelope.payload.model_dump()

    assert (dumped["coordinator_id"], dumped["queue_size"]) == ("bars", 850)


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

    assert len({first.id, second.id}) == 2


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
    await assert_waiting_reader_can_be_stopped(in_memory_bus(), Message(number=1))


@pytest.fixture
def redis() -> Iterator[Streams]:
    """A Redis server that is reached from Core as where redis is installed."""
    with redis_streams() as streams:
        yield streams


def redis_bus() -> Any:
    from market_data_core.events import create_event_bus

    return create_event_bus(backend="redis", redis_url=REDIS_URL)


def named_event(queue_size: int) -> FeedbackEvent:
    """A feedback event under the one name by which Core's Redis event bus knows it again."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    class Named(FeedbackEvent):
        __schema_id__ = "telemetry.FeedbackEvent"

    return Named(
        coordinator_id="bars",
        queue_size=queue_size,
        capacity=1000,
        level=BackpressureLevel.soft,
        ts=1_700_000_000.25,
    )


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_event_bus_needs_no_more_than_core() -> None:
    """A plain install of Core makes the Redis event bus; the pipeline adds no redis."""
    assert redis_bus()


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_redis_event_bus_connects_to_the_url_it_is_given(redis: Streams) -> None:
    """A Redis event bus connects to the URL that the pipeline gives, and to no other."""
    await deliver(redis_bus(), named_event(850))

    assert set(redis.urls) == {REDIS_URL}


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "telemetry.FeedbackEvent", core=">=1.2")
async def test_redis_event_bus_is_read_like_the_in_memory_one(redis: Streams) -> None:
    """A Redis event bus is read by stream, group and consumer, and gives feedback in envelopes."""
    first, second = await deliver(redis_bus(), named_event(850), named_event(0))

    assert (first.payload.queue_size, second.payload.queue_size) == (850, 0)
    assert first.payload.level.value == "soft"
    assert first.payload.ts == 1_700_000_000.25
    assert len({first.id, second.id}) == 2


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "telemetry.FeedbackEvent", core=">=1.2")
async def test_redis_event_bus_passes_over_what_it_cannot_read(redis: Streams) -> None:
    """A reader of the Redis event bus survives an event of a kind that Core does not know."""

    async def read_feedback() -> int:
        async for envelope in bus.subscribe(STREAM, group="pipeline", consumer="pipeline_w1"):
            if hasattr(envelope.payload, "queue_size"):
                break
        return int(envelope.payload.queue_size)

    bus = redis_bus()
    reader = asyncio.create_task(read_feedback())
    await asyncio.sleep(0)
    await publish(bus, (Message(number=1), named_event(850)))
    done, _ = await asyncio.wait({reader}, timeout=PATIENCE_SECONDS)

    assert reader in done, "the feedback did not arrive"
    assert reader.result() == 850


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", "telemetry.FeedbackEvent", core=">=1.2")
async def test_waiting_reader_of_redis_can_be_stopped(redis: Streams) -> None:
    """A reader of the Redis event bus ends when it is cancelled while it waits for feedback."""
    await assert_waiting_reader_can_be_stopped(redis_bus(), named_event(850))


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_redis_event_bus_acknowledges_by_id(redis: Streams) -> None:
    """A Redis event bus acknowledges an envelope that it gave, by stream and id."""
    bus = redis_bus()
    (envelope,) = await deliver(bus, named_event(850))

    await bus.ack(STREAM, envelope.id)


@pytest.mark.asyncio
@pytest.mark.contract("events.create_event_bus", core=">=1.2")
async def test_redis_event_bus_fails_by_id_with_a_reason(redis: Streams) -> None:
    """A Redis event bus keeps the id and the reason of what failed, in a stream of that name."""
    bus = redis_bus()
    (envelope,) = await deliver(bus, named_event(850))

    await bus.fail(STREAM, envelope.id, "the provider is gone")

    assert redis.holds(STREAM, envelope.id, "the provider is gone")
