"""The site on disk: each part made when what it depends on has changed, and only then.

`manifest.json` in its folder holds every part with the key that it was made for and its files.
What the manifest names and the site no longer has is removed; nothing else is touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from fanout.errors import UnusableOutput
from fanout.model import Frozen

MANIFEST = "manifest.json"


class Part(NamedTuple):
    """A page, or whatever is made in one go: a key of all it depends on, and its files by path."""

    name: str
    key: str
    make: Callable[[], Mapping[str, bytes]]


class Entry(Frozen):
    """What the manifest says of a part."""

    key: str
    files: tuple[str, ...]


class Written(NamedTuple):
    """What a build did, in files."""

    files: int
    written: int
    removed: int


ENTRIES = TypeAdapter(dict[str, Entry])


def write_site(
    parts: Iterable[Part], folder: Path, done: Callable[[int, int], None] = lambda count, of: None
) -> Written:
    """Make every part whose key is new, then the manifest, and remove what is no longer there.

    `done` is told how many of how many parts are made. Raises UnusableOutput if the folder
    cannot be written, or holds files that no build of a site has left there.
    """
    wanted = {part.name: part for part in parts}
    try:
        before = read_manifest(folder)
        there = frozenset(names(folder))
        now = {
            name: entry
            for name, entry in before.items()
            if name in wanted and wanted[name].key == entry.key and there.issuperset(entry.files)
        }
        stale = [part for name, part in wanted.items() if name not in now]
        written = 0
        for count, part in enumerate(stale, 1):
            made = part.make()
            for path, content in made.items():
                replace(folder / path, content)
            now[part.name] = Entry(key=part.key, files=tuple(made))
            written += len(made)
            done(count, len(stale))
        files = {path for entry in now.values() for path in entry.files}
        gone = {path for entry in before.values() for path in entry.files} - files
        for path in gone & there:
            remove(folder / path)
        if now != before:
            ordered = {name: now[name] for name in sorted(now)}
            replace(folder / MANIFEST, ENTRIES.dump_json(ordered, indent=1) + b"\n")
    except OSError as error:
        raise UnusableOutput(
            f"'{error.filename or folder}' cannot be written: {error.strerror}",
            "make room, or name a folder that can be written with --output",
        ) from error
    return Written(files=len(files), written=written, removed=len(gone & there))


def read_manifest(folder: Path) -> Mapping[str, Entry]:
    """The parts of the site that is in a folder, none for a new one or a damaged manifest.

    Raises UnusableOutput for a folder with files, but without a manifest: they are not of a site.
    """
    try:
        return ENTRIES.validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        if folder.is_dir() and any(folder.iterdir()):
            raise UnusableOutput(
                f"'{folder}' holds files that are of no dashboard",
                "name a new or an empty folder with --output",
            ) from None
    except ValidationError:
        pass  # every part is made again
    return {}


def names(folder: Path) -> Iterator[str]:
    for place, _, found in os.walk(folder):
        inside = Path(place).relative_to(folder)
        yield from ((inside / name).as_posix() for name in found)


def replace(path: Path, content: bytes) -> None:
    """Write a file at once: whoever reads it sees all of the old one, or of the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            part.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file, and its folder if it was the last one there."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()
