"""What the workflow's document gives others to paste: Core's workflow, the badge; and events."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fanout.dashboard.build import build
from tests import ROOT
from tests.servers.github import Fault, GitHub
from tests.servers.openapi import installed
from tests.worlds.scenes import steady

DOCUMENT = (ROOT / ".github/workflows/README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.needs("curl", "jq")


def block(language: str, containing: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    return next(str(one) for one in found if containing in one)


CORE = block("yaml", "In Core's repository")


@pytest.fixture
def github(described_github: str) -> Iterator[GitHub]:
    server = GitHub(described_github)
    yield server
    server.close()
    assert server.refused == []


def ask(folder: Path, github: GitHub, answer: str, **event: object) -> tuple[int, str]:
    """Run Core's workflow as pasted, while somebody else gives the answer."""
    file = folder / ".github/workflows/contracts.yml"
    file.parent.mkdir(parents=True)
    file.write_text(CORE)
    for command in (
        ["init", "--quiet"],
        ["remote", "add", "origin", "https://github.com/owner/core"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "a", "--allow-empty"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / "event.json").write_text(json.dumps(event))

    def give() -> None:
        while not stop.is_set():
            if github.dispatches and github.statuses[-1]["state"] == "pending":
                given = {"state": answer, "description": f"{answer}: Core 1", "target_url": "u"}
                github.statuses.append(github.statuses[-1] | given)
            stop.wait(0.05)

    stop, thread = threading.Event(), threading.Thread(target=give)
    thread.start()
    command = [str(Path(sys.executable).parent / "act"), next(iter(event), "push")]
    command += ["--workflows", str(file), "--eventpath", str(folder / "event.json")]
    command += ["--platform", "ubuntu-latest=-self-hosted", "--env", "POLL=0.1"]
    command += ["--env", f"GITHUB_API_URL={github.url}", "--secret", "CONTRACTS_TOKEN=x"]
    command += ["--secret", "GITHUB_TOKEN=y"]
    home = {"HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "cache")}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | home,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        stop.set()
        thread.join()
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("answer", "code"), [("success", 0), ("failure", 1), ("error", 1)])
def test_core_asks_and_waits(tmp_path: Path, github: GitHub, answer: str, code: int) -> None:
    """The pasted workflow marks the commit, dispatches it, and ends as the answer says."""
    sha = "0123456789" * 4
    found, log = ask(
        tmp_path, github, answer, pull_request={"number": 7, "head": {"sha": sha, "repo": {}}}
    )

    assert found == code, log
    (sent,) = github.dispatches
    assert sent == {
        "event_type": "core",
        "client_payload": {"core_ref": sha, "sha": sha, "pull_request": "7"},
    }
    assert github.statuses[0]["state"] == "pending"
    assert "POST /repos/mjdevaccount/market-data-contracts/dispatches" in github.asked


def test_core_asks_again_if_github_stumbles(tmp_path: Path, github: GitHub) -> None:
    """A dispatch that GitHub refuses for a moment is sent once more."""
    github.faults.append(Fault(r"POST .*/dispatches", 502, times=1))

    found, log = ask(tmp_path, github, "success", push={})

    assert found == 0, log
    assert len(github.dispatches) == 1


def test_the_badge_is_where_the_document_says(tmp_path: Path) -> None:
    """The badge and the page behind it are files of every dashboard, for each pack by its name."""
    image, page = re.findall(r"market-data-contracts/([\w/.]+)\)", block("markdown", "badges/"))

    site = tmp_path / "site"
    build(steady(tmp_path / "history"), site, 24.0, lambda done, total: None)

    packs = sorted(path.stem for path in (tmp_path / "site/packs").glob("*.html"))
    assert packs
    for pack in packs:
        for path in (image, page):
            assert (tmp_path / "site" / path.replace("store", pack)).is_file(), path


def test_events_look_as_the_workflow_expects() -> None:
    """What is read of each event is in GitHub's own description of its webhooks."""
    file = installed() / "@octokit/openapi-webhooks/generated/api.github.com.json"
    description: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))

    def resolved(thing: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in thing:
            thing = description["components"]["schemas"][thing["$ref"].rpartition("/")[2]]
        return thing

    def has(name: str, *path: str) -> bool:
        body = description["webhooks"][name]["post"]["requestBody"]["content"]
        schema = resolved(body["application/json"]["schema"])
        for key in path:
            schema = resolved(schema).get("properties", {}).get(key)
            if schema is None:
                return False
        return True

    assert has("repository-dispatch-sample.collected", "client_payload")
    assert has("repository-dispatch-sample.collected", "repository", "default_branch")
    assert has("workflow-dispatch", "inputs")
    assert has("push", "before")
    assert has("pull-request-synchronize", "pull_request", "base", "sha")
    assert not has("push", "core_ref")
