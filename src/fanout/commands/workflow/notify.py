"""`fanout workflow notify`: the job that tells everybody the answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from pydantic import ValidationError

from fanout.cells.matrix import read_matrix
from fanout.cells.packs import read_packs
from fanout.commands.command import FOLDER, FOLDER_THAT_IS_THERE, ROOT, Command
from fanout.commands.workflow.step import annotate, summary
from fanout.errors import ExitCode, UnusableInput
from fanout.history.document import read_run, read_whole
from fanout.history.run import Run
from fanout.notify import messages
from fanout.notify.announcement import Announcement
from fanout.notify.github import answer, issues
from fanout.notify.github.client import Account, connect
from fanout.told.report_markdown import escape

LARGEST = 64 * 1024 * 1024  # bytes of an announcement
LEFT_OUT = (
    "nothing was told on GitHub, because there is no token: set the secrets APP_ID and"
    " APP_PRIVATE_KEY, or REPO_TOKEN"
)


class InvalidAnnouncement(UnusableInput):
    """An announcement is not what `fanout workflow conclude` leaves."""


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 everything that is configured was told, 2 unusable input,
3 something could not be told; a rerun tells nothing twice.
Example: fanout workflow notify answer --core-repository owner/core""",
)
@click.argument("answer", type=FOLDER_THAT_IS_THERE)
@click.option("--core-repository", envvar="CORE_REPOSITORY", default="", help="Core's, OWNER/NAME.")
@click.option("--repository", envvar="GITHUB_REPOSITORY", default="", help="Ours, OWNER/NAME.")
@click.option(
    "--told",
    "memory",
    type=FOLDER,
    default=Path("told"),
    show_default=True,
    help="A folder that remembers which messages were sent.",
)
@ROOT
def notify(answer: Path, core_repository: str, repository: str, memory: Path, root: Path) -> None:
    """Tell the ANSWER, a folder of `conclude`, by message and on GitHub."""
    told = read(answer / "announcement.json")
    runs = [read_run(path) for path in sorted((answer / "run").glob("*.json"))]
    failed = False
    lines = []
    run = runs[-1] if runs else None
    for telling in tellings(told, run, core_repository, repository, memory, root):
        try:
            line = telling()
        except UnusableInput as error:
            failed = True
            line = f"{error.what}; {error.hint}"
            annotate("error", line)
        lines.append(line)
        click.echo(line)
    summary("\n### Told\n\n" + "".join(f"- {escape(line)}\n" for line in lines))
    sys.exit(ExitCode.NO_VERDICT if failed else ExitCode.FINE)


def read(path: Path) -> Announcement:
    content = read_whole(path, LARGEST)
    try:
        return Announcement.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidAnnouncement(
            f"'{path}' is no announcement: {'.'.join(map(str, first['loc']))}: {first['msg']}",
            "give the folder that `fanout workflow conclude` left",
        ) from error


def tellings(
    told: Announcement,
    run: Run | None,
    core_repository: str,
    repository: str,
    memory: Path,
    root: Path,
) -> Iterator[Callable[[], str]]:
    """What is to be told, each alone, so that one that fails stops no other; people first."""
    listed = list(messages.addresses(os.environ.get(messages.NAME, "")))
    for at, pack, address in listed:
        yield partial(messages.tell, told, at, pack, address, memory)
    if not listed:
        yield lambda: f"messages were left out: there is no {messages.NAME}"
    account: Account | None = None

    def connected() -> str:
        nonlocal account
        account = connect(os.environ)
        return LEFT_OUT if account is None else f"on GitHub as {account.login}:"

    yield connected
    if account is not None:
        found = account
        if core_repository and told.request.commit:
            yield lambda: answer.set_status(found, core_repository, told)
        if core_repository and (number := told.request.pull_request):
            today = datetime.now(UTC).date()
            yield lambda: answer.comment(found, core_repository, number, told, today)
        # A pull request of Core has its comment, and may never be merged.
        if repository and run and not (told.problem or told.request.pull_request):
            yield lambda: issues.tell(
                found, repository, core_repository, told, run, assignees(root)
            )


def assignees(root: Path) -> dict[str, tuple[str, ...]]:
    packs = read_packs(root, read_matrix(root).packs)
    return {name: pack.says.assignees for name, pack in packs.items()}
