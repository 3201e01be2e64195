"""A comparison, decided: the answer, what in Core caused it, and the run to be kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from fanout.errors import UnusableInput
from fanout.gate.check import Comparison, pending
from fanout.gate.decision import Decision
from fanout.gate.explanation import explained
from fanout.history.document import make_run
from fanout.history.query import History
from fanout.history.run import Run


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
