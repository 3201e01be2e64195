"""What turned in a run of the table of Core refs, against all runs before it."""

from __future__ import annotations

from pathlib import Path

from fanout.dashboard.facts.news import entries
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.history.document import document_names, write_run
from fanout.history.query import History
from fanout.history.run import Run
from fanout.notify.announcement import Turned
from fanout.told.report import Report


def turned(run: Run, history: Path, report: Report) -> tuple[Turned, ...]:
    """Keep a run in a history, and give the promises that regressed or were fixed in it.

    In the first run of all nothing can have turned.
    """
    first = not document_names(history)
    write_run(run, history)
    if first:
        return ()
    with History(history) as past:
        found = [turn for entry in entries(Snapshot(past)) for turn in entry.turns]
    broken = {(one.pack, one.promise.name): one.promise.message for one in report.broken}
    return tuple(
        Turned(
            pack=turn.pack,
            owner=run.packs[turn.pack].owner,
            promise=turn.promise.name,
            says=turn.promise.says,
            verdict=turn.verdict,
            core_ref=turn.core_ref,
            message=broken.get((turn.pack, turn.promise.name), ""),
        )
        for turn in found
        if turn.run == run.id
    )
