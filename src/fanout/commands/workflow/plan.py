"""`fanout workflow plan`: the first job, which says what all others do."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from fanout.cells.matrix import read_matrix
from fanout.cells.packs import chosen
from fanout.commands.command import HISTORY, INDEX, ROOT, Command, say
from fanout.commands.workflow.step import BRANCH, TOKEN, annotate, output
from fanout.consumers.table import consumers_of
from fanout.core.resolve import COMMIT
from fanout.errors import UnusableInput
from fanout.git import run
from fanout.history.query import History
from fanout.model import Matrix
from fanout.notify.announcement import Request
from fanout.workflow.candidate import find
from fanout.workflow.event import InvalidRequest, Scope, changed_packs, request, scope
from fanout.workflow.history_branch import unread
from fanout.workflow.plan import Plan, answered, packed, plan

CORE_REPOSITORY = "https://github.com/mjdevaccount/market-data-core"
WAIT = 600  # seconds, for a version that is announced before it can be had
# What each cell of a release met of Core when it ran last; a release does not change.
CONTENTS = """
SELECT cell.name, digest FROM cell JOIN evidence ON evidence.cell = cell.id
JOIN content ON content.id = evidence.content
WHERE source = 'pypi' AND digest != '' AND core_ref NOT IN ('core_candidate', 'core_baseline')
ORDER BY newest"""
LONGEST_WAIT = 1200  # seconds; fanout.yml stops the job after 30 minutes


@click.command(
    "plan",
    cls=Command,
    epilog="""\b
Exit codes: 0 planned, also where nothing can be run, and why;
2 the checkout cannot be read.
Example: fanout workflow plan --inputs '{"core_ref": "1.4.61"}'""",
)
@click.option("--inputs", envvar="INPUTS", default="null", help="Those of fanout.yml, as JSON.")
@click.option(
    "--core-repository",
    envvar="CORE_REPOSITORY_URL",
    default=CORE_REPOSITORY,
    show_default=True,
    help="Where git finds Core.",
)
@click.option(
    "--wait",
    envvar="CORE_WAIT",
    type=click.IntRange(0, LONGEST_WAIT, clamp=True),
    default=WAIT,
    show_default=True,
    help="Seconds to wait for a version that is not on the index yet.",
)
@BRANCH
@TOKEN
@ROOT
@HISTORY
@INDEX
def plan_command(
    inputs: str,
    core_repository: str,
    wait: int,
    history_repository: str,
    token: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Say which cells are to run, in which jobs, on which Core."""
    root = root.resolve()
    if lost := unread(history_repository, history, token):
        say(f"how long cells take is not known: {lost}")
    asking = Asking(root, history, index, core_repository, wait, token)
    try:
        made = asking.plan(request(inputs), scope(inputs))
    except InvalidRequest as error:
        # The answer goes to its commit, if that can be read.
        made = Plan(
            request=Request(commit=commit_in(inputs)), problem=f"{error.what}; {error.hint}"
        )
    tell(made)
    output("commit", run("-C", str(root), "rev-parse", "HEAD").stdout.strip())


@dataclass(frozen=True)
class Asking:
    """Where a plan finds what it needs, and how long it waits for a version, in seconds."""

    root: Path
    history: Path
    index: str
    core_repository: str
    wait: float
    token: str

    def plan(self, wanted: Request, within: Scope) -> Plan:
        """The plan of a request; what cannot be run is a plan too, with the problem."""
        label = "history" if within.every else ""
        matrix = read_matrix(self.root, label or None)
        if within.since and not wanted.core_ref and not wanted.packs:
            packs = packs_since(within.since, self.root, matrix)
            wanted = wanted.model_copy(update={"packs": packs})
        try:
            candidate = None
            if wanted.core_ref or wanted.commit:
                candidate = find(
                    wanted, self.core_repository, matrix, self.index, self.wait, say, self.token
                )
                wanted = wanted.model_copy(update={"commit": wanted.commit or candidate.commit})
            named = chosen(wanted.packs, matrix)
            consumers = consumers_of(self.root, named, matrix.packs) if candidate else ()
            with History(self.history) as past:
                took = {cell.name: past.seconds(cell.name) for cell in matrix.cells}
                contents = dict(past.rows(CONTENTS))
            seconds = {name: one for name, one in took.items() if one is not None}
            made = plan(wanted, candidate, matrix, label, seconds, consumers, contents)
            now = datetime.now(UTC)
            if within.news and (found := answered(made, self.root, self.history, now)):
                return Plan(request=wanted, known=found)
        except UnusableInput as error:
            return Plan(request=wanted, problem=f"{error.what}; {error.hint}")
        return made


def commit_in(inputs: str) -> str:
    """The commit that an event names, whatever else is wrong with it."""
    commit = ""
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        commit = json.loads(json.loads(inputs)["payload"])["sha"]
    return commit if isinstance(commit, str) and COMMIT.fullmatch(commit) else ""


def packs_since(commit: str, root: Path, matrix: Matrix) -> tuple[str, ...]:
    """The packs that alone have changed since a commit; none, which is all, if that is not so."""
    if not COMMIT.fullmatch(commit):
        return ()
    diff = ("diff", "--name-only", "-z", "--no-renames", f"{commit}...HEAD", "--")
    done = run("-C", str(root), *diff)
    paths = done.stdout.rstrip("\0").split("\0") if done.returncode == 0 else []
    return changed_packs(filter(None, paths), matrix.packs)


def tell(made: Plan) -> None:
    """Print the plan, and give it to the jobs after this one."""
    shards = [{"name": shard.name, "cells": ",".join(shard.cells)} for shard in made.shards]
    output("plan", packed(made))
    output("matrix", json.dumps({"include": shards}))
    output("jobs", str(len(shards)))
    output("known", made.known)
    output("attempts", str(made.attempts))
    output("core", made.candidate.address if made.candidate else "")
    output("candidate", made.candidate.version if made.candidate else "")
    output("baseline", made.baseline)
    if made.problem:
        annotate("error", made.problem)
    if made.known:
        annotate("notice", f"nothing is new since {made.known}")
    click.echo(made.model_dump_json(indent=2, exclude_defaults=True))
