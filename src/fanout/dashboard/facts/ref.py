"""What the snapshot knows of each Core ref; what a page depends on is in its key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fanout.dashboard.facts.along import Neighbours, Step, neighbours
from fanout.dashboard.facts.cell import CellFacts, cell_facts
from fanout.dashboard.facts.snapshot import CoreRef, Snapshot
from fanout.dashboard.facts.step import Cores, state


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
