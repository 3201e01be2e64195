"""What turned in a run of the table of Core refs, against all runs before it, and its answer."""

from __future__ import annotations

from pathlib import Path

from fanout.dashboard.facts.news import entries
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.history.document import document_names, write_run
from fanout.history.query import History
from fanout.history.run import Run
from fanout.model import Answer, Verdict
from fanout.notify.announcement import Turned
from fanout.told.report import Report
from fanout.told.report_markdown import escape, markdown
from fanout.wording import number


def turned(run: Run, history: Path) -> tuple[Turned, ...]:
    """Keep a run in a history, and give the promises that regressed or were fixed in it.

    In the first run of all nothing can have turned.
    """
    if not document_names(history):
        return ()
    write_run(run, history)
    with History(history) as past:
        turns = [turn for entry in entries(Snapshot(past)) for turn in entry.turns]
    return tuple(
        Turned(
            pack=one.pack,
            says=one.promise.says or one.promise.name,
            verdict=one.verdict,
            core=one.core_ref,
        )
        for one in turns
        if one.run == run.id
    )


def weighed(report: Report, turns: tuple[Turned, ...]) -> tuple[Answer, str]:
    """Hold for what is broken, else unknown for a cell without a verdict, else release.

    The turns tell what of that is new; without a history nothing is, and the answer is the same.
    """
    if report.broken:
        packs = ", ".join(dict.fromkeys(found.pack for found in report.broken))
        said = f"hold: Core breaks {number(len(report.broken), 'promise')} of {packs}"
        new = {(one.pack, one.says) for one in turns if one.verdict is Verdict.REGRESSED}
        since = f"{len(new) or 'none'} of which regressed since the last run"
        return Answer.HOLD, f"{said}, {since}; {report.summary}"
    if report.without_verdict:
        first = report.without_verdict[0]
        said = f"{first.cells[0]}: {first.outcome}: {first.reason}"
        return Answer.UNKNOWN, f"unknown: {report.summary}; {said}"
    excused = " that nobody has excused" if report.known_breaks else ""
    return Answer.RELEASE, f"release: no promise is broken{excused}; {report.summary}"


def table_markdown(headline: str, turns: tuple[Turned, ...], report: Report) -> str:
    parts = [f"**{escape(headline)}**"]
    if turns:
        listed = "\n".join(f"- {escape(one.line)}" for one in turns)
        parts.append(f"### Since the last run\n\n{listed}")
    return "\n\n".join((*parts, markdown(report)))
