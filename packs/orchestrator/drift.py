"""What the orchestrator's own classes do, beside what this pack says of them: a live cell asks.

Not what `/health` answers with: `health.py` cannot be imported (the README's findings).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

PEERS = "http://10.0.1.5:8080, http://orchestrator-eu.example.com:8080, http://mdp-us:8080"


def _directory(peers: str = PEERS) -> Any:
    from market_data_orchestrator.services.federation_directory import StaticDirectory

    return StaticDirectory(SimpleNamespace(infra=SimpleNamespace(federation_peers=peers)))


def node_ids() -> tuple[object, object]:
    """The directory names a peer by its host, and one that has only an address by its number."""
    nodes = _directory().topology().nodes
    said = ["node-0", "orchestrator-eu.example.com", "mdp-us"]
    return said, [node.node_id.value for node in nodes]


def nodes() -> tuple[object, object]:
    """The directory says of each peer its role, that it is healthy, and a version."""
    said = [(role, "healthy", "0.6.0") for role in ("orchestrator", "orchestrator", "pipeline")]
    nodes = _directory().topology().nodes
    return said, [(node.role.value, node.health, node.version) for node in nodes]


def cluster() -> tuple[object, object]:
    """Without peers the cluster is `default`, its region `local`, and its one node is itself."""
    topology = _directory("").topology()
    found = [node.node_id.value for node in topology.nodes]
    said = ("default", "local", ["orchestrator-local"])
    return said, (topology.cluster_id.value, topology.region.name, found)


def endpoints() -> tuple[object, object]:
    """The directory answers at once with the address of each node."""
    said = {"node-0": "http://10.0.1.5:8080", "mdp-us": "http://mdp-us:8080"}
    return said, _directory("http://10.0.1.5:8080,http://mdp-us:8080").endpoints()
