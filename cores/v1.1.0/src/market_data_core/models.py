"""The market data that providers hand out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Bar", "Instrument", "OptionSnapshot", "Quote", "Trade"]


def _now() -> datetime:
    """Return the time in UTC, without a time zone, as Core stamps a quote."""
    return datetime.now(UTC).replace(tzinfo=None)


class Instrument(BaseModel):
    """Something that is traded."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    exchange: str = "SMART"
    currency: str = "USD"
    sec_type: str = "STK"
    conid: int | None = None
    primary_exchange: str | None = None
    local_symbol: str | None = None
    trading_class: str | None = None
    multiplier: str | None = None


class Bar(BaseModel):
    """The prices and the volume of one span of time."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    ts: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    resolution: str = "1d"
    delayed: bool = False


class Quote(BaseModel):
    """The best prices at one time."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    bid_size: int | None = None
    ask_size: int | None = None
    volume: int = 0
    timestamp: datetime = Field(default_factory=_now)
    delayed: bool = False


class Trade(BaseModel):
    """One trade that took place."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    ts: datetime
    price: Decimal
    size: int
    exchange: str | None = None
    conditions: list[str] = Field(default_factory=list)


class OptionSnapshot(BaseModel):
    """The prices and the greeks of one option at one time."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    expiry: datetime
    strike: Decimal
    option_type: Literal["C", "P"]
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    volume: int = 0
    open_interest: int = 0
    implied_volatility: Decimal | None = None
    delta: Decimal | None = None
    gamma: Decimal | None = None
    theta: Decimal | None = None
    vega: Decimal | None = None
    delayed: bool = False
