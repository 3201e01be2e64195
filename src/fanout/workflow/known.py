"""The run that answered a plan already, so that a schedule need not ask again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from fanout.cells.packs import read_packs
from fanout.history.document import document_names, read_run
from fanout.model import Answer
from fanout.workflow.plan import Plan

RECENT = timedelta(days=7)  # or nobody would see that something else than Core has changed


def known(plan: Plan, root: Path, history: Path, now: datetime) -> str:
    """The newest run that judged the same commit of Core by the same packs; empty if none did.

    An answer of unknown answers nothing. Raises InvalidPack, and UnreadableDocument.
    """
    if plan.candidate is None or not plan.candidate.commit:
        return ""
    packs = {name: pack.digest for name, pack in read_packs(root, plan.packs).items()}
    for name in sorted(document_names(history), reverse=True):
        run = read_run(history / name)
        if now - run.started > RECENT:
            return ""
        same = run.candidate and run.candidate.commit == plan.candidate.commit
        against = run.baseline and run.baseline.version == plan.baseline
        digests = {one: pack.digest for one, pack in run.packs.items()}
        if same and against and digests == packs and run.answer in (Answer.RELEASE, Answer.HOLD):
            return f"{run.id} of {run.started:%Y-%m-%d}"
    return ""
