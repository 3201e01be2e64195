"""What a run of the workflow comes to, from its plan and the evidence of its jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import parse_wheel_filename
from pydantic import HttpUrl

from fanout.cells.evidence import read_folder
from fanout.cells.matrix import read_matrix
from fanout.cells.packs import read_packs
from fanout.consumers.imports import Imports
from fanout.consumers.table import consumers_of
from fanout.core.resolve import from_wheel, released
from fanout.core.wheel import keep
from fanout.errors import InvalidCore
from fanout.gate.check import Comparison, decided
from fanout.gate.decision import Decision
from fanout.history.document import reported
from fanout.history.run import Run, shortened
from fanout.model import Answer, Core, Frozen, Matrix, Side
from fanout.notify.announcement import Announcement, Turned
from fanout.told.decision.account import account
from fanout.told.decision.markdown import account_markdown
from fanout.told.report import make_report
from fanout.told.report_markdown import escape
from fanout.workflow.incoming import take
from fanout.workflow.plan import Plan, release
from fanout.workflow.turns import table_markdown, turned, weighed


@dataclass(frozen=True)
class Conclusion:
    """The account of the answer as Markdown, what is announced, and the run unless nothing ran."""

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
        only_new=plan.request.only_new,
        consumers=consumers_of(root, plan.packs, matrix.packs),
    )
    return of_the_candidate(plan, jobs, comparison, folder, history, index, reasons, say)


def unasked(plan: Plan, jobs: Jobs, problem: str) -> Conclusion:
    """Unknown, because nothing could be asked at all."""
    headline = f"unknown: {problem}"
    return Conclusion(
        f"**{escape(headline)}**\n",
        announced(plan, jobs, Answer.UNKNOWN, headline, problem=problem),
    )


def without_history(found: Conclusion, why: str) -> Conclusion:
    """Unknown, because what is pending, and so excused, stands in a history that cannot be read."""
    headline = f"unknown: {why}; without it the answer would be {found.announcement.headline}"
    unknown = {"answer": Answer.UNKNOWN, "headline": headline, "problem": why, "decision": None}
    run = found.run
    if run and run.answer:
        run = run.model_copy(update={"answer": Answer.UNKNOWN})
    account = f"**{escape(headline)}**\n\n{found.account}"
    return Conclusion(account, found.announcement.model_copy(update=unknown), run)


class Answered(Frozen):
    """What is attested of the wheel of a Core: the answer, and what gave it."""

    answer: Answer
    headline: str
    core: str = ""
    commit: str = ""
    baseline: str = ""
    packs: dict[str, str]  # by name the digest of its files
    run: HttpUrl


def answered(found: Conclusion) -> Answered:
    told = found.announcement
    decision = told.decision
    return Answered(
        answer=told.answer,
        headline=told.headline,
        core=decision.candidate.version if decision else "",
        commit=told.request.commit,
        baseline=decision.baseline.version if decision else "",
        packs={name: pack.digest for name, pack in found.run.packs.items()} if found.run else {},
        run=told.url,
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
    core = from_wheel(kept, asked.named, "candidate", source, asked.commit)
    return core.model_copy(update={"address": asked.address})


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
        comparison.take(folder / str(attempt), reasons)
    planned = [name for name in comparison.live if name in reasons]
    comparison.add({name: Imports(cell=name, why=reasons[name]) for name in planned})
    decision, run = decided("check", comparison, datetime.now(UTC), history, index, say)
    decision = briefly(decision)
    told = account(decision, comparison.today)
    return Conclusion(
        account_markdown(told),
        announced(plan, jobs, decision.answer, told.headline).model_copy(
            update={"decision": decision}
        ),
        run,
    )


def briefly(decision: Decision) -> Decision:
    """The decision with what is shown of failures: whole texts are in the run's document."""
    cells = []
    for cell in decision.cells:
        promises = tuple(
            one.model_copy(
                update={"candidate": brief(one.candidate), "baseline": brief(one.baseline)}
            )
            for one in cell.promises
        )
        cells.append(cell.model_copy(update={"promises": promises}))
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
    """The answer over the table of Core refs: hold if a promise is broken there."""
    packs = read_packs(root, plan.packs)
    evidence = read_folder(folder / "1", frozenset(plan.cells))
    report = make_report(matrix, evidence, packs, datetime.now(UTC).date())
    cells = tuple(one.because(reasons.get(one.cell.name, "")) for one in report.cells)
    report = report.model_copy(update={"cells": cells})
    run = reported(cells, packs, matrix)
    turns = turned(run, history, report) if run else ()
    answer, headline = weighed(report, turns)
    return Conclusion(
        table_markdown(headline, turns, report),
        announced(plan, jobs, answer, headline, turns),
        run,
    )


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
