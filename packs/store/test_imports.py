"""What store's modules import from Core for the event bus: none runs without it."""

import pytest


@pytest.mark.contract(
    "events.create_event_bus",
    "events.envelope.EventEnvelope",
    "events.envelope.EventMeta",
    "events.protocols.EventBus",
)
def test_pulse_publisher_finds_its_imports() -> None:
    """The feedback publisher finds the maker of buses, the envelope with its meta, and the bus."""
    from market_data_core.events import create_event_bus
    from market_data_core.events.envelope import EventEnvelope, EventMeta
    from market_data_core.events.protocols import EventBus

    assert all(callable(thing) for thing in (create_event_bus, EventEnvelope, EventMeta, EventBus))


@pytest.mark.contract("events.EventEnvelope", "events.EventMeta", core=">=1.2")
def test_drift_reporter_puts_a_mapping_into_an_envelope() -> None:
    """An envelope, as the events package exports it, takes the mapping of a drift reporter."""
    from market_data_core.events import EventEnvelope, EventMeta

    headers = {"event_type": "telemetry.schema_drift", "source": "market-data-store"}
    envelope = EventEnvelope(
        id="",
        key="bars",
        ts=1_700_000_000.25,
        meta=EventMeta(schema_id="telemetry.schema_drift", track="v1", headers=headers),
        payload={"schema": "bars", "track": "v1", "local_version": None},
    )

    assert envelope.payload == {"schema": "bars", "track": "v1", "local_version": None}
