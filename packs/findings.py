"""What a promise found wrong, and what was behind an exception that is not that."""

from __future__ import annotations

import pytest

from raised import Errors, is_a, raw

FINDINGS = (AssertionError, pytest.fail.Exception)


def behind(error: BaseException) -> Errors:
    """What it was raised from, if that is not what a promise found, and what it is a group of."""
    group = is_a(error, BaseExceptionGroup)
    members: Errors = raw(error, BaseExceptionGroup, "exceptions") if group else ()
    cause = raw(error, BaseException, "__cause__")
    return members if cause is None or is_a(error, *FINDINGS) else (*members, cause)


def behind_and_before(error: BaseException) -> Errors:
    """What is behind it, and what was on its way when it was raised."""
    before = raw(error, BaseException, "__context__")
    hidden = raw(error, BaseException, "__suppress_context__")
    return behind(error) if before is None or hidden else (*behind(error), before)
