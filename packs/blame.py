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
from opcode import opmap
from types import FrameType, FunctionType, ModuleType

import pytest

from guard import DISTRIBUTION, PACKAGE, is_of_core
from pack import HarnessError
from raised import (
    FINDINGS,
    behind,
    behind_and_before,
    chain,
    files_of,
    frames_of,
    is_a,
    raw,
    real,
    said,
)

# Core's name in a sentence, but not in the path of a folder.
NAMES_CORE = re.compile(rf"(?<![\w/\\-])({PACKAGE}|{DISTRIBUTION})(?![\w/\\-])")
WAYS_OUT = (pytest.skip.Exception, pytest.xfail.Exception)
# Of the harness, what an exception of pytest goes through as well.
AROUND = ("background.py", "cell.py", "raised.py")
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
    return not any(map(out_of_core, errors)) and (any(map(foreign, errors)) or stumbled(errors))


def found(error: BaseException) -> bool:
    """Whether it is what a promise found wrong, which nothing beside or after it takes back."""
    frames = frames_of(error)
    return is_a(error, *FINDINGS) and not foreign(error) and (in_packs(frames) or not frames)


def out_of_core(error: BaseException) -> bool:
    """Whether an exception came out of Core's code, or of looking for a part that it lacks."""
    if is_a(error, ImportError):
        name = raw(error, ImportError, "name")
        if named_for_core(name):
            return True
        texts = raw(error, BaseException, "args") if type(name) is not str else ()
        if any(type(text) is str and NAMES_CORE.search(text) for text in texts):
            return True
    if is_a(error, AttributeError) and is_core(raw(error, AttributeError, "obj")):
        return True
    kinds = [kind for kind in (OSError, SyntaxError) if is_a(error, kind)]
    files = {real(raw(error, kind, "filename")) for kind in kinds}
    return any(map(is_of_core, files | files_of(frames_of(error))))


def foreign(error: BaseException) -> bool:
    """Whether an exception is of a kind that says nothing about Core, if not out of it."""
    if is_a(error, OSError):
        # An asyncio timeout is an OSError too, but without the number of a system error.
        return raw(error, OSError, "errno") is not None
    if is_a(error, SyntaxError):
        # What Core has written may be compiled as well, but stands in no file.
        file = raw(error, SyntaxError, "filename")
        return type(file) is str and os.path.isabs(file)
    if is_a(error, AttributeError):
        # Of a module, as if it were imported from there.
        return type(raw(error, AttributeError, "obj")) is ModuleType
    return is_a(error, ImportError, pytest.FixtureLookupError, *WAYS_OUT) or mistaken(error)


def mistaken(error: BaseException) -> bool:
    """Whether an exception says that the pack is wrong, be it in what Core calls or wraps."""
    frames = frames_of(error)
    if type(error) is NameError:
        name = raw(error, NameError, "name")
        return in_packs(frames[-1:]) and not imported(name, frames[-1].f_code.co_filename)
    inside = [*takewhile(is_of_pytest, reversed(frames))]
    if is_a(error, pytest.fail.Exception):
        # What `pytest.fail` says, and what was to be raised and was not, a promise has found.
        return len(inside) > 1 and inside[1].f_code.co_name != "__exit__"
    if not inside or not is_a(error, TypeError, ValueError) or behind(error):
        return False
    last = inside[0]
    if last.f_code.co_code[last.f_lasti] != opmap["RAISE_VARARGS"]:
        return False  # It calls what it was given, and cannot.
    given = [value for frame in inside for value in [*frame.f_locals.values()]]
    return last.f_globals["__name__"] not in TAKE_VALUES and not any(map(is_core, given))


def stumbled(errors: Sequence[BaseException]) -> bool:
    """Whether it was pytest itself that stopped, beside the test or because it cannot run it."""
    frames = [frame for error in errors for frame in frames_of(error)]
    ran = any(frame.f_code.co_name == "runtest" for frame in frames)
    return not in_packs(frames) and (is_a(errors[0], pytest.fail.Exception) or not ran)


def in_packs(frames: Sequence[FrameType]) -> bool:
    """Whether one of these is of a promise, or of what stands beside it."""
    folder = os.path.dirname(os.path.realpath(__file__))
    files = files_of(frames) - {os.path.join(folder, name) for name in AROUND}
    return any(file.startswith(os.path.join(folder, "")) for file in files)


def is_of_pytest(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return type(name) is str and name.startswith("_pytest.")


def imported(name: object, file: str) -> bool:
    """Whether a file imports a name that Core lacks from it, or maybe with all its names."""
    for node in ast.walk(ast.parse("".join(linecache.getlines(file)))):
        if isinstance(node, ast.ImportFrom) and named_for_core(node.module):
            module = sys.modules.get(node.module or "")
            there = vars(module) if type(module) is ModuleType else ()
            lacking = (one for one in node.names if one.name not in there)
            if any(one.name == "*" or (one.asname or one.name) == name for one in lacking):
                return True
    return False


def is_core(thing: object) -> bool:
    """Whether it is a module, class or function of Core, or an object of one of its classes."""
    if type(thing) is ModuleType:
        return named_for_core(vars(thing).get("__name__"))
    if type(thing) is FunctionType:
        return named_for_core(thing.__module__)
    kind = thing if issubclass(type(thing), type) else type(thing)
    return named_for_core(vars(type)["__dict__"].__get__(kind).get("__module__"))


def named_for_core(module: object) -> bool:
    return type(module) is str and module.partition(".")[0] in (PACKAGE, DISTRIBUTION)


# What pytest warns of where a test cannot have noticed it.
UNNOTICED = {
    pytest.PytestUnhandledThreadExceptionWarning: "a thread failed, which its test cannot notice",
    pytest.PytestUnraisableExceptionWarning: "an error was raised where no test can notice it",
    pytest.PytestReturnNotNoneWarning: "a promise returns nothing: `assert` what is to hold",
}


def cannot_judge(warning: Warning) -> str:
    """Why a promise that met this warning says nothing, kept as it may look; empty if it may."""
    for category, reason in UNNOTICED.items():
        if is_a(warning, category):
            return reason
    if is_a(warning, RuntimeWarning) and "was never awaited" in said(warning):
        return f"nobody waits for what it calls: {said(warning)}"
    return ""
