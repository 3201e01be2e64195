"""The candidates that runs judged: of each its newest run alone, the newest candidate first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile

from fanout.core.given import known_as, shown_as
from fanout.dashboard.facts.run import RunFacts
from fanout.dashboard.facts.said import Sayings
from fanout.dashboard.facts.snapshot import CoreRef, RunHead, Snapshot
from fanout.gate.decision import Decision
from fanout.model import Core, Verdict

MOST_READ = 20  # runs with an answer, the newest of all


@dataclass(frozen=True)
class Judged:
    """A candidate by its newest run; `runs` are all that judged it, newest first.

    `released` is the Core of the matrix that has its content; None while there is no such.
    """

    facts: RunFacts
    decision: Decision
    runs: tuple[RunHead, ...]
    released: CoreRef | None

    @property
    def head(self) -> RunHead:
        return self.runs[0]

    @property
    def core(self) -> Core:
        return self.decision.candidate

    @property
    def name(self) -> str:
        return shown_as(self.core)

    @property
    def since(self) -> RunHead:
        """The run that answered so first, of those that did ever since."""
        return list(takewhile(lambda run: run.answer is self.head.answer, self.runs))[-1]

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """How many promises have which verdict."""
        return Counter(one.verdict for cell in self.decision.cells for one in cell.promises)


def candidates(snapshot: Snapshot, sayings: Sayings) -> tuple[Judged, ...]:
    """Every candidate among the newest answers, newest first; a Core of the matrix is none."""
    found: dict[str, list[tuple[RunHead, RunFacts]]] = {}
    for run in islice((run for run in snapshot.runs if run.answer), MOST_READ):
        facts = sayings.facts(run.document)
        decision = facts.decision
        if decision and not decision.candidate.core_ref.startswith("core_v"):
            found.setdefault(known_as(decision.candidate), []).append((run, facts))
    return tuple(judged(snapshot, runs) for runs in found.values())


def judged(snapshot: Snapshot, runs: Sequence[tuple[RunHead, RunFacts]]) -> Judged:
    _, facts = runs[0]
    assert facts.decision is not None  # noqa: S101 - a run without one has no candidate
    tested = facts.cores.get(facts.decision.candidate.core_ref)
    digest = tested.digest if tested else ""
    same = (ref for ref in snapshot.known_refs if digest and ref.digest == digest)
    return Judged(facts, facts.decision, tuple(run for run, _ in runs), next(same, None))
