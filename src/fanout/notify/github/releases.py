"""The pull request that brings new releases of Core into the table of `tox.ini`."""

from __future__ import annotations

from github.GithubException import GithubException
from github.PullRequest import PullRequest
from github.Repository import Repository

from fanout.notify.github.client import Account, asking, once

BRANCH = "cores-update"
FILE = "tox.ini"
BODY = "Made by `fanout cores --update`: these releases are on the index, and not in the table."


def propose(account: Account, repository: str, after: str, title: str) -> str:
    """Open the pull request, or bring the open one up to date; what was done, in a line.

    `after` is `tox.ini` with the new releases.
    """
    what = f"propose new Core refs in '{repository}'"
    with asking(what):
        place = account.github.get_repo(repository)
        base = place.default_branch
        if text(place, BRANCH) is None:
            head = place.get_branch(base).commit.sha
            place.create_git_ref(f"refs/heads/{BRANCH}", head)
        if text(place, BRANCH) != after:
            blob = place.get_contents(FILE, ref=BRANCH)
            sha = blob[0].sha if isinstance(blob, list) else blob.sha
            place.update_file(FILE, title, after, sha, branch=BRANCH)

    def find() -> PullRequest | None:
        head = f"{repository.partition('/')[0]}:{BRANCH}"
        return next(iter(place.get_pulls(state="open", head=head, base=base)), None)

    def make() -> PullRequest:
        return place.create_pull(base=base, head=BRANCH, title=title, body=BODY)

    pull, made = once(what, account.waits, find, make)
    return f"pull request {pull.number}: {'opened' if made else 'was there, and is up to date'}"


def text(place: Repository, branch: str) -> str | None:
    """`tox.ini` on a branch; None if there is no such branch."""
    try:
        blob = place.get_contents(FILE, ref=branch)
        return None if isinstance(blob, list) else blob.decoded_content.decode()
    except GithubException as error:
        if error.status != 404:
            raise
        return None
