"""`fanout workflow plan`: the first job, which says what all others do."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fanout.cells.matrix import read_matrix
from fanout.commands.command import HISTORY, INDEX, ROOT, Command, say
from fanout.commands.workflow.step import annotate, output
from fanout.core.resolve import COMMIT
from fanout.errors import UnusableInput
from fanout.git import run
from fanout.history.query import History
from fanout.model import Matrix
from fanout.notify.announcement import Request
from fanout.workflow.candidate import find
from fanout.workflow.event import NIGHTLY, WEEKLY, InvalidRequest, changed_packs, request
from fanout.workflow.plan import Plan, packed, plan, refused, unreadable

CORE_REPOSITORY = "https://github.com/mjdevaccount/market-data-core"
WAIT = 600.0  # seconds, for a version that is announced before it can be had


@click.command(
    "plan",
    cls=Command,
    epilog="""\b
Exit codes: 0 planned, also where the plan is that nothing can be run, and why;
2 the checkout cannot be read.

\b
Example: fanout workflow plan --event workflow_dispatch --inputs '{"core_ref": "1.4.61"}'""",
)
@click.option("--event", envvar="EVENT", required=True, help="GitHub's name of the event.")
@click.option("--payload", envvar="PAYLOAD", default="null", help="Its client payload, as JSON.")
@click.option("--inputs", envvar="INPUTS", default="null", help="Its inputs, as JSON.")
@click.option(
    "--asked",
    envvar="ASKED",
    default="",
    type=click.Choice(["", NIGHTLY, WEEKLY]),
    help="What a schedule asks for.",
)
@click.option(
    "--since",
    envvar="SINCE",
    default="",
    help="Run only the packs that have changed since this commit, unless something shared has.",
)
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
    type=click.FloatRange(0, 3600),
    default=WAIT,
    show_default=True,
    help="Seconds to wait for a version that is not on the index yet.",
)
@ROOT
@HISTORY
@INDEX
def plan_command(
    event: str,
    payload: str,
    inputs: str,
    asked: str,
    since: str,
    core_repository: str,
    wait: float,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Say which cells are to run, in which jobs, on which Core; for GitHub, as job outputs."""
    root = root.resolve()
    label = "history" if asked == WEEKLY else ""
    matrix = read_matrix(root, label or None)
    try:
        wanted = request(event, payload, inputs, asked)
    except InvalidRequest as error:
        made = unreadable(event, error, commit_in(payload) or commit_in(inputs))
    else:
        if since and not wanted.core_ref and not wanted.packs:
            wanted = wanted.model_copy(update={"packs": packs_since(since, root, matrix)})
        made = planned(wanted, core_repository, matrix, label, history, index, wait)
    tell(made)


def planned(
    wanted: Request,
    repository: str,
    matrix: Matrix,
    label: str,
    history: Path,
    index: str,
    wait: float,
) -> Plan:
    """The plan of a request; what cannot be run is a plan too, with the problem."""
    try:
        with History(history) as past:
            seconds = {
                cell.name: took
                for cell in matrix.cells
                if (took := past.seconds(cell.name)) is not None
            }
        candidate = None
        if wanted.core_ref or wanted.commit:
            candidate = find(wanted, repository, matrix, index, wait, say)
            wanted = wanted.model_copy(update={"commit": wanted.commit or candidate.commit})
        return plan(wanted, candidate, matrix, label, seconds)
    except UnusableInput as error:
        return refused(wanted, f"{error.what}; {error.hint}")


def commit_in(said: str) -> str:
    """The commit that an event names, whatever else is wrong with it."""
    try:
        commit = json.loads(said)["sha"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
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
    output("attempts", " ".join(map(str, range(1, made.attempts + 1))))
    output("core", made.candidate.address if made.candidate else "")
    output("baseline", made.baseline)
    output("commit", made.request.commit)
    if made.problem:
        annotate("error", made.problem)
    click.echo(made.model_dump_json(indent=2, exclude_defaults=True))
