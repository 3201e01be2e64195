"""What the static federation directory (`services/federation_directory.py`) builds on Core."""

import inspect
from collections.abc import Mapping
from typing import Any

import pytest


@pytest.mark.contract("protocols.FederationDirectory")
def test_directory_with_its_own_constructor_answers_for_itself() -> None:
    """A directory that inherits the protocol has its own constructor and gives its own answers."""
    from market_data_core.protocols import FederationDirectory

    class Directory(FederationDirectory):
        def __init__(self, settings: dict[str, str]) -> None:
            self._settings = settings
            self._topo: str | None = None
            self._eps: dict[str, str] = {}
            self._build_topology()

        def _build_topology(self) -> None:
            self._topo = "the topology"
            self._eps = self._settings

        def topology(self) -> Any:
            return self._topo

        def endpoints(self) -> Mapping[str, str]:
            return dict(self._eps)

    directory = Directory({"node-0": "http://10.0.1.5:8080"})
    assert directory.topology() == "the topology"
    assert directory.endpoints() == {"node-0": "http://10.0.1.5:8080"}


@pytest.mark.contract(
    "protocols.FederationDirectory", "federation.ClusterTopology", "federation.Region"
)
def test_topology_of_a_directory_is_given_as_it_is() -> None:
    """What a directory gives as its topology has its nodes, which the endpoint counts."""
    from market_data_core.federation import ClusterId, ClusterTopology, Region
    from market_data_core.protocols import FederationDirectory

    cluster, region = ClusterId(value="default"), Region(name="local")
    built = ClusterTopology(cluster_id=cluster, region=region, nodes=[])

    class Directory(FederationDirectory):
        def topology(self) -> Any:
            return built

        def endpoints(self) -> Mapping[str, str]:
            return {}

    assert len(Directory().topology().nodes) == 0


@pytest.mark.contract("protocols.FederationDirectory")
def test_directory_is_asked_for_its_topology_at_once() -> None:
    """The protocol asks a directory for its topology without arguments and without await."""
    from market_data_core.protocols import FederationDirectory

    inspect.signature(FederationDirectory.topology).bind(object())
    assert not inspect.iscoroutinefunction(FederationDirectory.topology)


@pytest.mark.contract("protocols.FederationDirectory")
def test_directory_is_asked_for_its_endpoints_at_once() -> None:
    """The protocol asks a directory for its endpoints without arguments and without await."""
    from market_data_core.protocols import FederationDirectory

    inspect.signature(FederationDirectory.endpoints).bind(object())
    assert not inspect.iscoroutinefunction(FederationDirectory.endpoints)


@pytest.mark.contract("federation.ClusterId", "federation.NodeId")
def test_ids_take_host_names() -> None:
    """Cluster and node ids take host names and numbered names, and give them back as value."""
    from market_data_core.federation import ClusterId, NodeId

    names = ["orchestrator-local", "orchestrator-eu.example.com", "node-0"]
    assert [NodeId(value=name).value for name in names] == names
    assert ClusterId(value="default").value == "default"


@pytest.mark.contract("federation.NodeRole")
def test_node_roles_cover_the_three_services() -> None:
    """A node's role is orchestrator, pipeline or store, and its value is that name."""
    from market_data_core.federation import NodeRole

    assert NodeRole.orchestrator.value == "orchestrator"
    assert NodeRole.pipeline.value == "pipeline"
    assert NodeRole.store.value == "store"


@pytest.mark.contract("federation.Region")
def test_region_needs_only_a_name() -> None:
    """A region is made from its name alone."""
    from market_data_core.federation import Region

    names = ["local", "us", "eu-central"]
    assert [Region(name=name).name for name in names] == names


@pytest.mark.contract("federation.NodeStatus", "federation.NodeId", "federation.NodeRole")
def test_node_status_describes_a_healthy_node() -> None:
    """A node status takes id, role, health, version and the Unix time it was last seen."""
    from market_data_core.federation import NodeId, NodeRole, NodeStatus

    node = NodeStatus(
        node_id=NodeId(value="mdp-us"),
        role=NodeRole.pipeline,
        health="healthy",
        version="0.6.0",
        last_seen_ts=1700000000.5,
    )
    assert node.node_id == NodeId(value="mdp-us")
    assert node.role is NodeRole.pipeline
    assert (node.health, node.version, node.last_seen_ts) == ("healthy", "0.6.0", 1700000000.5)


@pytest.mark.contract(
    "federation.ClusterTopology",
    "federation.ClusterId",
    "federation.Region",
    "federation.NodeStatus",
    "federation.NodeId",
    "federation.NodeRole",
)
def test_topology_lists_its_nodes() -> None:
    """A cluster topology is made of an id, a region and nodes, and lists its nodes in order."""
    from market_data_core.federation import (
        ClusterId,
        ClusterTopology,
        NodeId,
        NodeRole,
        NodeStatus,
        Region,
    )

    nodes = [
        NodeStatus(
            node_id=NodeId(value=name),
            role=NodeRole.orchestrator,
            health="healthy",
            version="0.6.0",
            last_seen_ts=1700000000.0,
        )
        for name in ("node-0", "node-1")
    ]
    topology = ClusterTopology(
        cluster_id=ClusterId(value="default"), region=Region(name="local"), nodes=nodes
    )
    assert list(topology.nodes) == nodes
