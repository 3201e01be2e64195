"""The issues about what regressed: one for each cause, closed only by what comes after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.cause.fewest import BrokenPromise, Cause
from fanout.model import Result, Verdict
from fanout.notify.announcement import Announcement
from fanout.notify.github.about import Judged
from fanout.surface.change import Change, What
from tests.notify.telling import announcement, judged, listening, of_the_table, tell
from tests.servers.github import BOT, Fault, GitHub
from tests.worlds.runs import NAME, cell, missing, promise

REGRESSED, PASSING = Verdict.REGRESSED, Verdict.PASSING
OLDER, NEWER = "a" * 40, "b" * 40  # commits of Core
GONE = "AttributeError: module 'market_data_core' has no attribute 'Event'"


@pytest.fixture
def github(described_github: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    with listening(described_github, monkeypatch) as server:
        yield server


def small(
    verdict: Verdict, version: str = "1.4.61", commit: str = "", run: int = 1
) -> Announcement:
    """What a run says of a Core, of which one promise was asked."""
    return judged({("small", NAME): (verdict, GONE)}, version, commit, run)


def test_hundreds_of_promises_are_an_issue_for_each_cause(github: GitHub, tmp_path: Path) -> None:
    """300 promises of three packs that three changes broke: three issues, and few requests."""
    for at in range(250):
        github.issue(BOT, {"title": f"{at}", "body": "", "labels": ["contract"], "state": "closed"})
    messages = (
        "ValueError: 'ts' of <Event at 0x7f{0:x}> is before {0}",
        "FileNotFoundError: no such file: '/tmp/pytest-{0}/core.toml'",
        "AttributeError: module 'market_data_core' has no attribute 'Event'",
    )
    said = {
        (pack, f"test_a.py::test_{at}"): (REGRESSED, f"assert {at}\n{message.format(at)}")
        for pack in ("small", "store", "pipeline")
        for at in range(100)
        for message in [messages[at % 3]]
    }

    done = tell(tmp_path, judged(said, commit=OLDER))

    assert done.code == 0, done.out
    made = github.issues[250:]
    assert len(made) == 3
    assert len(github.asked) <= 13, github.asked
    for issue in made:
        assert re.match(r"small, store, pipeline: 10[0-2] promises: ", issue["title"]) or (
            re.match(r"small, store, pipeline: 99 promises: ", issue["title"])
        )
        assert issue["assignees"] == ["ada", "bob", "eve"]
        for pack in ("small", "store", "pipeline"):
            assert f"{pack}, owned by {pack} team" in issue["body"]
            assert issue["body"].count(f"`tox run -e {pack}-core_candidate`") == 1
        assert len(re.findall(r"test_a.py::test_\d+", issue["body"])) >= 99
        assert re.search(r"\*\*(99|10[0-2]) promises of ", issue["body"])

    before = len(github.written)
    assert "nothing to change" in tell(tmp_path, judged(said, commit=OLDER)).out
    assert len(github.written) == before


def test_a_cause_is_a_change_where_one_is_known(github: GitHub, tmp_path: Path) -> None:
    """What one change in Core broke is one issue, whatever each failure says."""
    names = [("small", "test_a.py::test_a"), ("store", "test_b.py::test_b")]
    change = Change(
        symbol="telemetry.Event", what=What.REMOVED, kind="class", baseline="class Event"
    )
    causes = (
        Cause(
            changes=(change,),
            promises=tuple(BrokenPromise(pack=pack, name=name) for pack, name in names),
            since="1.4.60",
        ),
    )
    said = {name: (REGRESSED, f"Error: {name}") for name in names}

    tell(tmp_path, judged(said, causes=causes))

    (issue,) = github.issues
    assert issue["title"] == (
        "small, store: 2 promises: telemetry.Event is gone: it was class Event"
    )
    assert "What changed in Core since 1.4.60:" in issue["body"]


def test_what_ten_issues_do_not_hold_shares_one(github: GitHub, tmp_path: Path) -> None:
    """Of fourteen causes those of most promises have an issue each, and four share one."""

    def said(verdict: Verdict) -> dict[tuple[str, str], tuple[Verdict, str]]:
        return {
            ("small", f"test_a.py::test_{cause}_{at}"): (verdict, f"Error{chr(97 + cause)}")
            for cause in range(14)
            for at in range(14 - cause)
        }

    tell(tmp_path, judged(said(REGRESSED)))

    assert len(github.issues) == 11
    assert github.issues[0]["title"] == "small: 14 promises: Errora"
    assert github.issues[-1]["title"] == "small: 10 promises: 4 other causes"
    tell(tmp_path, judged(said(REGRESSED), number=2))
    assert len(github.issues) == 11
    assert "11 closed" in tell(tmp_path, judged(said(PASSING), number=3)).out


def test_a_regressed_promise_has_one_issue(github: GitHub, tmp_path: Path) -> None:
    """It is opened with owner and assignee, kept up to date, closed when mended, and reopened."""
    tell(tmp_path, small(REGRESSED))
    tell(tmp_path, small(REGRESSED, run=2))

    (issue,) = github.issues
    assert issue["title"] == f"small: {NAME} holds."
    assert "small, owned by small team" in issue["body"]
    assert "fanout probe small 1.4.61 --promise " in issue["body"]
    assert "actions/runs/2)" in issue["body"]
    assert issue["labels"] == ["contract"]
    assert issue["assignees"] == ["ada"]

    done = tell(tmp_path, small(PASSING, run=3))
    assert (issue["state"], done.out.count("1 closed")) == ("closed", 1)

    tell(tmp_path, small(REGRESSED, run=4))
    assert (issue["state"], len(github.issues)) == ("open", 1)


@pytest.mark.parametrize(
    ("broken", "kept", "closes"),
    [
        (("1.4.61", ""), ("1.4.62", ""), True),
        (("1.4.61", ""), ("1.5.0", ""), False),
        (("1.4.61", OLDER), ("1.4.61", NEWER), True),
        (("1.4.61", NEWER), ("1.4.61", OLDER), False),
        (("1.4.61", OLDER), ("1.4.61", "c" * 40), False),
    ],
    ids=["later release", "other line", "later commit", "earlier commit", "unknown commit"],
)
def test_only_what_comes_after_closes(
    github: GitHub,
    tmp_path: Path,
    broken: tuple[str, str],
    kept: tuple[str, str],
    closes: bool,
) -> None:
    """A Core that keeps a promise closes the issue if it comes after in the same minor line."""
    github.compared = {f"{OLDER}...{NEWER}": "ahead", f"{NEWER}...{OLDER}": "behind"}
    tell(tmp_path, small(REGRESSED, *broken))

    done = tell(tmp_path, small(PASSING, *kept, run=2))

    assert done.code == 0, done.out
    assert (github.issues[0]["state"] == "closed") is closes


FOLLOWS = {
    "the same release": (("1.4.61", ""), ("1.4.61", ""), True),
    "a later release": (("1.4.61", ""), ("1.4.62", ""), True),
    "its final release": (("1.4.62rc1", ""), ("1.4.62", ""), True),
    "an earlier release": (("1.4.61", ""), ("1.4.60", ""), False),
    "an older line": (("1.4.61", ""), ("1.2.41", ""), False),
    "a newer line": (("1.4.61", ""), ("1.5.0", ""), False),
    "the release of a commit's version": (("1.4.61", OLDER), ("1.4.61", ""), False),
    "a commit of a release's version": (("1.4.61", ""), ("1.4.61", NEWER), False),
    "a release after a commit": (("1.4.61", OLDER), ("1.4.62", ""), True),
    "a later commit": (("1.4.61", OLDER), ("1.4.61", NEWER), True),
    "an earlier commit": (("1.4.61", NEWER), ("1.4.61", OLDER), False),
    "the same commit": (("1.4.61", OLDER), ("1.4.61", OLDER), True),
    "what has no version": (("1.4.61", OLDER), ("unknown", NEWER), False),
    "two that have none": (("", ""), ("", ""), False),
}


@pytest.mark.parametrize("name", FOLLOWS)
def test_one_core_follows_another(name: str) -> None:
    """Only the same Core, or one that is known to be later in the line, follows another."""
    (version, commit), (other_version, other_commit), follows = FOLLOWS[name]
    then = Judged(version=version, commit=commit, run=5)
    now = Judged(version=other_version, commit=other_commit, run=5)

    def descends(older: str, newer: str) -> bool:
        return (older, newer) == (OLDER, NEWER)

    assert now.follows(then, descends) is follows
    assert not now.model_copy(update={"run": 4}).follows(then, descends)


def test_an_older_run_neither_closes_nor_edits(github: GitHub, tmp_path: Path) -> None:
    """A run that began before the one that wrote an issue, and is run again, leaves it."""
    tell(tmp_path, small(REGRESSED, run=5))
    body = github.issues[0]["body"]

    tell(tmp_path, small(PASSING, run=4))
    tell(tmp_path, small(REGRESSED, run=4))

    assert (github.issues[0]["state"], github.issues[0]["body"]) == ("open", body)


def test_only_what_may_be_newer_opens_again(github: GitHub, tmp_path: Path) -> None:
    """A closed issue stays so after an older run, and after one on a Core before what mended it."""
    tell(tmp_path, small(REGRESSED, run=5))
    tell(tmp_path, small(PASSING, "1.4.63", run=8))
    (issue,) = github.issues

    tell(tmp_path, small(REGRESSED, "1.4.63", run=7))
    tell(tmp_path, small(REGRESSED, "1.4.62", run=9))
    assert issue["state"] == "closed"

    tell(tmp_path, small(REGRESSED, "1.4.63", OLDER, run=10))
    assert issue["state"] == "open"
    tell(tmp_path, small(REGRESSED, "1.4.63", run=11))
    tell(tmp_path, small(PASSING, "1.4.63", run=12))
    assert issue["state"] == "open", "the release may be before the commit"


def test_an_old_core_ref_does_not_close_what_a_candidate_broke(
    github: GitHub, tmp_path: Path
) -> None:
    """Neither the table's older Core refs close it, nor a promise kept in one attempt of two."""
    tell(tmp_path, small(REGRESSED))

    tell(tmp_path, of_the_table(number=2), cell("1.2.0"), cell("1.4.60"))
    again = cell("1.4.61", promises=(promise(result=Result.BROKEN, message=GONE),))
    tell(tmp_path, of_the_table(number=3), cell("1.4.61"), again)
    tell(tmp_path, of_the_table(number=4), cell("1.4.61"), missing("small-core_v1461"))
    assert github.issues[0]["state"] == "open"

    tell(tmp_path, of_the_table(number=5), cell("1.4.61"))
    assert github.issues[0]["state"] == "closed"


