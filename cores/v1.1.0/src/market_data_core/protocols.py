"""What Core's consumers implement for each other."""

from collections.abc import AsyncIterable, Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from .federation import ClusterTopology
from .models import Bar, Instrument, OptionSnapshot, Quote, Trade
from .registry import ProviderSpec, SinkSpec
from .telemetry import FeedbackEvent, RateAdjustment

__all__ = [
    "FederationDirectory",
    "FeedbackPublisher",
    "MarketDataProvider",
    "PipelineRunner",
    "ProviderRegistry",
    "RateController",
    "Sink",
    "SinkRegistry",
    "Source",
    "Transform",
]

Item = TypeVar("Item")
Taken_contra = TypeVar("Taken_contra", contravariant=True)
Given_co = TypeVar("Given_co", covariant=True)


@runtime_checkable
class MarketDataProvider(Protocol):
    """Hands out market data, live or historical."""

    async def stream_quotes(self, instruments: Iterable[Instrument]) -> AsyncIterable[Quote]:
        """Stream live quotes."""
        ...

    async def stream_bars(
        self, resolution: str, instruments: Iterable[Instrument]
    ) -> AsyncIterable[Bar]:
        """Stream live bars."""
        ...

    async def stream_trades(self, instruments: Iterable[Instrument]) -> AsyncIterable[Trade]:
        """Stream live trades."""
        ...

    async def request_historical_bars(
        self, instrument: Instrument, start: datetime, end: datetime, resolution: str
    ) -> AsyncIterable[Bar]:
        """Give the bars between two times."""
        ...

    async def stream_options(
        self,
        instrument: Instrument,
        expiry: str | None = None,
        strike_range: tuple[float, float] | None = None,
        moneyness_range: float = 0.2,
    ) -> AsyncIterable[OptionSnapshot]:
        """Stream the options on an instrument."""
        ...


@runtime_checkable
class Source(Protocol[Given_co]):
    """Gives items."""

    async def stream(self) -> AsyncIterable[Given_co]:
        """Stream the items."""
        ...

    async def close(self) -> None:
        """Let go of everything held."""
        ...


@runtime_checkable
class Transform(Protocol[Taken_contra, Given_co]):
    """Turns one item into another."""

    async def process(self, item: Taken_contra) -> Given_co | None:
        """Turn an item into another, or into None to drop it."""
        ...


@runtime_checkable
class Sink(Protocol[Item]):
    """Takes items and keeps them."""

    async def write(self, items: list[Item]) -> None:
        """Take some items."""
        ...

    async def flush(self) -> None:
        """Keep all items taken so far."""
        ...

    async def close(self) -> None:
        """Let go of everything held."""
        ...


@runtime_checkable
class PipelineRunner(Protocol):
    """Runs a pipeline from its source to its sink."""

    async def start(self) -> None:
        """Start the pipeline."""
        ...

    async def stop(self, drain: bool = True) -> None:
        """Stop the pipeline, by default after the items on their way."""
        ...

    async def run(self, duration_sec: float | None = None) -> None:
        """Run the pipeline for some seconds, or until it is stopped."""
        ...

    def is_running(self) -> bool:
        """Tell whether the pipeline runs."""
        ...


@runtime_checkable
class ProviderRegistry(Protocol):
    """Knows the providers."""

    def providers(self) -> Iterable[ProviderSpec]:
        """Give every known provider."""
        ...

    def get(self, name: str) -> ProviderSpec:
        """Give the provider of that name."""
        ...


@runtime_checkable
class SinkRegistry(Protocol):
    """Knows the sinks."""

    def sinks(self) -> Iterable[SinkSpec]:
        """Give every known sink."""
        ...

    def get(self, name: str) -> SinkSpec:
        """Give the sink of that name."""
        ...


@runtime_checkable
class FeedbackPublisher(Protocol):
    """Tells others how full a queue is."""

    async def publish(self, event: FeedbackEvent) -> None:
        """Publish one feedback event."""
        ...


@runtime_checkable
class RateController(Protocol):
    """Sets the rate of a provider."""

    async def apply(self, adj: RateAdjustment) -> None:
        """Apply one rate adjustment."""
        ...


@runtime_checkable
class FederationDirectory(Protocol):
    """Knows the nodes of a cluster and where to reach them."""

    def topology(self) -> ClusterTopology:
        """Give the cluster and its nodes."""
        ...

    def endpoints(self) -> Mapping[str, str]:
        """Give the address of each service by its name."""
        ...
