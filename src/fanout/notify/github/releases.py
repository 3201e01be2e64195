"""The pull request that brings new releases of Core into the table of `tox.ini`."""

from __future__ import annotations

from collections.abc import Mapping

from github.PullRequest import PullRequest

from fanout.notify.github.client import Account, asking, once

BRANCH = "cores-update"
BODY = "Made by `fanout cores --update`: these releases are on the index, and not in the table."


def propose(account: Account, repository: str, texts: Mapping[str, str], title: str) -> str:
    """Open the pull request, or bring the open one up to date; what was done, in a line.

    `texts` are the files with the new releases, by their paths.
    """
    what = f"propose new Core refs in '{repository}'"
    with asking(what):
        place = account.github.get_repo(repository)
        base = place.default_branch
        if BRANCH not in {branch.name for branch in place.get_branches()}:
            head = place.get_branch(base).commit.sha
            place.create_git_ref(f"refs/heads/{BRANCH}", head)
        for path, text in texts.items():
            blob = place.get_contents(path, ref=BRANCH)
            if not isinstance(blob, list) and blob.decoded_content.decode() != text:
                place.update_file(path, title, text, blob.sha, branch=BRANCH)

    def find() -> PullRequest | None:
        head = f"{repository.partition('/')[0]}:{BRANCH}"
        return next(iter(place.get_pulls(state="open", head=head, base=base)), None)

    def make() -> PullRequest:
        return place.create_pull(base=base, head=BRANCH, title=title, body=BODY)

    pull, made = once(what, account.waits, find, make)
    return f"pull request {pull.number}: {'opened' if made else 'was there, and is up to date'}"
