"""`fanout bisect`: the first Core ref, or commit, that broke a promise."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from fanout.bisect.answer import Bisection, print_bisection, with_causes
from fanout.bisect.commits import CommitSearch, Repository
from fanout.bisect.judged import choose
from fanout.bisect.releases import ReleaseSearch, core_refs
from fanout.cells.run import PackInMatrix, alone, find_pack, run_folder
from fanout.commands.command import (
    FOLDER_THAT_IS_THERE,
    HISTORY,
    INDEX,
    ROOT,
    Command,
    format_option,
    say,
    show,
)
from fanout.core.index import wheel_of
from fanout.errors import InvalidCore, InvalidSearch, UnreachableIndex
from fanout.history.document import make_run, write_run
from fanout.history.query import History
from fanout.history.surfaces import surface_of


@click.command(
    cls=Command,
    short_help="Find the first Core ref, or commit, that broke a promise.",
    epilog="""\b
Exit codes: 0 found, 2 unusable input: such as an end that is not good or bad,
3 not found, or only a range: something in it cannot be judged.
Example: fanout bisect pipeline --good 1.2.0 --bad 1.4.61 --promise redis""",
)
@click.argument("pack")
@click.option("--promise", help="Its name or a part of it; any that broke unless told.")
@click.option("--good", metavar="REF", required=True, help="A Core that keeps it.")
@click.option("--bad", metavar="REF", required=True, help="A newer Core that breaks it.")
@click.option(
    "--repo",
    type=FOLDER_THAT_IS_THERE,
    help="Search its commits, of which REF is one; not on Windows.",
)
@format_option()
@ROOT
@HISTORY
@INDEX
def bisect(
    pack: str,
    promise: str | None,
    good: str,
    bad: str,
    repo: Path | None,
    form: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Find the first Core ref on which a promise of PACK is broken.

    It is searched by halving among the Core refs of tox.ini, or the commits of a repository.
    Both ends are verified; what cannot be judged is passed over. PACK may be a cell's name.
    """
    if repo and sys.platform == "win32":
        raise InvalidSearch(
            "commits are not searched on Windows: `git bisect run` needs a shell that it lacks",
            "search the Core refs, without --repo, or search the commits in WSL",
        )
    found = find_pack(pack, root.resolve())
    name = choose(promise, found.name, found.pack.promises) if promise else None
    past = history.resolve()
    search, answer = (
        in_commits(found, name, good, bad, repo.resolve(), past)
        if repo
        else in_releases(found, name, good, bad, past)
    )
    try:
        cores = map(search.core, (answer.last.name, answer.first.name))
        last, first = (surface_of(wheel_of(core, found.root, index), past) for core in cores)
        answer = with_causes(answer, last, first)
    except (InvalidCore, UnreachableIndex) as error:
        say(f"what changed in Core is not told: {error.what}")
    show(form, answer, partial(print_bisection, answer))
    sys.exit(answer.exit_code)


def in_releases(
    pack: PackInMatrix, promise: str | None, good: str, bad: str, history: Path
) -> tuple[ReleaseSearch, Bisection]:
    """Search the Core refs of tox.ini; whatever ran is in the history, also without an answer."""
    started = datetime.now(UTC)
    cores = core_refs(pack, good, bad)
    with History(history) as past, alone(pack.root):
        search = ReleaseSearch(pack, cores, run_folder(pack.root, started) / "1", past, say)
        try:
            return search, search.find(promise)
        finally:
            if reports := list(search.reports.values()):
                write_run(make_run("bisect", started, [reports], pack.packs), history)


def in_commits(
    pack: PackInMatrix, promise: str | None, good: str, bad: str, repository: Path, history: Path
) -> tuple[CommitSearch, Bisection]:
    folder = run_folder(pack.root, datetime.now(UTC))
    search = CommitSearch(pack, Repository(repository), good, bad, folder, history, say)
    return search, search.find(promise)
