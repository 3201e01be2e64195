"""The candidates that runs judged: of each its newest run alone, the newest candidate first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

from fanout.core.given import known_as, place, shown_as
from fanout.dashboard.facts.run import RunFacts
from fanout.dashboard.facts.said import Sayings
from fanout.dashboard.facts.snapshot import CoreRef, RunHead, Snapshot
from fanout.gate.decision import Decision
from fanout.model import Core, Verdict

MOST_READ = 20  # runs with an answer, the newest of all


class Question(NamedTuple):
    """What a run asked: of which repository and name, and of which packs if not of all."""

    place: str
    name: str
    only_new: bool
    packs: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A candidate by its newest run; `runs` are all that judged it, newest first.

    `released` is the Core of the matrix that has its content; None while there is no such. Before
    `further` runs nobody looked.
    """

    facts: RunFacts
    decision: Decision
    runs: tuple[RunHead, ...]
    released: CoreRef | None
    packs: tuple[str, ...] = ()  # that alone were asked; empty where all were
    further: bool = False

    @property
    def head(self) -> RunHead:
        return self.runs[0]

    @property
    def core(self) -> Core:
        return self.decision.candidate

    @property
    def name(self) -> str:
        only = f", asked of {' and '.join(self.packs)} alone" if self.packs else ""
        return f"{shown_as(self.core)}{only}"

    @property
    def since(self) -> RunHead:
        """The run that answered so first, of those that did ever since."""
        return list(takewhile(lambda run: run.answer is self.head.answer, self.runs))[-1]

    @property
    def longer(self) -> bool:
        """Whether runs that nobody looked at may have answered so before."""
        return self.further and self.since is self.runs[-1]

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """How many promises have which verdict."""
        return Counter(one.verdict for cell in self.decision.cells for one in cell.promises)


def candidates(snapshot: Snapshot, sayings: Sayings) -> tuple[Judged, ...]:
    """Every candidate among the newest answers, newest first; a Core of the matrix is none.

    An answer stands for its own question: what some packs say is not what all do.
    """
    answers = asked(snapshot)
    found: dict[Question, list[tuple[RunHead, RunFacts]]] = {}
    for run in answers[:MOST_READ]:
        facts = sayings.facts(run.document)
        decision = facts.decision
        if decision and not decision.candidate.core_ref.startswith("core_v"):
            packs = tuple(cell.pack for cell in decision.cells)
            packs = () if {*(run.matrix or snapshot.matrix).packs} <= {*packs} else packs
            core = decision.candidate
            question = Question(place(core), known_as(core), decision.only_new, packs)
            found.setdefault(question, []).append((run, facts))
    return tuple(
        judged(snapshot, runs, question.packs, further=len(answers) > MOST_READ)
        for question, runs in found.items()
        if not question.packs or question._replace(packs=()) not in found
    )


def asked(snapshot: Snapshot) -> tuple[RunHead, ...]:
    """Every run that answered of something else than a Core of the matrix, newest first."""
    released = {name for ref in snapshot.known_refs for name in (ref.name, ref.version)}
    return tuple(run for run in snapshot.runs if run.answer and run.candidate not in released)


def judged(
    snapshot: Snapshot,
    runs: Sequence[tuple[RunHead, RunFacts]],
    packs: tuple[str, ...],
    *,
    further: bool,
) -> Judged:
    _, facts = runs[0]
    assert facts.decision is not None  # noqa: S101 - a run without one has no candidate
    tested = facts.cores.get(facts.decision.candidate.core_ref)
    digest = tested.digest if tested else ""
    same = (ref for ref in snapshot.known_refs if digest and ref.digest == digest)
    heads = tuple(run for run, _ in runs)
    return Judged(facts, facts.decision, heads, next(same, None), packs, further)
