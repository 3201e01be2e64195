"""What ibkr's modules import from Core when they are loaded: none runs without it."""

import pytest


@pytest.mark.contract(
    "ConnectionFailed",
    "FarmTransient",
    "InvalidInstrument",
    "MarketDataError",
    "PacingViolation",
    "PermissionsMissing",
    "RetryableProviderError",
)
def test_package_finds_its_errors() -> None:
    """The package, which maps the broker's codes to them, finds its errors at the root."""
    from market_data_core import (
        ConnectionFailed,
        FarmTransient,
        InvalidInstrument,
        MarketDataError,
        PacingViolation,
        PermissionsMissing,
        RetryableProviderError,
    )

    base: dict[int, type[MarketDataError] | None] = {420: PacingViolation, 200: InvalidInstrument}
    base |= {354: PermissionsMissing, 504: ConnectionFailed, 2110: FarmTransient, 2104: None}
    assert issubclass(RetryableProviderError, MarketDataError)
    assert all(error is None or issubclass(error, MarketDataError) for error in base.values())


@pytest.mark.contract("Bar", "Instrument", "OptionSnapshot", "Quote", "Trade")
def test_provider_finds_its_models() -> None:
    """The provider, which names them in its annotations, finds all five models at the root."""
    from market_data_core import Bar, Instrument, OptionSnapshot, Quote, Trade

    assert all(callable(model) for model in (Bar, Instrument, OptionSnapshot, Quote, Trade))
