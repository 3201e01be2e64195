"""`fanout probe`: one pack on one Core, for `git bisect run` and for scripts."""

from __future__ import annotations

import sys
import tempfile
from enum import IntEnum
from pathlib import Path

import click
from click.exceptions import Exit
from rich.console import Console

from fanout.bisect.judged import Judged, choose, judged
from fanout.bisect.probe import keep, probe
from fanout.cells.run import alone, find_pack
from fanout.commands.command import FOLDER, INTERRUPTED, ROOT, complain, print_every_text, say
from fanout.errors import UnusableInput
from fanout.model import Standing


class ProbeCode(IntEnum):
    """How a probe ends, in the words of `git bisect run`."""

    KEPT = 0
    BROKEN = 1
    SKIP = 125
    STOP = 128  # from here on git gives up, and marks nothing


CODES = {Standing.KEPT: ProbeCode.KEPT, Standing.BROKEN: ProbeCode.BROKEN}


class ProbeCommand(click.Command):
    """A command that never ends with 1 unless a promise is broken, whatever goes wrong."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            error.show()
            raise Exit(ProbeCode.STOP) from error

    def invoke(self, ctx: click.Context) -> object:
        print_every_text()
        try:
            return super().invoke(ctx)
        except UnusableInput as error:
            complain(error)
        except KeyboardInterrupt:
            say("interrupted: there is no answer")
            ctx.exit(INTERRUPTED)
        except Exception:
            Console(stderr=True, soft_wrap=True).print_exception()
        ctx.exit(ProbeCode.STOP)


@click.command(
    "probe",
    cls=ProbeCommand,
    short_help="Run one pack on one Core, for `git bisect run`.",
    epilog="""\b
Exit codes: 0 kept, 1 broken, 125 cannot be judged, 128 unusable input or
usage, 130 interrupted. `git bisect run` passes over 125 and stops at 128.
Example: git bisect run fanout probe pipeline . --root ../contracts""",
)
@click.argument("pack")
@click.argument("core")
@click.option("--promise", "texts", multiple=True, help="Judge this promise only; repeatable.")
@click.option("--evidence", type=FOLDER, help="Leave the evidence in this folder.")
@click.option("--history", type=FOLDER, help="Record the run in this history.")
@ROOT
def probe_command(
    pack: str,
    core: str,
    texts: tuple[str, ...],
    evidence: Path | None,
    history: Path | None,
    root: Path,
) -> None:
    """Run one PACK on one CORE and say in one line whether its promises are kept.

    CORE is a version, a Core ref of tox.ini, a wheel, an sdist, a directory, or a git URL with
    a ref. A directory that cannot be built cannot be judged.
    """
    found = find_pack(pack, root.resolve())
    promises = [choose(text, found.name, found.pack.promises) for text in texts]
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder, alone(found.root):
        core_found, report = probe(found, core, evidence or Path(folder))
    if history:
        keep(found, core_found, report, history)
    seen = judged(report.cell.core_ref, report, promises)
    click.echo(f"{found.name} on {core_found.named if core_found else core}: {said_of(seen)}")
    sys.exit(CODES.get(seen.standing, ProbeCode.SKIP))


def said_of(seen: Judged) -> str:
    """Where the promises stand, and why, in one line."""
    version = f"Core {seen.version}, " if seen.version else ""
    if seen.broken:
        first = seen.broken[0]
        others = f" and {len(seen.broken) - 1} more" if len(seen.broken) > 1 else ""
        return f"{version}broken: {first.name}{others}: {' '.join(first.message.split())}"
    if seen.standing is Standing.KEPT:
        return f"{version}kept"
    return f"{version}cannot be judged: {seen.standing}: {' '.join(seen.reason.split())}"
