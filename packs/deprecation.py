"""Deprecations: which name in Core a warning says will go away, told while the warning is shown.

A warning says where it was noticed, by `stacklevel`, and not whose it is: so the stack is asked,
from the frame that warns outwards.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from types import FrameType

from guard import PACKAGE, is_of_core

CATEGORIES = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
WARN = {"warn", "warn_explicit"}


def listen(hear: Callable[[str, str, bool], None]) -> None:
    """Tell of each deprecation in Core that is shown from now on.

    That is its symbol, what it says, and whether Core itself was what used it.
    """
    # What Python calls while the stack still stands; `showwarning` is not called while pytest
    # records.
    name = "_showwarnmsg"
    show = getattr(warnings, name)

    def tell(warning: warnings.WarningMessage) -> None:
        # Whatever the objects that are looked at do, Core is not to notice.
        with suppress(Exception):
            if issubclass(warning.category, CATEGORIES):
                symbol, user = about(sys._getframe(1))
                if symbol:
                    hear(symbol, str(warning.message), user is not None and in_core(user))
        show(warning)

    setattr(warnings, name, tell)


def about(frame: FrameType) -> tuple[str, FrameType | None]:
    """The name of what warns, as Core has it, and who used that; no name if that is not Core."""
    stack: list[FrameType | None] = [*outwards(frame), None]
    if not in_core(frame):
        return held(frame), stack[1]  # by `deprecated`, or the descriptor of a field
    if not WARN & {*frame.f_code.co_names}:
        return "", None  # what Core calls is deprecated, in Python itself
    for one, user in pairwise(stack):
        # What is private warns for what has called it, or what it is wrapped around.
        if one is None or not in_core(one):
            return str(frame.f_globals["__name__"]), one
        if found := named(one) or held(one, warns=True):
            return found, user
    return str(frame.f_globals["__name__"]), None


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames from one outwards, those of the import machinery left out."""
    while frame:
        if not str(frame.f_globals.get("__name__")).startswith("importlib."):
            yield frame
        frame = frame.f_back


def in_core(frame: FrameType) -> bool:
    return is_of_core(frame.f_code.co_filename)


def named(frame: FrameType) -> str:
    """The public name of what a frame of Core runs; empty if it has none."""
    code, module = frame.f_code, str(frame.f_globals["__name__"])
    *owners, last = code.co_qualname.split(".")
    if last == "<module>":
        return module
    if last == "__getattr__" and not owners:
        return f"{module}.{frame.f_locals[code.co_varnames[0]]}"
    special = last.startswith("__") and last.endswith("__")
    parts = owners if special else [*owners, last]
    return ".".join((module, *parts)) if parts and is_public(parts) else ""


def held(frame: FrameType, *, warns: bool = False) -> str:
    """What of Core a frame holds that is marked as deprecated, or that it warns for.

    `deprecated` of typing_extensions and warnings holds the class or the function; the descriptor
    of a deprecated field of pydantic knows its name, and is asked for it by an object.
    """
    values = frame.f_locals
    field, owner = getattr(values.get("self"), "field_name", ""), type(values.get("obj"))
    for base in reversed(owner.__mro__):
        if (
            field
            and of_core(base)
            and (field in inspect.get_annotations(base) or field in vars(base))
        ):
            return f"{base.__module__}.{base.__qualname__}.{field}"
    for value in values.values():
        if callable(value) and of_core(value) and (warns or hasattr(value, "__deprecated__")):
            name = str(getattr(value, "__qualname__", "<object>"))
            if is_public(name.split(".")):
                return f"{value.__module__}.{name}"
    return ""


def is_public(parts: Sequence[str]) -> bool:
    return not any(part.startswith(("_", "<")) for part in parts)


def of_core(thing: object) -> bool:
    module = getattr(thing, "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] == PACKAGE
