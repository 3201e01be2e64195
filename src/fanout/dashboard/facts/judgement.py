"""Verdicts on what the history holds: a Core ref against the one before it, by the gate's rules."""

from __future__ import annotations

from pathlib import Path

from fanout.dashboard.facts.snapshot import CoreRef, Snapshot
from fanout.gate.decision import Decision, decide
from fanout.history.run import PackInRun
from fanout.model import (
    Cell,
    CellReport,
    Core,
    Evidence,
    Outcome,
    Pack,
    PackOnDisk,
)

EVERYTHING, NOTHING = "", "<0"  # ranges of Core


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
    return decide(
        core(candidate),
        core(baseline),
        [cells],
        {name: on_disk(pack.statement) for name, pack in packs.items()},
        {name for name, pack in packs.items() if pack.pending},
        Path(),
    )


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
