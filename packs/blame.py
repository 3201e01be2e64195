"""The blame: whether what stopped a promise's test came out of Core."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import ModuleType

import pytest

from guard import PACKAGE


def forget_half_imported() -> None:
    """Drop what a failed import of Core left behind, or the next promise would import that."""
    for name in [name for name in sys.modules if name.startswith(f"{PACKAGE}.")]:
        if name.rpartition(".")[0] not in sys.modules:
            del sys.modules[name]


def out_of_core(error: BaseException) -> bool:
    """Whether an exception came out of Core's code, or out of looking for a name that it lacks."""
    lacking = error.name if isinstance(error, ImportError) else None
    if isinstance(error, AttributeError):
        owner = error.obj if isinstance(error.obj, ModuleType | type) else type(error.obj)
        lacking = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
    if (lacking or "").partition(".")[0] == PACKAGE:
        return True
    frames = traceback.walk_tb(error.__traceback__)
    return any(PACKAGE in Path(frame.f_code.co_filename).parts for frame, _ in frames)


def broken_harness(error: BaseException) -> bool:
    """Whether a promise's test stopped for a reason that says nothing about Core."""
    # An asyncio timeout is an OSError too, but without the number of a system error.
    system = isinstance(error, OSError) and error.errno is not None
    reasons = (ImportError, pytest.FixtureLookupError)
    return (system or isinstance(error, reasons)) and not out_of_core(error)
