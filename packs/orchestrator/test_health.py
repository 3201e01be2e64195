"""What the orchestrator's health endpoint (`health.py`) builds from Core's health models."""

from typing import Any, Literal

import pytest

STATES: list[Literal["healthy", "degraded", "unhealthy"]] = ["healthy", "degraded", "unhealthy"]


@pytest.mark.contract("telemetry.HealthComponent")
def test_health_component_keeps_its_state_as_plain_text() -> None:
    """A health component takes each state by name, and its state equals that plain text."""
    from market_data_core.telemetry import HealthComponent

    components = [HealthComponent(name="provider", state=state) for state in STATES]
    assert [component.state for component in components] == STATES


@pytest.mark.contract("telemetry.HealthComponent")
def test_health_component_accepts_a_detail_it_does_not_know() -> None:
    """A health component ignores the extra detail text that the orchestrator passes."""
    from market_data_core.telemetry import HealthComponent

    component_type: Any = HealthComponent
    component = component_type(name="provider", state="degraded", detail="Provider: disconnected")
    assert component.name == "provider"


@pytest.mark.contract("telemetry.HealthStatus")
def test_health_status_takes_each_overall_state() -> None:
    """A health status takes each overall state by name and the Unix time with fractions."""
    from market_data_core.telemetry import HealthStatus

    statuses = [
        HealthStatus(
            service="orchestrator", state=state, components=[], version="0.7.0", ts=1700000000.5
        )
        for state in STATES
    ]
    assert [(status.state, status.ts) for status in statuses] == [
        (state, 1700000000.5) for state in STATES
    ]


@pytest.mark.contract("telemetry.HealthStatus", "telemetry.HealthComponent")
def test_health_status_lists_its_components() -> None:
    """A health status carries every component it was built from, in order."""
    from market_data_core.telemetry import HealthComponent, HealthStatus

    names = ["provider", "runtime", "feedback_bus", "websocket", "pulse", "registry"]
    status = HealthStatus(
        service="orchestrator",
        state="healthy",
        components=[HealthComponent(name=name, state="healthy") for name in names],
        version="0.7.0",
        ts=1700000000.0,
    )
    assert [component.name for component in status.components] == names


@pytest.mark.contract("telemetry.HealthState")
def test_health_state_is_exported() -> None:
    """The health endpoint finds HealthState, which it imports beside the health models."""
    from market_data_core.telemetry import HealthState

    assert HealthState is not None
