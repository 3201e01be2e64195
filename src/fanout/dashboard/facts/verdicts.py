"""Verdicts on thousands of cells against the Core ref before them, by the rules of the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fanout.dashboard.facts.along import neighbours
from fanout.dashboard.facts.judgement import report
from fanout.dashboard.facts.snapshot import CoreRef, Snapshot
from fanout.gate.decision import names
from fanout.gate.verdict import attempt, roll_up, verdict
from fanout.model import CellReport, Result, Standing, Verdict


class Judged(NamedTuple):
    """The verdict on a cell, and on each of its promises by name."""

    verdict: Verdict
    promises: Mapping[str, Verdict]

    def having(self, verdict: Verdict) -> tuple[str, ...]:
        return tuple(name for name, one in self.promises.items() if one is verdict)


class Weighed:
    """A report, and where a promise stands by it: the same for every promise with one result."""

    def __init__(self, report: CellReport) -> None:
        self.report = report
        found = report.evidence.promises if report.evidence else ()
        self.results = {promise.name: promise.result for promise in found}
        self.standings: dict[Result | None, Standing] = {}

    def standing(self, name: str) -> Standing:
        result = self.results.get(name) or self.results.get(name.partition("::")[0])
        if result not in self.standings:
            self.standings[result] = attempt(self.report, name, in_pack=False)[0]
        return self.standings[result]


class Verdicts:
    """Verdicts, each made once: most cells of a pack say the same."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.near = neighbours(snapshot)
        self.weighed: dict[object, Weighed] = {}
        self.made: dict[tuple[object, object], Judged] = {}

    @property
    def known(self) -> Mapping[str, Verdict]:
        """The verdict on each cell of the matrix that a run has, by its name."""
        pairs = [
            (pack.name, ref)
            for ref in self.snapshot.known_refs
            for pack in self.snapshot.packs
            if pack.known and f"{pack.name}-{ref.name}" in self.snapshot.cells
        ]
        found = {f"{pack}-{ref.name}": self.of(pack, ref) for pack, ref in pairs}
        return {name: judged.verdict for name, judged in found.items() if judged}

    def of(self, pack: str, ref: CoreRef) -> Judged | None:
        """The verdict on a pack on a Core ref; None if no Core ref is before that."""
        before = self.near[ref.name].before
        if before is None:
            return None
        key = (self.weight(pack, ref), self.weight(pack, before))
        if key not in self.made:
            now, then = (self.on(pack, one) for one in (ref, before))
            promises = {
                name: verdict(now.standing(name), then.standing(name))
                for name in names((), (now.report, then.report))
            }
            self.made[key] = Judged(roll_up(promises.values()), promises)
        return self.made[key]

    def on(self, pack: str, ref: CoreRef) -> Weighed:
        weight = self.weight(pack, ref)
        if weight not in self.weighed:
            self.weighed[weight] = Weighed(report(self.snapshot, pack, ref))
        return self.weighed[weight]

    def weight(self, pack: str, ref: CoreRef) -> object:
        """What the standing of promises in a cell depends on."""
        cell = self.snapshot.cells.get(f"{pack}-{ref.name}")
        if cell is None:
            return (pack, None)
        return (pack, cell.results, cell.outcome, cell.supported, bool(cell.version))
