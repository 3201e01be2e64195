"""The branch that keeps the history: real git repositories, and runs that push at once."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fanout.cli import main
from tests.worlds.runs import cell, record

SECRET = "ghs_not_to_be_seen"  # noqa: S105 - a token for a repository that needs none


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(path)], check=True)
    return path


def publish(documents: Path, repository: Path | str, history: Path, *more: str) -> Result:
    address = repository if isinstance(repository, str) else repository.as_uri()
    options = ["--repository", address, "--history", str(history), "--token", SECRET]
    return CliRunner().invoke(main, ["workflow", "publish", str(documents), *options, *more])


def on_branch(repository: Path) -> list[str]:
    listed = ["git", "-C", str(repository), "ls-tree", "-r", "--name-only", "history"]
    done = subprocess.run(listed, capture_output=True, text=True, check=False)
    return sorted(done.stdout.split())


def test_the_first_run_makes_the_branch(repository: Path, tmp_path: Path) -> None:
    """A repository without history gets one, which holds the document and nothing else."""
    document = record(tmp_path / "answer/run", cell())

    done = publish(tmp_path / "answer", repository, tmp_path / "history")

    assert (done.exit_code, done.output) == (0, "1 new document on the branch 'history'\n")
    assert on_branch(repository) == [document.name]
    assert (tmp_path / "history" / document.name).is_file()


def test_a_run_says_where_its_dashboard_is(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an address it is an artifact, which is told once, and not where nothing was run."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    record(tmp_path / "answer/run", cell())
    told = publish(tmp_path / "answer", repository, tmp_path / "one").output
    assert "::notice::DASHBOARD_URL is not set: the dashboard is an artifact of this run" in told
    monkeypatch.setenv("DASHBOARD_URL", "https://contracts.example.org/")
    assert "notice" not in publish(tmp_path / "answer", repository, tmp_path / "two").output
    monkeypatch.delenv("DASHBOARD_URL")
    assert "notice" not in publish(tmp_path / "none", repository, tmp_path / "three").output


def test_a_rerun_keeps_a_run_once(repository: Path, tmp_path: Path) -> None:
    """The same document published again changes nothing, from whatever checkout."""
    record(tmp_path / "answer/run", cell())
    publish(tmp_path / "answer", repository, tmp_path / "one")

    done = publish(tmp_path / "answer", repository, tmp_path / "two")

    assert (done.exit_code, done.output) == (0, "0 new documents on the branch 'history'\n")
    assert len(on_branch(repository)) == 1


def test_what_is_measured_replaces_what_was(repository: Path, tmp_path: Path) -> None:
    """It is put there from the fetched history itself, whatever others have put there since."""
    for number in "12":
        history = tmp_path / f"history{number}"
        publish(tmp_path / "none", repository, history)
        file = history / "coverage/small.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(number)
        record(tmp_path / f"other{number}/run", cell(day=int(number)), day=int(number))
        publish(tmp_path / f"other{number}", repository, tmp_path / f"others{number}")
        done = publish(tmp_path / "none", repository, history, "--measured", str(history))
        assert done.output == "1 new document on the branch 'history'\n"

    assert len([name for name in on_branch(repository) if "/" not in name]) == 2
    shown = ["git", "-C", str(repository), "show", "history:coverage/small.json"]
    assert subprocess.run(shown, capture_output=True, check=True).stdout == b"2"


def test_runs_that_publish_at_once_all_stay(repository: Path, tmp_path: Path) -> None:
    """Four jobs push to the branch at the same time: each ends well, and no run is lost."""
    names = {record(tmp_path / f"answer{day}/run", cell(day=day), day=day).name for day in range(4)}

    def publish_one(day: int) -> subprocess.CompletedProcess[str]:
        command = ["fanout", "workflow", "publish", str(tmp_path / f"answer{day}")]
        command += ["--repository", repository.as_uri()]
        command += ["--history", str(tmp_path / f"history{day}")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor() as pool:
        done = list(pool.map(publish_one, range(4)))

    assert [one.returncode for one in done] == [0] * 4, [one.stderr for one in done]
    assert set(on_branch(repository)) == names


def test_what_is_no_document_is_not_published(repository: Path, tmp_path: Path) -> None:
    """A file that is not a run is refused by name, and the branch stays as it was."""
    record(tmp_path / "answer/run", cell())
    publish(tmp_path / "answer", repository, tmp_path / "history")
    (tmp_path / "answer/run/evil.json").write_text('{"schema_version": 1}')

    done = publish(tmp_path / "answer", repository, tmp_path / "again")

    assert done.exit_code == 2
    assert "evil.json" in done.output
    assert len(on_branch(repository)) == 1


def test_a_repository_that_is_not_there_is_no_answer(tmp_path: Path) -> None:
    """What cannot be kept is said, with exit code 3, and without the token."""
    record(tmp_path / "answer/run", cell())

    done = publish(tmp_path / "answer", tmp_path / "nowhere.git", tmp_path / "history")

    assert done.exit_code == 3
    assert "the branch 'history' cannot be read" in done.output
    assert SECRET not in done.output


def test_the_branch_grows_from_what_is_there(repository: Path, tmp_path: Path) -> None:
    """The folder then holds every run so far, ready for the dashboard."""
    for day in range(2):
        shutil.rmtree(tmp_path / "answer", ignore_errors=True)
        record(tmp_path / "answer/run", cell(day=day), day=day)
        publish(tmp_path / "answer", repository, tmp_path / f"history{day}")

    assert len(list((tmp_path / "history1").glob("*.json"))) == 2
