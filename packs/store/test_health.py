"""The health that store serves over HTTP with FastAPI (`datastore/service/app.py`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

if TYPE_CHECKING:
    from market_data_core.telemetry import HealthStatus

NOW = 1_700_000_000.25


def health_status() -> HealthStatus:
    """A health status made from the keywords that store gives."""
    from market_data_core.telemetry import HealthComponent, HealthStatus

    return HealthStatus(
        service="market-data-store",
        state="degraded",
        components=[
            HealthComponent(name="database", state="degraded"),
            HealthComponent(name="prometheus", state="healthy"),
        ],
        version="0.6.4",
        ts=NOW,
    )


@pytest.mark.contract("telemetry.HealthComponent")
def test_health_component_needs_only_name_and_state() -> None:
    """A health component is made from its name and state alone."""
    from market_data_core.telemetry import HealthComponent

    assert HealthComponent(name="database", state="healthy").name == "database"


@pytest.mark.contract("telemetry.HealthComponent")
def test_health_component_state_compares_with_text() -> None:
    """The state of a health component equals the text it was made from."""
    from market_data_core.telemetry import HealthComponent

    assert HealthComponent(name="database", state="healthy").state == "healthy"
    assert HealthComponent(name="database", state="degraded").state == "degraded"


@pytest.mark.contract("telemetry.HealthStatus", "telemetry.HealthComponent")
def test_health_status_is_made_by_keyword() -> None:
    """A health status is made from service, state, components, version and time."""
    status = health_status()

    assert status.service == "market-data-store"
    assert status.state == "degraded"
    assert [component.name for component in status.components] == ["database", "prometheus"]
    assert status.version == "0.6.4"
    assert status.ts == NOW


@pytest.mark.contract("telemetry.HealthStatus")
def test_health_status_can_be_healthy() -> None:
    """A health status can be healthy."""
    from market_data_core.telemetry import HealthStatus

    status = HealthStatus(
        service="market-data-store", state="healthy", components=[], version="0.6.4", ts=NOW
    )

    assert status.state == "healthy"


@pytest.mark.contract("telemetry.HealthStatus", "telemetry.HealthComponent")
def test_health_status_can_be_checked_again() -> None:
    """A health status is a valid one, and so is its dump, as FastAPI checks before it answers."""
    from market_data_core.telemetry import HealthStatus

    status, check = health_status(), TypeAdapter(HealthStatus).validate_python

    assert check(status) == status
    assert check(status.model_dump(by_alias=True)) == status


@pytest.mark.contract("telemetry.HealthStatus", "telemetry.HealthComponent")
def test_health_status_json_names() -> None:
    """The JSON of a health status names its fields as they are named in Python."""
    wire = json.loads(health_status().model_dump_json(by_alias=True))

    assert wire["service"] == "market-data-store"
    assert wire["state"] == "degraded"
    assert wire["version"] == "0.6.4"
    assert wire["ts"] == NOW
    assert [component["name"] for component in wire["components"]] == ["database", "prometheus"]
    assert [component["state"] for component in wire["components"]] == ["degraded", "healthy"]


@pytest.mark.contract("telemetry.HealthStatus")
def test_health_status_has_json_schema() -> None:
    """A health status has a JSON schema, which store's API description contains."""
    from market_data_core.telemetry import HealthStatus

    schema = TypeAdapter(HealthStatus).json_schema(mode="serialization", by_alias=True)

    assert "components" in schema["properties"]
