"""The page of a pack: what it says of every Core ref, and how each of its promises fares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import NamedTuple

from fanout.consumers.coverage.answer import Idle, Judged, OfKind
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.course import Course, courses
from fanout.dashboard.facts.grid import NOT_RUN, look
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import CoreRef, PackNow, Snapshot
from fanout.dashboard.pages.shown import broken
from fanout.dashboard.site import Part
from fanout.history.coverages import PackCoverage, coverage_now
from fanout.history.strengths import PackStrength, strength_now
from fanout.model import Standing, in_range
from fanout.strength.answer import Fate, MutantReport
from fanout.wording import cut

LONGEST_REASON = 200
MOST_MISSED = 100


class OnRef(NamedTuple):
    """A Core ref, and the cell of the pack on it; empty if the pack never ran there."""

    name: str
    called: str
    cell: str


class RefsAlike(NamedTuple):
    """Neighbouring Core refs, newest first, of one content, of which the pack says the same.

    `since` is when the first of them began to have this outcome; `digest` is of Core's content.
    """

    refs: tuple[OnRef, ...]
    look: str
    says: str
    reason: str
    since: datetime | None
    digest: str
    source: str


class Listed(NamedTuple):
    """A known break, and the known Core refs of its range, oldest first.

    One that is of no promise, but of the consumer itself, has a name in `of`, and no `test`.
    """

    core: str
    test: str
    of: str
    reason: str
    link: str
    expires: str
    refs: tuple[CoreRef, ...]
    now: str


class Pinned(NamedTuple):
    """A promise below the first symbol that it pins, and the other ones."""

    course: Course
    others: tuple[str, ...]


class PackFacts(NamedTuple):
    """All that the page of a pack shows; `cell` is the pack's on the newest known Core ref."""

    name: str
    pack: PackNow | None
    newest: CoreRef | None
    cell: str
    look: str
    says: str
    known: tuple[RefsAlike, ...]
    gone: tuple[RefsAlike, ...]
    never_run: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]
    broken: tuple[Pinned, ...]
    symbols: tuple[tuple[str, tuple[Pinned, ...]], ...]
    unpinned: tuple[Pinned, ...]
    listed: tuple[Listed, ...]
    strength: PackStrength | None
    missed: tuple[MutantReport, ...]  # what it would not notice, and what it refuses for nothing
    covered: PackCoverage | None
    kinds: tuple[OfKind, ...]
    open: tuple[Judged, ...]  # uses that nobody pins or excuses
    excused: tuple[Judged, ...]
    idle: tuple[Idle, ...]  # promises that pin nothing that is used
    url: str


def parts(edition: Edition) -> Iterator[Part]:
    for pack, promises in courses(edition.snapshot).items():
        facts = facts_of(edition, pack, promises)
        cell = edition.snapshot.cells.get(facts.cell)
        yield edition.page(
            f"packs/{pack}.html",
            "pack.html",
            (facts, cell and cell.key),
            partial(context, edition, facts, cell),
        )


def context(edition: Edition, facts: PackFacts, cell: CellNow | None) -> Mapping[str, object]:
    """The facts, and why each promise is broken now."""
    names = [one.course.name for one in facts.broken]
    return facts._asdict() | {"why": broken(edition.sayings, cell, names)}


