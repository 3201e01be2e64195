"""Verdicts on cells against their baseline, by the gate's rules."""

from __future__ import annotations

from fanout.dashboard.cell_facts import CellFacts
from fanout.dashboard.judgement import core, on_disk, report
from fanout.dashboard.snapshot import CellNow, Snapshot
from fanout.gate import judge_pack
from fanout.model import CellVerdict


class Verdicts:
    """Verdicts, each made once.

    Most cells of a pack say the same, so that few verdicts differ but in the names of their cells:
    one that is given may hold those of others.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.made: dict[tuple[object, ...], CellVerdict] = {}

    def of(self, facts: CellFacts) -> CellVerdict | None:
        """The verdict on a cell; None if no Core ref is before its own."""
        baseline = facts.near.before
        if baseline is None:
            return None
        pack = facts.cell.pack
        key = (pack, weight(facts.cell), facts.before and weight(facts.before))
        if key not in self.made:
            sides = (facts.ref, baseline)
            self.made[key] = judge_pack(
                pack,
                on_disk(facts.statement),
                core(facts.ref),
                core(baseline),
                [{f"{pack}-{ref.name}": report(self.snapshot, pack, ref) for ref in sides}],
                False,
                self.snapshot.history.folder,
            )
        return self.made[key]


def weight(cell: CellNow) -> tuple[object, ...]:
    """What a verdict is made from."""
    return (cell.results, cell.outcome, cell.supported, bool(cell.version))
