"""`fanout workflow conclude`: the job that reads all evidence and gives the answer."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from fanout.cells.promises import read_promises
from fanout.commands.command import FOLDER, HISTORY, INDEX, ROOT, Command, address, say
from fanout.commands.workflow.step import BRANCH, TOKEN, annotate, output, summary
from fanout.core.wheel import check_wheel
from fanout.errors import UnusableInput
from fanout.history.document import write_run
from fanout.model import Answer, Verdict
from fanout.wording import one_line
from fanout.workflow.conclusion import (
    Concluding,
    Conclusion,
    attested,
    concluded,
    without_history,
)
from fanout.workflow.history_branch import unread
from fanout.workflow.plan import unpacked

MOST_PLACES = 9  # GitHub shows ten annotations of a step


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 there is an answer, whichever; 2 unusable input,
3 the run cannot be kept.
Example: fanout workflow conclude --evidence incoming --output answer""",
)
@click.option(
    "--plan", "text", envvar="PLAN", required=True, help="The plan, as the first job gave it."
)
@click.option("--evidence", type=FOLDER, required=True, help="All artifacts with evidence.")
@click.option(
    "--wheel", type=FOLDER, default=Path("core"), help="The folder of the candidate's wheel."
)
@click.option("--sha256", envvar="SHA256", default="", help="What that wheel must have.")
@click.option(
    "--output",
    "folder",
    type=FOLDER,
    required=True,
    help="A new folder, for the answer and the run.",
)
@click.option(
    "--url", envvar="RUN_URL", required=True, callback=address, help="The page of this run."
)
@click.option(
    "--dashboard",
    envvar="DASHBOARD_URL",
    callback=address,
    help="The address of the dashboard.",
)
@BRANCH
@TOKEN
@ROOT
@HISTORY
@INDEX
def conclude(
    text: str,
    evidence: Path,
    wheel: Path,
    sha256: str,
    folder: Path,
    url: str,
    dashboard: str,
    history_repository: str,
    token: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Decide over all planned cells, from the evidence of their jobs."""
    plan = unpacked(text)
    if folder.exists():
        raise UnusableInput(f"'{folder}' is there already", "name a folder that is not there")
    # Whatever ran after it was built could leave another in its place.
    for path in wheel.rglob("*.whl") if sha256 else ():
        check_wheel(path, sha256)
    lost = unread(history_repository, history, token)
    root = root.resolve()
    kept = folder.resolve() / "evidence"
    found = concluded(
        Concluding(plan, evidence, wheel, url, dashboard, root, kept, history, index, say)
    )
    leave(without_history(found, lost) if lost else found, folder, root)


def leave(found: Conclusion, folder: Path, root: Path) -> None:
    """Write the answer for the jobs after this one, and show it."""
    folder.mkdir(parents=True, exist_ok=True)
    told = found.announcement
    # Without what is computed from the rest.
    announced = told.model_dump_json(indent=2, round_trip=True)
    (folder / "announcement.json").write_text(announced, encoding="utf-8")
    (folder / "answer.json").write_text(attested(found), encoding="utf-8")
    (folder / "account.md").write_text(found.account, encoding="utf-8")
    if found.run:
        write_run(found.run, folder / "run")
    summary(found.account)
    output("answer", told.answer)
    wheel = told.decision.candidate.wheel if told.decision else ""
    output("sha256", hashlib.sha256(Path(wheel).read_bytes()).hexdigest() if wheel else "")
    annotate("notice" if told.answer is Answer.RELEASE else "error", told.headline)
    for said, file, line in islice(places(found, root), MOST_PLACES):
        annotate("error", said, file, line)
    # What broke is in the summary: nobody reads it here, but the runner would obey it.
    click.echo(one_line(told.headline))
    sys.exit(0)


def places(found: Conclusion, root: Path) -> Iterator[tuple[str, str, int]]:
    """Each promise that regressed, with the file and line of its pack."""
    decision = found.announcement.decision
    for cell in decision.cells if decision else ():
        lines = {one.name: one.line for one in read_promises(root / "packs" / cell.pack)}
        for one in cell.having(Verdict.REGRESSED):
            file, _, _ = one.name.partition("::")
            line = lines.get(one.name.partition("[")[0], 1)
            yield f"regressed: {one.says or one.name}", f"packs/{cell.pack}/{file}", line
