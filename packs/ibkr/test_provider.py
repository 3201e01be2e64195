"""What Core asks of a provider such as ibkr's (`provider.py`), and the settings it has for it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable
from typing import Any, get_origin, get_type_hints

import pytest

STREAMS = (
    "stream_quotes",
    "stream_bars",
    "stream_trades",
    "request_historical_bars",
    "stream_options",
)
IBKR = ("IBKR_HOST", "IBKR_PORT", "IBKR_CLIENT_ID", "IBKR_MARKET_DATA_TYPE")


def signature(name: str) -> inspect.Signature:
    """How a method of the protocol is called."""
    from market_data_core import MarketDataProvider

    return inspect.signature(getattr(MarketDataProvider, name))


@pytest.mark.contract("MarketDataProvider")
def test_provider_is_asked_for_streams_of_instruments() -> None:
    """The protocol asks a provider for quotes, trades and bars of instruments, by position."""
    provider, instruments = object(), object()

    signature("stream_quotes").bind(provider, instruments)
    signature("stream_trades").bind(provider, instruments)
    asked = signature("stream_bars").bind(provider, "5s", instruments).arguments
    assert list(asked) == ["self", "resolution", "instruments"]


@pytest.mark.contract("MarketDataProvider")
def test_provider_is_asked_for_historical_bars() -> None:
    """The protocol asks a provider for historical bars by instrument, start, end, resolution."""
    asked: dict[str, Any] = dict.fromkeys(("instrument", "start", "end", "resolution"))

    assert signature("request_historical_bars").bind(object(), **asked)


@pytest.mark.contract("MarketDataProvider")
def test_provider_is_asked_for_options_of_an_instrument() -> None:
    """The protocol asks a provider for options by an instrument, and leaves all else to choice."""
    choice: dict[str, Any] = dict.fromkeys(("expiry", "strike_range", "moneyness_range"))

    signature("stream_options").bind(object(), object())
    assert signature("stream_options").bind(object(), object(), **choice)


@pytest.mark.contract("MarketDataProvider")
def test_provider_streams_asynchronously() -> None:
    """What the protocol has a provider give is iterated over with `async for`."""
    import market_data_core

    names = vars(market_data_core)
    for name in STREAMS:
        method = getattr(market_data_core.MarketDataProvider, name)
        given = get_type_hints(method, localns=names)["return"]
        assert issubclass(get_origin(given) or given, AsyncIterable), name


@pytest.mark.contract("CoreSettings")
def test_settings_keep_what_is_ibkr_s() -> None:
    """Core's settings, with ibkr as provider, keep what is ibkr's as it was given, or nothing."""
    from market_data_core import CoreSettings

    extras = {"host": "127.0.0.1", "port": 4002, "client_id": 17}

    assert CoreSettings(provider_name="ibkr", provider_extras=extras).provider_extras == extras
    assert CoreSettings(provider_name="ibkr").provider_extras == {}


@pytest.mark.contract("CoreSettings")
def test_settings_from_the_environment_are_ibkr_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """Core reads host, port, client id and kind of data from the environment, and no more."""
    from market_data_core import CoreSettings

    for name, value in zip(IBKR, ("10.0.0.5", "4001", "23", "3"), strict=True):
        monkeypatch.setenv(name, value)
    extras = CoreSettings.from_env().provider_extras

    assert extras == {"host": "10.0.0.5", "port": 4001, "client_id": 23, "market_data_type": 3}


@pytest.mark.contract("CoreSettings")
def test_settings_without_an_environment_leave_the_choice_to_ibkr(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Core hands over nothing of its own: ibkr refuses a setting that it does not know."""
    from market_data_core import CoreSettings

    for name in IBKR:
        monkeypatch.delenv(name, raising=False)

    assert CoreSettings.from_env().provider_extras == {}
