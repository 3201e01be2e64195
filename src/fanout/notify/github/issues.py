"""One issue here for each cause of what regressed: opened, updated, closed when it is mended."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from github.GithubException import GithubException
from github.Issue import Issue
from github.Repository import Repository

from fanout.history.run import Run
from fanout.notify.announcement import Announcement
from fanout.notify.github.about import MARKER, About, Descends, Judged, read
from fanout.notify.github.broken import Broken, by_cause, judged, kept, rest
from fanout.notify.github.client import Account, UnreachableGitHub, asking, once
from fanout.told.decision.markdown import group_parts
from fanout.told.report_markdown import escape
from fanout.wording import fitted, number, one_line

LABEL = "contract"
MOST = 10  # causes with an issue each; the others of a run share one
MOST_ASSIGNEES = 10  # that GitHub takes
LONGEST_TITLE, LONGEST = 256, 65_536  # characters that GitHub takes, the second in a body
OLD = "<!-- contract: "  # in issues of one promise each, as they were before
CUT = "What is more is cut here: the run tells it."
OPEN, CLOSED = "open", "closed"
# Which Cores keep each promise, and which commit comes after which; and what is told, by line.
Past = tuple[Mapping[str, Collection[Judged]], Descends]
Elsewhere = Collection[tuple[str, str]]


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
    there, cores = by_key(written), judged(run, announcement)
    causes = by_cause(announcement, cores)
    causes.sort(key=lambda one: one.about.key not in there)  # what has an issue keeps it
    told = {one.about.key: one for one in (*causes[:MOST], *rest(causes[MOST:]))}
    done = []
    for key, one in told.items():
        if key not in there:
            opened(account, place, one, announcement, assignees)
            done.append("opened")
    past = (kept(run, cores), ancestry(account, core_repository))
    elsewhere = {(key[1], promise) for key, one in told.items() for promise in one.about.promises}
    for key, ours in there.items():
        body, state = changed(ours, told.get(key), past, elsewhere, announcement)
        if (body, state) != (ours.issue.body, ours.issue.state):
            with asking(f"update issue {ours.issue.number} of '{repository}'"):
                ours.issue.edit(body=body, state=state)
            done.append(state if state == CLOSED else "updated")
    counts = {verb: done.count(verb) for verb in ("opened", "updated", CLOSED)}
    said = ", ".join(f"{count} {verb}" for verb, count in counts.items() if count)
    old = sum(OLD in (issue.body or "") and issue.state == OPEN for issue in written)
    left = f"; {old} of a promise each, as they were before, left to be closed by hand"
    return f"issues of '{repository}': {said or 'nothing to change'}{left if old else ''}"


def by_us(place: Repository, login: str) -> Iterator[Issue]:
    """Our own issues, the oldest first; what others wrote is never taken for ours."""
    for issue in place.get_issues(state="all", labels=[LABEL], sort="created", direction="asc"):
        if issue.user.login == login:
            yield issue


def by_key(written: Sequence[Issue]) -> dict[tuple[str, str], Ours]:
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


def changed(
    ours: Ours, one: Broken | None, past: Past, elsewhere: Elsewhere, announcement: Announcement
) -> tuple[str, str]:
    """The text and state of an issue after a run, in which its cause may have broken something.

    A later run's stay, and those of a closed one that broke on an older Core. A promise leaves it
    when it is mended, or told elsewhere.
    """
    issue, was = ours
    kept_on, descends = past
    late = was.core.run > announcement.run
    if late or (issue.state == CLOSED and (not one or was.core.is_after(one.about.core, descends))):
        return issue.body, issue.state
    mended = {
        promise: core
        for promise in was.promises
        for core in kept_on.get(promise, ())
        if core.follows(was.core, descends)
    }
    gone = {promise for line, promise in elsewhere if line == was.core.line} | mended.keys()
    left = [promise for promise in was.promises if promise not in gone and issue.state == OPEN]
    if not one and len(left) == len(was.promises):
        return issue.body, issue.state
    over = not (one or left or was.more)
    core = was.core.model_copy(update={"run": announcement.run})
    if one:
        core = core.or_newer(one.about.core, descends) if issue.state == OPEN else one.about.core
    elif over:
        # What mended it, so that nothing older opens it again.
        core = next(iter(mended.values()), core)
    about = About(
        cause=was.cause,
        core=core,
        promises=(*(one.about.promises if one else ()), *left) or was.promises,
        more=was.more,
    )
    if one:
        return text(one, about, announcement), OPEN
    return MARKER.sub(lambda _: about.marker, issue.body), CLOSED if over else OPEN


def opened(
    account: Account,
    place: Repository,
    one: Broken,
    announcement: Announcement,
    assignees: Mapping[str, Sequence[str]],
) -> None:
    what = f"open an issue about {title(one)}"

    def find() -> Issue | None:
        found = by_key(list(by_us(place, account.login))).get(one.about.key)
        return found.issue if found else None

    def make() -> Issue:
        body = text(one, one.about, announcement)
        return place.create_issue(title=title(one), body=body, labels=[LABEL])

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


def title(one: Broken) -> str:
    """The promise if it is one, else how many, and why."""
    promises = number(len(one.promises), "promise")
    said = one.promises[0].entry.says if len(one.promises) == 1 else f"{promises}: {one.says}"
    return fitted(one_line(f"{', '.join(one.packs)}: {said}"), LONGEST_TITLE)


def text(one: Broken, about: About, announcement: Announcement) -> str:
    """The body, as much of it as GitHub takes: by cause, each pack first with how to run it."""
    core = one.about.core
    commit = f" at commit {core.commit}" if core.commit else ""
    regressed = f"{number(len(one.promises), 'promise')} regressed on Core {core.version}{commit}."
    tail = [
        f"[The newest run that saw it]({announcement.url}). This issue is closed when later runs"
        f" have kept each promise on Core {escape(about.core.version)}, or on a later one of its"
        " minor line.",
        about.marker,
    ]
    if earlier := len(about.promises) - len(one.promises):
        said = number(earlier, "more promise")
        tail.insert(0, f"{said}, not mended, broke before: the edits of this text tell.")
    shown = [escape(regressed)]
    for part in group_parts(one.group):
        if len("\n\n".join((*tail, *shown, part, CUT))) > LONGEST:
            tail.insert(0, CUT)
            break
        shown.append(part)
    return "\n\n".join((*shown, *tail))
