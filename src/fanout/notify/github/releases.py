"""The pull request that brings new releases into a table: of Core, or of its consumers."""

from __future__ import annotations

from collections.abc import Mapping

from github.PullRequest import PullRequest

from fanout.model import Frozen
from fanout.notify.github.client import Account, asking, once


class Proposal(Frozen):
    """What a pull request changes; there is one for each branch, brought up to date."""

    branch: str
    title: str
    body: str
    texts: Mapping[str, str]  # by path


def propose(account: Account, repository: str, asked: Proposal) -> str:
    """Open the pull request, or bring the open one up to date; what was done, in a line."""
    branch, title = asked.branch, asked.title

    def find() -> PullRequest | None:
        head = f"{repository.partition('/')[0]}:{branch}"
        return next(iter(place.get_pulls(state="open", head=head, base=base)), None)

    def make() -> PullRequest:
        return place.create_pull(base=base, head=branch, title=title, body=asked.body)

    with asking(f"propose '{title}' in '{repository}'"):
        place = account.github.get_repo(repository)
        base = place.default_branch
        if branch not in {branch.name for branch in place.get_branches()}:
            head = place.get_branch(base).commit.sha
            place.create_git_ref(f"refs/heads/{branch}", head)
        for path, text in asked.texts.items():
            blob = place.get_contents(path, ref=branch)
            if not isinstance(blob, list) and blob.decoded_content.decode() != text:
                place.update_file(path, title, text, blob.sha, branch=branch)
        there = find()
        pull = there or once(make, find)
    return f"pull request {pull.number}: {'was there, and is up to date' if there else 'opened'}"
