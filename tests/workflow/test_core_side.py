"""What Core's repository and a consumer's README contain, as the document gives it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.dashboard.build import build
from fanout.model import Answer
from tests.workflow.acting import Workflow, workflow
from tests.workflow.costs import costs
from tests.workflow.pasted import ASK, CALL, block
from tests.workflow.rules import File, complaints
from tests.worlds.large import CANDIDATE
from tests.worlds.scenes import steady

GH = """\
#!/bin/sh
case "$*" in
  *permission*) echo "$STAND_IN_ROLE" ;;
  "pr view"*) echo 0123 ;;
  "run list"*) echo 42 ;;
  *) echo "$*" >> "$STAND_IN_SAID" ;;
esac
"""
PACKS = "workflow run contracts.yml -f core_ref=0123 -f only_new=true -f packs="


@pytest.fixture(scope="module")
def contracts(
    tmp_path_factory: pytest.TempPathFactory, described_github: str, compiled_wheels: None
) -> Iterator[Workflow]:
    with workflow(tmp_path_factory.mktemp("core-side").resolve(), described_github) as made:
        yield made


def test_a_pull_request_of_core_asks(contracts: Workflow) -> None:
    """The pasted file, without a secret, asks what a pull request newly breaks; nobody is told."""
    commit = contracts.core.commit(CANDIDATE, "Retry never")
    head: dict[str, object] = {"sha": commit, "repo": {"fork": True}}

    done = contracts.call(CALL, "pull_request", {"pull_request": {"number": 7, "head": head}})

    assert done.announcement is not None, done.log
    asked = done.announcement.request
    assert (asked.core_ref, asked.commit, asked.only_new) == (commit, commit, True)
    assert done.announcement.answer is Answer.HOLD
    assert done.beside_cells == costs("a pull request of Core").jobs
    assert contracts.documents() == []
    assert contracts.github.asked == []


def test_what_is_pasted_is_what_github_takes() -> None:
    """No rule over this repository's own files is broken by those of Core."""
    files = [File(".github/workflows/contracts.yml", CALL), File(".github/workflows/ask.yml", ASK)]
    unknown = "/fanout.yml@main' is not known here"
    assert [one for one in complaints(files) if unknown not in one] == []


@pytest.mark.parametrize(
    ("role", "comment", "said"),
    [
        ("triage", "/contracts", "run rerun 42"),
        ("write", "/contracts store, ibkr\nthanks", f"{PACKS}store ibkr"),
        ("admin", "/contracts $(touch pwned); -f x=y", f"{PACKS}touch pwned f x y"),
        ("read", "/contracts", ""),
    ],
    ids=["again", "packs", "hostile", "stranger"],
)
def test_a_comment_asks_again(tmp_path: Path, role: str, comment: str, said: str) -> None:
    """Whoever may triage has the check run again, or some packs beside it; nobody else has."""
    (script,) = re.findall(r"- run: \|\n(.*)", ASK, re.DOTALL)
    gh = tmp_path / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(GH)
    gh.chmod(0o755)
    log = tmp_path / "said"
    variables = {"STAND_IN_ROLE": role, "STAND_IN_SAID": str(log), "SAID": comment}
    variables |= {"GH_REPO": "owner/core", "NUMBER": "7", "WHO": "somebody"}
    variables["PATH"] = f"{gh.parent}:{os.environ['PATH']}"

    done = subprocess.run(["bash", "-e", "-c", script], env=variables, cwd=tmp_path, check=False)

    assert (done.returncode == 0) is bool(said)
    assert (log.read_text().strip() if log.exists() else "") == said
    assert not (tmp_path / "pwned").exists()


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
