"""What a run of the workflow comes to, from its plan and the evidence of its jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import parse_wheel_filename

from fanout import shell
from fanout.cells.evidence import read_folder
from fanout.cells.matrix import read_matrix
from fanout.cells.packs import read_packs
from fanout.core.resolve import from_wheel, released
from fanout.core.wheel import keep
from fanout.errors import InvalidCore
from fanout.gate.check import Comparison
from fanout.gate.decided import decided
from fanout.gate.decision import Decision
from fanout.history.document import make_run, repeatable
from fanout.history.gather import utc
from fanout.history.run import Run, shortened
from fanout.model import Answer, CellReport, Core, Matrix, Outcome, Side, Verdict
from fanout.notify.announcement import Announcement, Turned
from fanout.told.account import account
from fanout.told.decision_markdown import account_markdown
from fanout.told.report import Report, make_report, number
from fanout.told.report_markdown import escape, markdown
from fanout.workflow.incoming import take
from fanout.workflow.plan import Plan, release
from fanout.workflow.turns import turned

SIDES = ("candidate", "baseline")


@dataclass(frozen=True)
class Conclusion:
    """The answer, the account of it as Markdown, and the run unless nothing ran."""

    answer: Answer
    headline: str
    account: str
    announcement: Announcement
    run: Run | None = None


@dataclass(frozen=True)
class Jobs:
    """What the jobs left: evidence, the one wheel of Core, and where the run can be seen."""

    evidence: Path
    wheel: Path
    url: str
    dashboard: str | None = None


def concluded(
    plan: Plan,
    jobs: Jobs,
    root: Path,
    folder: Path,
    history: Path,
    index: str,
    say: Callable[[str], None],
) -> Conclusion:
    """The conclusion of a run; `folder` is a new one, which its evidence is kept in.

    Raises InvalidMatrix and InvalidPack if the checkout is not what was planned for.
    """
    if plan.problem:
        return unasked(plan, jobs, plan.problem)
    reasons = take(jobs.evidence, plan, folder)
    matrix = read_matrix(root, plan.label or None)
    if plan.candidate is None:
        planned = matrix.model_copy(update={"expected": plan.cells})
        return of_the_table(plan, jobs, planned, root, folder, history, reasons)
    try:
        candidate = core_of(plan, jobs.wheel, matrix, root)
    except InvalidCore as error:
        return unasked(plan, jobs, f"{error.what}; {error.hint}")
    comparison = Comparison(
        root=root,
        matrix=matrix,
        packs=read_packs(root, plan.packs),
        candidate=candidate,
        baseline=release(plan.baseline, matrix),
        today=datetime.now(UTC).date(),
    )
    return of_the_candidate(plan, jobs, comparison, folder, history, index, reasons, say)


def unasked(plan: Plan, jobs: Jobs, problem: str) -> Conclusion:
    """Unknown, because nothing could be asked at all."""
    headline = f"unknown: {problem}"
    return Conclusion(
        Answer.UNKNOWN,
        headline,
        f"**{escape(headline)}**\n",
        announced(plan, jobs, Answer.UNKNOWN, headline, problem=problem),
    )


def core_of(plan: Plan, folder: Path, matrix: Matrix, root: Path) -> Core:
    """The candidate: of the table, or the one wheel that its job made.

    Raises InvalidCore if that job left none.
    """
    asked = plan.candidate
    assert asked is not None  # noqa: S101 - a plan without a candidate does not come here
    if known := released(asked.core_ref, matrix):
        return known.model_copy(update={"named": asked.named})
    wheels = [path for path in folder.rglob("*.whl") if path.is_file() and not path.is_symlink()]
    if len(wheels) != 1:
        raise InvalidCore(
            f"Core '{asked.named}' could not be built or fetched", "see the log of the job 'core'"
        )
    kept = keep(wheels[0], root)
    if not asked.commit and str(parse_wheel_filename(kept.name)[1]) != asked.address:
        raise InvalidCore(f"'{kept.name}' is not Core {asked.address}", "run the workflow again")
    source = "git" if asked.commit else "pypi"
    return from_wheel(kept, asked.named, "candidate", source, asked.commit)


def of_the_candidate(
    plan: Plan,
    jobs: Jobs,
    comparison: Comparison,
    folder: Path,
    history: Path,
    index: str,
    reasons: Mapping[str, str],
    say: Callable[[str], None],
) -> Conclusion:
    for attempt in range(1, plan.attempts + 1):
        found = comparison.read(folder / str(attempt))
        there = {name: one for name, one in found.items() if one.outcome is not Outcome.MISSING}
        first = {name: with_reason(one, reasons) for name, one in found.items()}
        comparison.attempts.append(there if comparison.attempts else first)
    decision, run = decided("check", comparison, datetime.now(UTC), history, index, say)
    decision = anywhere(decision, plan)
    told = account(decision, comparison.today)
    return Conclusion(
        decision.answer,
        told.headline,
        account_markdown(told),
        announced(plan, jobs, decision.answer, told.headline).model_copy(
            update={"decision": decision}
        ),
        run,
    )


def anywhere(decision: Decision, plan: Plan) -> Decision:
    """The decision as others need it: commands for any checkout, and of failures what is shown.

    The path of the wheel is of one job, and whole texts are in the run's document.
    """
    address = plan.candidate.address if plan.candidate else ""
    cells = []
    for cell in decision.cells:
        promises = tuple(
            one.model_copy(
                update={"candidate": brief(one.candidate), "baseline": brief(one.baseline)}
            )
            for one in cell.promises
        )
        command = shell.line(f"tox run -e {cell.cell}", {"CORE_CANDIDATE": address})
        changed = {"promises": promises} | ({"command": command} if address else {})
        cells.append(cell.model_copy(update=changed))
    return decision.model_copy(update={"cells": tuple(cells)})


def brief(side: Side) -> Side:
    marked = "\n".join(line for line in side.text.splitlines() if line.startswith("E "))
    return side.model_copy(update={"message": shortened(side.message), "text": shortened(marked)})


def of_the_table(
    plan: Plan,
    jobs: Jobs,
    matrix: Matrix,
    root: Path,
    folder: Path,
    history: Path,
    reasons: Mapping[str, str],
) -> Conclusion:
    """The answer over the table of Core refs: hold if a promise turned since the last run."""
    packs = read_packs(root, plan.packs)
    evidence = read_folder(folder / "1", frozenset(plan.cells))
    report = make_report(matrix, evidence, packs, datetime.now(UTC).date())
    cells = tuple(with_reason(one, reasons) for one in report.cells)
    report = report.model_copy(update={"cells": cells})
    started = [utc(cell.evidence.started) for cell in cells if cell.evidence]
    run = None
    turns: tuple[Turned, ...] = ()
    if started:
        run = repeatable(make_run("report", min(started), (cells,), packs, matrix=matrix))
        turns = turned(run, history, report)
    answer, headline = weighed(report, turns)
    return Conclusion(
        answer,
        headline,
        table_markdown(headline, turns, report),
        announced(plan, jobs, answer, headline, turns),
        run,
    )


def with_reason(report: CellReport, reasons: Mapping[str, str]) -> CellReport:
    reason = reasons.get(report.cell.name)
    if report.outcome is not Outcome.MISSING or reason is None:
        return report
    return report.model_copy(update={"reason": reason})


def weighed(report: Report, turns: tuple[Turned, ...]) -> tuple[Answer, str]:
    """Hold for what regressed, else unknown for a cell without a verdict, else release."""
    regressed = [turn for turn in turns if turn.verdict is Verdict.REGRESSED]
    if regressed:
        packs = dict.fromkeys(turn.pack for turn in regressed)
        promises = {(turn.pack, turn.promise) for turn in regressed}
        said = f"{number(len(promises), 'promise')} of {', '.join(packs)} regressed"
        return Answer.HOLD, f"hold: {said} since the last run; {report.summary}"
    if report.without_verdict:
        first = report.without_verdict[0]
        said = f"{first.cells[0]}: {first.outcome}: {first.reason}"
        return Answer.UNKNOWN, f"unknown: {report.summary}; {said}"
    return Answer.RELEASE, f"release: no promise regressed since the last run; {report.summary}"


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


def announced(
    plan: Plan,
    jobs: Jobs,
    answer: Answer,
    headline: str,
    turns: tuple[Turned, ...] = (),
    problem: str = "",
) -> Announcement:
    return Announcement.model_validate(
        {
            "request": plan.request,
            "answer": answer,
            "headline": headline,
            "problem": problem,
            "url": jobs.url,
            "dashboard": jobs.dashboard,
            "turned": turns,
        }
    )
