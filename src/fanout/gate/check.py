"""A check: every pack on candidate and baseline, what regressed a second time, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from fanout.cells.run import cell_of, read_cells, run_and_read
from fanout.errors import Busy
from fanout.gate.decision import Decision, decide
from fanout.history.query import History
from fanout.model import Cell, CellReport, Core, Matrix, Outcome, PackOnDisk, Verdict


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
        sides = (self.candidate, self.baseline)
        found = [cell_of(pack, core, self.matrix) for pack in self.packs for core in sides]
        return {cell.name: cell for cell in found}

    def read(self, folder: Path) -> dict[str, CellReport]:
        """Every expected cell, as the evidence in a folder shows it."""
        return read_cells(self.cells.values(), self.matrix, self.packs, folder, self.today)

    def decide(self, pending: Collection[str] = ()) -> Decision:
        return decide(self.candidate, self.baseline, self.attempts, self.packs, pending, self.root)

    def run(
        self, names: Iterable[str], folder: Path, minutes: float, finished: Callable[[str], None]
    ) -> None:
        """One more attempt at these cells; every one after the first is in a fresh env."""
        cells = self.cells
        self.attempts.append(
            run_and_read(
                [cells[name] for name in names],
                (self.candidate, self.baseline),
                self.matrix,
                self.packs,
                self.root,
                folder,
                self.today,
                fresh=bool(self.attempts),
                minutes=minutes,
                finished=finished,
            )
        )

    @property
    def to_confirm(self) -> list[str]:
        """The cells on both sides of each pack in which a promise regressed."""
        regressed = [c for c in self.decide().cells if c.verdict is Verdict.REGRESSED]
        return list(dict.fromkeys(name for c in regressed for name in (c.cell, c.baseline)))


def pending(comparison: Comparison, history: History) -> frozenset[str]:
    """The packs that failed on every Core ref of the env list, as they are, and never passed.

    Green once, with whatever content, is never pending again; nor is a pack that nobody has seen
    fail everywhere, because an excuse must be proven.
    """
    found = set()
    for name, pack in comparison.packs.items():
        refs = {
            cell.core_ref
            for cell in comparison.matrix.cells
            if cell.pack == name and cell.name in comparison.matrix.expected
        }
        here = [
            report
            for attempt in comparison.attempts
            for report in attempt.values()
            if report.cell.pack == name
        ]
        tried = {report.cell.core_ref for report in here if report.outcome is Outcome.FAILED}
        green = any(report.outcome is Outcome.PASSED for report in here) or history.green(name)
        if refs and not green and refs <= tried | history.judged(name, pack.digest):
            found.add(name)
    return frozenset(found)


def run_folder(root: Path, started: datetime) -> Path:
    """A new folder for the evidence of one run, which nothing else writes to."""
    return root / "runs" / f"{started:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """A block in which no other run of this tool uses the envs of this checkout."""
    (root / ".tox").mkdir(exist_ok=True)
    try:
        with FileLock(root / ".tox/fanout.lock", timeout=0):
            yield
    except Timeout as error:
        raise Busy(
            f"another check or bisect is running in '{root}'",
            "wait until it has ended, or use another clone",
        ) from error
