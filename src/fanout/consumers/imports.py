"""Whether the modules of consumers can be imported with a Core: their live cells, run and read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import computed_field

from fanout.cells.evidence import UnreadableEvidence
from fanout.cells.live import Imported, Module, live_cell, read_live
from fanout.cells.tox import run_cells
from fanout.core.resolve import release_at
from fanout.model import Core, Frozen, Matrix


class Imports(Frozen):
    """What came of importing a consumer's modules with a Core, or why that is not known."""

    cell: str
    release: str = ""
    modules: tuple[Module, ...] = ()
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


def with_live_cells(core: Core, slot: str, matrix: Matrix) -> Core:
    """The Core as live cells can have it: one that no Core ref of theirs is runs in a slot."""
    if any(cell.endswith(f"-{core.core_ref}") for cell in matrix.live):
        return core
    return release_at(slot, core.version, core.named)


def run_live(
    distributions: Iterable[str],
    cores: Sequence[Core],
    root: Path,
    folder: Path,
    finished: Callable[[str], None] = lambda cell: None,
) -> Mapping[tuple[str, str], Imports]:
    """Run the live cells of consumers in parallel; what came of each, by distribution and Core ref.

    The cores are those of `with_live_cells`; the evidence is left in the folder.
    """
    cells = {
        (name, core.core_ref): live_cell(name, core.core_ref)
        for name in distributions
        for core in cores
    }
    variables = {name: value for core in cores for name, value in core.variables.items()}
    names = list(cells.values())
    reasons = run_cells(root, names, folder, variables, finished=finished) if names else {}
    return {key: read_imports(cell, folder, reasons) for key, cell in cells.items()}


def read_imports(cell: str, folder: Path, reasons: Mapping[str, str]) -> Imports:
    """What the evidence of a live cell in a folder says, or why there is none."""
    if cell in reasons:
        return Imports(cell=cell, why=reasons[cell])
    try:
        live = read_live(folder / f"{cell}.xml")
    except UnreadableEvidence as error:
        return Imports(cell=cell, why=str(error))
    return Imports(cell=cell, release=live.release, modules=live.modules)
