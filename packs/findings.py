"""What a promise found wrong, and what was behind an exception that is not that."""

from __future__ import annotations

import pytest

import raised
from raised import Errors, is_a, members, raw

FINDINGS = (AssertionError, pytest.fail.Exception)


def behind(error: BaseException) -> Errors:
    """What is behind it, but not what a promise's finding was raised from."""
    return members(error) if is_a(error, *FINDINGS) else raised.behind(error)


def behind_and_before(error: BaseException) -> Errors:
    """What is behind it, and what was on its way when it was raised."""
    before = raw(error, BaseException, "__context__")
    hidden = raw(error, BaseException, "__suppress_context__")
    return behind(error) if before is None or hidden else (*behind(error), before)
