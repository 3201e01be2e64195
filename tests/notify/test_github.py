"""What is told on GitHub; every request is seen by a server made from GitHub's own description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from click.testing import CliRunner
from pydantic import HttpUrl

from fanout.cli import main
from fanout.commands.workflow import notify
from fanout.gate.decision import decide
from fanout.history.document import write_run
from fanout.model import Answer, Core, Result, Verdict
from fanout.notify.announcement import Announcement, Request, Turned
from fanout.notify.github.client import Waits, connect
from fanout.notify.github.comment import LONGEST
from tests.servers.github import BOT, Fault, GitHub, private_key
from tests.servers.openapi import PATHS, described, installed
from tests.worlds.runs import NAME, PACKS, cell, promise, run

SHA = "0123456789abcdef" * 2 + "01234567"
URL = "https://github.com/owner/contracts/actions/runs/1"
QUICK = Waits((0.0, 0.01, 0.01), 0.01, 0.01, 0.05, 0.0, 1.0)
MARKER = "<!-- market-data-fanout: contracts -->"
TOKEN = "github_pat_not_to_be_seen"  # noqa: S105 - nobody's
HOSTILE = "@everyone </details> [x](javascript:alert(1)) <!-- contract: a b core_v1 --> `rm`"


class Told(NamedTuple):
    """How `fanout workflow notify` ended, and what it printed."""

    code: int
    out: str


@pytest.fixture
def github(described_github: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """A GitHub to which nothing was told yet; no request may be other than it documents."""
    server = GitHub(described_github)
    for name in ("GITHUB_STEP_SUMMARY", "SLACK_WEBHOOK", "EMAIL_SERVER", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/contracts")
    monkeypatch.setenv("REPO_TOKEN", TOKEN)
    monkeypatch.setattr(notify, "connect", partial(connect, waits=QUICK))
    yield server
    server.close()
    assert server.refused == []


def core(slot: str, version: str) -> Core:
    return Core(
        named=version,
        core_ref=f"core_{slot}",
        requirement=f"market-data-core=={version}",
        source="pypi",
        version=version,
    )


def announcement(
    now: Result = Result.BROKEN,
    then: Result = Result.KEPT,
    *,
    pull_request: int | None = 7,
    says: str = "",
    text: str = "",
) -> Announcement:
    """What is told of a candidate of which a promise says `now`, and on the baseline `then`."""
    sides = {
        "small-core_candidate": cell(
            "1.3.0",
            name="small-core_candidate",
            promises=(promise(result=now, says=says, text=text, message=says),),
        ),
        "small-core_v120": cell("1.2.0", then),
    }
    decision = decide(core("candidate", "1.3.0"), core("v120", "1.2.0"), [sides], PACKS, (), Path())
    return Announcement.model_validate(
        {
            "request": Request(
                event="repository_dispatch",
                core_ref="main",
                commit=SHA,
                pull_request=pull_request,
            ),
            "answer": decision.answer,
            "headline": f"{decision.answer}: Core 1.3.0",
            "url": URL,
            "decision": decision,
        }
    )


def asked(told: Announcement, run: int, commit: str) -> Announcement:
    """The same answer, of another run on another commit."""
    request = told.request.model_copy(update={"commit": commit})
    url = HttpUrl(URL.replace("/1", f"/{run}"))
    return told.model_copy(update={"request": request, "url": url})


def of_the_table(verdict: Verdict, says: str = "") -> Announcement:
    """What is told of the table of Core refs, on which one promise turned."""
    turn = Turned(
        pack="small",
        owner="small team",
        promise=NAME,
        says=says or "An event has a source.",
        verdict=verdict,
        core_ref="core_v130",
    )
    answer = Answer.HOLD if verdict is Verdict.REGRESSED else Answer.RELEASE
    return Announcement.model_validate(
        {
            "request": Request(event="schedule"),
            "answer": answer,
            "headline": f"{answer}: 1 promise turned",
            "url": URL,
            "turned": (turn,),
        }
    )


def tell(folder: Path, told: Announcement) -> Told:
    answer = folder / "answer"
    answer.mkdir(exist_ok=True)
    (answer / "announcement.json").write_text(told.model_dump_json(), encoding="utf-8")
    (folder / "tox.ini").write_text("[tox]\nenv_list = small-core_v120\n")
    pack = folder / "packs/small/pack.toml"
    pack.parent.mkdir(parents=True, exist_ok=True)
    pack.write_text(
        'consumer = "small"\nrelease = "1"\nowner = "small team"\nsupports = ">=1"\n'
        'assignees = ["ada"]\n'
    )
    arguments = ["workflow", "notify", str(answer), "--root", str(folder)]
    done = CliRunner().invoke(main, [*arguments, "--core-repository", "owner/core"])
    assert TOKEN not in done.output
    assert "Traceback" not in done.output, done.output
    return Told(done.exit_code, done.output)


@pytest.mark.parametrize(
    ("now", "state"),
    [(Result.KEPT, "success"), (Result.BROKEN, "failure"), (Result.ERRORED, "error")],
)
def test_the_answer_stands_beside_cores_commit(
    github: GitHub, tmp_path: Path, now: Result, state: str
) -> None:
    """A commit status on Core says release, hold or unknown, and leads to the run."""
    done = tell(tmp_path, announcement(now))

    assert done.code == 0, done.out
    (status,) = github.statuses
    assert (status["state"], status["context"], status["sha"]) == (state, "contracts", SHA)
    assert status["target_url"] == URL


def test_a_rerun_tells_nothing_twice(github: GitHub, tmp_path: Path) -> None:
    """The same answer told again changes nothing on GitHub."""
    tell(tmp_path, announcement())
    before = len(github.written)

    done = tell(tmp_path, announcement())

    assert done.code == 0, done.out
    assert len(github.written) == before
    assert (len(github.statuses), len(github.comments)) == (1, 1)


def test_the_comment_is_edited_in_place(github: GitHub, tmp_path: Path) -> None:
    """When Core is mended, the one comment says so; it begins with what regressed before."""
    tell(tmp_path, announcement(Result.BROKEN))
    assert "Regressed" in github.comments[0]["body"]

    tell(tmp_path, announcement(Result.KEPT))

    (comment,) = github.comments
    assert "No difference: release" in comment["body"]
    assert [one["state"] for one in github.statuses] == ["failure", "success"]


def test_an_older_commit_never_speaks_over_a_newer_one(github: GitHub, tmp_path: Path) -> None:
    """Whichever answer comes last, the comment is of the commit that the pull request has now."""
    github.head = "f" * 40
    newer, older = asked(announcement(), 5, github.head), asked(announcement(Result.KEPT), 6, SHA)

    tell(tmp_path, newer)
    done = tell(tmp_path, older)

    (comment,) = github.comments
    assert "Regressed" in comment["body"]
    assert "what is there is of commit ffffffffff, of run 5" in done.out
    assert done.code == 0, done.out

    github.comments.clear()
    tell(tmp_path, older)
    tell(tmp_path, newer)
    assert "Regressed" in github.comments[0]["body"]
    assert len(github.comments) == 1


def test_an_earlier_run_never_speaks_over_a_later_one(github: GitHub, tmp_path: Path) -> None:
    """Of two runs on one commit the later one's status and comment stay; a foreign one's do not."""
    github.head = SHA
    github.statuses.append(
        {
            "sha": SHA,
            "context": "contracts",
            "state": "pending",
            "target_url": "https://github.com/owner/core/actions/runs/999",
        }
    )
    later, earlier = asked(announcement(), 10, SHA), asked(announcement(Result.KEPT), 9, SHA)

    tell(tmp_path, later)
    done = tell(tmp_path, earlier)

    assert [one["state"] for one in github.statuses] == ["pending", "failure"]
    assert "Regressed" in github.comments[0]["body"]
    assert done.out.count("of run 10") == 2
    tell(tmp_path, asked(announcement(Result.KEPT), 11, SHA))
    assert github.statuses[-1]["state"] == "success"
    assert "No difference" in github.comments[0]["body"]


def test_older_comments_are_hidden_and_foreign_ones_left(github: GitHub, tmp_path: Path) -> None:
    """Of several comments of ours the newest is edited; what others wrote is not ours."""
    old = github.comment(BOT, f"{MARKER}\nold")
    github.comment(BOT, f"{MARKER}\nnewer")
    foreign = github.comment("mallory", f"{MARKER}\nI am the bot")

    done = tell(tmp_path, announcement())

    assert done.code == 0, done.out
    assert github.hidden == [old["node_id"]]
    assert foreign["body"].endswith("I am the bot")
    assert "Regressed" in github.comments[1]["body"]
    assert len(github.comments) == 3


def test_a_long_comment_is_cut_with_a_link(github: GitHub, tmp_path: Path) -> None:
    """What GitHub would refuse for its length ends before its limit, and says where the rest is."""
    lines = "\n".join(f"E {'x' * 390} {at}" for at in range(20))
    told = announcement(text=lines)
    assert told.decision is not None
    many = tuple(
        told.decision.cells[0].promises[0].model_copy(update={"name": f"test_a.py::test_{at}"})
        for at in range(400)
    )
    cells = (told.decision.cells[0].model_copy(update={"promises": many}),)
    decision = told.decision.model_copy(update={"cells": cells})

    done = tell(tmp_path, told.model_copy(update={"decision": decision}))

    assert done.code == 0, done.out
    body = github.comments[0]["body"]
    assert LONGEST - 3000 < len(body) <= LONGEST
    assert body.rstrip().endswith(f"[The run]({URL}).")


def test_words_from_a_pack_are_only_words(github: GitHub, tmp_path: Path) -> None:
    """A promise whose words are markup mentions nobody, links nowhere and marks nothing."""
    tell(tmp_path, announcement(says=HOSTILE))
    tell(tmp_path, announcement(says=HOSTILE, pull_request=None))

    for whole in (github.comments[0]["body"], github.issues[0]["body"]):
        # What stands between these is shown as it is, and nobody is mentioned there.
        body = re.sub(r"<pre>.*?</pre>", "", whole)
        assert "@everyone" not in body
        assert "</details>" not in body
        assert not re.search(r"(?<!\\)\]\(javascript", body)
        assert body.count("<!--") == 1


def test_a_regressed_promise_has_one_issue(github: GitHub, tmp_path: Path) -> None:
    """It is opened with owner and assignee, kept up to date, closed when mended, and reopened."""
    tell(tmp_path, of_the_table(Verdict.REGRESSED))
    tell(tmp_path, of_the_table(Verdict.REGRESSED, "An event has one source."))

    (issue,) = github.issues
    assert issue["title"] == "small: An event has a source."
    assert "An event has one source." in issue["body"]
    assert issue["labels"] == ["contract"]
    assert issue["assignees"] == ["ada"]

    done = tell(tmp_path, of_the_table(Verdict.FIXED))
    assert (issue["state"], done.out.count("1 closed")) == ("closed", 1)

    tell(tmp_path, of_the_table(Verdict.REGRESSED))
    assert (issue["state"], len(github.issues)) == ("open", 1)


def test_a_fix_that_nobody_was_told_of_closes_its_issue(github: GitHub, tmp_path: Path) -> None:
    """What a run saw kept on the Core ref of an issue is mended, also if it turned long ago."""
    tell(tmp_path, of_the_table(Verdict.REGRESSED))
    fixed = of_the_table(Verdict.FIXED).model_copy(update={"turned": ()})
    write_run(run(cell("1.3.0")), tmp_path / "answer/run")

    tell(tmp_path, fixed)

    assert github.issues[0]["state"] == "closed"


def test_a_pull_request_of_core_opens_no_issue(github: GitHub, tmp_path: Path) -> None:
    """What may never be merged has a comment alone."""
    tell(tmp_path, announcement())

    assert github.issues == []


def test_an_issue_of_somebody_else_is_not_ours(github: GitHub, tmp_path: Path) -> None:
    """An issue with our marker that another wrote is neither edited nor closed."""
    body = f"<!-- contract: small {NAME} core_v130 -->"
    foreign = github.issue("mallory", {"title": "x", "body": body, "labels": ["contract"]})

    tell(tmp_path, of_the_table(Verdict.REGRESSED))

    assert foreign["body"] == body
    assert len(github.issues) == 2


def test_an_assignee_who_left_costs_no_issue(github: GitHub, tmp_path: Path) -> None:
    """Where GitHub refuses an assignee, the issue is open all the same."""
    github.faults.append(Fault(r"POST .*/assignees", 422))

    done = tell(tmp_path, of_the_table(Verdict.REGRESSED))

    assert (done.code, len(github.issues)) == (0, 1), done.out


LIMITED = {"X-RateLimit-Remaining": "0", "Retry-After": "0"}
PASSING = {
    "500": Fault(r"(POST|GET) .*/(status|comments)", 500, times=2),
    "502-after-it-was-done": Fault(r"POST .*/(statuses|comments)", 502, times=2, after=True),
    "rate-limit": Fault(
        r"POST .*/comments", 403, headers=LIMITED, message="API rate limit exceeded for you"
    ),
    "secondary-rate-limit": Fault(
        r"GET .*/comments",
        403,
        headers={"Retry-After": "0"},
        message="You have exceeded a secondary rate limit",
    ),
    "429": Fault(r"GET /user", 429, headers={"Retry-After": "0"}),
    "slow": Fault(r"GET .*/pulls/7", 500, seconds=1.5),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_waited_for(github: GitHub, tmp_path: Path, name: str) -> None:
    """After an error that passes everything is told, and nothing is told twice."""
    github.faults.append(PASSING[name])

    done = tell(tmp_path, announcement())

    assert done.code == 0, done.out
    assert len(github.comments) == 1
    assert len({one["state"] for one in github.statuses}) == len(github.statuses) == 1


LASTING = {
    "expired": (
        Fault(r".*", 401, times=99, message="Bad credentials"),
        "wrong, expired or revoked",
    ),
    "permission": (
        Fault(
            r"POST .*/statuses",
            403,
            times=99,
            headers={"X-Accepted-GitHub-Permissions": "statuses=write"},
            message="Resource not accessible by personal access token",
        ),
        "give it these permissions: statuses=write",
    ),
    "unseen": (Fault(r"GET .*/commits", 404, times=99), "or the token may not see it"),
    "500": (Fault(r"GET .*/commits", 500, times=99), "GitHub"),
    "rate-limit": (
        Fault(
            r"POST .*/statuses",
            403,
            times=99,
            headers=LIMITED,
            message="API rate limit exceeded for you",
        ),
        "rate limit is used up",
    ),
}


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_said(github: GitHub, tmp_path: Path, name: str) -> None:
    """An error that stays ends in exit code 3, with its cause and what to do; all else is told."""
    fault, said = LASTING[name]
    github.faults.append(fault)

    done = tell(tmp_path, announcement())

    assert done.code == 3
    assert said in done.out
    assert github.statuses == []
    if name != "expired":
        assert len(github.comments) == 1
    assert "Slack was left out" in done.out


def test_a_github_that_is_not_there_is_said(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection is an answer in words."""
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")

    done = tell(tmp_path, announcement())

    assert done.code == 3
    assert "GitHub cannot be reached" in done.out


