"""One issue here for each cause of what regressed: opened, updated, closed when it is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from github.GithubException import GithubException
from github.Issue import Issue
from github.Repository import Repository

from fanout.history.run import Run
from fanout.notify.announcement import Announcement
from fanout.notify.github.about import About, Descends, Mended, read
from fanout.notify.github.broken import Broken, by_cause, kept, rest
from fanout.notify.github.client import Account, UnreachableGitHub, asking, once
from fanout.notify.github.issue_text import body, title

LABEL = "contract"
MOST = 10  # causes with an issue each; the others of a run share one
MOST_ASSIGNEES = 10  # that GitHub takes
OLD = "<!-- contract: "  # in issues of one promise each, as they were before
Issues = Mapping[tuple[str, str], "Ours"]


class Ours(NamedTuple):
    """An issue that we wrote, and what it is about."""

    issue: Issue
    about: About


def tell(
    account: Account,
    repository: str,
    core_repository: str,
    announcement: Announcement,
    run: Run | None,
    assignees: Mapping[str, Sequence[str]],
) -> str:
    """Open, update and close issues; what was done, in a line.

    Only what is on a default branch or released opens one: a pull request of Core has its comment.
    """
    if announcement.request.pull_request is not None:
        return "no issues: a pull request of Core has its comment"
    with asking(f"read the issues of '{repository}'"):
        place = account.github.get_repo(repository)
        written = list(by_us(place, account.login))
    there = by_key(written)
    mended = Mended(kept(announcement, run), ancestry(account, core_repository))
    # What has an issue keeps it.
    causes = sorted(by_cause(announcement, run), key=lambda one: one.key not in there)
    told = [*causes[:MOST], *rest(causes[MOST:])]
    done = []
    for one in told:
        if one.key not in there:
            opened(account, place, one, announcement, assignees)
            done.append("opened")
        elif updated(there[one.key], one, announcement, mended, repository):
            done.append("updated")
    for issue in over(there, told, announcement, mended):
        with asking(f"close issue {issue.number} of '{repository}'"):
            issue.edit(state="closed", state_reason="completed")
        done.append("closed")
    counts = {verb: done.count(verb) for verb in ("opened", "updated", "closed")}
    said = ", ".join(f"{count} {verb}" for verb, count in counts.items() if count)
    old = sum(OLD in (issue.body or "") and issue.state == "open" for issue in written)
    left = f"; {old} of a promise each, as they were before, left to be closed by hand"
    return f"issues of '{repository}': {said or 'nothing to change'}{left if old else ''}"


def by_us(place: Repository, login: str) -> Iterator[Issue]:
    """Our own issues, the oldest first; what others wrote is never taken for ours."""
    for issue in place.get_issues(state="all", labels=[LABEL], sort="created", direction="asc"):
        if issue.user.login == login:
            yield issue


def by_key(written: Sequence[Issue]) -> Issues:
    found = ((issue, read(issue.body or "")) for issue in written)
    return {about.key: Ours(issue, about) for issue, about in found if about}


def ancestry(account: Account, repository: str) -> Descends:
    """What asks Core's repository once whether one commit comes after another."""

    @cache
    def descends(older: str, newer: str) -> bool:
        try:
            with asking(f"compare commits of '{repository}'"):
                core = account.github.get_repo(repository)
                return core.compare(older, newer, comparison_commits_per_page=1).status == "ahead"
        except UnreachableGitHub:
            # What was thrown away comes after nothing, and an issue may stay open.
            return False

    return descends if repository else lambda older, newer: False


def opened(
    account: Account,
    place: Repository,
    one: Broken,
    announcement: Announcement,
    assignees: Mapping[str, Sequence[str]],
) -> None:
    what = f"open an issue about {title(one)}"

    def find() -> Issue | None:
        found = by_key(list(by_us(place, account.login))).get(one.key)
        return found.issue if found else None

    def make() -> Issue:
        text = body(one, one.about, announcement)
        return place.create_issue(title=title(one), body=text, labels=[LABEL])

    issue, _ = once(what, account.waits, find, make, is_new=True)
    logins = dict.fromkeys(login for pack in one.packs for login in assignees.get(pack, ()))
    if logins:
        with asking(f"assign issue {issue.number}"):
            try:
                issue.add_to_assignees(*list(logins)[:MOST_ASSIGNEES])
            except GithubException as error:
                # Somebody who left is no reason to lose the issue.
                if error.status != 422:
                    raise


def updated(
    ours: Ours, one: Broken, announcement: Announcement, mended: Mended, repository: str
) -> bool:
    """Bring an issue up to date, unless it is, or a later run has."""
    issue, was = ours
    if was.core.run > announcement.run:
        return False
    about = one.about if issue.state == "closed" else mended.renewed(was, one.about)
    text = body(one, about, announcement)
    if issue.body == text and issue.state == "open":
        return False
    with asking(f"update issue {issue.number} of '{repository}'"):
        issue.edit(body=text, state="open")
    return True


def over(
    there: Issues, told: Sequence[Broken], announcement: Announcement, mended: Mended
) -> Iterator[Issue]:
    """The open issues of which each promise is mended, or is told in another one now."""
    elsewhere = {(one.core.line, promise.digest) for one in told for promise in one.promises}
    for key, (issue, about) in there.items():
        open_and_ours = issue.state == "open" and about.core.run <= announcement.run
        if open_and_ours and not about.more and key not in {one.key for one in told}:
            left = (one for one in about.promises if (about.core.line, one) not in elsewhere)
            if all(mended.since(about.core, one) for one in left):
                yield issue