def facts_of(edition: Edition, name: str, promises: Sequence[Course]) -> PackFacts:
    snapshot, kept, told = edition.snapshot, edition.strength(name), edition.coverage(name)
    pack = snapshot.stated.get(name)
    newest = next(iter(snapshot.known_refs), None)
    cell = snapshot.cells.get(f"{name}-{newest.name}") if newest else None
    counts = Counter(one.now for one in promises)
    return PackFacts(
        name=name,
        pack=pack,
        newest=newest,
        cell=cell.name if cell else "",
        look=look(cell.outcome, cell.counts) if cell else NOT_RUN,
        says=cell.says if cell else NOT_RUN,
        known=tuple(alike(snapshot, name, snapshot.known_refs)),
        gone=tuple(
            alike(snapshot, name, (ref for ref in snapshot.core_refs if ran(snapshot, name, ref)))
        ),
        never_run=snapshot.unrun,
        counts=tuple(sorted(counts.items())),
        broken=tuple(Pinned(one, one.contract) for one in promises if is_broken(one)),
        symbols=tuple(by_symbol(one for one in promises if not is_broken(one))),
        unpinned=tuple(
            Pinned(one, ()) for one in promises if not one.contract and not is_broken(one)
        ),
        listed=tuple(listed(snapshot, pack, promises)) if pack else (),
        strength=strength_now(kept, pack.statement.digest if pack else "") if kept else None,
        missed=kept.strength.having(Fate.REFUSED, Fate.SURVIVED)[:MOST_MISSED] if kept else (),
        covered=coverage_now(told, pack.statement.digest if pack else "") if told else None,
        kinds=told.coverage.kinds if told else (),
        open=told.coverage.open[:MOST_MISSED] if told else (),
        excused=told.coverage.excused[:MOST_MISSED] if told else (),
        idle=told.coverage.idle[:MOST_MISSED] if told else (),
        url=edition.url,
    )


def is_broken(one: Course) -> bool:
    return one.now is Standing.BROKEN


def ran(snapshot: Snapshot, pack: str, ref: CoreRef) -> bool:
    """Whether a Core ref is no longer known, and the pack ran on it."""
    return not ref.known and f"{pack}-{ref.name}" in snapshot.cells


def alike(snapshot: Snapshot, pack: str, refs: Iterable[CoreRef]) -> Iterator[RefsAlike]:
    """Core refs with what the pack says of them, neighbours of whom it says the same together."""

    def said(ref: CoreRef) -> tuple[str, ...]:
        cell = snapshot.cells.get(f"{pack}-{ref.name}")
        if cell is None:
            return (ref.digest, NOT_RUN, NOT_RUN, "no run has this cell", ref.source)
        reason = cut(cell.reason, LONGEST_REASON)
        return (cell.digest, look(cell.outcome, cell.counts), cell.says, reason, cell.source)

    for (digest, seen, says, reason, source), members in groupby(refs, said):
        same = tuple(members)
        names = {ref: f"{pack}-{ref.name}" for ref in same}
        found = [snapshot.cells[name] for name in names.values() if name in snapshot.cells]
        yield RefsAlike(
            refs=tuple(
                OnRef(ref.name, ref.called, name if name in snapshot.cells else "")
                for ref, name in names.items()
            ),
            look=seen,
            says=says,
            reason=reason,
            since=min((cell.since for cell in found), default=None),
            digest=digest,
            source=source,
        )


def by_symbol(promises: Iterable[Course]) -> Iterator[tuple[str, tuple[Pinned, ...]]]:
    """Each promise that names a symbol, once, below the first that it names."""
    found: dict[str, list[Pinned]] = {}
    for one in promises:
        if one.contract:
            first, *others = one.contract
            found.setdefault(first, []).append(Pinned(one, tuple(others)))
    for symbol in sorted(found):
        yield symbol, tuple(found[symbol])


def listed(snapshot: Snapshot, pack: PackNow, promises: Iterable[Course]) -> Iterator[Listed]:
    now = {one.name: one.now for one in promises}
    for entry in sorted(pack.statement.known_breaks, key=lambda one: (one.expires, one.of)):
        yield Listed(
            core=entry.core,
            test=entry.test or "",
            of=entry.of,
            reason=entry.reason,
            link=str(entry.link),
            expires=entry.expires.isoformat(),
            refs=tuple(
                ref for ref in snapshot.known_refs[::-1] if in_range(ref.version, entry.core)
            ),
            now=now.get(entry.test, "absent") if entry.test else "",
        )
