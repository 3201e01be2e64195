"""A check: every pack on candidate and baseline, what regressed again, the answer, and its run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from fanout.cells.run import cell_of, read_cells, run_and_read
from fanout.errors import UnusableInput
from fanout.gate.decision import Decision, decide
from fanout.gate.explanation import explained
from fanout.history.document import make_run
from fanout.history.query import History
from fanout.history.run import Run
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

    def take(self, folder: Path, reasons: Mapping[str, str]) -> None:
        """One more attempt, from a folder of evidence; of one after the first what is there.

        `reasons` tells of cells why there is none.
        """
        found = self.read(folder)
        again = {name: one for name, one in found.items() if one.outcome is not Outcome.MISSING}
        first = {name: one.because(reasons.get(name, "")) for name, one in found.items()}
        self.attempts.append(again if self.attempts else first)

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


def decided(
    command: str,
    comparison: Comparison,
    started: datetime,
    history: Path,
    index: str,
    say: Callable[[str], None],
) -> tuple[Decision, Run]:
    """The decision over all attempts, and its run; `say` is told if the cause is not known."""
    with History(history) as past:
        decision = comparison.decide(pending(comparison, past))
    try:
        decision = explained(decision, comparison.matrix, comparison.root, index)
    except UnusableInput as error:
        say(f"what changed in Core is not known: {error.what}")
    run = make_run(
        command,
        started,
        [list(attempt.values()) for attempt in comparison.attempts],
        comparison.packs,
        matrix=comparison.matrix,
        candidate=decision.candidate,
        baseline=decision.baseline,
        answer=decision.answer,
        verdicts=decision.cells,
        causes=decision.causes,
    )
    return decision, run
