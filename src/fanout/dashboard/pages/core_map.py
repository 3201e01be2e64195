"""The page of the map: who pins and who uses each public symbol of a Core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from fanout.consumers.coverage.core_map import Mapped, State
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.course import courses
from fanout.dashboard.pages.symbol import standings
from fanout.dashboard.site import Part
from fanout.model import Standing

TITLES = (
    (State.USED, "Used, and pinned by nobody"),
    (State.PINNED, "Pinned"),
    (State.FREE, "Used by nobody"),
)


class Modules(NamedTuple):
    """The symbols of one state, by module."""

    state: State
    title: str
    total: int
    modules: tuple[tuple[str, tuple[Mapped, ...]], ...]


class MapFacts(NamedTuple):
    """All that the page shows; nothing if no map was ever made."""

    core: str = ""
    made: datetime | None = None
    consumers: tuple[str, ...] = ()
    symbols: int = 0
    states: tuple[Modules, ...] = ()
    packs: tuple[str, ...] = ()  # that have a page
    stands: Mapping[str, Standing] = {}  # of what promises name, which have a page as well
    asked: frozenset[str] = frozenset()  # consumers that have a page


def parts(edition: Edition) -> Iterator[Part]:
    facts = facts_of(edition)
    yield edition.page("map.html", "map.html", facts, facts._asdict)


def facts_of(edition: Edition) -> MapFacts:
    kept = edition.map
    if kept is None:
        return MapFacts()
    return MapFacts(
        core=kept.map.core,
        made=kept.measured,
        consumers=kept.map.consumers,
        symbols=len(kept.map.symbols),
        states=tuple(
            Modules(state, title, len(found), tuple(by_module(found)))
            for state, title in TITLES
            if (found := kept.map.of(state))
        ),
        packs=tuple(courses(edition.snapshot)),
        stands=standings(edition.snapshot),
        asked=frozenset(one.name for one in edition.consumers.every),
    )


def by_module(found: Iterable[Mapped]) -> Iterator[tuple[str, tuple[Mapped, ...]]]:
    for name, members in groupby(found, key=lambda one: one.module):
        yield name, tuple(members)
