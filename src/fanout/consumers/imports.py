"""Whether the modules of consumers can be imported with a Core: their live cells, run and read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import computed_field

from fanout.cells.evidence import UnreadableEvidence
from fanout.cells.live import Imported, Live, Module, live_cell, read_live
from fanout.cells.outcome import asked_for, same_core
from fanout.cells.run import variables
from fanout.cells.tox import run_cells
from fanout.consumers.table import Asked
from fanout.core.resolve import release_at
from fanout.errors import DuplicateEvidence
from fanout.model import Core, Frozen, Matrix, TakenOver

NO_EVIDENCE = "no evidence: the cell did not run, or its environment could not be made"
UNSAID = "the evidence does not say which Core was tested"


class Imports(Frozen):
    """What came of importing a consumer's modules with a Core, or why that is not known."""

    cell: str
    release: str = ""
    digest: str = ""  # of Core
    modules: tuple[Module, ...] = ()
    taken_over: TakenOver | None = None
    why: str = ""  # there is no evidence

    @computed_field  # type: ignore[prop-decorator]
    @property
    def found(self) -> Imported:
        """What counts of the modules."""
        order = list(Imported)
        return min(
            (one.imported for one in self.modules), key=order.index, default=Imported.ERRORED
        )

    @property
    def unknown(self) -> bool:
        return self.found is Imported.ERRORED

    @computed_field  # type: ignore[prop-decorator]
    @property
    def faults(self) -> tuple[Module, ...]:
        """The modules that cannot be imported, and what is not declared."""
        return tuple(one for one in self.modules if one.imported is not Imported.YES)

    def against(self, baseline: Imports) -> Imports:
        """The same, where what fails in the consumer, and not with the baseline, is Core's fault.

        An exception that a change of Core leads to need not come out of Core.
        """
        could = {one.name for one in baseline.modules if one.imported is Imported.YES}
        blamed = {
            one.name: one.model_copy(update={"imported": Imported.BROKEN})
            for one in self.modules
            if one.imported is Imported.OWN and one.name in could
        }
        modules = tuple(blamed.get(one.name, one) for one in self.modules)
        return self.model_copy(update={"modules": modules})


class LiveCell(NamedTuple):
    """The cell of a consumer's release on a Core, by the name that tox has for it."""

    name: str
    asked: Asked
    core: Core


def live_cells(asked: Iterable[Asked], core: Core, slot: str, matrix: Matrix) -> list[LiveCell]:
    """The live cells of consumers on a Core, as far as tox knows them.

    A Core that no Core ref of live cells is runs in those of a slot.
    """
    if not any(cell.endswith(f"-{core.core_ref}") for cell in matrix.live):
        core = release_at(slot, core.version, core.named)
    named = [LiveCell(live_cell(one.consumer, core.core_ref), one, core) for one in asked]
    return [cell for cell in named if cell.name in matrix.live]


def run_live(
    cells: Iterable[LiveCell],
    root: Path,
    folder: Path,
    finished: Callable[[str], None] = lambda cell: None,
) -> Mapping[str, Imports]:
    """Run live cells in parallel, evidence in a folder; what came of each, by its name."""
    by_name = {cell.name: cell for cell in cells}
    if not by_name:
        return {}
    cores = (cell.core for cell in by_name.values())
    reasons = run_cells(root, list(by_name), folder, variables(cores), finished=finished)
    return {name: read_imports(cell, folder, reasons) for name, cell in by_name.items()}


def left(cells: Iterable[LiveCell], folder: Path) -> dict[str, Imports]:
    """What the evidence of those live cells says that left some below a folder."""
    found = {cell: read_imports(cell, folder, {}) for cell in cells}
    return {cell.name: one for cell, one in found.items() if one.why != NO_EVIDENCE}


def read_imports(cell: LiveCell, folder: Path, reasons: Mapping[str, str]) -> Imports:
    """What the evidence of a live cell below a folder says, or why there is none.

    Raises DuplicateEvidence.
    """
    files = sorted(folder.rglob(f"{cell.name}.xml"))
    if len(files) > 1:
        raise DuplicateEvidence(
            f"there is evidence twice for the cell '{cell.name}': '{files[0]}' and '{files[1]}'",
            "remove the one that does not belong to this run",
        )
    if not files:
        return Imports(cell=cell.name, why=reasons.get(cell.name) or NO_EVIDENCE)
    try:
        live = read_live(files[0])
    except UnreadableEvidence as error:
        return Imports(cell=cell.name, why=str(error))
    if reason := stale(cell, live):
        return Imports(cell=cell.name, why=f"stale: {reason}")
    return Imports(
        cell=cell.name,
        release=live.release,
        digest=live.digest,
        modules=live.modules,
        taken_over=live.taken_over,
    )


def stale(cell: LiveCell, live: Live) -> str:
    """Why evidence says nothing of a live cell as it is now; empty if it does."""
    core, asked = cell.core, cell.asked
    if not same_core(live.asked, core.requirement, core.core_ref):
        return f"the evidence is of '{live.asked}', but the cell is now '{core.requirement}'"
    if not live.version:  # the Core was refused, which is an error of the run
        return "" if all(one.imported is Imported.ERRORED for one in live.modules) else UNSAID
    if not asked_for(live.asked, live.version):
        return f"Core {live.version} was tested, not '{live.asked}'"
    if (live.consumer, live.release) != (asked.consumer, asked.release):
        return f"the evidence is of {live.consumer} {live.release}, not {asked.release}"
    return ""
