"""The instruments for which ibkr asks the broker (`provider.py:421`), as its server makes them."""

import pytest


@pytest.mark.contract("Instrument")
def test_instrument_has_the_exchange_and_currency_it_is_given() -> None:
    """An instrument is made of symbol, exchange and currency, and gives them back."""
    from market_data_core import Instrument

    made = Instrument(symbol="AAA", exchange="IBIS", currency="EUR")

    assert (made.symbol, made.exchange, made.currency) == ("AAA", "IBIS", "EUR")


@pytest.mark.contract("Instrument")
def test_instrument_needs_only_its_symbol() -> None:
    """An instrument of which only the symbol is said is traded in USD, routed by the broker."""
    from market_data_core import Instrument

    made = Instrument(symbol="AAA")

    assert (made.symbol, made.exchange or "SMART", made.currency or "USD") == (
        "AAA",
        "SMART",
        "USD",
    )


@pytest.mark.contract("Instrument")
def test_subscription_is_found_by_the_symbol_of_its_instrument() -> None:
    """The symbol of an instrument is a key, under which ibkr keeps what it has subscribed to."""
    from market_data_core import Instrument

    subscribed, again = Instrument(symbol="AAA"), Instrument(symbol="AAA", exchange="IBIS")

    assert {subscribed.symbol: "the ticker of AAA"}[again.symbol] == "the ticker of AAA"


@pytest.mark.contract("Instrument")
def test_instrument_can_be_looked_up() -> None:
    """Symbol, security type and exchange of an instrument are a key by which it is found again."""
    from market_data_core import Instrument

    def key(symbol: str) -> tuple[str, str, str]:
        one = Instrument(symbol=symbol, exchange="SMART", currency="USD")
        return (one.symbol, one.sec_type or "STK", one.exchange or "SMART")

    contracts = {key("AAA"): "the contract of AAA", key("BBB"): "the contract of BBB"}

    assert contracts[key("AAA")] == "the contract of AAA"
