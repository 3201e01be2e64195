"""One issue here for each promise that regressed: opened, updated, and closed when it is mended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from github.GithubException import GithubException
from github.Issue import Issue
from github.Repository import Repository

from fanout.gate.verdict import STANDINGS
from fanout.history.run import Run
from fanout.model import Standing, Verdict
from fanout.notify.announcement import Announcement
from fanout.notify.github.client import Account, asking, once
from fanout.told.report import why
from fanout.told.report_markdown import code, escape
from fanout.wording import fitted

LABEL = "contract"
LONGEST_TITLE = 256  # characters that GitHub takes
LONGEST_BODY = 60_000
MARKER = re.compile(r"<!-- contract: (\S+) (\S+) (core_\w+) -->")
MENDED = (Verdict.FIXED, Verdict.PASSING, Verdict.NEW)


class Regression(NamedTuple):
    """A promise that regressed on a Core ref, and what is told of it."""

    pack: str
    promise: str
    core_ref: str
    says: str
    owner: str
    core: str  # in words
    message: str
    command: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.pack, self.promise)


def regressions(announcement: Announcement) -> dict[tuple[str, str], Regression]:
    """The promises that regressed, each once, on the newest Core ref that broke it."""
    found: dict[tuple[str, str], Regression] = {}
    for turn in announcement.turned:
        if turn.verdict is Verdict.REGRESSED:
            cell = f"{turn.pack}-{turn.core_ref}"
            found[turn.pack, turn.promise] = Regression(
                turn.pack,
                turn.promise,
                turn.core_ref,
                turn.says,
                turn.owner,
                turn.core_ref,
                turn.message,
                f"tox run -e {cell}",
            )
    if announcement.decision:
        candidate = announcement.decision.candidate
        for judged in announcement.decision.cells:
            for one in judged.having(Verdict.REGRESSED):
                found[judged.pack, one.name] = Regression(
                    judged.pack,
                    one.name,
                    candidate.core_ref,
                    one.says,
                    judged.owner,
                    f"{candidate.named} ({candidate.shown})",
                    one.candidate.message,
                    judged.command,
                )
    return found


def mended(announcement: Announcement, run: Run | None) -> Iterator[tuple[str, str, str]]:
    """Pack, promise and Core ref of what is kept now."""
    for turn in announcement.turned:
        if turn.verdict is Verdict.FIXED:
            yield turn.pack, turn.promise, turn.core_ref
    if announcement.decision:
        for cell in announcement.decision.cells:
            for one in cell.promises:
                if one.verdict in MENDED:
                    yield cell.pack, one.name, announcement.decision.candidate.core_ref
    for attempt in run.attempts if run else ():
        for finding in run.findings_of(attempt) if run else ():
            if STANDINGS[finding.result] is Standing.KEPT:
                yield attempt.pack, finding.name, attempt.core_ref


def title(found: Regression) -> str:
    line = f"{found.pack}: {' '.join((found.says or found.promise).split())}"
    return fitted(line, LONGEST_TITLE)


def body(found: Regression, announcement: Announcement) -> str:
    quoted = "\n".join(f"> {escape(line.removeprefix('| '))}" for line in why(found.message, ""))
    text = "\n\n".join(
        part
        for part in (
            f"The promise **{escape(found.says or found.promise)}** regressed on Core"
            f" {escape(found.core)}.",
            f"{escape(found.pack)}, owned by {escape(found.owner)}, {escape(found.promise)}",
            quoted,
            f"Run it again: {code(found.command)}",
            f"[The newest run that saw it]({announcement.url}). This issue is closed when a run"
            " sees the promise kept there.",
        )
        if part
    )
    # A promise's name may hold anything, also what would end the marker.
    marker = f"<!-- contract: {found.pack} {quote(found.promise, safe='')} {found.core_ref} -->"
    return f"{text[:LONGEST_BODY]}\n\n{marker}"


def tell(
    account: Account,
    repository: str,
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
        there = dict(ours(place, account.login))
    found = regressions(announcement)
    done = {"opened": 0, "updated": 0, "closed": 0}
    for key, regression in found.items():
        issue = there.get(key)
        if issue is None:
            opened(account, place, regression, announcement, assignees.get(regression.pack, ()))
            done["opened"] += 1
        else:
            done["updated"] += updated(issue, body(regression, announcement), repository)
    kept = set(mended(announcement, run))
    for (pack, promise), issue in there.items():
        marker = MARKER.search(issue.body or "")
        here = marker and (pack, promise, marker[3]) in kept
        if here and (pack, promise) not in found and issue.state == "open":
            with asking(f"close issue {issue.number} of '{repository}'"):
                issue.edit(state="closed", state_reason="completed")
            done["closed"] += 1
    said = ", ".join(f"{count} {verb}" for verb, count in done.items() if count)
    return f"issues of '{repository}': {said or 'nothing to change'}"


def ours(place: Repository, login: str) -> Iterator[tuple[tuple[str, str], Issue]]:
    """Our own issues by pack and promise; what others wrote is never taken for ours."""
    for issue in place.get_issues(state="all", labels=[LABEL], sort="created", direction="asc"):
        marker = MARKER.search(issue.body or "")
        if marker and issue.user.login == login and issue.pull_request is None:
            yield (marker[1], unquote(marker[2])), issue


def opened(
    account: Account,
    place: Repository,
    found: Regression,
    announcement: Announcement,
    assignees: Sequence[str],
) -> None:
    what = f"open an issue about {found.promise} of {found.pack}"

    def find() -> Issue | None:
        return dict(ours(place, account.login)).get(found.key)

    def make() -> Issue:
        text = body(found, announcement)
        return place.create_issue(title=title(found), body=text, labels=[LABEL])

    issue, _ = once(what, account.waits, find, make)
    if assignees:
        with asking(f"assign issue {issue.number}"):
            try:
                issue.add_to_assignees(*assignees)
            except GithubException as error:
                # Somebody who left is no reason to lose the issue.
                if error.status != 422:
                    raise


def updated(issue: Issue, text: str, repository: str) -> int:
    if issue.body == text and issue.state == "open":
        return 0
    with asking(f"update issue {issue.number} of '{repository}'"):
        issue.edit(body=text, state="open")
    return 1
