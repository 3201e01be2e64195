"""The blame: what stopped a promise's test, and whether that came out of Core."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from types import ModuleType

import pytest

from guard import PACKAGE, is_of_core


def forget_half_imported() -> None:
    """Drop what a failed import of Core left behind, or the next promise would import that."""
    for name in [name for name in sys.modules if name.startswith(f"{PACKAGE}.")]:
        if name.rpartition(".")[0] not in sys.modules:
            del sys.modules[name]


def forget_failure() -> None:
    """Drop what the last failure holds on to, or what is warned of that is said of a later test."""
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        vars(sys).pop(name, None)
    gc.collect()


def out_of_core(error: BaseException) -> bool:
    """Whether an exception came out of Core's code, or out of looking for a name that it lacks."""
    lacking = error.name if isinstance(error, ImportError) else None
    if isinstance(error, AttributeError):
        owner = error.obj if isinstance(error.obj, ModuleType | type) else type(error.obj)
        lacking = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
    if (lacking or "").partition(".")[0] == PACKAGE:
        return True
    return any(map(is_of_core, files_of(error)))


def broken_harness(error: BaseException) -> bool:
    """Whether a promise's test stopped for a reason that says nothing about Core."""
    errors = list(behind(error))
    reasons = (ImportError, pytest.FixtureLookupError)
    # An asyncio timeout is an OSError too, but without the number of a system error.
    foreign = [
        isinstance(one, reasons) or (isinstance(one, OSError) and one.errno is not None)
        for one in errors
    ]
    return (any(foreign) or stumbled(errors)) and not any(map(out_of_core, errors))


def stumbled(errors: Sequence[BaseException]) -> bool:
    """Whether it was pytest itself that stopped, beside the test or because it cannot run it."""
    return not any(map(in_packs, errors)) and (
        isinstance(errors[0], pytest.fail.Exception) or not any(map(ran, errors))
    )


def ran(error: BaseException) -> bool:
    """Whether an exception came while a test ran, be it out of the loop that ran it."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_name == "runtest" for frame, _ in frames)


def in_packs(error: BaseException) -> bool:
    """Whether an exception went through a promise, or what stands beside it."""
    folder = os.path.dirname(os.path.realpath(__file__))
    others = files_of(error) - {os.path.join(folder, "conftest.py")}
    return any(file.startswith(os.path.join(folder, "")) for file in others)


def files_of(error: BaseException) -> set[str]:
    """The files of code that an exception went through."""
    frames = traceback.walk_tb(error.__traceback__)
    return {os.path.realpath(frame.f_code.co_filename) for frame, _ in frames}


def behind(error: BaseException) -> Iterator[BaseException]:
    """An error, those that it was raised from, and those that it is a group of; each once."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            left += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
            left += [one.__cause__] if one.__cause__ is not None else ()


# What pytest warns of where a test cannot have noticed it.
UNNOTICED = {
    pytest.PytestUnhandledThreadExceptionWarning: "a thread failed, which its test cannot notice",
    pytest.PytestUnraisableExceptionWarning: "an error was raised where no test can notice it",
    pytest.PytestReturnNotNoneWarning: "a promise returns nothing: `assert` what is to hold",
}


def cannot_judge(warning: Warning | str) -> str:
    """Why a promise that met this warning says nothing, kept as it may look; empty if it may."""
    for category, reason in UNNOTICED.items():
        if isinstance(warning, category):
            return reason
    if isinstance(warning, RuntimeWarning) and "was never awaited" in str(warning):
        return f"nobody waits for what it calls: {warning}"
    return ""
