"""What the pipeline's modules import from Core when they are loaded: none runs without it."""

import pytest


@pytest.mark.contract("load_config", "ProviderRegistry", "Bar")
def test_job_runner_finds_its_imports() -> None:
    """The job runner, without which no command starts, finds all that it imports from the root."""
    from market_data_core import Bar, ProviderRegistry, load_config

    assert all(callable(thing) for thing in (Bar, ProviderRegistry, load_config))


@pytest.mark.contract("events.create_event_bus", "events.envelope.EventEnvelope")
def test_pulse_consumer_finds_its_imports() -> None:
    """The Pulse consumer finds the maker of event buses and the type of an envelope."""
    from market_data_core.events import create_event_bus
    from market_data_core.events.envelope import EventEnvelope

    assert all(callable(thing) for thing in (create_event_bus, EventEnvelope))
