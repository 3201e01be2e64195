"""The quotes and bars that ibkr makes of the broker's (`mapping.py`) and its server sends on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from market_data_core import Bar, Quote

NOON = datetime(2026, 1, 2, 12, 30, 15, 250_000)
RESOLUTIONS = ["1s", "5s", "30s", "1m", "5m", "1h", "8h", "1d", "1w", "1M"]


def quote(*, delayed: bool = False) -> Quote:
    """A quote made from the keywords that ibkr gives, at a time without a zone."""
    from market_data_core import Quote

    return Quote(
        symbol="AAA",
        bid=Decimal("1.05"),
        ask=Decimal("1.1"),
        last=Decimal("1.075"),
        bid_size=300,
        ask_size=200,
        volume=5_000_000_000,
        timestamp=NOON,
        delayed=delayed,
    )


def bar(ts: datetime = NOON, resolution: str = "1h") -> Bar:
    """A bar made from the keywords that ibkr gives."""
    from market_data_core import Bar

    return Bar(
        symbol="AAA",
        ts=ts,
        open=Decimal("1.5"),
        high=Decimal("2.25"),
        low=Decimal("0.5"),
        close=Decimal("1.75"),
        volume=Decimal("120.5"),
        resolution=resolution,
        delayed=False,
    )


@pytest.mark.contract("Quote")
def test_quote_gives_back_what_it_was_made_from() -> None:
    """A quote is made of symbol, prices, sizes, volume, time and delay, and gives them back."""
    made = quote()

    assert made.symbol == "AAA"
    assert (made.bid, made.ask, made.last) == (Decimal("1.05"), Decimal("1.1"), Decimal("1.075"))
    assert (made.bid_size, made.ask_size, made.volume) == (300, 200, 5_000_000_000)
    assert made.timestamp == NOON


@pytest.mark.contract("Quote")
def test_quote_tells_whether_it_is_delayed() -> None:
    """A quote is delayed, or is not, as it was made."""
    assert not quote().delayed
    assert quote(delayed=True).delayed


@pytest.mark.contract("Quote")
def test_quote_may_lack_prices_and_sizes() -> None:
    """A quote takes no price and no size as None, and no volume as 0, and gives them back."""
    from market_data_core import Quote

    made = Quote(
        symbol="AAA",
        bid=None,
        ask=None,
        last=None,
        bid_size=None,
        ask_size=None,
        volume=0,
        timestamp=NOON,
        delayed=False,
    )

    assert (made.bid, made.ask, made.last, made.bid_size, made.ask_size) == (None,) * 5
    assert made.volume == 0


@pytest.mark.contract("Quote")
def test_quote_json_names() -> None:
    """The JSON of a quote, which the server streams, has every field by its name in Python."""
    wire = json.loads(quote().model_dump_json())

    assert wire["symbol"] == "AAA"
    assert [float(wire[name]) for name in ("bid", "ask", "last")] == [1.05, 1.1, 1.075]
    assert (wire["bid_size"], wire["ask_size"], wire["volume"]) == (300, 200, 5_000_000_000)
    assert datetime.fromisoformat(wire["timestamp"]) == NOON
    assert wire["delayed"] is False


@pytest.mark.contract("Bar")
def test_bar_gives_back_what_it_was_made_from() -> None:
    """A bar is made of symbol, time, prices, volume, resolution and delay, and gives them back."""
    made = bar()

    assert (made.symbol, made.ts, made.resolution, made.delayed) == ("AAA", NOON, "1h", False)
    assert (made.open, made.high) == (Decimal("1.5"), Decimal("2.25"))
    assert (made.low, made.close) == (Decimal("0.5"), Decimal("1.75"))
    assert made.volume == Decimal("120.5")


@pytest.mark.contract("Bar")
def test_bar_takes_times_with_a_zone_and_without() -> None:
    """A bar takes the time of an hour, which has a zone, and that of a day, which has none."""
    hour, day = datetime(2026, 1, 2, 14, tzinfo=UTC), datetime.fromisoformat("2026-01-02")

    assert bar(hour).ts == hour
    assert bar(day).ts == day


@pytest.mark.contract("Bar")
def test_bar_takes_every_resolution() -> None:
    """A bar takes each resolution that ibkr knows, from one second to one month."""
    assert [bar(resolution=one).resolution for one in RESOLUTIONS] == RESOLUTIONS


@pytest.mark.contract("Bar")
def test_bar_of_a_span_without_trades() -> None:
    """A bar takes four equal prices and no volume, as of a span in which nobody traded."""
    from market_data_core import Bar

    one = Decimal("1.0")
    made = Bar(
        symbol="AAA",
        ts=NOON,
        open=one,
        high=one,
        low=one,
        close=one,
        volume=Decimal("0.0"),
        resolution="1s",
        delayed=False,
    )

    assert made.volume == 0


@pytest.mark.contract("Bar")
def test_bar_json_names() -> None:
    """The JSON of a bar, which the server streams, has every field by its name in Python."""
    wire = json.loads(bar().model_dump_json())

    assert (wire["symbol"], wire["resolution"], wire["delayed"]) == ("AAA", "1h", False)
    assert datetime.fromisoformat(wire["ts"]) == NOON
    prices = [float(wire[name]) for name in ("open", "high", "low", "close", "volume")]
    assert prices == [1.5, 2.25, 0.5, 1.75, 120.5]


@pytest.mark.contract("Bar")
def test_bar_dump_names() -> None:
    """The dump of a bar, which the server answers with, has every field by its name in Python."""
    found = bar().model_dump()

    assert (found["symbol"], found["resolution"], found["delayed"]) == ("AAA", "1h", False)
    assert found["ts"] == NOON
    prices = [float(found[name]) for name in ("open", "high", "low", "close", "volume")]
    assert prices == [1.5, 2.25, 0.5, 1.75, 120.5]
