"""What a cell said, with every message and text, in the run that first saw its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.snapshot import CellNow
from fanout.history.run import Attempt, Environment, Finding, PackInRun, Run


class Said(NamedTuple):
    """All attempts of a run at a cell, and the one whose evidence is shown."""

    run: Run
    attempts: tuple[Attempt, ...]
    attempt: Attempt
    findings: Mapping[str, Finding]

    @property
    def environment(self) -> Environment | None:
        index = self.attempt.environment
        return None if index is None else self.run.environments[index]

    @property
    def distributions(self) -> tuple[str, ...]:
        found = self.environment.distributions if self.environment else ()
        return tuple(self.run.distributions[index] for index in found)

    @property
    def statement(self) -> PackInRun | None:
        """The pack as it was then."""
        return self.run.packs.get(self.attempt.pack)


class Sayings:
    """What cells said; it is quick for cells of one document, one after another."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.attempts = lru_cache(maxsize=4)(self.by_cell)

    def of(self, cell: CellNow) -> Said:
        run = self.edition.run(cell.document)
        attempts = tuple(self.attempts(cell.document)[cell.name])
        shown = next((one for one in attempts if is_evidence(one, cell, run)), attempts[-1])
        return Said(run, attempts, shown, {one.name: one for one in run.findings_of(shown)})

    def by_cell(self, document: str) -> Mapping[str, list[Attempt]]:
        found: dict[str, list[Attempt]] = {}
        for attempt in self.edition.run(document).attempts:
            found.setdefault(attempt.cell, []).append(attempt)
        return found


def is_evidence(attempt: Attempt, cell: CellNow, run: Run) -> bool:
    """Whether an attempt is the one that the evidence of a cell was first seen in."""
    said = (attempt.started or run.started, attempt.outcome, attempt.reason, attempt.supported)
    return said == (cell.first, cell.outcome, cell.reason, cell.supported)
