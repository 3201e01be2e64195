"""A run for programs: `runs/<id>.json`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import chain
from typing import Literal

from fanout.dashboard.facts.run import RunFacts, core_ref_of, in_order, pack_of
from fanout.model import Answer, Core, Frozen, Outcome, Result, Verdict
from fanout.told.decision.headline import headline


class BrokenInRun(Frozen):
    """A promise that was not kept: `verdict` only where there was a decision on it.

    `message` is that of the first of `core_refs`.
    """

    pack: str
    name: str
    says: str
    contract: tuple[str, ...]
    result: Result
    verdict: Verdict | None
    core_refs: tuple[str, ...]
    message: str


class RunSummary(Frozen):
    """One run, immutable.

    `candidate`, `baseline`, `answer` and `headline` only where an answer was asked for. `counts`
    tells how many cells have which outcome, `cells` on which Core refs each pack has it; of several
    attempts at a cell the gravest counts.
    """

    schema_version: Literal[1] = 1
    id: str
    command: str
    started: datetime
    finished: datetime
    candidate: Core | None
    baseline: Core | None
    answer: Answer | None
    headline: str
    counts: dict[Outcome, int]
    cells: dict[str, dict[Outcome, tuple[str, ...]]]
    broken: tuple[BrokenInRun, ...]


def summary(facts: RunFacts) -> RunSummary:
    run = facts.run
    counts = Counter(facts.outcomes.values())
    cells: dict[str, dict[Outcome, list[str]]] = {pack: {} for pack in in_order(facts)}
    for cell, outcome in facts.outcomes.items():
        cells[pack_of(cell)].setdefault(outcome, []).append(core_ref_of(cell))
    return RunSummary(
        id=run.id,
        command=run.command,
        started=run.started,
        finished=run.finished,
        candidate=run.candidate,
        baseline=run.baseline,
        answer=run.answer,
        headline=headline(facts.decision) if facts.decision else "",
        counts={outcome: counts[outcome] for outcome in Outcome},
        cells={
            pack: {outcome: tuple(refs) for outcome, refs in of_pack.items()}
            for pack, of_pack in cells.items()
        },
        broken=tuple(
            BrokenInRun(
                pack=pack,
                name=name,
                says=failures[0].finding.says,
                contract=failures[0].finding.contract,
                result=failures[0].finding.result,
                verdict=facts.verdicts.get((pack, name)),
                core_refs=tuple(
                    dict.fromkeys(chain.from_iterable(one.core_refs for one in failures))
                ),
                message=failures[0].finding.message,
            )
            for (pack, name), failures in facts.failures.items()
        ),
    )
