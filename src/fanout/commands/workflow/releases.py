"""`fanout workflow releases`: a pull request for the releases that the table lacks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from fanout.commands.command import INDEX, ROOT, Command
from fanout.core.index import read_releases
from fanout.core.refs import core_refs
from fanout.core.table import Table
from fanout.notify.github.client import connect
from fanout.notify.github.releases import propose
from fanout.wording import number


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 the table has every release, or a pull request brings it,
2 tox.ini cannot be read, 3 the index or GitHub gave no answer.

\b
Example: fanout workflow releases --repository owner/contracts""",
)
@click.option("--repository", envvar="GITHUB_REPOSITORY", required=True, help="Ours, OWNER/NAME.")
@ROOT
@INDEX
def releases(repository: str, root: Path, index: str) -> None:
    """Look for releases of Core that tox.ini does not name, and propose to add them."""
    table = Table(root / "tox.ini")
    refs = core_refs(read_releases(index, lambda done, total: None), table.known, table.yanked)
    new = [ref.version for ref in refs if not ref.in_table]
    turned = [ref.version for ref in refs if ref.yanked is not (ref.factor in table.yanked)]
    if not new and not turned:
        click.echo("tox.ini names every release of Core")
        return
    account = connect(os.environ)
    if account is None:
        missing = f"{number(len(new), 'release')} not in tox.ini" if new else "yanks not in tox.ini"
        click.echo(f"{missing}, and no token to propose it with")
        return
    named = spanned(new) if new else f"{spanned(turned)} as yanked, or no longer"
    texts = {path.relative_to(root).as_posix(): text for path, text in table.renewed(refs).items()}
    verb = "Add" if new else "Tell"
    click.echo(propose(account, repository, texts, f"{verb} Core {named}"))


def spanned(versions: Sequence[str]) -> str:
    return versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"
