"""A check: every pack on candidate and baseline, what is broken again, the answer, and its run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from fanout.cells.run import cell_of, read_cells, variables
from fanout.cells.tox import run_cells
from fanout.consumers.affected import GRAVEST
from fanout.consumers.imports import Imports, LiveCell, left, live_cells, read_imports
from fanout.consumers.table import Asked
from fanout.errors import UnusableInput
from fanout.gate.decision import Decision, decide
from fanout.gate.explanation import explained
from fanout.gate.pending import judgements, pending
from fanout.gate.verdict import HOLDS
from fanout.history.document import make_run
from fanout.history.query import History
from fanout.history.run import Run
from fanout.model import Cell, CellReport, CellVerdict, Core, Matrix, Outcome, PackOnDisk

ANOTHER_CORE = "stale: the content of the Core in it is not that of the Core that the packs ran on"


@dataclass(frozen=True)
class Comparison:
    """A candidate and a baseline, the packs that judge them, and where that happens."""

    root: Path
    matrix: Matrix
    packs: Mapping[str, PackOnDisk]
    candidate: Core
    baseline: Core
    today: date
    only_new: bool = False
    consumers: tuple[Asked, ...] = ()
    attempts: list[dict[str, CellReport]] = field(default_factory=list)
    imports: dict[str, Imports] = field(default_factory=dict)  # by live cell

    @property
    def cells(self) -> dict[str, Cell]:
        """Every expected cell by name; one for each pack where both sides are the same Core ref."""
        sides = (self.candidate, self.baseline)
        found = [cell_of(pack, core, self.matrix) for pack in self.packs for core in sides]
        return {cell.name: cell for cell in found}

    @property
    def sides(self) -> dict[tuple[str, str], LiveCell]:
        """The live cell of each consumer on each side, as far as tox knows it."""
        return {
            (cell.asked.consumer, side): cell
            for side, core in (("candidate", self.candidate), ("baseline", self.baseline))
            for cell in live_cells(self.consumers, core, side, self.matrix)
        }

    @property
    def live(self) -> dict[str, LiveCell]:
        """The live cells of both sides by name."""
        return {cell.name: cell for cell in self.sides.values()}

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
        self.add(left(self.live.values(), folder))

    def add(self, imports: Mapping[str, Imports]) -> None:
        """What one more attempt says of live cells; of several the gravest counts."""
        for name, found in imports.items():
            seen = self.imports.get(name, found)
            self.imports[name] = min(seen, found, key=lambda one: GRAVEST.index(one.found))

    @property
    def comparable(self) -> dict[str, Imports]:
        """What came of each live cell, if it had the Core of the packs on its side.

        A version says less: an index may have served other bytes, or the evidence be forged.
        """
        found = dict(self.imports)
        for (_, side), cell in self.sides.items():
            core = self.candidate if side == "candidate" else self.baseline
            there, one = self.digests(core), found.get(cell.name)
            if there and one and not one.unknown and one.digest not in there:
                found[cell.name] = Imports(cell=cell.name, why=ANOTHER_CORE)
        return found

    def digests(self, core: Core) -> set[str]:
        """Of the contents of a Core that packs ran on."""
        reports = (one for attempt in self.attempts for one in attempt.values())
        ran = (one.evidence for one in reports if one.cell.core_ref == core.core_ref)
        return {one.digest for one in ran if one and one.digest}

    def decide(self, pending: Collection[tuple[str, str]] = ()) -> Decision:
        return decide(
            self.candidate,
            self.baseline,
            self.attempts,
            self.packs,
            pending,
            only_new=self.only_new,
        )

    def run(
        self, names: Iterable[str], folder: Path, minutes: float, finished: Callable[[str], None]
    ) -> None:
        """One more attempt at these cells, live or not; all after the first are in fresh envs.

        What is broken needs a second attempt; what only ran in another environment does without.
        """
        asked = list(names)
        needed = self.broken if self.attempts else self.cells
        live = [cell for name, cell in self.live.items() if name in asked]
        cores = (self.candidate, self.baseline, *(cell.core for cell in live))
        reasons = run_cells(
            self.root,
            asked,
            folder,
            variables(cores),
            fresh=bool(self.attempts),
            minutes=minutes,
            finished=finished,
        )
        there = {
            name: one.because(reasons.get(name, ""))
            for name, one in self.read(folder).items()
            if name in asked and (one.outcome is not Outcome.MISSING or name in needed)
        }
        self.attempts.append(there)
        self.add({cell.name: read_imports(cell, folder, reasons) for cell in live})

    @property
    def broken(self) -> list[str]:
        """The cells on both sides of each pack with a broken promise that it does not list."""
        return both_sides(c for c in self.decide().cells if c.verdict in HOLDS)

    @property
    def to_confirm(self) -> list[str]:
        """What is broken, and what ran with other versions on the other side."""
        cells = self.decide().cells
        return both_sides(c for c in cells if c.verdict in HOLDS or other_versions(c))


def both_sides(cells: Iterable[CellVerdict]) -> list[str]:
    return list(dict.fromkeys(name for cell in cells for name in (cell.cell, cell.baseline)))


def other_versions(cell: CellVerdict) -> bool:
    """Whether both sides have a distribution, each another version; one alone is of Core's need."""
    return any(all(one.versions) for one in cell.environment)


def never_kept(comparison: Comparison, history: History) -> frozenset[tuple[str, str]]:
    """The promises, by pack and name, that are pending: broken, and proven to be so everywhere."""
    found = set()
    for cell in comparison.decide().cells:
        broken = [promise.name for promise in cell.promises if promise.verdict in HOLDS]
        refs = frozenset(
            one.core_ref
            for one in comparison.matrix.cells
            if one.pack == cell.pack and one.name in comparison.matrix.expected
        )
        here = [
            report.evidence
            for attempt in comparison.attempts
            for report in attempt.values()
            if report.cell.pack == cell.pack and report.evidence
        ]
        for name in broken:
            seen = (*history.judgements(cell.pack, name), *judgements(here, name))
            if pending(seen, comparison.packs[cell.pack].digest, refs):
                found.add((cell.pack, name))
    return frozenset(found)


def decided(
    command: str,
    comparison: Comparison,
    started: datetime,
    history: Path,
    index: str,
    say: Callable[[str], None],
    *,
    fast: bool = False,
) -> tuple[Decision, Run]:
    """The decision over all attempts, and its run; `say` is told if the cause is not known.

    With `fast` no resolver is asked whether the consumers can be installed.
    """
    with History(history) as past:
        decision = comparison.decide(never_kept(comparison, past))
    try:
        decision = explained(decision, comparison.matrix, comparison.root, index, history)
    except UnusableInput as error:
        say(f"what changed in Core is not known: {error.what}")
    if comparison.consumers:
        from fanout.gate.consumers import Question, with_consumers  # takes long to import

        asked = Question(
            consumers=comparison.consumers,
            packs=comparison.packs,
            live=comparison.sides,
            imports=comparison.comparable,
            root=comparison.root,
            history=history,
            index=index,
            today=comparison.today,
            fast=fast,
        )
        decision = with_consumers(decision, asked)
    run = make_run(
        command,
        started,
        [list(attempt.values()) for attempt in comparison.attempts],
        comparison.packs,
        matrix=comparison.matrix,
        candidate=decision.candidate,
        baseline=decision.baseline,
        answer=decision.answer,
        only_new=decision.only_new,
        verdicts=decision.cells,
        causes=decision.causes,
        consumers=decision.consumers,
    )
    return decision, run
