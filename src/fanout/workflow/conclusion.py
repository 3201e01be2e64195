"""What a run of the workflow comes to, from its plan and the evidence of its jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import parse_wheel_filename

from fanout.cells.evidence import read_folder
from fanout.cells.matrix import read_matrix
from fanout.cells.packs import read_packs
from fanout.consumers.imports import Imports
from fanout.consumers.table import consumers_of
from fanout.core.given import shown_as
from fanout.core.resolve import from_wheel, released
from fanout.core.wheel import keep
from fanout.dashboard.facts.news import entries
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.errors import InvalidCore
from fanout.gate.check import Comparison, decided
from fanout.gate.decision import Decision
from fanout.history.document import document_names, reported, write_run
from fanout.history.query import History
from fanout.history.run import Run, shortened
from fanout.model import Answer, Core, Matrix, Side, Verdict
from fanout.notify.announcement import Announcement, Request, Turned
from fanout.told.decision.account import account
from fanout.told.decision.markdown import account_markdown
from fanout.told.report import Report, make_report
from fanout.told.report_markdown import escape, markdown
from fanout.wording import first_few, number
from fanout.workflow.candidate import Candidate
from fanout.workflow.incoming import take
from fanout.workflow.plan import Plan, release


@dataclass(frozen=True)
class Conclusion:
    """The account of the answer as Markdown, what is announced, and the run unless nothing ran."""

    account: str
    announcement: Announcement
    run: Run | None = None


@dataclass(frozen=True)
class Concluding:
    """What the jobs left, and where: evidence, the one wheel of Core, where the run can be seen.

    `folder` is a new one, which the evidence is kept in; `history` that of all runs before.
    """

    plan: Plan
    evidence: Path
    wheel: Path
    url: str
    dashboard: str
    root: Path
    folder: Path
    history: Path
    index: str
    say: Callable[[str], None]

    def announced(self, answer: Answer, headline: str, **others: object) -> Announcement:
        said = {"request": self.plan.request, "answer": answer, "headline": headline}
        where = {"url": self.url, "dashboard": self.dashboard or None}
        return Announcement.model_validate(said | where | others)


def concluded(jobs: Concluding) -> Conclusion:
    """The conclusion of a run; raises InvalidMatrix and InvalidPack for another checkout."""
    plan = jobs.plan
    if plan.problem:
        return unasked(jobs, plan.problem)
    reasons = take(jobs.evidence, plan, jobs.folder)
    matrix = read_matrix(jobs.root, plan.label or None)
    if plan.candidate is None:
        return of_the_table(jobs, matrix.model_copy(update={"expected": plan.cells}), reasons)
    try:
        candidate = core_of(plan.candidate, plan.request, jobs.wheel, matrix, jobs.root)
    except InvalidCore as error:
        return unasked(jobs, f"{error.what}; {error.hint}")
    comparison = Comparison(
        root=jobs.root,
        matrix=matrix,
        packs=read_packs(jobs.root, plan.packs),
        candidate=candidate,
        baseline=release(plan.baseline, matrix),
        today=datetime.now(UTC).date(),
        only_new=plan.request.only_new,
        consumers=consumers_of(jobs.root, plan.packs, matrix.packs),
    )
    return of_the_candidate(jobs, comparison, plan.candidate, reasons)


def unasked(jobs: Concluding, problem: str) -> Conclusion:
    """Unknown, because nothing could be asked at all."""
    headline = f"unknown: {problem}"
    told = jobs.announced(Answer.UNKNOWN, headline, problem=problem)
    return Conclusion(f"**{escape(headline)}**\n", told)


def without_history(found: Conclusion, why: str) -> Conclusion:
    """Unknown, because what is pending, and so excused, stands in a history that cannot be read."""
    headline = f"unknown: {why}; without it the answer would be {found.announcement.headline}"
    unknown: dict[str, object] = {"answer": Answer.UNKNOWN, "headline": headline, "problem": why}
    unknown |= {"decision": None, "turned": ()}
    run = found.run
    if run and run.answer:
        run = run.model_copy(update={"answer": Answer.UNKNOWN})
    account = f"**{escape(headline)}**\n\n{found.account}"
    return Conclusion(account, found.announcement.model_copy(update=unknown), run)


def attested(found: Conclusion) -> str:
    """What is attested of the wheel of a Core, as JSON: the answer, and what gave it."""
    version = {"version": True}
    said = dict.fromkeys(("answer", "headline", "request", "url"), True)
    told = found.announcement.model_dump(
        mode="json", include={**said, "decision": {"candidate": version, "baseline": version}}
    )
    packs = found.run.packs if found.run else {}
    return json.dumps(told | {"packs": {name: pack.digest for name, pack in packs.items()}})


def core_of(asked: Candidate, request: Request, folder: Path, matrix: Matrix, root: Path) -> Core:
    """The candidate: of the table, or the one wheel that its job made.

    Raises InvalidCore if that job left none.
    """
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
    named, number = asked.named, request.pull_request
    if asked.commit:  # as anybody can give it again
        ref = f"refs/pull/{number}/head" if number else named
        named = f"{asked.address.rpartition('@')[0]}@{ref}"
    return from_wheel(kept, named, "candidate", source, asked.commit, asked.address)


def of_the_candidate(
    jobs: Concluding, comparison: Comparison, asked: Candidate, reasons: Mapping[str, str]
) -> Conclusion:
    for attempt in range(1, jobs.plan.attempts + 1):
        comparison.take(jobs.folder / str(attempt), reasons)
    planned = [name for name in comparison.live if name in reasons]
    comparison.add({name: Imports(cell=name, why=reasons[name]) for name in planned})
    now = datetime.now(UTC)
    decision, run = decided("check", comparison, now, jobs.history, jobs.index, jobs.say)
    decision = briefly(decision)
    told = account(decision, comparison.today)
    turns = [
        Turned(
            pack=cell.pack,
            promise=one.name,
            says=one.says or one.name,
            verdict=verdict,
            core=shown_as(comparison.candidate),
        )
        for verdict in (Verdict.REGRESSED, Verdict.FIXED)
        for cell in decision.cells
        for one in cell.having(verdict)
    ]
    said = jobs.announced(decision.answer, told.headline, decision=decision, turned=turns)
    return Conclusion(account_markdown(told), said, run)


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


def of_the_table(jobs: Concluding, matrix: Matrix, reasons: Mapping[str, str]) -> Conclusion:
    """The answer over the table of Core refs: hold if a promise is broken there."""
    packs = read_packs(jobs.root, jobs.plan.packs)
    evidence = read_folder(jobs.folder / "1", frozenset(matrix.expected))
    report = make_report(matrix, evidence, packs, datetime.now(UTC).date())
    cells = tuple(one.because(reasons.get(one.cell.name, "")) for one in report.cells)
    report = report.model_copy(update={"cells": cells})
    run = reported(cells, packs, matrix)
    turns = turned(run, jobs.history) if run else ()
    answer, headline = weighed(report, turns)
    said = jobs.announced(answer, headline, turned=turns)
    return Conclusion(table_markdown(headline, turns, report), said, run)


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
            promise=one.promise.name,
            says=one.promise.says or one.promise.name,
            verdict=one.verdict,
            core=one.core,
        )
        for one in turns
        if one.run == run.id
    )


def weighed(report: Report, turns: tuple[Turned, ...]) -> tuple[Answer, str]:
    """Hold for what is broken, else unknown for a cell without a verdict, else release.

    The turns tell what of that is new; without a history nothing is, and the answer is the same.
    """
    if report.broken:
        packs = first_few(found.pack for found in report.broken)
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
    if turns:
        listed = "\n".join(f"- {escape(f'{one.line}, {one.promise}')}" for one in turns)
        parts.append(f"### Since the last run\n\n{listed}")
    return "\n\n".join((*parts, markdown(report)))
