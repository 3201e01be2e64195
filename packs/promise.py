"""A promise as pytest found it: what it says of itself, and how it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from packaging.specifiers import InvalidSpecifier

from pack import HarnessError, holds

WAYS_OUT = ("skip", "skipif", "xfail")


def contract(item: pytest.Item) -> dict[str, str]:
    """What a promise says of itself; raises HarnessError unless it says all that it must."""
    promise = inspect.cleandoc(getattr(item, "function", item).__doc__ or "")
    marker = item.get_closest_marker("contract")
    if not promise or marker is None:
        raise HarnessError("a promise needs a docstring and a contract marker")
    core_range = marker.kwargs.get("core", "")
    texts = all(isinstance(text, str) and text for text in marker.args)
    if not (
        marker.args
        and texts
        and isinstance(core_range, str)
        and not marker.kwargs.keys() - {"core"}
    ):
        raise HarnessError(
            'the marker must read contract("a.Name", …) or contract("a.Name", core=">=1.2")'
        )
    if any(item.get_closest_marker(name) for name in WAYS_OUT):
        raise HarnessError("a promise may not skip; use core= or known_breaks")
    try:
        holds(core_range, "1")
    except InvalidSpecifier as error:
        raise HarnessError(f"core={core_range!r} is not a PEP 440 range") from error
    return {"promise": promise, "contract": " ".join(marker.args), "core": core_range}


def returns_nothing(
    promise: Callable[..., object], tell: Callable[[], None]
) -> Callable[..., object]:
    """A promise that returns nothing, and tells if it would."""

    @wraps(promise)
    def called(*given: object, **named: object) -> object:
        found = promise(*given, **named)
        if inspect.isawaitable(found):
            return found  # pytest says that it cannot run it
        if found is not None:
            tell()
        return None

    @wraps(promise)
    async def awaited(*given: object, **named: object) -> None:
        found: Any = promise(*given, **named)
        if await found is not None:
            tell()

    return awaited if inspect.iscoroutinefunction(promise) else called
