"""The pages of Core's symbols: which promises of which packs rely on each, and how they fare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby, takewhile
from typing import NamedTuple

from fanout.dashboard.edition import Edition, slug
from fanout.dashboard.facts.course import Course, courses
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import CoreRef, Snapshot
from fanout.dashboard.pages.shown import broken
from fanout.dashboard.site import Part
from fanout.gate.verdict import RED
from fanout.model import Standing

# What is said of a symbol is the first of these that any of its promises is.
GRAVEST = (
    Standing.BROKEN,
    Standing.UNKNOWN,
    Standing.KNOWN_BREAK,
    Standing.KEPT,
    Standing.UNSUPPORTED,
    Standing.NOT_APPLICABLE,
    Standing.ABSENT,
)


GRAVE = GRAVEST[: GRAVEST.index(Standing.KEPT)]


class Reliance(NamedTuple):
    """A pack that relies on a symbol, by these promises; `cell` is its newest on a known ref."""

    pack: str
    owner: str
    cell: str
    promises: tuple[Course, ...]


class Relied(NamedTuple):
    """A symbol of Core that promises name, and how they stand on the newest known Core ref."""

    symbol: str
    packs: tuple[str, ...]
    promises: int
    broken: int
    standing: Standing


class SymbolFacts(NamedTuple):
    """All that the page of a symbol shows."""

    relied: Relied
    newest: CoreRef | None
    by_pack: tuple[Reliance, ...]


class Overview(NamedTuple):
    """All that the list of symbols shows: those of each module, and what names no symbol."""

    newest: CoreRef | None
    broken: tuple[Relied, ...]  # the gravest first
    modules: tuple[tuple[str, tuple[Relied, ...]], ...]
    unpinned: tuple[Course, ...]


def parts(edition: Edition) -> Iterator[Part]:
    snapshot = edition.snapshot
    every = tuple(chain.from_iterable(courses(snapshot).values()))
    named = by_symbol(every)
    newest = next(iter(snapshot.known_refs), None)
    for symbol, promises in named.items():
        facts = SymbolFacts(
            relied=relied(symbol, promises),
            newest=newest,
            by_pack=tuple(reliances(snapshot, newest, promises)),
        )
        cells = {one.pack: snapshot.cells.get(one.cell) for one in facts.by_pack}
        yield edition.page(
            f"symbols/{slug(symbol)}.html",
            "symbol.html",
            (facts, [cell and cell.key for cell in cells.values()]),
            partial(context, edition, facts, cells),
        )
    found = [relied(symbol, promises) for symbol, promises in named.items()]
    overview = Overview(
        newest=newest,
        broken=tuple(sorted((one for one in found if one.standing in GRAVE), key=gravity)),
        modules=tuple(by_module(found)),
        unpinned=tuple(one for one in every if not one.contract),
    )
    yield edition.page("symbols/index.html", "symbols.html", overview, overview._asdict)


def context(
    edition: Edition, facts: SymbolFacts, cells: Mapping[str, CellNow | None]
) -> Mapping[str, object]:
    """The facts, and why each promise is broken now, by pack."""
    why = {
        one.pack: broken(
            edition.sayings,
            cells[one.pack],
            [promise.name for promise in one.promises if promise.now is Standing.BROKEN],
        )
        for one in facts.by_pack
    }
    return facts._asdict() | {"why": why}


def by_symbol(promises: Iterable[Course]) -> Mapping[str, Sequence[Course]]:
    """The promises that name each symbol; one that names several is with each of them."""
    found: dict[str, list[Course]] = {}
    for one in promises:
        for symbol in dict.fromkeys(one.contract):
            found.setdefault(symbol, []).append(one)
    return {symbol: found[symbol] for symbol in sorted(found)}


def standings(snapshot: Snapshot) -> Mapping[str, Standing]:
    """How each symbol stands that any promise names."""
    named = by_symbol(chain.from_iterable(courses(snapshot).values()))
    return {symbol: relied(symbol, promises).standing for symbol, promises in named.items()}


def relied(symbol: str, promises: Sequence[Course]) -> Relied:
    stand = [one.now for one in promises]
    return Relied(
        symbol=symbol,
        packs=tuple(dict.fromkeys(one.pack for one in promises)),
        promises=len(promises),
        broken=sum(standing in RED for standing in stand),
        standing=min(stand, key=GRAVEST.index),
    )


def gravity(one: Relied) -> tuple[int, str]:
    return (GRAVEST.index(one.standing), one.symbol)


def reliances(
    snapshot: Snapshot, newest: CoreRef | None, promises: Iterable[Course]
) -> Iterator[Reliance]:
    packs = snapshot.stated
    for name, members in groupby(promises, key=lambda one: one.pack):
        cell = f"{name}-{newest.name}" if newest else ""
        yield Reliance(
            pack=name,
            owner=packs[name].statement.owner if name in packs else "",
            cell=cell if cell in snapshot.cells else "",
            promises=tuple(sorted(members, key=lambda one: GRAVEST.index(one.now))),
        )


def by_module(found: Iterable[Relied]) -> Iterator[tuple[str, tuple[Relied, ...]]]:
    """The symbols of each module of Core, its root first."""
    ordered = sorted(found, key=lambda one: (module(one.symbol), one.symbol))
    for name, members in groupby(ordered, key=lambda one: module(one.symbol)):
        yield name, tuple(members)


def module(symbol: str) -> str:
    """The module that a symbol is in, as far as its name tells: classes begin with a capital.

    >>> module("events.envelope.EventMeta.schema_id")
    'events.envelope'
    """
    *above, _ = symbol.split(".")
    modules = takewhile(lambda part: not part[:1].isupper(), above)
    return ".".join(modules)
