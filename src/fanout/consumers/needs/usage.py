"""What a consumer's release uses of a Core, use by use, and what could not be followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from pydantic import computed_field

from fanout.consumers.needs.unmet import HOLDS, OF_ATTRIBUTES, ignored, target, unmet
from fanout.consumers.release import Release
from fanout.consumers.use import MANY, File, Kind, Use
from fanout.consumers.uses import IN_A_TEXT
from fanout.model import PACKAGE, Frozen
from fanout.surface.shape import Place, Shapes, There
from fanout.wording import cut, one_line, printable

LONGEST_NAME = 200
UNKNOWN_OBJECT = "an object of which nothing is known"
STAR = "import *"
BY_TEXT = "Core is named in a text"


class How(StrEnum):
    """How a release uses something of Core."""

    IMPORT = "import"
    CALL = "call"
    CONSTRUCT = "construct"
    SUBCLASS = "subclass"
    ADD = "add"  # to a subclass
    READ = "read"
    MEMBER = "member"  # of an enum
    ASSIGN = "assign"
    ASK = "ask"  # for an attribute by its name as a text
    CATCH = "catch"
    ISINSTANCE = "isinstance"
    HASH = "hash"
    ANNOTATION = "annotation"


class UsedAt(Frozen):
    """One use: `symbol` is as the code leads to it, `path` where this Core defines it."""

    how: How
    symbol: str
    path: str = ""
    gives: str = ""  # what it gives to a call, or adds to a class
    position: int = 0  # arguments
    keywords: tuple[str, ...] = ()  # arguments
    awaited: bool = False
    guard: str = ""  # why the code does without it
    unmet: str = ""  # why this Core cannot meet it
    ignored: str = ""  # what this Core takes of it, and loses
    missing: str = ""  # the name that this Core does not have, if that is why
    file: str
    line: int


class NotFollowed(Frozen):
    """What may use Core, and nobody can tell without running it."""

    what: str
    why: str
    file: str
    line: int


class Unread(Frozen):
    """A file of Python that was not read."""

    file: str
    why: str


class Usage(Frozen):
    """What a release uses of a Core; `shadows` are files that it puts in the place of Core's."""

    consumer: str
    release: str
    core: str
    uses: tuple[UsedAt, ...]
    not_followed: tuple[NotFollowed, ...] = ()
    unread: tuple[Unread, ...] = ()
    shadows: tuple[str, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def broken(self) -> int:
        """How many uses this Core cannot meet, and nothing guards."""
        return sum(bool(one.unmet) and not one.guard for one in self.uses)


def usage(release: Release, core: str, shapes: Shapes) -> Usage:
    """The uses of a release, against one Core."""
    files = release.files
    there = [file for file in files if not shadowing(file.path)]
    own = extended(there, shapes)
    found = [one for file in there for one in used(file, shapes, own)]
    return Usage(
        consumer=release.consumer,
        release=release.version,
        core=core,
        uses=tuple(sorted(dict.fromkeys(found), key=lambda one: (one.symbol, one.file, one.line))),
        not_followed=tuple(dict.fromkeys(not_followed(files, members(shapes)))),
        unread=tuple(
            Unread(file=shown(file.path), why=file.unread) for file in files if file.unread
        ),
        shadows=tuple(shown(file.path) for file in files if shadowing(file.path)),
    )


def shadowing(path: str) -> bool:
    """Whether a file is put where Core's own are."""
    return PACKAGE in path.partition(".data/")[2].split("/")[1:2] or path.startswith(f"{PACKAGE}/")


class Own(NamedTuple):
    """The paths of Core's classes that a consumer extends, and what its own have beside them."""

    bases: frozenset[str]
    added: frozenset[tuple[str, str]]

    def has(self, use: Use, place: Place, shapes: Shapes) -> bool:
        """Whether what is used of an object is the consumer's own, as its private names are."""
        if place.there is There.UNSEEN:
            private = use.name.startswith("_") and not use.name.endswith("__")
            return private and not use.direct and shapes.find(use.symbol).path in self.bases
        start, _, name = place.path.rpartition(".")
        return place.there is There.NO and not use.direct and (start, name) in self.added


def extended(files: Iterable[File], shapes: Shapes) -> Own:
    """What the consumer's own classes are and add to those of Core."""
    uses = [use for file in files for use in file.uses]
    bases = {shapes.find(use.symbol).path for use in uses if use.kind is Kind.SUBCLASS}
    more = (
        (shapes.find(one.symbol).path, one) for one in uses if one.kind in (Kind.ADDED, Kind.ASSIGN)
    )
    added = frozenset((path, one.name) for path, one in more if path in bases)
    return Own(frozenset(bases), added)


def used(file: File, shapes: Shapes, own: Own) -> Iterator[UsedAt]:
    called = {(use.line, target(use)) for use in file.uses if use.kind is Kind.CALL}
    said = {(use.line, use.symbol) for use in file.uses if use.kind is Kind.ANNOTATION}
    for use in file.uses:
        if not use.symbol or use.kind in (Kind.TEXT, Kind.KEYWORD):
            continue
        named = target(use)
        place = shapes.find(named)
        module = place.there is There.YES and kind_of(shapes, place.path) == "module"
        if use.kind is Kind.READ and (module or (use.line, named) in called | said):
            continue
        if own.has(use, place, shapes) or (
            place.there is There.NO and not use.direct and place.path.rpartition(".")[2] in HOLDS
        ):
            continue
        there = place.there is not There.NO
        yield UsedAt(
            how=how(use, named, shapes),
            symbol=cut(printable(named), LONGEST_NAME),
            path=place.path if place.there is There.YES else "",
            gives=gives(use),
            position=use.position,
            keywords=tuple(cut(printable(one), LONGEST_NAME) for one in sorted(use.keywords)),
            awaited=use.awaited,
            guard=guard(use, there, shapes),
            missing="" if there else shown(place.path),
            unmet=cut(one_line(unmet(use, shapes)), LONGEST_NAME),
            ignored=shown(ignored(use, shapes)),
            file=shown(file.path),
            line=use.line,
        )


def guard(use: Use, there: bool, shapes: Shapes) -> str:
    """The guard of a use: who expects that a module may be missing expects its names in it."""
    outer, _, last = use.symbol.rpartition(".")
    name_only = not there and use.name == last and shapes.find(outer).there is There.YES
    return "" if use.guard == "ModuleNotFoundError" and name_only else use.guard


def kind_of(shapes: Shapes, path: str) -> str:
    return shapes.symbols[path].kind if path in shapes.symbols else "module"


def how(use: Use, named: str, shapes: Shapes) -> How:
    place = shapes.find(named)
    if use.kind is Kind.CALL and use.direct:
        made = kind_of(shapes, place.path) == "class" if place.there is There.YES else None
        by_name = use.name[:1].isupper()
        return How.CONSTRUCT if made or (made is None and by_name) else How.CALL
    if use.kind is Kind.READ and use.direct:
        owner = shapes.find(use.symbol)
        is_class = owner.there is There.YES and shapes.is_class(owner.path)
        if is_class and shapes.extends(owner.path, "Enum", "IntEnum", "StrEnum", "Flag"):
            return How.MEMBER
    return How.ADD if use.kind is Kind.ADDED else How(use.kind)


def gives(use: Use) -> str:
    """What a use gives: arguments, or what a subclass is called and adds."""
    if use.kind is Kind.SUBCLASS:
        return shown(use.name)
    if use.kind is Kind.ADDED:
        return f"{use.adds} {shown(use.name)}"
    if use.kind is not Kind.CALL:
        return ""
    placed = ["*" if use.position >= MANY else f"{use.position} by position"][: use.position]
    waited = ["awaited"] if use.awaited else []
    return shown(", ".join([*placed, *sorted(use.keywords), *waited]))


def not_followed(files: Iterable[File], names: frozenset[str]) -> Iterator[NotFollowed]:
    for file in files:
        for use in file.uses:
            why = ""
            if use.kind in OF_ATTRIBUTES and not use.symbol and use.name in names:
                why = UNKNOWN_OBJECT
            elif use.kind is Kind.IMPORT and use.name == "*":
                why = STAR
            elif use.kind is Kind.TEXT and IN_A_TEXT.fullmatch(use.name):
                why = BY_TEXT
            if why:
                what = use.symbol if use.name == "*" else use.name
                yield NotFollowed(what=shown(what), why=why, file=shown(file.path), line=use.line)


def members(shapes: Shapes) -> frozenset[str]:
    """The names of what classes of Core hold."""
    return frozenset(
        path.rpartition(".")[2]
        for path in shapes.symbols
        if shapes.is_class(path.rpartition(".")[0])
    )


def shown(text: str) -> str:
    return cut(one_line(text), LONGEST_NAME)
