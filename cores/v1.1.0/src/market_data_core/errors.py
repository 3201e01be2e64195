"""The errors that Core raises and that its consumers build on."""

from typing import Any

__all__ = ["ContractValidationError", "MarketDataError", "RegistryError"]


class MarketDataError(Exception):
    """Something went wrong with market data; every error of Core is one of these."""

    def __init__(
        self,
        message: str,
        code: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details or {}

    def __repr__(self) -> str:
        if self.code:
            return f"{type(self).__name__}(code={self.code}, message={self.message!r})"
        return f"{type(self).__name__}({self.message!r})"


class RegistryError(MarketDataError):
    """A registry does not have the asked entry, or cannot take the given one."""


class ContractValidationError(MarketDataError):
    """A value does not keep to its contract."""
