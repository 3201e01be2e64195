"""The errors of Core that ibkr makes of the broker's codes and messages (`errors.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from market_data_core import MarketDataError

MESSAGE = "Historical data request pacing violation"
EVERY_ERROR = (
    "ConnectionFailed",
    "FarmTransient",
    "InvalidInstrument",
    "PacingViolation",
    "PermissionsMissing",
    "RetryableProviderError",
)


def errors(code: str) -> dict[str, MarketDataError]:
    """Every error that ibkr makes of a code of the broker, by the name that ibkr has for it."""
    from market_data_core import (
        ConnectionFailed,
        FarmTransient,
        InvalidInstrument,
        PacingViolation,
        PermissionsMissing,
        RetryableProviderError,
    )

    return {
        "pacing": PacingViolation(MESSAGE, code=code),
        "instrument": InvalidInstrument(MESSAGE, code=code),
        "permissions": PermissionsMissing(MESSAGE, code=code),
        "connection": ConnectionFailed(MESSAGE, code=code),
        "farm": FarmTransient(MESSAGE, code=code),
        "unknown": RetryableProviderError(MESSAGE, code=code),
    }


@pytest.mark.contract(*EVERY_ERROR)
def test_error_has_the_code_of_the_broker() -> None:
    """Every error takes a code by keyword after its message, and gives it back as it was given."""
    codes = [error.code for error in errors("IBKR_162").values()]

    assert codes == ["IBKR_162"] * 6


@pytest.mark.contract(*EVERY_ERROR)
def test_error_as_text_has_the_message_of_the_broker() -> None:
    """Every error, as text, has its message, which ibkr logs and its server answers with."""
    assert all(MESSAGE in str(error) for error in errors("IBKR_162").values())


@pytest.mark.contract("ConnectionFailed", "PacingViolation", "RetryableProviderError")
def test_error_needs_only_its_message() -> None:
    """What does not come from a code of the broker is made of its message alone."""
    from market_data_core import ConnectionFailed, PacingViolation, RetryableProviderError

    made = [error(MESSAGE) for error in (ConnectionFailed, PacingViolation, RetryableProviderError)]

    assert all(MESSAGE in str(error) for error in made)


@pytest.mark.contract("ConnectionFailed", "MarketDataError")
def test_error_is_raised_from_what_the_broker_raised() -> None:
    """An error is raised from another exception, and caught as any exception and as Core's."""
    from market_data_core import ConnectionFailed, MarketDataError

    refused = OSError("refused")
    with pytest.raises(Exception, match=MESSAGE) as caught:
        raise ConnectionFailed(MESSAGE) from refused

    assert isinstance(caught.value, MarketDataError)
    assert caught.value.__cause__ is refused


@pytest.mark.contract(*EVERY_ERROR)
def test_only_a_pacing_violation_is_one() -> None:
    """No other error is a pacing violation, after which ibkr asks for nothing for ten minutes."""
    from market_data_core import PacingViolation

    found = [
        name for name, error in errors("IBKR_162").items() if isinstance(error, PacingViolation)
    ]

    assert found == ["pacing"]


@pytest.mark.contract(*EVERY_ERROR)
def test_what_may_be_tried_again_is_retryable() -> None:
    """Pacing, connection and farm errors are retryable; permissions and instrument are not."""
    from market_data_core import RetryableProviderError

    found = {
        name
        for name, error in errors("IBKR_162").items()
        if isinstance(error, RetryableProviderError)
    }

    assert found == {"pacing", "connection", "farm", "unknown"}