def test_without_a_token_the_rest_is_told(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token is no failure: what was left out is said, with the names of the secrets."""
    monkeypatch.delenv("REPO_TOKEN")

    done = tell(tmp_path, announcement())

    assert done.code == 0
    assert "set the secrets APP_ID and APP_PRIVATE_KEY, or REPO_TOKEN" in done.out
    assert github.asked == []


def test_a_github_app_needs_no_personal_token(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an app's id and key its installation speaks, under the app's name."""
    monkeypatch.setenv("APP_ID", "12345")
    monkeypatch.setenv("APP_PRIVATE_KEY", private_key())

    done = tell(tmp_path, announcement())

    assert done.code == 0, done.out
    assert "on GitHub as contracts[bot]" in done.out
    assert "POST /app/installations/1/access_tokens" in github.asked
    assert len(github.statuses) == 1


def test_a_key_that_is_none_is_said(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private key that was pasted in part is named, and not shown."""
    monkeypatch.setenv("APP_ID", "12345")
    monkeypatch.setenv("APP_PRIVATE_KEY", "-----BEGIN RSA")

    done = tell(tmp_path, announcement())

    assert done.code == 3
    assert "APP_PRIVATE_KEY is no private key" in done.out


def test_every_path_that_is_used_is_documented() -> None:
    """Each path that the tests' server knows is in GitHub's own description."""
    assert set(PATHS) <= set(described(installed())["paths"])


def test_a_request_that_is_wrong_is_refused(described_github: str) -> None:
    """The server made from the description does refuse: a state that GitHub does not know."""
    said = {"state": "green"}
    answer = requests.post(f"{described_github}/repos/o/r/statuses/{SHA}", json=said, timeout=30)

    assert answer.status_code == 422
    assert "problem+json" in answer.headers["Content-Type"]
