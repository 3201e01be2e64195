"""One release of a consumer, read from its wheel: what it declares, and its uses of Core."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from fanout.consumers.declared import Declared, declared, requirements
from fanout.consumers.use import File
from fanout.consumers.uses import read_uses
from fanout.core.index import fetch
from fanout.core.wheel import read_files
from fanout.digest import content_digest
from fanout.errors import InvalidCore
from fanout.model import DISTRIBUTION

METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


class Release(NamedTuple):
    """A release by name and version, with the files of it that use Core.

    `code` is a digest of all its Python, `requires` what it asks for beside Core.
    """

    consumer: str
    version: str
    files: tuple[File, ...]
    declared: Declared
    requires: tuple[str, ...] = ()
    code: str = ""


def read_release(consumer: str, version: str, root: Path, index: str) -> Release:
    """A release, from the index once; raises InvalidCore, UnreachableIndex."""
    return made(consumer, version, read_files(fetch(version, root, index, consumer)))


def read_wheel(path: Path) -> Release:
    """The release in a wheel; raises InvalidCore."""
    try:
        name, version, *_ = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise InvalidCore(f"'{path}' is not a wheel: {error}", "name a wheel") from error
    return made(canonicalize_name(name), str(version), read_files(path))


def made(
    consumer: str,
    version: str,
    files: Mapping[str, bytes],
    known: Mapping[str, tuple[File, ...]] | None = None,
) -> Release:
    """The release in files; `known` are the uses of code that was read before, by its digest."""
    metadata = metadata_in(files)
    unread = Declared(unreadable="its wheel has no metadata, or more than one")
    code = content_digest((path, content) for path, content in files.items() if is_python(path))
    return Release(
        consumer,
        version,
        (known or {}).get(code) or read_uses(files),
        declared(metadata, consumer, version) if metadata else unread,
        requirements(metadata, leaving=DISTRIBUTION),
        code,
    )


def metadata_in(files: Mapping[str, bytes]) -> bytes:
    """The metadata of a wheel; nothing if it has none, or more than one."""
    found = [content for path, content in files.items() if METADATA.fullmatch(path)]
    return found[0] if len(found) == 1 else b""


def is_python(path: str) -> bool:
    return path.endswith(".py")
