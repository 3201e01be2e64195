"""The verdict on every known cell, against the Core ref before it, by the gate's rules."""

from __future__ import annotations

from collections.abc import Mapping

from fanout.dashboard.facts.along import neighbours
from fanout.dashboard.facts.judgement import on_disk, report
from fanout.dashboard.facts.snapshot import CoreRef, Snapshot
from fanout.gate.decision import names
from fanout.gate.verdict import attempt, roll_up, verdict
from fanout.model import CellReport, Result, Standing, Verdict


class Said:
    """A report, and where a promise stands by it: the same for every promise with one result."""

    def __init__(self, report: CellReport) -> None:
        self.report = report
        found = report.evidence.promises if report.evidence else ()
        self.results = {promise.name: promise.result for promise in found}
        self.standings: dict[Result | None, Standing] = {}

    def standing(self, name: str) -> Standing:
        result = self.results.get(name) or self.results.get(name.partition("::")[0])
        if result not in self.standings:
            self.standings[result] = attempt(self.report, name, False)[0]
        return self.standings[result]


class Comparison:
    """Cells of a snapshot compared with others, each pair that differs in substance once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.packs = {pack.name: on_disk(pack.statement) for pack in snapshot.packs if pack.known}
        self.said: dict[object, Said] = {}
        self.made: dict[tuple[object, object], Verdict] = {}

    def verdict(self, pack: str, ref: CoreRef, before: CoreRef) -> Verdict:
        now, then = (self.weight(pack, one.name) for one in (ref, before))
        if (now, then) not in self.made:
            both = (self.of(now, pack, ref), self.of(then, pack, before))
            promises = names(self.packs[pack], (one.report for one in both))
            found = (verdict(*(one.standing(name) for one in both)) for name in promises)
            self.made[now, then] = roll_up(found)
        return self.made[now, then]

    def of(self, weight: object, pack: str, ref: CoreRef) -> Said:
        if weight not in self.said:
            self.said[weight] = Said(report(self.snapshot, pack, ref))
        return self.said[weight]

    def weight(self, pack: str, core_ref: str) -> object:
        """What the standing of promises in a cell depends on."""
        cell = self.snapshot.cells.get(f"{pack}-{core_ref}")
        if cell is None:
            return (pack, None)
        return (pack, cell.results, cell.outcome, cell.supported, bool(cell.version))


def verdicts(snapshot: Snapshot) -> Mapping[str, Verdict]:
    """The verdict on each known cell that a run has and that has a Core ref before its own."""
    comparison, near = Comparison(snapshot), neighbours(snapshot)
    return {
        f"{pack}-{ref.name}": comparison.verdict(pack, ref, before)
        for ref in snapshot.core_refs
        for pack in comparison.packs
        if ref.known and f"{pack}-{ref.name}" in snapshot.cells
        if (before := near[ref.name].before)
    }
