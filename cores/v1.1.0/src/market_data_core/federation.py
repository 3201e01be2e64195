"""The clusters and nodes that make up a federation."""

from enum import Enum

from pydantic import BaseModel, ConfigDict, Field

from .telemetry import HealthState

__all__ = ["ClusterId", "ClusterTopology", "NodeId", "NodeRole", "NodeStatus", "Region"]


class ClusterId(BaseModel):
    """The name of one cluster."""

    model_config = ConfigDict(frozen=True)

    value: str = Field(min_length=1)


class NodeId(BaseModel):
    """The name of one node."""

    model_config = ConfigDict(frozen=True)

    value: str = Field(min_length=1)


class NodeRole(str, Enum):
    """What a node does in its cluster."""

    orchestrator = "orchestrator"
    pipeline = "pipeline"
    store = "store"


class Region(BaseModel):
    """Where a cluster runs."""

    name: str
    zone: str | None = None


class NodeStatus(BaseModel):
    """What is known about one node, and since when."""

    node_id: NodeId
    role: NodeRole
    health: HealthState
    version: str
    last_seen_ts: float


class ClusterTopology(BaseModel):
    """One cluster and its nodes."""

    cluster_id: ClusterId
    region: Region
    nodes: list[NodeStatus] = Field(default_factory=list)
