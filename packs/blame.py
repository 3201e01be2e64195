"""The blame: what stopped a promise's test, and whether that came out of Core."""

from __future__ import annotations

import ast
import gc
import linecache
import os
import re
import sys
from collections.abc import Sequence
from itertools import takewhile
from types import FrameType, ModuleType

import pytest

from findings import FINDINGS, behind, behind_and_before
from guard import PACKAGE
from origin import is_core, module_of, out_of_core
from pack import HarnessError
from raised import chain, frames_of, in_packs, is_a, raises, raw, real, said

# What `pytest.importorskip` says of a module that Core has no more.
IMPORT_OR_SKIP = re.compile(rf"could not import '{PACKAGE}\b")
WAYS_OUT = (pytest.skip.Exception, pytest.xfail.Exception)
# Parts of pytest that are given values to compare and to patch, which may be Core's.
TAKE_VALUES = ("_pytest.approx", "_pytest.python_api", "_pytest.monkeypatch")


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


def broken_harness(error: BaseException) -> bool:
    """Whether a promise, or its whole file, stopped for a reason that says nothing about Core."""
    errors = list(chain(error, behind))
    if any(is_a(one, HarnessError) for one in errors):
        return True
    if any(map(found, chain(error, behind_and_before))):
        return False
    if any(map(mistaken, errors)):
        return True
    return not any(map(blames_core, errors)) and (any(map(foreign, errors)) or stumbled(errors))


def found(error: BaseException) -> bool:
    """Whether it is what a promise found wrong, which nothing beside or after it takes back."""
    frames = frames_of(error)
    return is_a(error, *FINDINGS) and not foreign(error) and (in_packs(frames) or not frames)


def blames_core(error: BaseException) -> bool:
    """Whether an exception came out of Core, or stands for one that did."""
    skipped = is_a(error, pytest.skip.Exception) and IMPORT_OR_SKIP.match(said(error))
    return bool(skipped) or out_of_core(error)


def foreign(error: BaseException) -> bool:
    """Whether an exception is of a kind that says nothing about Core, if not out of it."""
    if is_a(error, OSError):
        # An asyncio timeout is an OSError too, but without the number of a system error.
        return raw(error, OSError, "errno") is not None and not was_to_be_made(error)
    if is_a(error, SyntaxError):
        # What Core has written may be compiled as well, but stands in no file.
        file = raw(error, SyntaxError, "filename")
        return type(file) is str and os.path.isabs(file)
    if is_a(error, AttributeError):
        # Of a module, as if it were imported from there.
        return type(raw(error, AttributeError, "obj")) is ModuleType
    if str(module_of(type(error))).startswith("hypothesis."):
        return True  # too slow, say
    return is_a(error, ImportError, pytest.FixtureLookupError, *WAYS_OUT) or mistaken(error)


def was_to_be_made(error: BaseException) -> bool:
    """Whether a file is not there in a folder that pytest has made, and not beside the packs."""
    made = is_a(error, FileNotFoundError)
    file = real(raw(error, OSError, "filename")) if made else ""
    own = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    temporary = any(part.startswith("pytest-of-") for part in file.split(os.sep))
    return temporary and not file.startswith(os.path.join(own, ""))


def mistaken(error: BaseException) -> bool:
    """Whether an exception says that the pack is wrong, be it in what Core calls or wraps."""
    frames = frames_of(error)
    if type(error) is NameError:
        name = raw(error, NameError, "name")
        return in_packs(frames[-1:]) and not bound(name, frames[-1].f_code.co_filename)
    inside = [*takewhile(is_of_pytest, reversed(frames))]
    if is_a(error, pytest.fail.Exception):
        # What `pytest.fail` says, and what was to be raised and was not, a promise has found.
        return len(inside) > 1 and inside[1].f_code.co_name != "__exit__"
    if not inside or not is_a(error, TypeError, ValueError) or behind(error):
        return False
    last = inside[0]
    if not raises(last):
        return False  # It calls what it was given, and cannot.
    given = [value for frame in inside for value in [*frame.f_locals.values()]]
    return last.f_globals["__name__"] not in TAKE_VALUES and not any(map(is_core, given))


def stumbled(errors: Sequence[BaseException]) -> bool:
    """Whether it was pytest itself that stopped, beside the test or because it cannot run it."""
    frames = [frame for error in errors for frame in frames_of(error)]
    ran = any(frame.f_code.co_name == "runtest" for frame in frames)
    return not in_packs(frames) and (is_a(errors[0], pytest.fail.Exception) or not ran)


def is_of_pytest(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return type(name) is str and name.startswith("_pytest.")


def bound(name: object, file: str) -> bool:
    """Whether a file gives this name to something anywhere, or maybe to all that a module has."""
    for node in ast.walk(ast.parse("".join(linecache.getlines(file)))):
        match node:
            case ast.Name(id=found, ctx=ast.Store()) if found == name:
                return True
            case ast.alias(name=found, asname=other) if "*" in found or name in (found, other):
                return True
            case ast.alias(name=found, asname=None) if found.partition(".")[0] == name:
                return True
    return False
