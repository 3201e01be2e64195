"""What the watches of the event bus (`pulse/observer.py`, `services/schema_audit.py`) need."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from market_data_core.events.adapters.inmem import InMemoryBus
    from market_data_core.events.envelope import EventEnvelope

FEEDBACK = "mdp.telemetry.feedback"
ADJUSTMENTS = "mdp.telemetry.rate_adjustment"


class Event(BaseModel):
    number: int = 0


@pytest.fixture
def bus() -> "InMemoryBus":
    from market_data_core.events.adapters.inmem import InMemoryBus

    return InMemoryBus()


async def first(bus: Any, stream: str) -> Any:
    """The first envelope that a watch of the stream gets; fails when none arrives."""

    async def watch() -> Any:
        async for envelope in bus.subscribe(stream, group="orchestrator", consumer="observer-1"):
            return envelope

    task = asyncio.create_task(watch())
    done, _ = await asyncio.wait({task}, timeout=2)
    assert done, f"no event arrived on {stream}"
    return task.result()


@pytest.mark.contract(
    "events.envelope.EventEnvelope",
    "events.adapters.inmem.InMemoryBus",
    "events.codecs.json_codec.JsonCodec",
)
def test_watches_find_their_imports() -> None:
    """The watches find the envelope, the in-memory bus and the codec, each in its own module."""
    from market_data_core.events.adapters.inmem import InMemoryBus
    from market_data_core.events.codecs.json_codec import JsonCodec
    from market_data_core.events.envelope import EventEnvelope

    assert all(callable(thing) for thing in (EventEnvelope, InMemoryBus, JsonCodec))


@pytest.mark.contract("events.adapters.inmem.InMemoryBus", core=">=1.2")
def test_in_memory_bus_needs_no_arguments() -> None:
    """An in-memory bus is made without arguments."""
    from market_data_core.events.adapters.inmem import InMemoryBus

    assert isinstance(InMemoryBus(), InMemoryBus)


@pytest.mark.asyncio
@pytest.mark.contract("events.adapters.inmem.InMemoryBus", core=">=1.2")
async def test_published_event_reaches_a_watch(bus: "InMemoryBus") -> None:
    """An event published on a stream reaches whoever watches that stream as group and consumer."""
    await bus.publish(FEEDBACK, Event(number=7))
    assert (await first(bus, FEEDBACK)).payload == Event(number=7)


@pytest.mark.asyncio
@pytest.mark.contract("events.adapters.inmem.InMemoryBus", core=">=1.2")
async def test_watch_sees_only_its_own_stream(bus: "InMemoryBus") -> None:
    """A watch of one stream does not see the events of another one."""
    await bus.publish(FEEDBACK, Event(number=1))
    await bus.publish(ADJUSTMENTS, Event(number=2))
    assert (await first(bus, ADJUSTMENTS)).payload == Event(number=2)


@pytest.mark.asyncio
@pytest.mark.contract("events.adapters.inmem.InMemoryBus", core=">=1.2")
async def test_watch_ends_when_cancelled(bus: "InMemoryBus") -> None:
    """A watch that is cancelled ends, so that the orchestrator can stop."""
    watching = asyncio.Event()

    async def watch() -> None:
        async for _ in bus.subscribe(FEEDBACK, group="orchestrator", consumer="observer-1"):
            watching.set()

    await bus.publish(FEEDBACK, Event())
    task = asyncio.create_task(watch())
    started = asyncio.create_task(watching.wait())
    await asyncio.wait({task, started}, timeout=2, return_when=asyncio.FIRST_COMPLETED)
    assert watching.is_set()
    assert not task.done()
    task.cancel()
    await asyncio.wait({task}, timeout=2)
    assert task.cancelled()


@pytest.mark.asyncio
@pytest.mark.contract(
    "events.adapters.inmem.InMemoryBus",
    "events.envelope.EventEnvelope",
    "events.envelope.EventMeta",
    "telemetry.FeedbackEvent",
    core=">=1.2",
)
async def test_feedback_in_an_envelope_of_the_store_reaches_a_watch(bus: "InMemoryBus") -> None:
    """A feedback event that the store wrapped in an envelope before publishing reaches a watch."""
    from market_data_core.events.envelope import EventEnvelope, EventMeta
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    feedback = FeedbackEvent(
        coordinator_id="bars",
        queue_size=850,
        capacity=1000,
        level=BackpressureLevel.soft,
        ts=1700000000.0,
    )
    wrapped: EventEnvelope[Any] = EventEnvelope(
        id="",
        ts=1700000000.0,
        meta=EventMeta(schema_id="telemetry.FeedbackEvent"),
        payload=feedback,
    )
    await bus.publish(FEEDBACK, wrapped)
    envelope = await first(bus, FEEDBACK)
    assert envelope.payload.payload.queue_size == 850


@pytest.mark.asyncio
@pytest.mark.contract("events.envelope.EventEnvelope", core=">=1.2")
async def test_envelope_says_when_it_was_published(bus: "InMemoryBus") -> None:
    """An envelope carries the Unix time in seconds of its publishing, to measure the lag."""
    before = time.time()
    await bus.publish(FEEDBACK, Event())
    envelope: EventEnvelope[Any] = await first(bus, FEEDBACK)
    assert before <= envelope.ts <= time.time()


@pytest.mark.asyncio
@pytest.mark.contract("events.envelope.EventEnvelope", "events.envelope.EventMeta", core=">=1.2")
async def test_envelope_names_the_schema_of_its_event(bus: "InMemoryBus") -> None:
    """An envelope names the schema of its event in its meta."""
    await bus.publish(FEEDBACK, Event())
    assert (await first(bus, FEEDBACK)).meta.schema_id


@pytest.mark.asyncio
@pytest.mark.contract(
    "events.adapters.inmem.InMemoryBus", "events.envelope.EventEnvelope", core=">=1.2"
)
async def test_event_is_acknowledged_by_its_id(bus: "InMemoryBus") -> None:
    """A seen event is acknowledged by stream and envelope id, with await."""
    await bus.publish(FEEDBACK, Event())
    envelope = await first(bus, FEEDBACK)
    await bus.ack(FEEDBACK, envelope.id)


@pytest.mark.asyncio
@pytest.mark.contract(
    "events.adapters.inmem.InMemoryBus", "events.envelope.EventEnvelope", core=">=1.2"
)
async def test_event_is_failed_by_its_id_with_a_reason(bus: "InMemoryBus") -> None:
    """An event nobody could handle is failed by stream, envelope id and reason, with await."""
    await bus.publish(FEEDBACK, Event())
    envelope = await first(bus, FEEDBACK)
    await bus.fail(FEEDBACK, envelope.id, "no such stream")


@pytest.mark.contract("events.envelope.EventEnvelope", core=">=1.2")
def test_envelope_type_takes_the_type_of_its_payload() -> None:
    """The envelope type takes the type of its payload, as the watch's annotations do at import."""
    from market_data_core.events.envelope import EventEnvelope

    assert EventEnvelope[Any] is not None


@pytest.mark.contract("events.codecs.json_codec.JsonCodec", core=">=1.2")
def test_codec_is_made_for_either_track() -> None:
    """A JSON codec is made for track v1 or v2 by keyword."""
    from market_data_core.events.codecs.json_codec import JsonCodec

    assert [isinstance(JsonCodec(track=track), JsonCodec) for track in ("v1", "v2")] == [True] * 2
