"""A sight: what a file or folder that no key has looks like, to tell whether it is still so."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from importlib.util import source_from_cache

# A pack may put something else in their place.
open_file, status_of, names_in, exists = open, os.stat, os.listdir, os.path.lexists
working_folder, text_of, join, normal = os.getcwd, os.fsdecode, os.path.join, os.path.normpath
parent, base, real = os.path.dirname, os.path.basename, os.path.realpath
HERE = parent(os.path.abspath(__file__))
ROOT = parent(HERE)
ABSENT, PRESENT, CLOSED = "absent", "present", "closed"  # in place of a digest
MADE_UP = {"/dev", "/proc", "/sys"}  # folders of what says another thing each time

Name = str | bytes | os.PathLike[str]


def path_of(path: Name) -> str:
    return normal(join(working_folder(), text_of(path)))


def source_of(file: str) -> str:
    """The file that a compiled one is of, which says as much and is the same everywhere."""
    try:
        return source_from_cache(file) if file.endswith(".pyc") else file
    except ValueError:
        return file


def is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(status_of(path).st_mode)
    except OSError:
        return False


def folders_of(path: str) -> Iterator[str]:
    while (folder := parent(path)) != path:
        yield folder
        path = folder


def as_told(path: str) -> str:
    """A path in the repository as seen from its root, and any other as it is."""
    inside = path.startswith(ROOT + os.sep)
    return path[len(ROOT) + 1 :].replace(os.sep, "/") if inside else path


def look(path: str) -> str:
    """The digest of a file's content, or of the names in a folder; empty if there is none."""
    if MADE_UP & {*folders_of(path)}:
        return ""
    try:
        status = status_of(path)
        if stat.S_ISDIR(status.st_mode):
            names = sorted({*names_in(path)} - {"__pycache__"})  # which a cell may leave
            content = "\0".join(names).encode(errors="surrogateescape")
        elif stat.S_ISREG(status.st_mode):
            with open_file(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        else:
            return ""
    except (FileNotFoundError, NotADirectoryError, ValueError):  # no file has a name with a NUL
        return ABSENT
    except OSError:
        return CLOSED
    return hashlib.sha256(content).hexdigest()


def changed(sees: str) -> str:
    """The first that is not as a cell has seen it; raises ValueError for what no cell tells."""
    told = json.loads(sees)
    if not isinstance(told, dict):
        raise ValueError(f"{sees!r} is no table")
    for name, before in told.items():
        path = join(ROOT, name)
        if not (exists(path) if before == PRESENT else look(path) == before):
            return str(name)
    return ""
