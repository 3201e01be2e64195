"""The pipeline's broker stream, which asks a provider for instruments and passes on its data."""

import pytest


@pytest.mark.contract("Instrument")
def test_instrument_needs_only_its_symbol() -> None:
    """An instrument is made from its symbol alone."""
    from market_data_core import Instrument

    assert Instrument(symbol="AAA").symbol == "AAA"


@pytest.mark.contract("Bar", "Quote")
def test_bar_and_quote_are_exported() -> None:
    """The broker stream finds Bar and Quote, which it imports beside Instrument, or it is off."""
    from market_data_core import Bar, Quote

    assert Bar is not None
    assert Quote is not None
