"""`fanout diff`: what changed between two Cores, and which promises name it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from fanout.cause.difference import difference
from fanout.cells.matrix import read_matrix
from fanout.cells.packs import chosen, read_packs
from fanout.cells.promises import read_promises
from fanout.commands.command import INDEX, PACKS, ROOT, Command, format_option, show
from fanout.core.index import wheel_of
from fanout.core.resolve import resolve
from fanout.surface.reader import surface
from fanout.told.difference_text import difference_markdown, print_difference


@click.command(
    cls=Command,
    short_help="Show what changed between two Cores, and who will notice.",
    epilog="""\b
Exit codes: 0 the difference is printed, be it none, 2 unusable input,
3 the index cannot be read.
Example: fanout diff 1.2.31 1.2.33""",
)
@click.argument("baseline")
@click.argument("candidate")
@PACKS
@format_option("markdown")
@ROOT
@INDEX
def diff(
    baseline: str, candidate: str, packs: tuple[str, ...], form: str, root: Path, index: str
) -> None:
    """Show every public change from BASELINE to CANDIDATE, and who will notice.

    Each is a version, a Core ref of tox.ini, a wheel, an sdist, a directory, or a git URL with a
    ref. Nothing of either is run.
    """
    matrix = read_matrix(root)
    asked = chosen(packs, matrix)
    before = resolve(baseline, "baseline", root, matrix)
    after = resolve(candidate, "candidate", root, matrix)
    found = difference(
        (before, after),
        (surface(wheel_of(before, root, index)), surface(wheel_of(after, root, index))),
        read_packs(root, asked),
        {name: read_promises(root / "packs" / name) for name in asked},
    )
    show(
        form,
        found,
        partial(print_difference, found),
        markdown=partial(difference_markdown, found),
    )
