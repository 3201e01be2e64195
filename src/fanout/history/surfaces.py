"""What the Cores of a history look like from outside, kept in it: nobody needs their wheels again.

Format: JSON, `cores/<content digest>.json` in the folder of the history, one file for each content
of Core. A file is there whole or not at all; one that this reader would not have written is as if
it were not there.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import unquote

from packaging.version import Version
from pydantic import AfterValidator

from fanout.core.index import fetch
from fanout.core.wheel import KEPT, build, wheel_digest
from fanout.errors import (
    InvalidCore,
    UnreachableIndex,
    UnreadableDocument,
    UnusableHistory,
    UnusableInput,
)
from fanout.history.document import read_whole, write_whole
from fanout.history.run import LONGEST_TEXT
from fanout.model import Frozen
from fanout.processes import each
from fanout.surface.symbol import Surface, Symbol
from fanout.wording import one_line, printable

FOLDER = "cores"
# The first number grows when `fanout.surface.reader` reads otherwise. Each Python writes the
# syntax trees in its own way, and so gives another digest of the same code.
READER = f"3, Python {sys.version_info.major}.{sys.version_info.minor}"
LARGEST_SURFACE = 4 * 1024 * 1024
MOST_NAMES = 10_000
DIGEST = re.compile(r"[0-9a-f]{64}")
KEPT_WHEEL = re.compile(rf"/{re.escape(str(KEPT))}/([0-9a-f]{{16}}/[\w.+!-]+\.whl)$", re.ASCII)
STAND_INS = "cores"


class TestedContent(NamedTuple):
    """A content of Core as evidence tells it; nothing in it is to be trusted."""

    digest: str
    version: str
    source: str  # pypi, git, path or stand-in
    asked: str  # the requirement


def believable(found: Surface) -> Surface:
    """The surface, if all its texts can be printed and none is too long; raises ValueError."""
    if len(found.symbols) + len(found.exports) > MOST_NAMES:
        raise ValueError(f"it has more than {MOST_NAMES} names")
    for text in texts(found):
        if len(text) > LONGEST_TEXT or printable(text) != text:
            raise ValueError(f"it holds '{printable(text[:40])}...', too long or not printable")
    return found


def texts(found: Surface) -> Iterator[str]:
    for path, symbol in found.symbols.items():
        yield from (
            path,
            symbol.kind,
            symbol.says,
            symbol.code,
            symbol.deprecated,
            *symbol.types,
            *symbol.uses,
        )
    for name, target in found.exports.items():
        yield from (name, target)


class KeptSurface(Frozen):
    """A file of a surface: which reader made it, and of which content."""

    schema_version: Literal[1]
    reader: str
    digest: str
    surface: Annotated[Surface, AfterValidator(believable)]


def read_surface(history: Path, digest: str) -> Surface | None:
    """What the Core with a content digest looks like, if this reader has kept it."""
    if not DIGEST.fullmatch(digest):
        return None
    try:
        content = read_whole(surface_file(history, digest), LARGEST_SURFACE)
        kept = KeptSurface.model_validate_json(content)
    except (UnreadableDocument, ValueError):
        return None
    return kept.surface if (kept.reader, kept.digest) == (READER, digest) else None


def surface_file(history: Path, digest: str) -> Path:
    return history / FOLDER / f"{digest}.json"


def keep_surfaces(
    history: Path,
    wanted: Sequence[TestedContent],
    root: Path,
    index: str,
    done: Callable[[int, int], None],
) -> tuple[str, ...]:
    """Read and keep each Core that is not kept yet, as far as its wheel can be had.

    A release comes from the index, a stand-in is built, and a wheel that was kept is taken again;
    any other Core is left aside. A wheel is believed only if it has the digest of the evidence.
    `done` is told how many of how many contents are dealt with. Gives one line for each content
    that cannot be had; after the first for want of the index, the index is asked no more.
    """
    by_digest: dict[str, list[TestedContent]] = {}
    for one in wanted:
        if DIGEST.fullmatch(one.digest):
            by_digest.setdefault(one.digest, []).append(one)
    absent = {
        digest: contents
        for digest, contents in by_digest.items()
        if read_surface(history, digest) is None
    }
    wheels, total = Wheels(root, index), len(absent)
    reasons: dict[str, str] = {}

    def places() -> Iterator[tuple[Path, TestedContent, Path]]:
        """The next place of each content, if it can be had from there."""
        for contents in absent.values():
            one = contents.pop(0)
            try:
                if wheel := wheels.find(one):
                    yield history, one, wheel
            except (UnusableInput, OSError, ValueError) as error:
                reasons.setdefault(one.digest, not_read(one, error))

    while absent:
        kept: set[str] = set()
        for digest, why in each(keep_one, places(), len(absent)):
            if why:
                reasons.setdefault(digest, why)
            else:
                kept.add(digest)
                done(total - len(absent) + len(kept), total)
        # Where one place of a content fails, the next is asked.
        left = {one: rest for one, rest in absent.items() if rest and one not in kept}
        if len(absent) - len(left) > len(kept):
            done(total - len(left), total)
        absent = left
        reasons = {digest: why for digest, why in reasons.items() if digest not in kept}
    return tuple(reasons[digest] for digest in by_digest if digest in reasons)


def keep_one(found: tuple[Path, TestedContent, Path]) -> tuple[str, str]:
    """Keep in a history the surface of a content, of its wheel; its digest, and if not, why."""
    history, one, wheel = found
    try:
        write_surface(history, one.digest, believed(wheel, one.digest))
    except (UnusableInput, OSError, ValueError) as error:
        return one.digest, not_read(one, error)
    return one.digest, ""


def not_read(one: TestedContent, error: Exception) -> str:
    said = f"Core {one.version}, sha256:{one.digest[:12]}, is not read: {error}"
    return one_line(said[:LONGEST_TEXT])


def believed(wheel: Path, digest: str) -> Surface:
    """The surface of a wheel, if that has this content; raises InvalidCore."""
    found = wheel_digest(wheel)
    if found != digest:
        raise InvalidCore(
            f"'{wheel.name}' has another content, sha256:{found[:12]}",
            "see whether it was released again, or the stand-in edited, since that run",
        )
    from fanout.surface.reader import surface  # takes long to import, and is rarely needed

    return surface(wheel)


def surface_of(wheel: Path, history: Path) -> Surface:
    """What the Core in a wheel looks like: as it is kept, or read, and then kept if it can be."""
    digest = wheel_digest(wheel)
    if kept := read_surface(history, digest):
        return kept
    # As it is kept, or it would differ from the same one that was.
    found = brief(believed(wheel, digest))
    with suppress(ValueError, UnusableHistory):
        write_surface(history, digest, found)
    return found


def write_surface(history: Path, digest: str, found: Surface) -> None:
    """Keep a surface; raises ValueError for one that could not be read again."""
    found = believable(brief(found))
    kept = KeptSurface(schema_version=1, reader=READER, digest=digest, surface=found)
    content = kept.model_dump_json(exclude_defaults=True).encode() + b"\n"
    if len(content) > LARGEST_SURFACE:
        raise ValueError(f"it would take more than {LARGEST_SURFACE} bytes")
    write_whole(surface_file(history, digest), content, replace=True)


def brief(found: Surface) -> Surface:
    symbols = {path: shortened(symbol) for path, symbol in found.symbols.items()}
    return Surface(symbols=symbols, exports=found.exports)


def shortened(symbol: Symbol) -> Symbol:
    """The symbol; if it says too much, the beginning of it and the digest of all, to compare."""
    if len(symbol.says) <= LONGEST_TEXT:
        return symbol
    end = f"... sha256:{hashlib.sha256(symbol.says.encode()).hexdigest()}"
    return symbol.model_copy(update={"says": symbol.says[: LONGEST_TEXT - len(end)] + end})


class Wheels:
    """Where the wheels of tested contents are looked for."""

    def __init__(self, root: Path, index: str) -> None:
        self.root = root
        self.index = index
        self.index_answers = True

    def find(self, one: TestedContent) -> Path | None:
        """The wheel that a content may have come from, if there is a place to look in.

        Raises InvalidCore, UnreachableIndex, and ValueError for a version that is none.
        """
        if named := KEPT_WHEEL.search(unquote(one.asked)):
            path = self.root / KEPT / named[1]
            if path.is_file():
                return path
        if one.source == "stand-in":
            tree = self.root / STAND_INS / f"v{Version(one.version)}"
            return build(tree, self.root) if tree.is_dir() else None
        if one.source == "pypi" and self.index_answers:
            try:
                return fetch(one.version, self.root, self.index)
            except UnreachableIndex:
                self.index_answers = False
                raise
        return None