def test_what_is_broken_on_the_baseline_is_not_mended(github: GitHub, tmp_path: Path) -> None:
    """A candidate of another line that keeps the promise closes nothing still broken."""
    tell(tmp_path, of_the_table(), cell("1.4.61", Result.BROKEN))

    kept = judged({("small", NAME): (PASSING, "")}, version="1.5.0", number=2)
    tell(tmp_path, kept, cell("1.4.61", Result.BROKEN))

    assert github.issues[0]["state"] == "open"


def test_what_the_table_breaks_has_an_issue(github: GitHub, tmp_path: Path) -> None:
    """It is there whether or not another run had one, and is closed when the table keeps all."""
    tell(tmp_path, of_the_table(), cell("1.3.0", Result.BROKEN))
    assert github.issues[0]["title"] == "small: An event has a source."

    tell(tmp_path, of_the_table(number=2), cell("1.3.0"))

    assert github.issues[0]["state"] == "closed"


def test_an_issue_is_closed_when_its_last_promise_is_mended(github: GitHub, tmp_path: Path) -> None:
    """What broke earlier for the same cause stays in the issue until it is mended as well."""
    one, two = ("small", "test_a.py::test_a"), ("store", "test_b.py::test_b")
    tell(tmp_path, judged({one: (REGRESSED, GONE)}))
    tell(tmp_path, judged({two: (REGRESSED, GONE)}, number=2))

    (issue,) = github.issues
    assert "1 more promise, not mended, broke before" in issue["body"]
    tell(tmp_path, judged({two: (PASSING, "")}, number=3))
    assert issue["state"] == "open"
    tell(tmp_path, judged({one: (PASSING, "")}, number=4))
    assert issue["state"] == "closed"


