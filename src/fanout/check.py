"""A check: every pack on candidate and baseline, what regressed a second time, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from fanout.errors import InvalidMatrix
from fanout.evidence import read_folder
from fanout.gate import Decision, decide
from fanout.model import Cell, CellReport, Core, Matrix, Outcome, PackOnDisk, Verdict
from fanout.outcome import judge
from fanout.tox import run_cells


@dataclass(frozen=True)
class Comparison:
    """A candidate and a baseline, the packs that judge them, and where that happens."""

    root: Path
    matrix: Matrix
    packs: Mapping[str, PackOnDisk]
    candidate: Core
    baseline: Core
    today: date
    attempts: list[dict[str, CellReport]] = field(default_factory=list)

    @property
    def cells(self) -> dict[str, Cell]:
        """Every expected cell by name; one for each pack where both sides are the same Core ref."""
        known = {cell.name for cell in self.matrix.cells}
        found = {}
        for pack in self.packs:
            for core in (self.candidate, self.baseline):
                name = f"{pack}-{core.core_ref}"
                if name not in known:
                    raise InvalidMatrix(f"tox knows no cell '{name}'", "see `tox list`")
                found[name] = Cell(
                    name=name, pack=pack, core_ref=core.core_ref, core=core.requirement
                )
        return found

    def read(self, folder: Path) -> dict[str, CellReport]:
        """Every expected cell, as the evidence in a folder shows it."""
        found = read_folder(folder, frozenset(cell.name for cell in self.matrix.cells))
        return {
            name: judge(cell, found.get(name), self.packs[cell.pack], self.today)
            for name, cell in self.cells.items()
        }

    def decide(self, pending: Collection[str] = ()) -> Decision:
        return decide(self.candidate, self.baseline, self.attempts, self.packs, pending, self.root)

    def run(
        self, cells: Collection[str], folder: Path, minutes: float, finished: Callable[[str], None]
    ) -> None:
        """One more attempt at these cells; every one after the first is in a fresh env."""
        reasons = run_cells(
            self.root,
            tuple(cells),
            folder,
            self.candidate.variables | self.baseline.variables,
            fresh=bool(self.attempts),
            minutes=minutes,
            finished=finished,
        )
        found = {name: report for name, report in self.read(folder).items() if name in cells}
        for name, reason in reasons.items():
            if found[name].outcome is Outcome.MISSING:
                found[name] = found[name].model_copy(update={"reason": reason})
        self.attempts.append(found)

    @property
    def to_confirm(self) -> list[str]:
        """The cells on both sides of each pack in which a promise regressed."""
        regressed = [c for c in self.decide().cells if c.verdict is Verdict.REGRESSED]
        return list(dict.fromkeys(name for c in regressed for name in (c.cell, c.baseline)))
