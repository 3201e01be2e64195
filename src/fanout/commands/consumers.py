"""`fanout consumers`: who takes up a Core, when, and can be installed and imported with it."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from packaging.version import Version

from fanout.cells.matrix import read_matrix, version
from fanout.cells.run import alone, run_folder
from fanout.commands.command import HISTORY, INDEX, ROOT, Command, format_option, say, show
from fanout.commands.progress import Pace
from fanout.consumers.answer import Consumer, Consumers, consumer
from fanout.consumers.imports import live_cells, run_live
from fanout.consumers.installs import Installs, installs
from fanout.consumers.releases import read_consumers
from fanout.consumers.table import Asked, chosen, news, packs_of, read_table, renewed
from fanout.core.index import check_served, exact
from fanout.core.resolve import of_releases, release_at, resolve
from fanout.core.table import write
from fanout.errors import InvalidCore
from fanout.gate.compatibility import Table
from fanout.history.compatibilities import keep_compatibility
from fanout.model import Core, Matrix
from fanout.told.consumers.compatibility_text import print_compatibility
from fanout.told.consumers_text import print_consumers
from fanout.wording import number

RESOLVES_AT_ONCE = 2


@click.command(
    cls=Command,
    short_help="Show who takes up a Core, and when.",
    epilog="""\b
Exit codes: 0 told, 1 a consumer that takes the Core up at once cannot be
installed or imported with it, 2 unusable input, 3 no answer or no verdict.
Example: fanout consumers --core 1.4.61 --installs --imports""",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--core",
    "named",
    metavar="REF",
    help="The Core that is released; the next one unless told.",
)
@click.option("--installs", "asked", is_flag=True, help="Ask a resolver as well; needs --core.")
@click.option("--imports", "live", is_flag=True, help="Run live cells as well; needs --core.")
@click.option(
    "--table",
    "tabled",
    is_flag=True,
    help="Show which releases of the last year go with which Cores, or with the one of --core.",
)
@click.option("--update", is_flag=True, help="Bring the releases in consumers.toml up to date.")
@format_option()
@ROOT
@HISTORY
@INDEX
def consumers(
    names: tuple[str, ...],
    named: str | None,
    asked: bool,
    live: bool,
    tabled: bool,
    update: bool,
    form: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Show every consumer, or those named, and when each takes up a Core.

    A NAME is that of a distribution or of its pack. REF is a version, a Core ref of tox.ini, a
    wheel, an sdist, a directory, or a git URL with a ref.
    """
    if (asked or live) and not named:
        option = "--installs" if asked else "--imports"
        raise click.UsageError(f"{option} needs --core: what is not there cannot be installed")
    if tabled and (asked or live or update):
        raise click.UsageError("give --table alone, or with --core")
    root = root.resolve()
    table = read_table(root)
    packs = packs_of(root, table)
    distributions = chosen(names, table, packs)
    matrix = read_matrix(root)
    if tabled:
        made = Table(matrix, root, history, index, Pace).make(distributions, packs, named)
        if not named:
            keep_compatibility(history, made)
        show(form, made, partial(print_compatibility, made))
        return
    cores = [str(version(cell)[1]) for cell in of_releases(matrix)]
    core = resolve(named, "candidate", root, matrix) if named else next_release(matrix)
    releases = read_consumers(distributions, root, index, Pace("releases"))
    answer = Consumers(
        core=core.version,
        consumers=tuple(
            consumer(name, table[name], releases[name], packs.get(name), core.version, cores)
            for name in distributions
        ),
    )
    if asked:
        answer = resolved(answer, core, root, index)
    if live:
        answer = imported(answer, core, matrix, root, index)
    show(form, answer, partial(print_consumers, answer, bool(names)))
    behind = news(table, {one.distribution: one.newest for one in answer.consumers if one.newest})
    if update:
        texts = renewed(root, behind)
        write(texts)
        for path in texts:
            click.echo(f"brought up to date: {path}", err=True)
    elif behind:
        said = number(len(behind), "newest release")
        say(f"{said} not in consumers.toml: run with --update")
    sys.exit(answer.exit_code)


def next_release(matrix: Matrix) -> Core:
    """The release after the newest one, with the next number: it need not be there."""
    cells = of_releases(matrix)
    if not cells:
        raise InvalidCore("tox.ini names no release of Core", "name one with --core")
    *numbers, last = version(cells[-1])[1].release
    return release_at("candidate", str(Version(".".join(map(str, (*numbers, last + 1))))))


def resolved(answer: Consumers, core: Core, root: Path, index: str) -> Consumers:
    """The answer with what a resolver says of each consumer, and of all together."""
    check_served([core], index)
    asked = exact(core, root, index)
    there = [one for one in answer.consumers if one.newest]
    sets = [[one] for one in there] + ([there] if len(there) > 1 else [])

    def ask(together: list[Consumer]) -> Installs:
        releases = {one.distribution: one.newest for one in together}
        extras = sorted({extra for one in together for extra in one.declared.extras})
        return installs(releases, asked, index, extras)

    told, found = Pace("resolved"), list[Installs]()
    with ThreadPoolExecutor(RESOLVES_AT_ONCE) as pool:
        for one in pool.map(ask, sets):
            found.append(one)
            told(len(found), len(sets))
    each = dict(zip((one.distribution for one in there), found, strict=False))
    return answer.model_copy(
        update={
            "consumers": tuple(
                one.model_copy(update={"installs": each.get(one.distribution)})
                for one in answer.consumers
            ),
            "together": found[-1] if len(there) > 1 else None,
        }
    )


def imported(answer: Consumers, core: Core, matrix: Matrix, root: Path, index: str) -> Consumers:
    """The answer with what came of each consumer's live cell, of the release in consumers.toml."""
    check_served([core], index)
    asked = [Asked(one.distribution, one.known) for one in answer.consumers]
    cells = live_cells(asked, core, "candidate", matrix)
    told, ended = Pace("live cells"), list[str]()

    def finished(cell: str) -> None:
        ended.append(cell)
        told(len(ended), len(cells))

    with alone(root):
        folder = run_folder(root, datetime.now(UTC))
        imports = run_live(cells, root, folder, finished)
    found = {cell.asked.consumer: imports[cell.name] for cell in cells}
    return answer.model_copy(
        update={
            "consumers": tuple(
                one.model_copy(update={"imports": found.get(one.distribution)})
                for one in answer.consumers
            )
        }
    )
