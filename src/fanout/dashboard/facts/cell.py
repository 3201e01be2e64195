"""What the snapshot knows of each cell and Core ref; what a page depends on is in its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from fanout.dashboard.facts.along import Neighbours, Step, Streak, neighbours, streaks
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import CoreRef, PackNow, Snapshot
from fanout.dashboard.facts.step import Cores, state
from fanout.history.run import PackInRun

UNSTATED = PackInRun(digest="", owner="", consumer="", release="", supports="")


class CellFacts(NamedTuple):
    """A cell, and all around it that its page shows.

    `run` is the id of the run that first saw it like this; `before` and `after` are the same
    pack's cells on the neighbours, `before` being the baseline.
    """

    cell: CellNow
    run: str
    ref: CoreRef
    near: Neighbours
    before: CellNow | None
    after: CellNow | None
    pack: PackNow | None
    streaks: Mapping[str, Streak]

    @property
    def known(self) -> bool:
        """Whether the matrix still has this cell."""
        return self.ref.known and bool(self.pack and self.pack.known)

    @property
    def statement(self) -> PackInRun:
        return self.pack.statement if self.pack else UNSTATED

    @property
    def edited(self) -> bool:
        """Whether the pack is another one by now than the one that ran."""
        return bool(self.cell.pack_digest) and self.cell.pack_digest != self.statement.digest

    def key(self, cores: Cores) -> object:
        """All that the page depends on, as JSON can hold it."""
        steps = {name: streak.step for name, streak in self.streaks.items()}
        return (
            self.cell.key,
            self.cell.since,
            self.run,
            state(self.ref),
            [ref and state(ref) for ref in self.near],
            self.before and self.before.key,
            bool(self.after),
            self.pack and (self.pack.known, self.pack.renamed),
            (self.statement.owner, self.statement.supports, self.edited),
            sorted((name, streak.first_red.name) for name, streak in self.streaks.items()),
            sorted((name, cores.key(step)) for name, step in steps.items() if step),
        )


@lru_cache(maxsize=1)
def cell_facts(snapshot: Snapshot) -> tuple[CellFacts, ...]:
    """The facts of every cell that ever had evidence."""
    return tuple(found(snapshot))


def found(snapshot: Snapshot) -> Iterator[CellFacts]:
    refs = {ref.name: ref for ref in snapshot.core_refs}
    runs = {run.document: run.id for run in snapshot.runs}
    near, red, stated = neighbours(snapshot), streaks(snapshot), snapshot.stated
    for cell in snapshot.cells.values():
        beside = near[cell.core_ref]
        before, after = (
            snapshot.cells.get(f"{cell.pack}-{ref.name}") if ref else None for ref in beside
        )
        yield CellFacts(
            cell=cell,
            run=runs[cell.document],
            ref=refs[cell.core_ref],
            near=beside,
            before=before,
            after=after,
            pack=stated.get(cell.pack),
            streaks=red.get(cell.name, {}),
        )


class RefFacts(NamedTuple):
    """A Core ref, and all around it that its page shows.

    `alike` are the other Core refs with its content, `cells` those of each pack that ran on it,
    and `absent` the known packs that never did.
    """

    ref: CoreRef
    near: Neighbours
    alike: tuple[CoreRef, ...]
    cells: tuple[CellFacts, ...]
    absent: tuple[str, ...]

    @property
    def step(self) -> Step | None:
        """From the Core ref before, if there is one."""
        return Step(self.near.before, self.ref) if self.near.before else None

    def key(self, cores: Cores) -> object:
        """All that the page depends on, as JSON can hold it."""
        return (
            state(self.ref),
            [ref and state(ref) for ref in self.near],
            [state(ref) for ref in self.alike],
            [(one.cell.key, one.cell.since, one.before and one.before.key) for one in self.cells],
            [one.pack and (one.pack.known, one.statement.owner) for one in self.cells],
            self.absent,
            self.step and cores.key(self.step),
        )


def ref_facts(snapshot: Snapshot) -> Iterator[RefFacts]:
    """The facts of every Core ref that ever had a cell."""
    near = neighbours(snapshot)
    order = {pack.name: place for place, pack in enumerate(snapshot.packs)}
    cells: dict[str, list[CellFacts]] = {ref.name: [] for ref in snapshot.core_refs}
    for facts in sorted(
        cell_facts(snapshot), key=lambda one: (order.get(one.cell.pack, len(order)), one.cell.pack)
    ):
        cells[facts.ref.name].append(facts)
    alike: dict[str, list[CoreRef]] = {}
    for ref in snapshot.core_refs:
        alike.setdefault(ref.digest, []).append(ref)
    for ref in snapshot.core_refs:
        ran = {one.cell.pack for one in cells[ref.name]}
        expected = [pack.name for pack in snapshot.packs if pack.known and ref.known]
        yield RefFacts(
            ref=ref,
            near=near[ref.name],
            alike=tuple(one for one in alike[ref.digest] if ref.digest and one != ref),
            cells=tuple(cells[ref.name]),
            absent=tuple(name for name in expected if name not in ran),
        )
