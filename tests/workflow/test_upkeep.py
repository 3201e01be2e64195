"""What runs every day: new releases are looked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fanout.cli import main
from tests import ROOT
from tests.notify.telling import hurry
from tests.servers.core_index import CoreIndex, Offer
from tests.servers.github import Fault, GitHub, private_key
from tests.worlds.project import PACK_TOML

TABLE = ROOT / "tox.ini"
GATE = "fanout check 1.4.61"
CONSUMERS = 'market-data-free = "1.0"\nmarket-data-small = "0.1.0"\n'


@pytest.fixture
def github(described_github: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """A GitHub on which nothing has happened yet; no request may be other than it documents."""
    server = GitHub(described_github)
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/contracts")
    monkeypatch.setenv("REPO_TOKEN", "github_pat_x")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    hurry(monkeypatch)
    yield server
    server.close()
    assert server.refused == []


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    server.serve({"1.4.61": "old = 1"})
    server.offer("market-data-free", Offer("1.0"))
    server.offer("market-data-small", Offer("0.1.0"))
    yield server
    server.close()


def look(folder: Path, index: CoreIndex) -> Result:
    (folder / "consumers.toml").write_text(CONSUMERS)
    (folder / "packs/small").mkdir(parents=True, exist_ok=True)
    (folder / "packs/small/pack.toml").write_text(PACK_TOML)
    (folder / "tox.ini").write_text(TABLE.read_text())
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs/gate.md").write_text(GATE)
    (folder / "docs/words.md").write_text("words")
    command = ["workflow", "releases", "--root", str(folder), "--index", index.url]
    done = CliRunner().invoke(main, command)
    assert "Traceback" not in done.output, done.output
    return done


def test_an_app_that_is_not_installed_is_said(
    github: GitHub, index: CoreIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app that may do nothing here fails the job before an answer is lost."""
    monkeypatch.setenv("APP_ID", "12345")
    monkeypatch.setenv("APP_PRIVATE_KEY", private_key())
    github.faults.append(Fault(r"GET .*/installation", 404, times=99))

    done = look(tmp_path, index)

    assert done.exit_code == 3
    assert "use the GitHub App" in done.output


def test_a_token_that_has_ended_is_said(github: GitHub, index: CoreIndex, tmp_path: Path) -> None:
    """It fails the job on a day without a release too, and the message says how to make another."""
    github.faults.append(Fault(r".*", 401, times=99, message="Bad credentials"))

    done = look(tmp_path, index)

    assert done.exit_code == 3
    assert "gh secret set REPO_TOKEN" in done.output


def test_a_new_release_is_proposed_once(github: GitHub, index: CoreIndex, tmp_path: Path) -> None:
    """A release that tox.ini lacks comes as one pull request, however often it is looked for."""
    github.files["main"] = {
        "tox.ini": TABLE.read_text(),
        "docs/gate.md": GATE,
        "docs/words.md": "words",
    }
    index.serve({"1.4.61": "old = 1", "1.4.62": "new = 1"})

    done = look(tmp_path, index)
    before = list(github.written)
    again = look(tmp_path, index)

    assert (done.exit_code, again.exit_code) == (0, 0), done.output + again.output
    (pull,) = github.pulls
    assert (pull["title"], pull["head"], pull["base"]) == (
        "Add Core 1.4.62",
        "cores-update",
        "main",
    )
    changed = github.files["cores-update"].items() - github.files["main"].items()
    assert {path for path, _ in changed} == {"tox.ini", "docs/gate.md"}
    assert "core_v1462 = 1.4.62\n" in github.files["cores-update"]["tox.ini"]
    assert github.files["cores-update"]["docs/gate.md"] == "fanout check 1.4.62"
    assert github.written == before


def test_a_new_release_of_a_consumer_is_proposed_once(
    github: GitHub, index: CoreIndex, tmp_path: Path
) -> None:
    """It comes as a pull request of its own, which says of which release the pack is."""
    github.files["main"] = {"consumers.toml": CONSUMERS}
    index.offer("market-data-small", Offer("0.1.0"), Offer("0.2.0"), Offer("0.3.0", yanked=True))

    done, again = look(tmp_path, index), look(tmp_path, index)

    assert (done.exit_code, again.exit_code) == (0, 0), done.output + again.output
    (pull,) = github.pulls
    assert (pull["title"], pull["head"]) == (
        "Take up market-data-small 0.2.0",
        "consumers-update",
    )
    assert "- market-data-small 0.2.0, whose pack is of 0.1.0" in pull["body"]
    assert github.files["consumers-update"]["consumers.toml"] == CONSUMERS.replace("0.1.0", "0.2.0")


def test_an_index_without_a_consumer_is_said(
    github: GitHub, index: CoreIndex, tmp_path: Path
) -> None:
    """What the index says of Core is proposed, and then the job fails."""
    github.files["main"] = {"tox.ini": TABLE.read_text(), "docs/gate.md": GATE}
    index.serve({"1.4.61": "old = 1", "1.4.62": "new = 1"})
    del index.pages["market-data-small"]

    done = look(tmp_path, index)

    assert done.exit_code == 3
    assert "'market-data-small'" in done.output
    assert [pull["title"] for pull in github.pulls] == ["Add Core 1.4.62"]


def test_tables_that_have_all_are_left(github: GitHub, index: CoreIndex, tmp_path: Path) -> None:
    """Without a new release GitHub is asked nothing but who we are."""
    done = look(tmp_path, index)

    assert done.output.splitlines() == [
        "tox.ini names every release of Core",
        "consumers.toml names the newest release of every consumer",
    ]
    assert github.asked == ["GET /user"]


def test_without_a_token_what_is_new_is_said(
    github: GitHub, index: CoreIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a token nothing is proposed, and each that would be is said."""
    monkeypatch.delenv("REPO_TOKEN")
    index.offer("market-data-free", Offer("1.1"))
    index.serve({"1.4.62": "new = 1"})

    done = look(tmp_path, index)

    assert (done.exit_code, github.asked) == (0, [])
    assert "no token to propose with: Add Core 1.4.62" in done.output
    assert "no token to propose with: Take up market-data-free 1.1" in done.output
