"""What services tell each other about load, health, metrics and control."""

from enum import Enum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AuditEnvelope",
    "BackpressureLevel",
    "ControlAction",
    "ControlResult",
    "FeedbackEvent",
    "HealthComponent",
    "HealthState",
    "HealthStatus",
    "Labels",
    "MetricPoint",
    "MetricSeries",
    "Probe",
    "RateAdjustment",
]

HealthState = Literal["healthy", "degraded", "unhealthy"]


# Not a StrEnum: `str()` of a member is "BackpressureLevel.ok", as in Core.
class BackpressureLevel(str, Enum):
    """How hard a queue pushes back on what fills it."""

    ok = "ok"
    soft = "soft"
    hard = "hard"


class FeedbackEvent(BaseModel):
    """How full one coordinator's queue is."""

    model_config = ConfigDict(frozen=True)

    coordinator_id: str
    queue_size: int = Field(ge=0)
    capacity: int = Field(gt=0)
    level: BackpressureLevel
    source: str = "store"
    ts: float


class RateAdjustment(BaseModel):
    """The share of its full rate that a provider shall run at."""

    model_config = ConfigDict(frozen=True)

    provider: str
    scale: float = Field(ge=0.0, le=1.0)
    reason: BackpressureLevel
    ts: float


class HealthComponent(BaseModel):
    """The health of one part of a service."""

    name: str
    state: HealthState
    details: dict[str, str] = Field(default_factory=dict)


class HealthStatus(BaseModel):
    """The health of a whole service and of its parts."""

    service: str
    state: HealthState
    components: list[HealthComponent] = Field(default_factory=list)
    version: str
    ts: float


class Probe(BaseModel):
    """The answer to one liveness or readiness check."""

    probe_type: Literal["liveness", "readiness"]
    passed: bool
    message: str | None = None


class Labels(BaseModel):
    """The names and values that tell one metric's points apart."""

    values: dict[str, str] = Field(default_factory=dict)


class MetricPoint(BaseModel):
    """One value of a metric at one time."""

    name: str
    value: float
    labels: Labels = Field(default_factory=Labels)
    ts: float


class MetricSeries(BaseModel):
    """The points of one metric."""

    name: str
    points: list[MetricPoint] = Field(default_factory=list)


class ControlAction(str, Enum):
    """What an operator can ask of a running service."""

    pause = "pause"
    resume = "resume"
    reload = "reload"


class ControlResult(BaseModel):
    """How a control action ended."""

    status: Literal["ok", "error"]
    detail: str | None = None


class AuditEnvelope(BaseModel):
    """Who asked for which control action, and how it ended."""

    actor: str
    role: str
    action: ControlAction
    result: ControlResult
    ts: float
