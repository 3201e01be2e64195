"""What failures have alike: the words that a cause leaves in them, and no more."""

from __future__ import annotations

import pytest

from fanout.cause.failure import alike


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ValueError: <Event at 0x7f01> is before 12", "ValueError: <Event at 0x7f99> is before 3"),
        ("FileNotFoundError: '/tmp/a/core.toml'", "FileNotFoundError: '/srv/b-2/core.toml'"),
        ("AttributeError: 'test_a' has no close", "AttributeError: 'test_b' has no close"),
    ],
)
def test_what_is_of_one_failure_alone_is_left_out(one: str, other: str) -> None:
    """Addresses, paths, numbers and a promise's own name differ where the cause is the same."""
    assert alike(one, "t.py::test_a") == alike(other, "t.py::test_b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AssertionError: assert 404 == 200", "AssertionError: assert 1 == 2"),
        ("assert 3 > 5", "assert 7 > 9"),
        ("AttributeError: no 'close'", "AttributeError: no 'flush'"),
    ],
)
def test_what_failed_is_kept(one: str, other: str) -> None:
    """Where numbers are all that a failure says, they tell it from another."""
    assert alike(one, "t.py::test_a") != alike(other, "t.py::test_b")
