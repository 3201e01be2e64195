"""What the orchestrator serves over HTTP as JSON: health, control results, the topology."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, TypeAdapter

if TYPE_CHECKING:
    from market_data_core.federation import ClusterTopology


def served(body: BaseModel) -> Any:
    """The JSON a client gets: a response is validated again and written by alias."""
    adapter: TypeAdapter[BaseModel] = TypeAdapter(type(body))
    valid = adapter.validate_python(body, from_attributes=True)
    return json.loads(adapter.dump_json(valid, by_alias=True))


@pytest.fixture
def topology() -> "ClusterTopology":
    from market_data_core.federation import (
        ClusterId,
        ClusterTopology,
        NodeId,
        NodeRole,
        NodeStatus,
        Region,
    )

    return ClusterTopology(
        cluster_id=ClusterId(value="default"),
        region=Region(name="us"),
        nodes=[
            NodeStatus(
                node_id=NodeId(value=f"node-{role.value}"),
                role=role,
                health="healthy",
                version="0.6.0",
                last_seen_ts=1700000000.5,
            )
            for role in (NodeRole.orchestrator, NodeRole.pipeline, NodeRole.store)
        ],
    )


@pytest.mark.contract("telemetry.HealthStatus")
def test_health_status_is_served() -> None:
    """A health status is served with service, state, version and ts under these names."""
    from market_data_core.telemetry import HealthStatus

    body = served(
        HealthStatus(
            service="orchestrator",
            state="unhealthy",
            components=[],
            version="0.7.0",
            ts=1700000000.5,
        )
    )
    assert body["service"] == "orchestrator"
    assert body["state"] == "unhealthy"
    assert body["version"] == "0.7.0"
    assert body["ts"] == 1700000000.5


@pytest.mark.contract("telemetry.HealthStatus", "telemetry.HealthComponent")
def test_health_components_are_served() -> None:
    """A health status is served with its components, each with its name and state."""
    from market_data_core.telemetry import HealthComponent, HealthStatus

    body = served(
        HealthStatus(
            service="orchestrator",
            state="degraded",
            components=[
                HealthComponent(name="runtime", state="healthy"),
                HealthComponent(name="provider", state="degraded"),
            ],
            version="0.7.0",
            ts=1700000000.0,
        )
    )
    assert [(component["name"], component["state"]) for component in body["components"]] == [
        ("runtime", "healthy"),
        ("provider", "degraded"),
    ]


@pytest.mark.contract("telemetry.ControlResult")
def test_control_result_is_served() -> None:
    """A control result is served with status and detail under these names."""
    from market_data_core.telemetry import ControlResult

    body = served(ControlResult(status="ok", detail="Configuration reload triggered"))
    assert body["status"] == "ok"
    assert body["detail"] == "Configuration reload triggered"


@pytest.mark.contract("federation.ClusterTopology", "federation.ClusterId", "federation.Region")
def test_topology_is_served(topology: "ClusterTopology") -> None:
    """A cluster topology is served with the value of its id and the name of its region."""
    body = served(topology)
    assert body["cluster_id"]["value"] == "default"
    assert body["region"]["name"] == "us"


@pytest.mark.contract("federation.ClusterTopology", "federation.NodeStatus", "federation.NodeId")
def test_nodes_are_served(topology: "ClusterTopology") -> None:
    """Each node of a topology is served with its id, health, version and when it was last seen."""
    node = served(topology)["nodes"][0]
    assert node["node_id"]["value"] == "node-orchestrator"
    assert node["health"] == "healthy"
    assert node["version"] == "0.6.0"
    assert node["last_seen_ts"] == 1700000000.5


@pytest.mark.contract("federation.NodeStatus", "federation.NodeRole")
def test_node_roles_are_served_as_text(topology: "ClusterTopology") -> None:
    """The role of each node is served as the plain text orchestrator, pipeline or store."""
    roles = [node["role"] for node in served(topology)["nodes"]]
    assert roles == ["orchestrator", "pipeline", "store"]


@pytest.mark.contract(
    "telemetry.HealthStatus", "telemetry.ControlResult", "federation.ClusterTopology"
)
def test_served_models_describe_themselves() -> None:
    """Every model the orchestrator serves has a JSON schema for the API documentation."""
    from market_data_core.federation import ClusterTopology
    from market_data_core.telemetry import ControlResult, HealthStatus

    schemas = [
        model.model_json_schema(mode="serialization")
        for model in (HealthStatus, ControlResult, ClusterTopology)
    ]
    assert [schema["type"] for schema in schemas] == ["object"] * 3
