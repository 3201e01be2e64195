"""Verdicts on what the history holds: a Core ref against the one before it, by the gate's rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fanout.dashboard.facts.along import neighbours
from fanout.dashboard.facts.snapshot import CoreRef, Snapshot
from fanout.gate.decision import Decision, decide, names
from fanout.gate.pending import pending
from fanout.gate.verdict import HOLDS, attempt, roll_up, verdict
from fanout.history.past import GREEN
from fanout.history.run import PackInRun
from fanout.model import (
    Cell,
    CellReport,
    Core,
    Evidence,
    Outcome,
    Pack,
    PackOnDisk,
    Result,
    Standing,
    Verdict,
)

EVERYTHING, NOTHING = "", "<0"  # ranges of Core
NOTHING_TO_TELL = {Verdict.PASSING, Verdict.NOT_APPLICABLE, Verdict.UNSUPPORTED}


class Judged(NamedTuple):
    """The verdict on a cell, on each of its promises by name, and those worth looking for."""

    verdict: Verdict
    promises: Mapping[str, Verdict]
    also: frozenset[Verdict]

    def having(self, verdict: Verdict) -> tuple[str, ...]:
        return tuple(name for name, one in self.promises.items() if one is verdict)


def worth_telling(promises: Iterable[Verdict]) -> frozenset[Verdict]:
    """The verdicts that somebody may look for."""
    return frozenset(promises) - NOTHING_TO_TELL


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
    def known(self) -> Mapping[str, Judged]:
        """What is judged of each cell of the matrix that a run has, by its name."""
        pairs = [
            (pack.name, ref)
            for ref in self.snapshot.known_refs
            for pack in self.snapshot.packs
            if pack.known and f"{pack.name}-{ref.name}" in self.snapshot.cells
        ]
        found = {f"{pack}-{ref.name}": self.of(pack, ref) for pack, ref in pairs}
        return {name: judged for name, judged in found.items() if judged}

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
            self.made[key] = Judged(
                roll_up(promises.values()), promises, worth_telling(promises.values())
            )
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


def decision(snapshot: Snapshot) -> Decision | None:
    """The answer for the newest Core ref against the one before it; None without two of them."""
    if len(snapshot.known_refs) < 2:
        return None
    candidate, baseline = snapshot.known_refs[:2]
    packs = {pack.name: pack for pack in snapshot.packs if pack.known}
    cells = {
        name: report(snapshot, pack, ref)
        for pack in packs
        for ref in (candidate, baseline)
        for name in (f"{pack}-{ref.name}",)
    }
    given = (
        core(candidate),
        core(baseline),
        [cells],
        {name: on_disk(pack.statement) for name, pack in packs.items()},
    )
    refs = frozenset(snapshot.matrix.core_refs)
    # What some cell keeps now need not be looked for in all that cells ever said.
    kept = {
        (pack, one.name)
        for pack, results in {(cell.pack, cell.results) for cell in snapshot.cells.values()}
        for one in snapshot.promises(results)
        if one.result in GREEN
    }
    made = decide(*given, ())
    never_kept = {
        (cell.pack, one.name)
        for cell in made.cells
        for one in cell.promises
        if one.verdict in HOLDS
        and (cell.pack, one.name) not in kept
        and pending(
            snapshot.history.judgements(cell.pack, one.name),
            packs[cell.pack].statement.digest,
            refs,
        )
    }
    return decide(*given, never_kept) if never_kept else made


def report(snapshot: Snapshot, pack: str, ref: CoreRef) -> CellReport:
    """A cell as its newest evidence shows it, without messages and texts; missing if there is none.

    Whether the pack supports the Core is as it was when the cell ran.
    """
    name = f"{pack}-{ref.name}"
    cell = snapshot.cells.get(name)
    at = Cell(name=name, pack=pack, core_ref=ref.name, core=cell.asked if cell else "")
    if cell is None:
        return CellReport(cell=at, outcome=Outcome.MISSING, reason="no run has this cell")
    promises = snapshot.promises(cell.results)
    evidence = Evidence(
        cell=name,
        started=cell.newest,
        seconds=0,
        asked=cell.asked,
        source=cell.source,
        version=cell.version,
        digest=cell.digest,
        supports=EVERYTHING if cell.supported else NOTHING,
        pack_digest=cell.pack_digest,
        promises=promises,
    )
    return CellReport(
        cell=at,
        outcome=cell.outcome,
        reason=cell.reason,
        evidence=evidence if promises else None,
    )


def core(ref: CoreRef) -> Core:
    return Core(
        named=ref.name,
        core_ref=ref.name,
        requirement=f"market-data-core=={ref.version}",
        source=ref.source or "unknown",
        version=ref.version,
    )


def on_disk(statement: PackInRun) -> PackOnDisk:
    """A pack as far as a verdict needs it: what it said was checked when its run was kept."""
    says = Pack.model_construct(owner=statement.owner, supports=statement.supports)
    return PackOnDisk.model_construct(says=says, digest=statement.digest, promises=())
