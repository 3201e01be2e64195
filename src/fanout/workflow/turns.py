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


def weighed(report: Report, turns: tuple[Turned, ...]) -> tuple[Answer, str]:
    """Hold for what is broken, else unknown for a cell without a verdict, else release.

    The turns tell what of that is new; without a history nothing is, and the answer is the same.
    """
    if report.broken:
        packs = ", ".join(dict.fromkeys(found.pack for found in report.broken))
        said = f"hold: Core breaks {number(len(report.broken), 'promise')} of {packs}"
        new = {(one.pack, one.promise) for one in turns if one.verdict is Verdict.REGRESSED}
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
    for verdict in (Verdict.REGRESSED, Verdict.FIXED):
        lines = [
            f"- **{escape(turn.says or turn.promise)}**  \n"
            f"  {escape(turn.pack)}, owned by {escape(turn.owner)}, {escape(turn.promise)},"
            f" on {escape(turn.core_ref)}"
            for turn in turns
            if turn.verdict is verdict
        ]
        if lines:
            parts += [f"### {verdict.capitalize()} since the last run", "\n".join(lines)]
    return "\n\n".join((*parts, markdown(report)))
