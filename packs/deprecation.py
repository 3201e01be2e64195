"""Deprecations: which name in Core a warning says will go away, told while the warning is shown.

A warning says where it was noticed, by `stacklevel`, and not whose it is: so the stack is asked,
from the frame that warns outwards.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from inspect import CO_OPTIMIZED, getattr_static
from itertools import takewhile
from sys import getrefcount
from threading import local
from types import FrameType, FunctionType

from guard import PACKAGE, is_of_core

CATEGORIES = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
WARN = {"warn", "warn_explicit"}
WARNS = [getattr(warnings, name) for name in sorted(WARN)]
# What sees how its own variables are looked at.
LOOKS = {"locals", "vars", "dir", "eval", "exec", "f_locals"}
# A frame's variables are held by the frame, by who asks, and by what counts.
HOLDERS = 3
# What stands between a class or module and who makes or imports it.
MAKERS = {"importlib", "abc", "enum", "functools", "typing", "typing_extensions", "pydantic"}
NAMES = ("__module__", "__qualname__")


def listen(hear: Callable[[str, str, bool], None]) -> None:
    """Tell of each deprecation in Core that is shown from now on.

    That is its symbol, what it says, and whether Core itself was what used it.
    """
    # What Python calls while the stack still stands; `showwarning` is not called while pytest
    # records.
    name = "_showwarnmsg"
    show = getattr(warnings, name)
    here = local()

    def tell(warning: warnings.WarningMessage) -> None:
        if getattr(here, "looks", False):
            return  # what only this look has caused, such as a message that warns when it is read
        here.looks = True
        try:
            with suppress(Exception):
                if issubclass(warning.category, CATEGORIES):
                    symbol, user = about(warning, sys._getframe(1))
                    if symbol:
                        hear(symbol, text_of(warning.message), user is not None and in_core(user))
        finally:
            here.looks = False
        show(warning)

    setattr(warnings, name, tell)


def text_of(message: Warning | str) -> str:
    """What a warning says; of one that makes its text when it is asked, what it was made with."""
    if isinstance(message, str) or type(message).__str__ is Warning.__str__:
        return str(message)
    given = [one for one in message.args if type(one) is str]
    return " ".join(given) or type(message).__name__


def about(warning: warnings.WarningMessage, frame: FrameType) -> tuple[str, FrameType | None]:
    """The name of what warns, as Core has it, and who used that; no name if that is not Core."""
    users = list(outwards(frame.f_back))
    if not in_core(frame):
        # By a decorator, or the descriptor of a field.
        return held(frame, said=text_of(warning.message)), next(iter(users), None)
    if not calls_warn(frame):
        return "", None  # what Core calls is deprecated, in Python itself
    stack = [frame, *users]
    inside = list(zip(takewhile(in_core, stack), [*stack[1:], None], strict=False))
    # What is private warns for what has called it, or what it is wrapped around. Who warns for
    # somebody outside of Core warns for what that one has called.
    outer = not is_of_core(warning.filename)
    for one, user in reversed(inside) if outer else inside:
        if found := named(one) or held(one, warns=True):
            return found, user
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}", inside[-1][1]


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames from one outwards, those left out that make classes and import modules."""
    while frame:
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in MAKERS:
            yield frame
        frame = frame.f_back


def calls_warn(frame: FrameType) -> bool:
    """Whether a frame may call `warnings.warn` itself, by whatever name it has it."""
    names = frame.f_code.co_names
    given = (*map(frame.f_globals.get, names), *values_of(frame).values())
    funcs = [one.func if type(one) is partial else one for one in given]
    return bool(WARN & {*names}) or any(func is one for func in funcs for one in WARNS)


def in_core(frame: FrameType) -> bool:
    return is_of_core(frame.f_code.co_filename)


def named(frame: FrameType) -> str:
    """The public name of what a frame of Core runs; empty if it has none."""
    code, module = frame.f_code, str(frame.f_globals["__name__"])
    if code.co_qualname == "<module>":
        return module
    if code.co_qualname == "__getattr__":
        name = values_of(frame).get(code.co_varnames[0])
        return f"{module}.{name}" if type(name) is str else ""
    return public(module, code.co_qualname)


def held(frame: FrameType, *, warns: bool = False, said: str = "") -> str:
    """What of Core a frame holds that is marked as deprecated, or that it warns for.

    `deprecated` of typing_extensions and warnings holds the class or the function; the descriptor
    of a deprecated field of pydantic knows its name, and is asked for it by an object; another
    decorator holds the function that it wraps, and says its name. Nothing is asked of an object
    itself, whose attributes may be code that Core runs, and that warns.
    """
    values = values_of(frame)
    field = getattr_static(values.get("self"), "field_name", "")
    for base in reversed(type(values.get("obj")).__mro__) if type(field) is str and field else ():
        if field in getattr_static(base, "__pydantic_fields__", ()) and (name := public_name(base)):
            return f"{name}.{field}"
    # A method that is private may warn for the class of its object.
    things = [*values.values(), type(values.get("self"))]
    names = {name: thing for thing in things if (name := public_name(thing))}
    wrapped = [name for name, thing in names.items() if is_wrapped(thing)]
    if warns:
        return next(iter([*wrapped, *names]), "")
    marked = (name for name, thing in names.items() if is_marked(thing, said))
    return next(marked, "") or next((name for name in wrapped if is_named(name, said)), "")


def is_marked(thing: object, said: str) -> bool:
    """Whether a class or function is itself marked as deprecated, with this text."""
    made = type if issubclass(type(thing), type) else FunctionType
    return bool(made.__getattribute__(thing, "__dict__").get("__deprecated__") == said)


def values_of(frame: FrameType) -> dict[str, object]:
    """The variables of a frame by name, which it cannot notice; none of one that looks at them.

    Before Python 3.13 all who ask get one and the same dict, which keeps what is in it alive.
    """
    if LOOKS & {*frame.f_code.co_names}:
        return {}
    seen = frame.f_locals
    values = dict(seen)
    if frame.f_code.co_flags & CO_OPTIMIZED and type(seen) is dict and getrefcount(seen) <= HOLDERS:
        seen.clear()
    return values


def is_named(name: str, said: str) -> bool:
    """Whether a text has the last part of a dotted name as a word."""
    return bool(re.search(rf"\b{re.escape(name.rpartition('.')[2])}\b", said))


def is_wrapped(thing: object) -> bool:
    """Whether Core has something else by the name of a function, which must be around it."""
    if type(thing) is not FunctionType:
        return False
    found: object = sys.modules.get(thing.__module__)
    for part in thing.__qualname__.split("."):
        found = getattr_static(found, part, thing)
    if type(found) in (staticmethod, classmethod):
        found = getattr_static(found, "__wrapped__", thing)
    return found is not thing and type(found) is not property


def public_name(thing: object) -> str:
    """The name of a public class or function of Core; of a special method, that of its class."""
    if issubclass(type(thing), type):
        module, name = (type.__getattribute__(thing, one) for one in NAMES)
    elif type(thing) is FunctionType:
        module, name = thing.__module__, thing.__qualname__
    else:
        return ""
    return public(str(module), str(name))


def public(module: str, name: str) -> str:
    """The dotted name of what is public in Core, without the special method that it may end in."""
    owners, _, last = name.rpartition(".")
    parts = (owners if is_special(last) else name).split(".")
    known = module.partition(".")[0] == PACKAGE and parts != [""]
    return ".".join((module, *parts)) if known and is_public([*module.split("."), *parts]) else ""


def is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def is_public(parts: Sequence[str]) -> bool:
    return not any(part.startswith(("_", "<")) for part in parts)
