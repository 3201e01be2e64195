"""`fanout uses`: what consumers use of Core, read from their wheels, and what it cannot meet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from packaging.utils import canonicalize_name

from fanout.cells.matrix import read_matrix
from fanout.commands.command import HISTORY, INDEX, ROOT, Command, format_option, show
from fanout.commands.progress import Pace
from fanout.consumers.needs.across import Usages, across
from fanout.consumers.needs.usage import usage
from fanout.consumers.release import Release, read_release, read_wheel
from fanout.consumers.releases import read_newest
from fanout.consumers.table import packs_of, read_table
from fanout.core.index import wheel_of
from fanout.core.resolve import newest_release, released, resolve
from fanout.core.wheel import wheel_digest
from fanout.errors import ExitCode, UnknownConsumer
from fanout.history.surfaces import surface_of
from fanout.model import Matrix, version_of
from fanout.surface.shape import Shapes
from fanout.told.uses_text import print_usages


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 told, 1 with --core: it cannot meet a use that nothing guards, 2 unusable input,
3 the index gave no answer.

\b
Example: fanout uses market-data-ibkr --core 1.4.61""",
)
@click.argument("names", nargs=-1, metavar="[DISTRIBUTION[==VERSION]|WHEEL]...")
@click.option("--core", "named", metavar="REF", help="The Core that must meet them.")
@click.option(
    "--all", "every", is_flag=True, help="See which uses each Core of tox.ini cannot meet."
)
@format_option()
@ROOT
@HISTORY
@INDEX
def uses(
    names: tuple[str, ...],
    named: str | None,
    every: bool,
    form: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Show every use of Core in the releases of consumers, all of them unless some are named.

    Nothing in a wheel is imported or run. A DISTRIBUTION, or its pack, without a VERSION is the
    release in consumers.toml. Without --core the uses are those of the newest release of Core. REF
    is a version, a Core ref of tox.ini, a wheel, an sdist, a directory, or a git URL with a ref.
    """
    if named and every:
        raise click.UsageError("give --core or --all, not both")
    root = root.resolve()
    releases = read_releases(names, root, index)
    matrix = read_matrix(root)
    if every:
        answer = across(releases, cores_of(matrix, root, history, index))
    else:
        core = resolve(named, "candidate", root, matrix) if named else newest_release(matrix)
        shapes = Shapes(surface_of(wheel_of(core, root, index), history))
        answer = Usages(usages=tuple(usage(one, core.version, shapes) for one in releases))
    show(form, answer, partial(print_usages, answer))
    broken = named and any(one.broken for one in answer.usages)
    sys.exit(ExitCode.BROKEN if broken else ExitCode.FINE)


def read_releases(names: Sequence[str], root: Path, index: str) -> list[Release]:
    """The releases that texts name, all of consumers.toml if there is none.

    Raises InvalidCore, UnknownConsumer, UnreachableIndex.
    """
    table = read_table(root)
    by_pack = {pack: consumer for consumer, (pack, _) in packs_of(root, table).items()}

    def read(named: str) -> Release:
        if named.endswith(".whl"):
            return read_wheel(Path(named))
        name, _, version = (part.strip() for part in named.partition("=="))
        name = by_pack.get(name, canonicalize_name(name))
        version = version or table.get(name) or read_newest([name], index).get(name, "")
        if not version:
            raise UnknownConsumer(f"'{name}' has no release", "name one as DISTRIBUTION==VERSION")
        return read_release(name, version, root, index)

    return [read(name) for name in names or table]


def cores_of(
    matrix: Matrix, root: Path, history: Path, index: str
) -> dict[str, tuple[tuple[str, ...], Shapes]]:
    """Each content of Core that tox.ini names, by digest, with the versions that have it."""
    refs = dict.fromkeys(cell.core_ref for cell in matrix.cells)
    cores = [core for ref in refs if (core := released(ref, matrix))]
    cores.sort(key=lambda core: version_of(core.version))
    found: dict[str, tuple[tuple[str, ...], Shapes]] = {}
    told = Pace("Cores")
    for number, core in enumerate(cores, 1):
        wheel = wheel_of(core, root, index)
        digest = wheel_digest(wheel)
        if digest in found:
            versions, shapes = found[digest]
        else:
            versions, shapes = (), Shapes(surface_of(wheel, history))
        found[digest] = ((*versions, core.version), shapes)
        told(number, len(cores))
    return found
