"""One issue here for each cause of what is broken: opened, updated, closed when it is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from github.GithubException import GithubException
from github.Issue import Issue
from github.Repository import Repository

from fanout.history.run import Run
from fanout.notify.announcement import Announcement
from fanout.notify.github.about import MARKER, About, Descends, Judged, read
from fanout.notify.github.broken import Broken, by_cause, judged, rest, settled
from fanout.notify.github.client import Account, UnreachableGitHub, asking, once
from fanout.told.decision.markdown import group_parts
from fanout.told.report_markdown import escape
from fanout.wording import fitted, number, one_line

LABEL = "contract"
MOST = 10  # causes with an issue each; the others of a run share one
MOST_ASSIGNEES = 10  # that GitHub takes
LONGEST_TITLE, LONGEST = 256, 65_536  # characters that GitHub takes, the second in a body
CUT = "What is more is cut here: the run tells it."
OPEN, CLOSED = "open", "closed"
# An issue that we wrote, and what it is about.
Ours = tuple[Issue, About]
# On which Cores a run judged each promise.
Settled = Mapping[str, Collection[Judged]]


def tell(
    account: Account,
    repository: str,
    core_repository: str,
    announcement: Announcement,
    run: Run,
    assignees: Mapping[str, Sequence[str]],
) -> str:
    """Open, update and close issues; what was done, in a line."""
    with asking(f"read the issues of '{repository}'"):
        place = account.github.get_repo(repository)
        there = by_key(place, account.login)
    cores = judged(run, announcement)
    causes = by_cause(run, announcement, cores)
    causes.sort(key=lambda one: one.about.key not in there)  # what has an issue keeps it
    told = {one.about.key: one for one in (*causes[:MOST], *rest(causes[MOST:]))}
    done = []
    for one in (one for key, one in told.items() if key not in there):
        opened(account, place, one, announcement, assignees)
        done.append("opened")
    now, descends = settled(run, cores, told.values()), ancestry(account, core_repository)
    for key, ours in there.items():
        body, state = changed(ours, told.get(key), now, descends, announcement)
        if (body, state) != (ours[0].body, ours[0].state):
            with asking(f"update issue {ours[0].number} of '{repository}'"):
                ours[0].edit(body=body, state=state)
            done.append(state if state == CLOSED else "updated")
    said = ", ".join(f"{count} {verb}" for verb, count in Counter(done).items())
    return f"issues of '{repository}': {said or 'nothing to change'}"


def by_key(place: Repository, login: str) -> dict[tuple[str, str], Ours]:
    """Our own issues, the oldest first; what others wrote is never taken for ours."""
    issues = place.get_issues(state="all", labels=[LABEL], sort="created", direction="asc")
    found = ((one, read(one.body or "")) for one in issues if one.user.login == login)
    return {about.key: (issue, about) for issue, about in found if about}


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
    ours: Ours, one: Broken | None, now: Settled, descends: Descends, announcement: Announcement
) -> tuple[str, str]:
    """The text and state of an issue after a run, in which its cause may have broken something.

    A later run's stay, and those of a closed one that broke on an older Core. A promise leaves it
    when it was judged on a Core that follows, and is not broken there for this cause.
    """
    issue, was = ours
    late = was.core.run > announcement.run
    if late or (issue.state == CLOSED and (not one or was.core.is_after(one.about.core, descends))):
        return issue.body, issue.state
    gone = {
        promise: core
        for promise in was.promises
        for core in now.get(promise, ())
        if core.follows(was.core, descends)
    }
    here = one.about.promises if one else ()
    away = {*gone, *here} if issue.state == OPEN else {*was.promises}
    left = [promise for promise in was.promises if promise not in away]
    if one:
        newer = was.core.or_newer(one.about.core, descends)
        core = newer if issue.state == OPEN else one.about.core
        about = About(cause=was.cause, core=core, promises=(*here, *left))
        return text(one, about, announcement), OPEN
    if not gone:
        return issue.body, issue.state
    # What mended it, so that nothing older opens it again.
    core = was.core if left else next(iter(gone.values()))
    core = core.model_copy(update={"run": announcement.run})
    about = About(cause=was.cause, core=core, promises=tuple(left) or was.promises)
    return MARKER.sub(lambda _: about.marker, issue.body), OPEN if left else CLOSED


def opened(
    account: Account,
    place: Repository,
    one: Broken,
    announcement: Announcement,
    assignees: Mapping[str, Sequence[str]],
) -> None:
    def find() -> Issue | None:
        found = by_key(place, account.login).get(one.about.key)
        return found[0] if found else None

    def make() -> Issue:
        body = text(one, one.about, announcement)
        return place.create_issue(title=title(one), body=body, labels=[LABEL])

    logins = dict.fromkeys(login for pack in one.packs for login in assignees.get(pack, ()))
    with asking(f"open an issue about {title(one)}"):
        issue = once(make, find)
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
    counted = number(len(one.promises), "promise")
    broken = f"Core {core.version}{commit} breaks {counted}."
    tail = [
        f"[The newest run that saw it]({announcement.url}). This issue is closed when a later run"
        f" breaks none of it, and runs have kept each promise on Core {escape(about.core.version)},"
        " or on a later one of its minor line.",
        about.marker,
    ]
    if earlier := len(about.promises) - len(one.promises):
        said = number(earlier, "more promise")
        tail.insert(0, f"{said}, not mended, broke before: the edits of this text tell.")
    shown = [escape(broken)]
    for part in group_parts(one.group):
        if len("\n\n".join((*tail, *shown, part, CUT))) > LONGEST:
            tail.insert(0, CUT)
            break
        shown.append(part)
    return "\n\n".join((*shown, *tail))
