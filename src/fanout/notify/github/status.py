"""The commit status on Core: the answer, beside the commit that was judged."""

from __future__ import annotations

from fanout.model import Answer
from fanout.notify.announcement import Announcement
from fanout.notify.github.client import Account, asking, once
from fanout.wording import fitted, one_line

CONTEXT = "contracts"
STATES = {Answer.RELEASE: "success", Answer.HOLD: "failure", Answer.UNKNOWN: "error"}
LONGEST = 140  # characters of a description


def description(announcement: Announcement) -> str:
    return fitted(one_line(announcement.headline), LONGEST)


def tell(account: Account, repository: str, announcement: Announcement) -> str:
    """Set the status of the commit, unless a later run has; what was done, in a line."""
    commit_hash = announcement.request.commit
    state, said = STATES[announcement.answer], description(announcement)
    asked = (state, said, str(announcement.url))

    def find() -> str | None:
        # The newest of each context.
        for status in commit.get_combined_status().statuses:
            if status.context == CONTEXT:
                if (status.state, status.description, status.target_url) == asked:
                    return f"was there already: {state}"
                later = announcement.run_at(status.target_url)
                if later > announcement.run:
                    return f"stays as it is: it is of run {later}, which began later"
        return None

    def make() -> str:
        commit.create_status(state, asked[2], said, CONTEXT)
        return f"set {state}"

    with asking(f"set the status of {commit_hash[:10]} in '{repository}'"):
        commit = account.github.get_repo(repository).get_commit(commit_hash)
        done = find() or once(make, find)
    return f"the status of {commit_hash[:10]} in '{repository}': {done}"
