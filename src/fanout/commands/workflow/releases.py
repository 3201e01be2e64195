"""`fanout workflow releases`: pull requests for the releases that the tables lack."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from fanout.commands.command import INDEX, ROOT, Command
from fanout.consumers.releases import read_newest
from fanout.consumers.table import FILE, news, packs_of, read_table, renewed
from fanout.core.index import read_releases
from fanout.core.refs import core_refs
from fanout.core.table import Table
from fanout.notify.github.client import connect
from fanout.notify.github.releases import Proposal, propose


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 the tables have every release, or a pull request brings it,
2 tox.ini or consumers.toml cannot be read,
3 the index or GitHub gave no answer.
Example: fanout workflow releases --repository owner/contracts""",
)
@click.option("--repository", envvar="GITHUB_REPOSITORY", required=True, help="Ours, OWNER/NAME.")
@ROOT
@INDEX
def releases(repository: str, root: Path, index: str) -> None:
    """Propose to add new releases of Core and of its consumers."""
    # A token that has ended fails this job before an answer needs it.
    account = connect(os.environ)
    for proposal_of in (of_core, of_consumers):
        found = proposal_of(root, index)
        if isinstance(found, str):
            click.echo(found)
        elif account:
            click.echo(propose(account, repository, found))
        else:
            click.echo(f"no token to propose with: {found.title}")


def of_core(root: Path, index: str) -> Proposal | str:
    """What brings the table of Core refs up to date, or that it is."""
    table = Table(root / "tox.ini")
    refs = core_refs(read_releases(index, lambda done, total: None), table.known, table.yanked)
    new = [ref.version for ref in refs if not ref.in_table]
    turned = [ref.version for ref in refs if ref.yanked is not (ref.factor in table.yanked)]
    if not new and not turned:
        return "tox.ini names every release of Core"
    return Proposal(
        branch="cores-update",
        title=f"Add Core {spanned(new)}"
        if new
        else f"Tell Core {spanned(turned)} as yanked, or no longer",
        body="Made by `fanout cores --update`: these releases are on the index, and not in the"
        " table.",
        texts=relative(table.renewed(refs), root),
    )


def of_consumers(root: Path, index: str) -> Proposal | str:
    """What brings the table of consumers up to date, or that it is."""
    table = read_table(root)
    packs = packs_of(root, table)
    new = news(table, read_newest(list(table), index))
    if not new:
        return f"{FILE} names the newest release of every consumer"
    read_from = {name: f", whose pack is of {pack.release}" for name, (_, pack) in packs.items()}
    lines = [f"- {name} {release}{read_from.get(name, '')}" for name, release in new.items()]
    made = "Made by `fanout consumers --update`: these releases are the newest on the index."
    return Proposal(
        branch="consumers-update",
        title=f"Take up {', '.join(f'{name} {release}' for name, release in new.items())}",
        body="\n".join([made, "", *lines]),
        texts=relative(renewed(root, new), root),
    )


def relative(texts: Mapping[Path, str], root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): text for path, text in texts.items()}


def spanned(versions: Sequence[str]) -> str:
    return versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"
