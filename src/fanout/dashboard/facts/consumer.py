"""Each consumer as the history has it: its release and range, and when it gets the next Core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from fanout.consumers.affected import Affected
from fanout.consumers.compatibility.answer import OfConsumer
from fanout.consumers.declared import Demand
from fanout.consumers.takes import Takes, taken
from fanout.dashboard.facts.candidate import Judged
from fanout.dashboard.facts.grid import NOT_RUN, look
from fanout.dashboard.facts.released import OnReleased, released
from fanout.dashboard.facts.snapshot import PackNow, Snapshot, release
from fanout.history.coverages import KeptCoverage, PackCoverage, coverage_now
from fanout.history.strengths import KeptStrength, PackStrength, strength_now

GETS: Mapping[Takes, str] = {
    Takes.AT_ONCE: "at once",
    Takes.LATER: "with its next release",
    Takes.NEVER: "never",
    Takes.UNKNOWN: "not known",
}


class Stands(NamedTuple):
    """What a pack says of the newest Core; `cell` is empty where it never ran."""

    look: str
    says: str
    cell: str
    first: str  # the words of the first promise that is broken


class ConsumerNow(NamedTuple):
    """A consumer as far as anything of it is kept; what nobody asked is empty.

    `gets` is when its release takes up the candidate, or else whatever comes after the newest Core.
    """

    name: str
    release: str
    declares: str
    gets: Takes
    pack: str
    owner: str
    stands: Stands | None
    affected: Affected | None  # by the candidate
    covered: PackCoverage | None
    strength: PackStrength | None
    known_breaks: int


class Consumers:
    """What is known of every consumer; `tables` are their releases by the name of each."""

    def __init__(
        self,
        snapshot: Snapshot,
        tables: Mapping[str, OfConsumer],
        candidate: Judged | None,
        coverage: Callable[[str], KeptCoverage | None],
        strength: Callable[[str], KeptStrength | None],
    ) -> None:
        self.tables = tables
        self.packs = {one.statement.consumer: one for one in snapshot.packs if one.known}
        told = candidate.decision.consumers if candidate else ()
        self.affected = {one.consumer: one for one in told}
        self.released = released(snapshot)
        self.coverage = coverage
        self.strength = strength

    @cached_property
    def every(self) -> tuple[ConsumerNow, ...]:
        """Each that a pack is of, or that was ever asked about; what needs somebody comes first."""
        names = sorted({*self.packs, *self.tables, *self.affected})
        return tuple(map(self.of, sorted(names, key=self.order)))

    @cached_property
    def on_newest(self) -> Mapping[str, OnReleased]:
        return {one.pack: one for one in self.released.packs} if self.released else {}

    def order(self, name: str) -> tuple[bool, ...]:
        affected, pack = self.affected.get(name), self.packs.get(name)
        on = self.on_newest.get(pack.name) if pack else None
        return (not (affected and affected.holds), *(on.order if on else ()))

    def of(self, name: str) -> ConsumerNow:
        pack, affected, table = self.packs.get(name), self.affected.get(name), self.tables.get(name)
        declares = (
            table.runs[0].declares[-1] if table and table.runs and table.runs[0].declares else ""
        )
        known = affected and affected.takes is not Takes.UNKNOWN
        return ConsumerNow(
            name=name,
            release=release_of(table, affected, pack),
            declares=declares,
            gets=affected.takes if affected and known else self.gets(declares),
            pack=pack.name if pack else "",
            owner=pack.statement.owner if pack else "",
            stands=stands(self.on_newest[pack.name]) if pack and self.on_newest else None,
            affected=affected,
            covered=self.covered(pack) if pack else None,
            strength=self.measured(pack) if pack else None,
            known_breaks=len(pack.statement.known_breaks) if pack else 0,
        )

    def gets(self, declares: str) -> Takes:
        """When whatever comes after the newest Core reaches a release with this range."""
        if not declares or not self.released:
            return Takes.UNKNOWN
        try:
            asked = SpecifierSet(declares)
        except InvalidSpecifier:
            return Takes.UNKNOWN
        return taken(Demand(core=str(asked)), after(release(self.released.ref)))

    def covered(self, pack: PackNow) -> PackCoverage | None:
        kept = self.coverage(pack.name)
        return coverage_now(kept, pack.statement.digest) if kept else None

    def measured(self, pack: PackNow) -> PackStrength | None:
        kept = self.strength(pack.name)
        return strength_now(kept, pack.statement.digest) if kept else None


def release_of(table: OfConsumer | None, affected: Affected | None, pack: PackNow | None) -> str:
    """The newest release that anything is known of."""
    kept = [run.versions[-1] for run in table.runs if not run.yanked] if table else []
    judged = [affected.release] if affected else []
    return next(iter((*kept, *judged, *((pack.statement.release,) if pack else ()))), "")


def after(newest: Version) -> Version:
    """The patch release that would come next."""
    major, minor, micro = (*newest.release, 0, 0)[:3]
    return Version(f"{major}.{minor}.{micro + 1}")


def stands(on: OnReleased) -> Stands:
    if on.cell is None:
        return Stands(NOT_RUN, NOT_RUN, "", "")
    return Stands(look(on.cell.outcome, on.cell.counts), on.cell.says, on.cell.name, on.first)
