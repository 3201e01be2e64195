"""Runs for the tests of the history, as `make_run` makes them, without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fanout.dashboard.facts.snapshot import CoreRef, Snapshot
from fanout.dashboard.facts.verdicts import core, on_disk, report
from fanout.gate.decision import judge_pack
from fanout.history.document import make_run, write_run
from fanout.history.run import Run
from fanout.model import (
    Cell,
    CellReport,
    CellVerdict,
    Evidence,
    Outcome,
    Pack,
    PackOnDisk,
    Promise,
    Result,
)
from fanout.surface.symbol import Surface, Symbol

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEPT, BROKEN, ERRORED = Result.KEPT, Result.BROKEN, Result.ERRORED
NAME = "test_event.py::test_source"
SMALL = Pack(consumer="small", release="0.1.0", owner="small team", supports=">=1.1,<2")
PACKS = {"small": PackOnDisk(says=SMALL, digest="p" * 64)}


def promise(
    name: str = NAME, result: Result = KEPT, says: str = "", *, text: str = "", message: str = ""
) -> Promise:
    words = says or "An event has a source."
    return Promise(name=name, result=result, says=words, text=text, message=message)


def cell(
    version: str = "1.2.0",
    results: Mapping[str, Result] | Result = KEPT,
    *,
    day: float = 0,
    name: str = "",
    outcome: Outcome | None = None,
    digest: str = "",
    pack_digest: str = "p" * 64,
    pydantic: str = "2.14.3",
    seconds: float = 1.0,
    promises: tuple[Promise, ...] = (),
) -> CellReport:
    """A cell of the pack `small` on a Core of this version, `day` days after START."""
    name = name or f"small-core_v{version.replace('.', '')}"
    pack, _, core_ref = name.partition("-")
    said = {NAME: results} if isinstance(results, Result) else results
    at = Cell(name=name, pack=pack, core_ref=core_ref, core=f"market-data-core=={version}")
    evidence = Evidence(
        cell=name,
        started=START + timedelta(days=day),
        seconds=seconds,
        asked=at.core,
        source="pypi",
        version=version,
        digest=digest or version,
        python="3.11.7",
        distributions=(f"market-data-core=={version}", f"pydantic=={pydantic}"),
        supports=SMALL.supports,
        pack_digest=pack_digest,
        promises=promises or tuple(promise(one, result) for one, result in said.items()),
    )
    found = {one.result for one in evidence.promises}
    judged = Outcome.FAILED if BROKEN in found else Outcome.PASSED
    judged = Outcome.ERRORED if ERRORED in found else judged
    return CellReport(cell=at, outcome=outcome or judged, evidence=evidence)


def missing(name: str = "small-core_v120") -> CellReport:
    pack, _, core_ref = name.partition("-")
    at = Cell(name=name, pack=pack, core_ref=core_ref, core="market-data-core")
    return CellReport(cell=at, outcome=Outcome.MISSING, reason="no evidence")


def run(*cells: CellReport, day: float = 0, again: tuple[CellReport, ...] = ()) -> Run:
    attempts = (cells, again) if again else (cells,)
    return make_run("check", START + timedelta(days=day), attempts, PACKS)


def record(folder: Path, *cells: CellReport, day: float = 0) -> Path:
    return write_run(run(*cells, day=day), folder)


def verdict_on(snapshot: Snapshot, pack: str, ref: CoreRef, baseline: CoreRef) -> CellVerdict:
    """The verdict on a pack on a Core ref against another one, as the gate itself gives it."""
    statement = next(one for one in snapshot.packs if one.name == pack)
    cells = {f"{pack}-{one.name}": report(snapshot, pack, one) for one in (ref, baseline)}
    sides = (core(ref), core(baseline))
    on = on_disk(statement.statement)
    return judge_pack(pack, on, *sides, [cells], ())


def event_surface(**members: str) -> Surface:
    """A Core whose `telemetry.Event` has these members."""
    symbols = {
        "": Symbol(kind="module", says="module"),
        "telemetry": Symbol(kind="module", says="module"),
        "telemetry.Event": Symbol(kind="class", says="class Event(BaseModel)"),
    }
    for name, says in members.items():
        symbols[f"telemetry.Event.{name}"] = Symbol(kind="attribute", says=says)
    return Surface(symbols=symbols, exports={})
