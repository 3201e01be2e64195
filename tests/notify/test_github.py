"""What is told on GitHub; every request is seen by a server made from GitHub's own description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pydantic import HttpUrl

from fanout.model import Result
from fanout.notify.announcement import Announcement
from fanout.notify.github.answer import LONGEST
from tests.notify.telling import SHA, URL, announcement, listening, tell
from tests.servers.github import BOT, Fault, GitHub, private_key
from tests.servers.openapi import PATHS, described, installed

MARKER = f"<!-- market-data-fanout: contracts commit={SHA} run=0 -->"
HOSTILE = "@everyone </details> [x](javascript:alert(1)) <!-- contract: a b core_v1 --> `rm`"


@pytest.fixture
def github(described_github: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    with listening(described_github, monkeypatch) as server:
        yield server


def asked(told: Announcement, run: int, commit: str) -> Announcement:
    """The same answer, of another run on another commit."""
    request = told.request.model_copy(update={"commit": commit})
    url = HttpUrl(URL.replace("/1", f"/{run}"))
    return told.model_copy(update={"request": request, "url": url})


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
    assert "stays as it is, of the present commit, run 5" in done.out
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
    assert done.out.count("stays as it is") == done.out.count("run 10") == 2
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
    one = told.decision.cells[0].promises[0]

    def said(word: str) -> dict[str, str]:
        return {"message": f"no {word}", "text": f"{lines}\nE no {word}"}

    unlike = ("".join(chr(97 + int(digit)) for digit in str(at)) for at in range(400))
    many = tuple(
        one.model_copy(
            update={
                "name": f"test_a.py::test_{word}",
                "candidate": one.candidate.model_copy(update=said(word)),
            }
        )
        for word in unlike
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
        "give the token these permissions: statuses=write",
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
    assert "messages were left out" in done.out


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