def test_a_promise_is_in_one_issue(github: GitHub, tmp_path: Path) -> None:
    """When its failure says something else it moves, and the issue that is empty then is closed."""
    tell(tmp_path, small(REGRESSED))

    tell(tmp_path, judged({("small", NAME): (REGRESSED, "ValueError: other")}, number=2))

    assert [one["state"] for one in github.issues] == ["closed", "open"]


def test_a_pull_request_of_core_opens_no_issue(github: GitHub, tmp_path: Path) -> None:
    """What may never be merged has a comment alone."""
    tell(tmp_path, announcement())

    assert github.issues == []


def test_a_run_that_is_unknown_as_a_whole_opens_no_issue(github: GitHub, tmp_path: Path) -> None:
    """Where the history cannot be read, what is excused is not known."""
    told = of_the_table().model_copy(update={"problem": "the history cannot be read"})

    tell(tmp_path, told, cell("1.3.0", Result.BROKEN))

    assert github.issues == []


def test_an_issue_of_somebody_else_is_not_ours(github: GitHub, tmp_path: Path) -> None:
    """An issue with our marker that another wrote is neither edited nor closed."""
    tell(tmp_path, small(REGRESSED))
    body = github.issues.pop()["body"]
    foreign = github.issue("mallory", {"title": "x", "body": body, "labels": ["contract"]})

    tell(tmp_path, small(REGRESSED))
    tell(tmp_path, small(PASSING, run=2))

    assert (foreign["body"], foreign["state"]) == (body, "open")
    assert [one["state"] for one in github.issues] == ["open", "closed"]


