"""Verdicts on cells against their baseline, by the gate's rules, for thousands of cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fanout.dashboard.facts.cell import CellFacts
from fanout.dashboard.facts.judgement import on_disk, report
from fanout.dashboard.facts.snapshot import CellNow, Snapshot
from fanout.gate.decision import names
from fanout.gate.verdict import attempt, roll_up, verdict
from fanout.model import Verdict


class Judged(NamedTuple):
    """The verdict on a cell, and on each of its promises by name."""

    verdict: Verdict
    promises: Mapping[str, Verdict]

    def having(self, verdict: Verdict) -> tuple[str, ...]:
        return tuple(name for name, one in self.promises.items() if one is verdict)


class Verdicts:
    """Verdicts, each made once: most cells of a pack say the same."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.made: dict[tuple[object, ...], Judged] = {}

    def of(self, facts: CellFacts) -> Judged | None:
        """The verdict on a cell; None if no Core ref is before its own."""
        if facts.near.before is None:
            return None
        key = (facts.cell.pack, weight(facts.cell), facts.before and weight(facts.before))
        if key not in self.made:
            sides = (facts.ref, facts.near.before)
            now, then = (report(self.snapshot, facts.cell.pack, ref) for ref in sides)
            promises = {
                name: verdict(*(attempt(side, name, in_pack=False)[0] for side in (now, then)))
                for name in names(on_disk(facts.statement), (now, then))
            }
            self.made[key] = Judged(roll_up(promises.values()), promises)
        return self.made[key]


def weight(cell: CellNow) -> tuple[object, ...]:
    """What a verdict is made from."""
    return (cell.results, cell.outcome, cell.supported, bool(cell.version))
