"""The course of each promise along the known Core refs, by the newest evidence of each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from fanout.dashboard.facts.snapshot import CoreRef, Snapshot
from fanout.dashboard.facts.verdicts import report
from fanout.gate.verdict import RED, attempt
from fanout.history.past import first_red
from fanout.model import PACK, CellReport, Promise, Standing


class Stretch(NamedTuple):
    """Neighbouring Core refs on which a promise stands the same, from the oldest to the newest."""

    standing: Standing
    first: CoreRef
    last: CoreRef
    refs: int


class Course(NamedTuple):
    """A promise along the known Core refs, oldest first; its words are the newest evidence's."""

    pack: str
    name: str
    says: str
    contract: tuple[str, ...]
    core: str
    stretches: tuple[Stretch, ...]

    @property
    def now(self) -> Standing:
        """Where it stands on the newest known Core ref."""
        return self.stretches[-1].standing

    @property
    def red(self) -> tuple[Stretch, ...]:
        """Where it is broken, also as a known break."""
        return tuple(filter(is_red, self.stretches))

    @property
    def last_green(self) -> CoreRef | None:
        """The newest Core ref that keeps it, if any does."""
        return next((one.last for one in self.stretches[::-1] if is_green(one)), None)

    @property
    def first_red(self) -> CoreRef | None:
        """The oldest Core ref that breaks it after that; if there is none, the oldest of all."""
        red = first_red(self.stretches, is_green, is_red)
        return red.first if red else None


def is_green(one: Stretch) -> bool:
    return one.standing is Standing.KEPT


def is_red(one: Stretch) -> bool:
    return one.standing in RED


@lru_cache(maxsize=1)
def courses(snapshot: Snapshot) -> Mapping[str, tuple[Course, ...]]:
    """The courses of every pack's promises, by pack, and by name within it."""
    return {pack: tuple(courses_of(snapshot, pack)) for pack in pack_names(snapshot)}


def pack_names(snapshot: Snapshot) -> tuple[str, ...]:
    """Every pack that a page can be about: stated, in the matrix, or with a cell."""
    names = (
        *(pack.name for pack in snapshot.packs),
        *snapshot.matrix.packs,
        *(cell.pack for cell in snapshot.cells.values()),
    )
    return tuple(name for name in dict.fromkeys(names) if PACK.fullmatch(name))


def courses_of(snapshot: Snapshot, pack: str) -> Iterator[Course]:
    def content(ref: CoreRef) -> tuple[object, ...]:
        cell = snapshot.cells.get(f"{pack}-{ref.name}")
        return (cell.results, cell.supported, bool(cell.version)) if cell else ()

    alike = [tuple(refs) for _, refs in groupby(snapshot.known_refs[::-1], content)]
    reports = [report(snapshot, pack, refs[-1]) for refs in alike]
    for name, promise in sorted(told(reports).items()):
        standings = (attempt(one, name, in_pack=False)[0] for one in reports)
        yield Course(
            pack=pack,
            name=name,
            says=promise.says,
            contract=promise.contract,
            core=promise.core,
            stretches=tuple(stretches(zip(standings, alike, strict=True))),
        )


def told(reports: Iterable[CellReport]) -> Mapping[str, Promise]:
    """Each promise as the last report has it; a file that fails stands for those in it."""
    found = {
        promise.name: promise
        for one in reports
        if one.evidence
        for promise in one.evidence.promises
    }
    files = {name.partition("::")[0] for name in found if "::" in name}
    return {name: promise for name, promise in found.items() if name not in files}


def stretches(seen: Iterable[tuple[Standing, tuple[CoreRef, ...]]]) -> Iterator[Stretch]:
    for standing, neighbours in groupby(seen, key=lambda one: one[0]):
        refs = [ref for _, alike in neighbours for ref in alike]
        yield Stretch(standing, refs[0], refs[-1], len(refs))