def test_words_in_an_issue_do_not_say_what_it_is_about(github: GitHub, tmp_path: Path) -> None:
    """A failure, a promise or a version that is a marker marks nothing; ours is the last."""
    tell(tmp_path, small(REGRESSED))
    marker = re.findall("<!--.*-->", github.issues[0]["body"])[0]

    hostile = {("small", f"test_a.py::{marker}"): (REGRESSED, f"{GONE} {marker}")}
    tell(tmp_path, judged(hostile, version=f"1.4.61+{marker}", commit=OLDER, number=2))

    assert len(github.issues) == 2
    body = github.issues[1]["body"]
    assert (body.count("<!--"), body.count("-->")) == (1, 1)


@pytest.mark.parametrize("body", ["<!-- contracts {} -->", '<!-- contracts {"cause": 1} -->', ""])
def test_a_marker_that_says_nothing_is_no_error(github: GitHub, tmp_path: Path, body: str) -> None:
    """An issue of ours that somebody has edited is left, and another one is opened."""
    github.issue(BOT, {"title": "x", "body": body, "labels": ["contract"]})

    done = tell(tmp_path, small(REGRESSED))

    assert (done.code, len(github.issues)) == (0, 2)
    assert github.issues[0]["body"] == body


def test_an_assignee_who_left_costs_no_issue(github: GitHub, tmp_path: Path) -> None:
    """Where GitHub refuses an assignee, the issue is open all the same."""
    github.faults.append(Fault(r"POST .*/assignees", 422))

    done = tell(tmp_path, small(REGRESSED))

    assert (done.code, len(github.issues)) == (0, 1), done.out


def test_an_issue_that_was_made_after_all_is_not_made_again(github: GitHub, tmp_path: Path) -> None:
    """After an error that came when it was made, it is looked for and found."""
    github.faults.append(Fault(r"POST .*/issues", 502, times=1, after=True))

    done = tell(tmp_path, small(REGRESSED))

    assert (done.code, len(github.issues)) == (0, 1), done.out
