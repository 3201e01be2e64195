"""The blame: what stopped a promise's test, and whether that came out of Core.

An exception may be Core's own: nothing is asked of it, or of what it holds, that could run code.
"""

from __future__ import annotations

import gc
import linecache
import os
import re
import sys
import traceback
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from types import FrameType, FunctionType, MethodType
from typing import Any

import pytest

from guard import DISTRIBUTION, PACKAGE, is_of_core
from pack import HarnessError

# Core's name in a sentence, but not in the path of a folder.
NAMES_CORE = re.compile(rf"(?<![\w/\\-])({PACKAGE}|{DISTRIBUTION})(?![\w/\\-])")
ALL_OF_CORE = re.compile(rf"\s*from {PACKAGE}[\w.]* import \*")
FINDINGS = (AssertionError, pytest.fail.Exception)
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
    errors = list(behind(error))
    if any(is_a(one, HarnessError) for one in errors):
        return True
    # What a promise has found is found, whatever has failed beside it.
    if any(is_a(one, *FINDINGS) and not mistaken(one) for each in errors for one in members(each)):
        return False
    if any(map(mistaken, errors)):
        return True
    return not any(map(out_of_core, errors)) and (any(map(foreign, errors)) or stumbled(errors))


def out_of_core(error: BaseException) -> bool:
    """Whether an exception came out of Core's code, or of looking for a part that it lacks."""
    if is_a(error, ImportError):
        name = raw(error, ImportError, "name")
        if type(name) is str and name.partition(".")[0] in (PACKAGE, DISTRIBUTION):
            return True
        texts = raw(error, BaseException, "args") if type(name) is not str else ()
        if any(type(text) is str and NAMES_CORE.search(text) for text in texts):
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
    return is_a(error, ImportError, pytest.FixtureLookupError, *WAYS_OUT) or mistaken(error)


def mistaken(error: BaseException) -> bool:
    """Whether an exception says that the pack is wrong, be it in what Core calls or wraps."""
    frames = frames_of(error)
    if type(error) is NameError:
        return bool(frames) and in_packs(frames[-1:]) and not imports_all(frames[-1])
    inside = [*takewhile(is_of_pytest, reversed(frames))]
    if is_a(error, pytest.fail.Exception):
        # What `pytest.fail` says, and what was to be raised and was not, a promise has found.
        return len(inside) > 1 and inside[1].f_code.co_name != "__exit__"
    if not inside or not is_a(error, TypeError, ValueError):
        return False
    given = [value for frame in inside for value in [*frame.f_locals.values()]]
    return inside[0].f_globals["__name__"] not in TAKE_VALUES and not any(map(is_core, given))


def stumbled(errors: Sequence[BaseException]) -> bool:
    """Whether it was pytest itself that stopped, beside the test or because it cannot run it."""
    frames = [frame for error in errors for frame in frames_of(error)]
    ran = any(frame.f_code.co_name == "runtest" for frame in frames)
    return not in_packs(frames) and (is_a(errors[0], pytest.fail.Exception) or not ran)


def in_packs(frames: Sequence[FrameType]) -> bool:
    """Whether one of these is of a promise, or of what stands beside it."""
    folder = os.path.dirname(os.path.realpath(__file__))
    files = files_of(frames) - {os.path.join(folder, "conftest.py")}
    return any(file.startswith(os.path.join(folder, "")) for file in files)


def is_of_pytest(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return type(name) is str and name.startswith("_pytest.")


def imports_all(frame: FrameType) -> bool:
    """Whether a name may be missing in a frame's file because Core no longer has it."""
    return any(map(ALL_OF_CORE.match, linecache.getlines(frame.f_code.co_filename)))


def is_core(thing: object) -> bool:
    """Whether it is a class or function of Core, or an object of one of its classes."""
    function = thing.__func__ if type(thing) is MethodType else thing
    kind = thing if issubclass(type(thing), type) else type(thing)
    if type(function) is FunctionType:
        module: object = function.__module__
    else:
        module = vars(type)["__module__"].__get__(kind)
    return type(module) is str and module.partition(".")[0] == PACKAGE


def frames_of(error: BaseException) -> list[FrameType]:
    """The frames that an exception went through, from the outermost on."""
    return [frame for frame, _ in traceback.walk_tb(raw(error, BaseException, "__traceback__"))]


def files_of(frames: Sequence[FrameType]) -> set[str]:
    return {*map(real, {frame.f_code.co_filename for frame in frames})}


def real(file: object) -> str:
    """The path of a file without links; empty if it is none."""
    with suppress(ValueError):
        return os.path.realpath(file) if type(file) is str else ""
    return ""


def behind(error: BaseException) -> Iterator[BaseException]:
    """An error, those that it was raised from, and those that it is a group of; each once."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            left += raised_for(one)


def raised_for(error: BaseException) -> tuple[BaseException, ...]:
    """What an error stands for; of what a promise has found wrong, that is the error itself."""
    cause = raw(error, BaseException, "__cause__")
    if cause is None or is_a(error, *FINDINGS):
        return members(error)
    return (*members(error), cause)


def members(error: BaseException) -> tuple[BaseException, ...]:
    group = is_a(error, BaseExceptionGroup)
    return tuple(raw(error, BaseExceptionGroup, "exceptions")) if group else ()


def is_a(error: BaseException, *kinds: type[BaseException]) -> bool:
    """Whether an exception is of one of these classes, whatever it says of its own."""
    return issubclass(type(error), kinds)


def raw(error: BaseException, kind: type[BaseException], name: str) -> Any:
    """What Python keeps of an exception under this name, whatever its class makes of that."""
    return vars(kind)[name].__get__(error)


def honestly() -> Generator[None, object, object]:
    """Let a phase of a test raise nothing that says it is of another class than it is."""
    try:
        return (yield)
    except BaseException as error:
        honest = False
        with suppress(BaseException):
            honest = error.__class__ is type(error)
        if honest:
            raise
        traceback = raw(error, BaseException, "__traceback__")
        raise RuntimeError(unshown(error)).with_traceback(traceback) from None


def unshown(error: BaseException) -> str:
    """What is said instead of an exception that pytest stumbles over when it shows it."""
    return f"{type_name(error)}, which cannot be shown: {said(error)}"


def type_name(error: BaseException) -> str:
    name: str = vars(type)["__name__"].__get__(type(error))
    return name


def said(error: BaseException) -> str:
    """The first line of what an exception says; the name of its class, if there is none."""
    with suppress(BaseException):
        return str(error).partition("\n")[0] or type_name(error)
    return type_name(error)


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
