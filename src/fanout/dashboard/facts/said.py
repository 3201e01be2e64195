"""What a cell said, with every message and text, in the run that first saw its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.run import RunFacts
from fanout.history.document import read_run
from fanout.history.run import Attempt, Environment, Finding, PackInRun, Run


class Said(NamedTuple):
    """All attempts of a run at a cell, and the one whose evidence is shown."""

    facts: RunFacts
    attempts: tuple[Attempt, ...]
    attempt: Attempt
    findings: Mapping[str, Finding]

    @property
    def run(self) -> Run:
        return self.facts.run

    @property
    def environment(self) -> Environment | None:
        return self.facts.environment(self.attempt)

    @property
    def distributions(self) -> tuple[str, ...]:
        return tuple(self.run.distributions_of(self.environment)) if self.environment else ()

    @property
    def statement(self) -> PackInRun | None:
        """The pack as it was then."""
        return self.run.packs.get(self.attempt.pack)


class Sayings:
    """What cells said; it is quick for cells of one document, one after another."""

    def __init__(self, history: Path) -> None:
        self.history = history
        self.facts = lru_cache(maxsize=8)(self.read)

    def read(self, document: str) -> RunFacts:
        return RunFacts(read_run(self.history / document))

    def of(self, cell: CellNow) -> Said:
        facts = self.facts(cell.document)
        attempts, run = facts.tried[cell.name], facts.run
        shown = next((one for one in attempts if is_evidence(one, cell, run)), attempts[-1])
        return Said(facts, attempts, shown, {one.name: one for one in run.findings_of(shown)})


def is_evidence(attempt: Attempt, cell: CellNow, run: Run) -> bool:
    """Whether an attempt is the one that the evidence of a cell was first seen in."""
    said = (attempt.started or run.started, attempt.outcome, attempt.reason, attempt.supported)
    return said == (cell.first, cell.outcome, cell.reason, cell.supported)
