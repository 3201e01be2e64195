"""A stand-in for Core v1.1.0: the documented surface, not the real code."""

from .errors import ContractValidationError, MarketDataError, RegistryError
from .federation import ClusterId, ClusterTopology, NodeId, NodeRole, NodeStatus, Region
from .models import Bar, Instrument, OptionSnapshot, Quote, Trade
from .protocols import (
    FederationDirectory,
    FeedbackPublisher,
    MarketDataProvider,
    PipelineRunner,
    ProviderRegistry,
    RateController,
    Sink,
    SinkRegistry,
    Source,
    Transform,
)
from .registry import Capability, ProviderSpec, SinkSpec
from .telemetry import (
    AuditEnvelope,
    BackpressureLevel,
    ControlAction,
    ControlResult,
    FeedbackEvent,
    HealthComponent,
    HealthState,
    HealthStatus,
    Labels,
    MetricPoint,
    MetricSeries,
    Probe,
    RateAdjustment,
)

__version__ = "1.1.0"

__all__ = [
    "AuditEnvelope",
    "BackpressureLevel",
    "Bar",
    "Capability",
    "ClusterId",
    "ClusterTopology",
    "ContractValidationError",
    "ControlAction",
    "ControlResult",
    "FederationDirectory",
    "FeedbackEvent",
    "FeedbackPublisher",
    "HealthComponent",
    "HealthState",
    "HealthStatus",
    "Instrument",
    "Labels",
    "MarketDataError",
    "MarketDataProvider",
    "MetricPoint",
    "MetricSeries",
    "NodeId",
    "NodeRole",
    "NodeStatus",
    "OptionSnapshot",
    "PipelineRunner",
    "Probe",
    "ProviderRegistry",
    "ProviderSpec",
    "Quote",
    "RateAdjustment",
    "RateController",
    "Region",
    "RegistryError",
    "Sink",
    "SinkRegistry",
    "SinkSpec",
    "Source",
    "Trade",
    "Transform",
    "__version__",
]
