"""An exception as Python keeps it.

One of Core may be of a class that runs code, fails or lies when it is asked: here nothing is asked
of it, or only where that may fail.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from opcode import opmap
from types import FrameType
from typing import Any

# Of the harness, what an exception of pytest goes through as well.
AROUND = ("background.py", "cell.py", "promise.py", "raised.py")
Errors = tuple[BaseException, ...]


def frames_of(error: BaseException) -> list[FrameType]:
    """The frames that an exception went through, from the outermost on."""
    return [frame for frame, _ in traceback.walk_tb(raw(error, BaseException, "__traceback__"))]


def files_of(frames: Sequence[FrameType]) -> set[str]:
    return {*map(real, {frame.f_code.co_filename for frame in frames})}


def real(file: object) -> str:
    """The path of a file without links; empty if it is none, or from a folder that is gone."""
    with suppress(ValueError, OSError):
        return os.path.realpath(file) if type(file) is str and file else ""
    return ""


def in_packs(frames: Sequence[FrameType]) -> bool:
    """Whether one of these is of a promise, or of what stands beside it."""
    folder = os.path.dirname(os.path.realpath(__file__))
    files = files_of(frames) - {os.path.join(folder, name) for name in AROUND}
    return any(file.startswith(os.path.join(folder, "")) for file in files)


def raises(frame: FrameType) -> bool:
    """Whether a frame has stopped at a `raise` of its own, and not in what it calls."""
    return frame.f_code.co_code[frame.f_lasti] == opmap["RAISE_VARARGS"]


def chain(error: BaseException, step: Callable[[BaseException], Errors]) -> Iterator[BaseException]:
    """An error, and all that is found from it by this step; each once."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            left += step(one)


def members(error: BaseException) -> Errors:
    """What an exception is a group of."""
    group = is_a(error, BaseExceptionGroup)
    return raw(error, BaseExceptionGroup, "exceptions") if group else ()


def behind(error: BaseException) -> Errors:
    """What it is a group of, and what it was raised from."""
    cause = raw(error, BaseException, "__cause__")
    return members(error) if cause is None else (*members(error), cause)


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
        plain = RuntimeError(unshown(error))
        raise plain.with_traceback(raw(error, BaseException, "__traceback__")) from None


def unshown(error: BaseException) -> str:
    """What is said instead of an exception that pytest stumbles over when it shows it."""
    return f"{type_name(error)}, which cannot be shown: {said(error)}"


def type_name(error: BaseException) -> str:
    name: str = vars(type)["__name__"].__get__(type(error))
    return name


def said(error: BaseException) -> str:
    """The first line of what an exception says; the name of its class, if there is none."""
    with suppress(BaseException):
        # A class may give a text that is of a class of its own.
        return str.__str__(str(error)).partition("\n")[0] or type_name(error)
    return type_name(error)
