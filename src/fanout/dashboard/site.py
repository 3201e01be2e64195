"""The site on disk: each part made when what it depends on has changed, and only then.

A manifest in its folder holds every part with the key that it was made for and its files. What the
manifest names and the site no longer has is removed; nothing else is touched. Before anything is
made the manifest forgets the keys of what will be, so that a build that was stopped, in whatever
way, is brought to its end by the next one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from fanout.errors import UnusableOutput
from fanout.files import put
from fanout.model import Frozen
from fanout.processes import each

MANIFEST = "fanout-dashboard.json"
LOCK = ".fanout-dashboard.lock"
LONGEST_WAIT = 600  # seconds, for another build of the same site
LEFT_BEHIND = re.compile(r"\..+\.\d+\.part")
UNMADE = ""  # the key of a part that has to be made


# What a file holds, or what writes a file that is too large to be held.
Content = bytes | Callable[[Path], None]


class Part(NamedTuple):
    """A page, or whatever is made in one go: a key of all it depends on, and its files by path.

    `apart` is whether another process may make it: then `make` says all that it needs.
    """

    name: str
    key: str
    make: Callable[[], Mapping[str, Content]]
    apart: bool = False


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


@contextmanager
def alone(folder: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """A block in which no other build writes to this folder, which is made if it is not there.

    `waiting` is called if there is one to wait for. Raises UnusableOutput for a folder that cannot
    be written, or that another build does not let go.
    """
    with unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        try:
            acquire(lock, waiting)
        except Timeout as error:
            raise UnusableOutput(
                f"another build is writing to '{folder}'",
                "wait until it has ended, or name another folder with --output",
            ) from error
    try:
        yield
    finally:
        lock.release()


def acquire(lock: FileLock, waiting: Callable[[], None]) -> None:
    """Take a lock, at once or after a wait that is told; raises Timeout."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire(timeout=LONGEST_WAIT)


def write_site(
    parts: Iterable[Part], folder: Path, done: Callable[[int, int], None] = lambda count, of: None
) -> Written:
    """Make every part whose key is new, and remove what is no longer there.

    `done` is told how many of how many parts are made. Raises UnusableOutput if the folder
    cannot be written, or holds files that no build of a site has left there.
    """
    wanted = {part.name: part for part in parts}
    with unwritable(folder):
        before = read_manifest(folder)
        there = frozenset(names(folder))
    stale = [
        part
        for part in wanted.values()
        if part.name not in before
        or before[part.name].key != part.key
        or not there.issuperset(before[part.name].files)
    ]
    entries = {**before, **{part.name: unmade(part, before) for part in stale}}
    written: set[str] = set()
    with kept(entries, folder) if stale else nullcontext(), closing(made(stale)) as contents:
        for count, (part, files) in enumerate(zip(stale, contents, strict=True), 1):
            with unwritable(folder):
                for path, content in files.items():
                    if path not in written:  # a text may be of many runs
                        replace(place(folder, path), content)
            entries[part.name] = Entry(key=part.key, files=tuple(files))
            written.update(files)
            done(count, len(stale))
    now = {name: entries[name] for name in sorted(wanted)}
    gone = (files_of(before) - files_of(now)) & there
    if gone or now != before or MANIFEST not in there:
        with unwritable(folder):
            for path in gone:
                remove(folder / path)
            write_manifest(now, folder)
    return Written(files=len(files_of(now)), written=len(written), removed=len(gone))


def made(parts: Sequence[Part]) -> Generator[Mapping[str, Content], None, None]:
    """The files of each part, in their order."""
    with closing(each(called, [part.make for part in parts if part.apart])) as apart:
        for part in parts:
            yield next(apart) if part.apart else part.make()


def called(make: Callable[[], Mapping[str, Content]]) -> Mapping[str, Content]:
    return make()


def unmade(part: Part, before: Mapping[str, Entry]) -> Entry:
    """What the manifest says of a part that is being made: it may have written files already."""
    old = before[part.name].files if part.name in before else ()
    return Entry(key=UNMADE, files=tuple(dict.fromkeys((*old, part.name))))


@contextmanager
def kept(entries: Mapping[str, Entry], folder: Path) -> Iterator[None]:
    """A block that changes entries; the manifest has them before it, and again if it fails."""
    with unwritable(folder):
        write_manifest(entries, folder)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            write_manifest(entries, folder)
        raise


def files_of(entries: Mapping[str, Entry]) -> frozenset[str]:
    return frozenset(path for entry in entries.values() for path in entry.files)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """A block in which whatever the disk refuses ends as UnusableOutput."""
    try:
        yield
    except OSError as error:
        raise UnusableOutput(
            f"'{error.filename or folder}' cannot be written: {error.strerror}",
            "make room, or name a folder that can be written with --output",
        ) from error


def read_manifest(folder: Path) -> Mapping[str, Entry]:
    """The parts of the site that is in a folder, none for a new one or a damaged manifest.

    Raises UnusableOutput for a folder with files, but without a manifest: they are not of a site.
    """
    try:
        return ENTRIES.validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        if folder.is_dir() and any(entry.name != LOCK for entry in folder.iterdir()):
            raise UnusableOutput(
                f"'{folder}' holds files that are of no dashboard",
                "name a new or an empty folder with --output",
            ) from None
    except ValidationError:
        pass  # every part is made again
    return {}


def write_manifest(entries: Mapping[str, Entry], folder: Path) -> None:
    ordered = {name: entries[name] for name in sorted(entries)}
    replace(folder / MANIFEST, ENTRIES.dump_json(ordered, indent=1) + b"\n")


def names(folder: Path) -> Iterator[str]:
    """Every file in a folder, by its path there; what a stopped build was writing is removed."""
    for place, _, found in os.walk(folder):
        inside = Path(place).relative_to(folder).as_posix()
        for name in found:
            if LEFT_BEHIND.fullmatch(name):
                Path(place, name).unlink(missing_ok=True)
            else:
                yield name if inside == "." else f"{inside}/{name}"


def place(folder: Path, path: str) -> Path:
    """Where a file of the site is; raises UnusableOutput for a path that leads elsewhere."""
    inside = PurePosixPath(path)
    if inside.is_absolute() or ".." in inside.parts:
        raise UnusableOutput(
            f"'{path}' would be outside of '{folder}'",
            "see which document of the history has such a name, and move it out of the history",
        )
    return folder / inside


def replace(path: Path, content: Content) -> None:
    """Write a file at once: whoever reads it sees all of the old one, or of the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            write(part, content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(part, content)
        put(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write(path: Path, content: Content) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)


def remove(path: Path) -> None:
    """Remove a file, and its folder if it was the last one there."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()
