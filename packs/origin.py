"""The origin of an exception: whether it came out of Core, whatever met it.

Without pytest, which a consumer's module must not find imported.
"""

from __future__ import annotations

import os
import re
from types import FunctionType, ModuleType

from guard import DISTRIBUTION, PACKAGE, is_of_core
from raised import files_of, frames_of, is_a, raw, real

NAMES = (PACKAGE, DISTRIBUTION)
# Core's name in a sentence, but not in the path of a folder.
NAMES_CORE = re.compile(rf"(?<![\w/\\-])({PACKAGE}|{DISTRIBUTION})(?![\w/\\-])")


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
    named = [raw(error, kind, "filename") for kind in kinds]
    if any(type(name) is str and os.path.basename(name) in NAMES for name in named):
        return True  # a command of Core's
    files = {*map(real, named)}
    return any(map(is_of_core, files | files_of(frames_of(error))))


def is_core(thing: object) -> bool:
    """Whether it is a module, class or function of Core, or an object of one of its classes."""
    if type(thing) is ModuleType:
        return named_for_core(vars(thing).get("__name__"))
    if type(thing) is FunctionType:
        return named_for_core(thing.__module__)
    return named_for_core(module_of(thing if issubclass(type(thing), type) else type(thing)))


def module_of(kind: object) -> object:
    """What Python keeps as the module of a class, whatever the class makes of that."""
    return vars(type)["__dict__"].__get__(kind).get("__module__")


def named_for_core(module: object) -> bool:
    return type(module) is str and module.partition(".")[0] in NAMES
