"""`fanout strength`: which broken Cores a pack notices, and which good ones it refuses."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from fanout.cells.matrix import read_matrix
from fanout.cells.packs import chosen, read_packs
from fanout.cells.run import PackInMatrix, alone
from fanout.commands.command import FOLDER, HISTORY, INDEX, ROOT, Command, format_option, say, show
from fanout.commands.progress import Pace
from fanout.core.resolve import newest_release, resolve
from fanout.history.strengths import keep_strength, read_strength
from fanout.model import PackOnDisk
from fanout.strength.answer import Strength, Strengths
from fanout.told.strength_text import print_mutant, print_strengths

ENDS = """\b
Exit codes: 0 as strong as pack.toml asks, 1 weaker, or a false alarm,
2 unusable input, 3 unknown: nothing could be run.
"""


@click.command(
    cls=Command,
    short_help="Change Core in every way that a pack should notice.",
    epilog=f"{ENDS}Example: fanout strength store --core 1.4.61",
)
@click.argument("pack", required=False)
@click.option("--core", "named", metavar="REF", help="The Core to change; the newest release.")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Run on N mutants only, chosen by the seed.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="What chooses the sample.")
@click.option("--mutant", metavar="ID", help="Run on this mutant only, and show it.")
@click.option("--keep", type=FOLDER, help="Write the wheel of the mutant into this folder.")
@format_option()
@ROOT
@HISTORY
@INDEX
def strength(
    pack: str | None,
    named: str | None,
    sample: int | None,
    seed: int,
    mutant: str | None,
    keep: Path | None,
    form: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Change Core in every way that PACK should notice, and say what it did not.

    Each mutant is a Core with one change. Breaking ones count where the consumer's release, or its
    pack, uses what they change; compatible ones must be accepted. Without PACK every pack runs.
    """
    from fanout.strength.trial import Trial  # takes long to import

    if keep and not mutant:
        raise click.UsageError("--keep needs --mutant")
    if mutant and (sample or not pack):
        raise click.UsageError("--mutant needs a PACK, and no --sample")
    root = root.resolve()
    matrix = read_matrix(root)
    core = resolve(named, "candidate", root, matrix) if named else newest_release(matrix)
    answers = []
    with alone(root):
        for name in chosen([pack] if pack else [], matrix):
            on_disk = read_packs(root, [name])[name]
            found = PackInMatrix(root=root, matrix=matrix, name=name, pack=on_disk)
            say(f"{found.name}: reading Core {core.shown} and {found.pack.says.consumer}")
            trial = Trial(found, core, index)
            if mutant:
                one = trial.named(mutant)
                report = trial.try_one(one)
                wheel = trial.keep(one, keep) if keep else None
                show(form, report, partial(print_mutant, report, wheel))
                return
            found_now = trial.measure(sample or 0, seed, Pace("mutants"))
            answers.append(keep_measured(found_now, on_disk, history))
    whole = Strengths(packs=tuple(answers))
    show(form, answers[0] if pack else whole, partial(print_strengths, whole))
    sys.exit(whole.exit_code)


def keep_measured(found: Strength, pack: PackOnDisk, history: Path) -> Strength:
    """Keep a whole measurement, and note the floor that the one before had."""
    before = read_strength(history, found.pack)
    if not found.sample and not found.complaints:
        keep_strength(history, found, pack.digest, datetime.now(UTC))
    floor = before.strength.floor if before else 0.0
    return found.model_copy(update={"floor_before": floor})
