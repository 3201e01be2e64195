"""A probe: one pack on one Core as it is named, in the cell of the candidate if it must."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fanout.cells.evidence import read_folder
from fanout.cells.run import PackInMatrix
from fanout.core.requirement import path_of
from fanout.core.resolve import from_wheel, resolve
from fanout.errors import InvalidCore
from fanout.history.document import make_run, write_run
from fanout.model import Cell, CellReport, Core, Outcome

CANDIDATE = "core_candidate"


def probe(pack: PackInMatrix, named: str, folder: Path) -> tuple[Core | None, CellReport]:
    """The Core that a text names, and what the pack says of it; the evidence is in the folder.

    A path that is there and cannot be built is no Core, and says nothing: its cell is missing.
    Raises InvalidCore for any other text that names no Core.
    """
    try:
        core = resolve(named, "candidate", pack.root, pack.matrix)
    except InvalidCore as error:
        if not Path(named).expanduser().exists():
            raise
        name = f"{pack.name}-{CANDIDATE}"
        cell = Cell(name=name, pack=pack.name, core_ref=CANDIDATE, core="")
        return None, CellReport(cell=cell, outcome=Outcome.MISSING, reason=error.what)
    return core, pack.run([core], folder)[0]


def keep(pack: PackInMatrix, core: Core | None, report: CellReport, history: Path) -> None:
    """Record a probe in a history."""
    started = report.evidence.started if report.evidence else datetime.now(UTC)
    write_run(make_run("bisect", started, [[report]], pack.packs, candidate=core), history)


def read_probe(pack: PackInMatrix, folder: Path) -> tuple[Core, CellReport] | None:
    """What a probe of a path has left in its folder of evidence, if it left any."""
    evidence = read_folder(folder, pack.matrix.names).get(f"{pack.name}-{CANDIDATE}")
    if evidence is None or isinstance(evidence, str):
        return None
    wheel = path_of(evidence.asked, Path)
    if wheel is None:
        return None
    core = from_wheel(wheel, str(wheel), "candidate", "path")
    return core, pack.read([core], folder)[0]
