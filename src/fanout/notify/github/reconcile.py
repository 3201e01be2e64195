"""What Core asked and nobody answered: found by its pending status, and asked once more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from github.Commit import Commit
from github.Repository import Repository

from fanout.notify.github.client import Account, asking
from fanout.notify.github.status import CONTEXT

EVENT = "core"  # of `repository_dispatch`, as contracts.yml names it
RECENT = timedelta(days=2)
PATIENCE = timedelta(minutes=30)  # a run may take so long
MOST_COMMITS = 100
RUNNING = ("queued", "in_progress", "waiting", "pending", "requested")


class Unanswered(NamedTuple):
    """A commit of Core with a status that has been pending for too long."""

    commit: str
    pull_request: int | None
    since: datetime


def reconcile(account: Account, core: str, repository: str, now: datetime) -> list[Unanswered]:
    """Dispatch again what was never answered and is not running; what was dispatched."""
    with asking(f"read what was asked in '{core}'"):
        theirs, ours = (account.github.get_repo(name) for name in (core, repository))
        waiting = list(unanswered(theirs, now))
    with asking(f"read the runs of '{repository}'"):
        running = list(titles(ours)) if waiting else []
    found = [one for one in waiting if not any(one.commit in title for title in running)]
    for one in found:
        with asking(f"dispatch a run in '{repository}'"):
            payload = {"core_ref": one.commit, "sha": one.commit, "pull_request": one.pull_request}
            ours.create_repository_dispatch(EVENT, payload)
    return found


def unanswered(core: Repository, now: datetime) -> Iterator[Unanswered]:
    pulls = islice(core.get_pulls(state="open"), MOST_COMMITS)
    heads = {pull.head.sha: pull.number for pull in pulls}
    recent = [one.sha for one in islice(core.get_commits(since=now - RECENT), MOST_COMMITS)]
    for commit in dict.fromkeys((*heads, *recent)):
        since = pending(core.get_commit(commit))
        if since is not None and now - since > PATIENCE:
            yield Unanswered(commit, heads.get(commit), since)


def pending(commit: Commit) -> datetime | None:
    """Since when our status of a commit has been pending; None if it is not."""
    for status in commit.get_combined_status().statuses:
        if status.context == CONTEXT and status.state == "pending":
            return status.updated_at.astimezone(UTC)
    return None


def titles(repository: Repository) -> Iterator[str]:
    """The titles of the runs that have not ended: contracts.yml puts Core's commit there."""
    workflow = repository.get_workflow("contracts.yml")
    for status in RUNNING:
        for run in islice(workflow.get_runs(status=status), MOST_COMMITS):
            yield run.display_title or ""
