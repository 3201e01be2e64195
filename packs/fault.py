"""Whose fault it is that a consumer's import failed: Core's, its own, or the machine's."""

from __future__ import annotations

import os
import traceback
from importlib import util
from pathlib import Path

from consumer import extra_of_core
from evidence import OWN, UNDECLARED, Result, without_secrets
from guard import PACKAGE
from origin import out_of_core
from raised import behind, chain, frames_of, is_a, raw, said, type_name

PACKS = str(Path(__file__).resolve().parent)
MACHINE = "machine"
SYSTEM_LIBRARY = ("cannot open shared object", "DLL load failed", "Library not loaded")


def fault(error: BaseException) -> Result:
    """Whose fault it is that an import failed: Core's, the consumer's own, or the machine's."""
    errors = [*chain(error, behind)]
    where = place(error)
    told = f"{type_name(error)}: {without_secrets(said(error))}{f' ({where})' if where else ''}"
    lines = traceback.format_tb(raw(error, BaseException, "__traceback__"))
    text = without_secrets("".join([*lines[1:], told]))
    missing = raw(error, ImportError, "name") if is_a(error, ModuleNotFoundError) else None
    if isinstance(missing, str) and missing.partition(".")[0] != PACKAGE:
        top = missing.partition(".")[0]
        if is_absent(top):
            if extra := extra_of_core(top):
                told += f": it comes with Core's extra '{extra}', which nothing asks for"
                return Result("skipped", UNDECLARED, told, text)
            if not any(map(out_of_core, errors)):
                return Result("skipped", UNDECLARED, told, text)
    if any(map(is_of_machine, errors)):
        return Result("error", MACHINE, told, text)
    if any(map(out_of_core, errors)):
        return Result("failure", "core", told, text)
    return Result("skipped", OWN, told, text)


def is_absent(top: str) -> bool:
    try:
        return util.find_spec(top) is None
    except (ImportError, ValueError):
        return True


def is_of_machine(error: BaseException) -> bool:
    """Whether it says that this machine lacks memory, room or a library of the system."""
    if is_a(error, MemoryError):
        return True
    if is_a(error, OSError):
        return type(raw(error, OSError, "errno")) is int and not is_a(error, FileNotFoundError)
    return is_a(error, ImportError) and any(text in said(error) for text in SYSTEM_LIBRARY)


def place(error: BaseException) -> str:
    """The last file and line, of whoever's modules, that an error went through."""
    for frame in reversed(frames_of(error)):
        file = frame.f_code.co_filename
        if not file.startswith("<") and os.path.dirname(file) != PACKS:
            tail = file.rpartition("site-packages")[2].replace(os.sep, "/").lstrip("/")
            return f"{tail}:{frame.f_lineno}"
    return ""
