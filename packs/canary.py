"""The canary: a broken promise that every run has, so that one in which nothing breaks is found."""

from __future__ import annotations

from functools import partial
from typing import Literal

import pytest

Phase = Literal["setup", "call", "teardown"]


def broken() -> None:
    """Break a promise."""
    raise AssertionError


def canary(session: pytest.Session) -> pytest.Item:
    """A test that fails, which stands in no pack."""
    item: pytest.Item = pytest.Function.from_parent(session, name="canary", callobj=broken)
    return item


def run_unreported(item: pytest.Item) -> None:
    """Run a test as pytest runs every other one, and tell nobody but those who make its report."""
    phases: dict[Phase, partial[object]] = {
        "setup": partial(item.ihook.pytest_runtest_setup, item=item),
        "call": partial(item.ihook.pytest_runtest_call, item=item),
        "teardown": partial(item.ihook.pytest_runtest_teardown, item=item, nextitem=None),
    }
    for when, phase in phases.items():
        call = pytest.CallInfo.from_call(phase, when=when)
        item.ihook.pytest_runtest_makereport(item=item, call=call)
