"""What Core's repository is told: a status of the commit, and one comment on a pull request.

The comment is edited in place, and older ones are hidden. What a later run said stays.
"""

from __future__ import annotations

import re
from datetime import date

from github.IssueComment import IssueComment

from fanout.model import Answer, Verdict
from fanout.notify.announcement import Announcement
from fanout.notify.github.client import Account, asking, once
from fanout.told.decision.account import account as account_of
from fanout.told.decision.markdown import account_markdown
from fanout.told.report_markdown import escape
from fanout.wording import fitted, one_line

CONTEXT = "contracts"
STATES = {Answer.RELEASE: "success", Answer.HOLD: "failure", Answer.UNKNOWN: "error"}
LONGEST_DESCRIPTION = 140  # characters
MARKER = re.compile(r"<!-- market-data-fanout: contracts commit=([0-9a-f]*) run=([0-9]{1,18}) -->")
LONGEST = 65_536  # characters that GitHub takes in a comment
NEWS = (Verdict.REGRESSED, Verdict.BROKEN, Verdict.FIXED, Verdict.UNKNOWN)


def set_status(account: Account, repository: str, announcement: Announcement) -> str:
    """Set the status of the commit, unless a later run has; what was done, in a line."""
    commit_hash = announcement.request.commit
    state = STATES[announcement.answer]
    said = fitted(one_line(announcement.headline), LONGEST_DESCRIPTION)
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


def body(announcement: Announcement, today: date) -> str:
    """The comment: the answer, then what regressed, then the rest, within GitHub's limit."""
    asked = announcement.request
    parts = [f"<!-- market-data-fanout: contracts commit={asked.commit} run={announcement.run} -->"]
    decision = announcement.decision
    if decision is None:
        parts.append(f"**{escape(announcement.headline)}**")
    else:
        verdicts = {one.verdict for cell in decision.cells for one in cell.promises}
        if not verdicts & set(NEWS):
            parts.append(f"No difference: {escape(announcement.headline)}.")
        parts.append(account_markdown(account_of(decision, today)).strip())
    parts.append(links(announcement))
    return cut("\n\n".join(parts), announcement)


def links(announcement: Announcement) -> str:
    found = [f"[The run]({announcement.url})"]
    if announcement.dashboard:
        found.append(f"[the dashboard]({announcement.dashboard})")
    return ", ".join(found) + "."


def cut(text: str, announcement: Announcement) -> str:
    """The text as far as GitHub takes it, up to the end of an entry, with a link to the whole."""
    if len(text) <= LONGEST:
        return text
    more = f"\n\nThis is cut here. {links(announcement)}"
    kept = text[: LONGEST - len(more)]
    end = max(kept.rfind("\n\n"), kept.rfind("\n- **"))
    return kept[:end] + more


def comment(
    account: Account, repository: str, number: int, announcement: Announcement, today: date
) -> str:
    """Write or edit the comment, and hide older ones of ours; what was done, in a line.

    What stands there stays if it is of a newer commit, or of a later run on the same one.
    """
    text = body(announcement, today)

    def ours() -> list[IssueComment]:
        mine = (one for one in pull.get_issue_comments() if one.user.login == account.login)
        return [one for one in mine if MARKER.match(one.body or "")]

    with asking(f"comment on pull request {number} of '{repository}'"):
        pull = account.github.get_repo(repository).get_pull(number)
        head = pull.head.sha
        mine = ours()
        if not mine:
            once(lambda: pull.create_issue_comment(text), lambda: next(iter(ours()), None))
            done = "written"
        elif (kept := rank(mine[-1].body, head)) > rank(text, head):
            done = f"stays as it is, of {'the present commit, ' if kept[0] else ''}run {kept[1]}"
        elif mine[-1].body == text:
            done = "was there already"
        else:
            mine[-1].edit(text)
            done = "edited"
        for old in mine[:-1]:
            old.minimize("OUTDATED")
    return f"the comment on pull request {number} of '{repository}': {done}"


def rank(text: str, head: str) -> tuple[bool, int]:
    """What sorts comments: those on the pull request's present commit last, then later runs."""
    marked = MARKER.match(text)
    return (marked[1] == head, int(marked[2])) if marked else (False, 0)
