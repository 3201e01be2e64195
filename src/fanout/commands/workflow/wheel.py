"""`fanout workflow wheel`: the job that builds or fetches Core, once for all cells."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import click

from fanout.commands.command import FOLDER, INDEX, ROOT, Command
from fanout.commands.workflow.step import output
from fanout.core.index import fetch
from fanout.core.requirement import GIT_URL
from fanout.core.resolve import from_git
from fanout.core.wheel import keep
from fanout.errors import InvalidCore
from fanout.workflow.candidate import version_text


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 there is one wheel, 2 Core cannot be built or fetched,
3 the index gave no answer.
Example: fanout workflow wheel 1.4.61 --output core""",
)
@click.argument("core")
@click.option("--output", "folder", type=FOLDER, required=True, help="The folder for it.")
@ROOT
@INDEX
def wheel(core: str, folder: Path, root: Path, index: str) -> None:
    """Make one wheel of CORE, and print its path.

    CORE is a version or a git URL with a commit. The path ends with `wheels`, its own digest and
    its name: so it is the same in every job.
    """
    root = root.resolve()
    if git := GIT_URL.fullmatch(core):
        path = Path(from_git(git["url"], git["ref"], "candidate", root).wheel)
    elif version := version_text(core):
        path = keep(fetch(version, root, index), root)
    else:
        raise InvalidCore(f"'{core}' is no version and no git URL with a commit", "name one")
    target = folder / "wheels" / path.parent.name / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    output("wheel", str(target))
    output("sha256", hashlib.sha256(target.read_bytes()).hexdigest())
    click.echo(target)
