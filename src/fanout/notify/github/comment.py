"""The one comment on Core's pull request: edited in place, older ones hidden."""

from __future__ import annotations

from datetime import date

from github.IssueComment import IssueComment

from fanout.model import Verdict
from fanout.notify.announcement import Announcement
from fanout.notify.github.client import Account, asking, once
from fanout.told.decision.account import account as account_of
from fanout.told.decision.markdown import account_markdown
from fanout.told.report_markdown import escape

MARKER = "<!-- market-data-fanout: contracts -->"
LONGEST = 65_536  # characters that GitHub takes in a comment
NEWS = (Verdict.REGRESSED, Verdict.BROKEN, Verdict.FIXED, Verdict.UNKNOWN)


def body(announcement: Announcement, today: date) -> str:
    """The comment: the answer, then what regressed, then the rest, within GitHub's limit."""
    parts = [MARKER]
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


def tell(account: Account, repository: str, announcement: Announcement, today: date) -> str:
    """Write or edit the comment, and hide older ones of ours; what was done, in a line."""
    number = announcement.request.pull_request
    if number is None:
        return "no comment: no pull request was named"
    what = f"comment on pull request {number} of '{repository}'"
    text = body(announcement, today)
    with asking(what):
        issue = account.github.get_repo(repository).get_issue(number)

    def ours() -> list[IssueComment]:
        found = [one for one in issue.get_comments() if one.user.login == account.login]
        return [one for one in found if (one.body or "").startswith(MARKER)]

    def find() -> IssueComment | None:
        found = ours()
        return found[-1] if found else None

    comment, made = once(what, account.waits, find, lambda: issue.create_comment(text))
    with asking(what):
        edited = not made and comment.body != text
        if edited:
            comment.edit(text)
        for old in [] if made else ours()[:-1]:
            old.minimize("OUTDATED")
    done = "written" if made else "edited" if edited else "was there already"
    return f"the comment on pull request {number} of '{repository}': {done}"
