"""One release of a consumer, read from its wheel: what it declares, and its uses of Core."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from fanout.consumers.declared import Declared, declared
from fanout.consumers.use import File
from fanout.consumers.uses import read_uses
from fanout.core.index import fetch
from fanout.core.wheel import read_files
from fanout.errors import InvalidCore

METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


class Release(NamedTuple):
    """A release by name and version, with the files of it that use Core."""

    consumer: str
    version: str
    files: tuple[File, ...]
    declared: Declared


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


def made(consumer: str, version: str, files: Mapping[str, bytes]) -> Release:
    said = [content for path, content in files.items() if METADATA.fullmatch(path)]
    unread = Declared(unreadable="its wheel has no metadata, or more than one")
    return Release(
        consumer,
        version,
        read_uses(files),
        declared(said[0], consumer, version) if len(said) == 1 else unread,
    )
