"""What a registry knows about a provider or a sink before it is loaded."""

from pydantic import BaseModel, Field

__all__ = ["Capability", "ProviderSpec", "SinkSpec"]


class Capability(BaseModel):
    """One thing that a provider can do."""

    name: str
    params: dict[str, str] = Field(default_factory=dict)


class ProviderSpec(BaseModel):
    """Where to find a provider, and what it can do."""

    name: str
    module: str
    entry: str
    capabilities: list[Capability] = Field(default_factory=list)


class SinkSpec(BaseModel):
    """Where to find a sink, and which kind of data it takes."""

    name: str
    module: str
    entry: str
    kind: str
