"""`fanout dashboard`: a static site of what the history says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from fanout.commands.command import (
    EVERY,
    FOLDER,
    HISTORY,
    INDEX,
    ROOT,
    Command,
    address,
    complain,
    format_option,
    leave,
    say,
)
from fanout.commands.progress import Pace
from fanout.dashboard.build import build, usable
from fanout.dashboard.serve import HOST, answering, follow, serving
from fanout.dashboard.site import Written
from fanout.errors import UnusableInput
from fanout.history.query import History
from fanout.history.surfaces import TestedContent, keep_surfaces
from fanout.model import Frozen
from fanout.wording import printable

PORT = 8000
TESTED = """
SELECT DISTINCT content.digest, version, source, asked FROM evidence
JOIN content ON content.id = evidence.content JOIN cell ON cell.id = evidence.cell
WHERE core_ref LIKE 'core\\_v%' ESCAPE '\\' ORDER BY content.digest, version, source, asked"""


class Built(Frozen):
    """What a build did: its first page, in files, and what could not be found out."""

    index: Path
    files: int
    written: int
    removed: int
    problems: tuple[str, ...]


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 built, whatever is broken, 2 unusable input such as a document
that cannot be read, 3 the database of the history cannot be written.
Example: fanout dashboard --history history --output site""",
)
@ROOT
@HISTORY
@click.option(
    "--output",
    type=FOLDER,
    help="The site; `dashboard` beside tox.ini unless told.",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    default=EVERY,
    metavar="HOURS",
    help="How often a run is due, or it is stale; 24 unless told.",
)
@click.option(
    "--url",
    callback=address,
    help="Where the site will be, for the feed and badges.",
)
@click.option("--offline", is_flag=True, help="Ask no index for a Core that is not yet read.")
@INDEX
@click.option("--serve", "serves", is_flag=True, help=f"Serve it on {HOST}, and follow new runs.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help=f"Where to serve it, 0 for a free one; {PORT} unless told.",
)
@format_option()
def dashboard(
    root: Path,
    history: Path,
    output: Path | None,
    every: float,
    url: str,
    offline: bool,
    index: str,
    serves: bool,
    port: int | None,
    form: str,
) -> None:
    """Build the dashboard, a folder of pages that need no server.

    What a Core looks like from outside is read once, and kept in the history.
    """
    folder = output or root / "dashboard"
    if port is not None and not serves:
        raise click.UsageError("--port is of use with --serve only")
    if serves and form == "json":
        raise click.UsageError("--format json tells of one build, and --serve makes many")

    told: set[str] = set()

    def make() -> Written:
        usable(history, folder)
        problems = [] if offline else keep(history, root, index)
        for problem in problems:
            if problem not in told:
                say(f"warning: {problem}")
        told.update(problems)
        return build(
            history,
            folder,
            every,
            Pace("building the dashboard"),
            url=url and url.rstrip("/") + "/",
            waiting=lambda: say(f"waiting for another build of '{folder}'"),
        )

    if serves:
        serve(folder, PORT if port is None else port, history, make)
        return
    made = make()
    page = folder.absolute() / "index.html"
    leave(page)
    if form == "json":
        click.echo(
            Built(index=page, **made._asdict(), problems=tuple(sorted(told))).model_dump_json()
        )
    else:
        files, written, removed = made
        click.echo(f"dashboard: {files} files, {written} written, {removed} removed")
        click.echo(printable(str(page)))


def keep(history: Path, root: Path, index: str) -> tuple[str, ...]:
    """Keep in the history what every Core of the matrix looks like; why some cannot be had."""
    with History(history) as runs:
        wanted = [TestedContent(*row) for row in runs.rows(TESTED)]
    return keep_surfaces(history, wanted, root, index, Pace("reading Cores"))


def serve(folder: Path, port: int, history: Path, make: Callable[[], Written]) -> None:
    """Build the site, serve it, and follow the history, until Ctrl-C."""
    with serving(folder, port) as server:
        try:
            make()
            with answering(server):
                click.echo(f"serving {server.url} until Ctrl-C")
                follow(server, history, make, click.echo, go_on)
        except KeyboardInterrupt:
            click.echo("stopped; the site stays where it is")


def go_on(error: UnusableInput) -> None:
    complain(error)
    say("the site stays as it was")
