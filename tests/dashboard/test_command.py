"""`fanout dashboard`: what it prints, how it ends, and what it asks of the index."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.commands import command
from fanout.commands.progress import Pace
from fanout.dashboard.site import alone
from fanout.digest import content_digest
from fanout.history.query import History
from tests.servers.core_index import CoreIndex
from tests.worlds.project import Project
from tests.worlds.runs import BROKEN, cell, record

CODE = "class Event: ...\n"
DIGEST = content_digest([("market_data_core/__init__.py", CODE.encode())])
CLOSED = "http://127.0.0.1:9/simple/"


@pytest.fixture(autouse=True)
def no_history_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HISTORY", raising=False)


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    server.serve({"1.2.0": CODE})
    yield server
    server.close()


@pytest.fixture
def history(project: Project) -> Path:
    return project.root / "history"


def test_the_last_line_is_the_page(project: Project, history: Path) -> None:
    """The last line of the output is the absolute path of the first page, wherever it is run."""
    record(history, cell(results=BROKEN))
    os.chdir(project.root)
    for options, page in (
        ((), "dashboard/index.html"),
        (("--output", "some where"), "some where/index.html"),
    ):
        done = project.fanout("dashboard", "--offline", *options)
        assert done.exit_code == 0
        assert done.stdout.splitlines()[-1] == str(project.root / page)
        assert done.stderr == ""
        assert (project.root / page).is_file()


def test_what_was_built_as_json(project: Project, history: Path) -> None:
    """`--format json` tells the first page, the files, what was written, and what is not known."""
    record(history, cell())
    first, second = (
        json.loads(project.fanout("dashboard", "--offline", "--format", "json").stdout)
        for _ in range(2)
    )
    assert first["index"] == str(project.root.resolve() / "dashboard/index.html")
    files = [path for path in (project.root / "dashboard").rglob("[!.]*") if path.is_file()]
    assert first["files"] == first["written"] == len(files) - 1  # the manifest is of no part
    assert second == first | {"written": 0}
    assert (first["removed"], first["problems"]) == (0, [])


def test_cores_are_read_once(project: Project, history: Path, index: CoreIndex) -> None:
    """What Core looks like is read from the index, kept in the history, and never asked again."""
    record(history, cell(digest=DIGEST))
    done = project.fanout("dashboard", "--index", index.url)
    assert (done.exit_code, done.stderr) == (0, "")
    assert (history / f"cores/{DIGEST}.json").is_file()
    again = project.fanout("dashboard", "--index", CLOSED)
    assert (again.exit_code, again.stderr) == (0, "")


def test_an_index_that_does_not_answer(project: Project, history: Path) -> None:
    """Without the index the site is built all the same; what is not known is said, as a warning."""
    record(history, cell(digest=DIGEST), cell("1.3.0", digest="a" * 64))
    done = project.fanout("dashboard", "--index", CLOSED)
    assert done.exit_code == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: Core 1.2.0, ")
    assert "127.0.0.1:9" in line
    told = project.fanout("dashboard", "--index", CLOSED, "--format", "json")
    assert json.loads(told.stdout)["problems"] == [line.removeprefix("warning: ")]


def test_offline_asks_nothing(project: Project, history: Path) -> None:
    """`--offline` asks no index, and has nothing to warn of."""
    record(history, cell(digest=DIGEST))
    done = project.fanout("dashboard", "--offline", "--index", CLOSED)
    assert (done.exit_code, done.stderr) == (0, "")


def test_the_folder_of_the_history(
    project: Project, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history is the one that is named, or the one of HISTORY."""
    record(project.root / "elsewhere", cell())
    shown = {}
    for name, options in (("default", ()), ("named", ("--history", "elsewhere"))):
        os.chdir(project.root)
        project.fanout("dashboard", "--offline", *options)
        shown[name] = json.loads((project.root / "dashboard/latest.json").read_bytes())["cells"]
    monkeypatch.setenv("HISTORY", "elsewhere")
    project.fanout("dashboard", "--offline", "--output", "other")
    shown["HISTORY"] = json.loads((project.root / "other/latest.json").read_bytes())["cells"]
    assert shown["default"] == []
    assert shown["named"] == shown["HISTORY"] != []


def test_a_document_that_is_cut_off(project: Project, history: Path) -> None:
    """A document that is not whole is named with what to do, and the site stays as it was; 2."""
    record(history, cell())
    project.fanout("dashboard", "--offline")
    site = project.root / "dashboard"
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*")}
    whole = record(project.root / "apart", cell("1.3.0", day=1), day=1).read_bytes()
    bad = history / "20260102T120000Z-0123456789ab.json"
    bad.write_bytes(whole[: len(whole) // 2])

    done = project.fanout("dashboard", "--offline")

    assert done.exit_code == 2
    assert f"error: '{bad}' is cut off" in done.stderr
    assert "hint: restore it" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*")} == before
    fresh = project.fanout("dashboard", "--offline", "--output", str(project.root / "fresh"))
    assert fresh.exit_code == 2
    assert not (project.root / "fresh").exists()


def test_a_history_that_cannot_be_written(project: Project, history: Path) -> None:
    """Without a place for the database there is nothing to show: 3, as everywhere."""
    record(history, cell())
    (history / "history.sqlite").mkdir()
    done = project.fanout("dashboard", "--offline")
    assert done.exit_code == 3
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_build_of_the_same_folder(
    project: Project, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that has to wait says so, and says why if it gives up; 2."""
    record(history, cell())
    monkeypatch.setattr("fanout.dashboard.site.LONGEST_WAIT", 0.1)
    with alone(project.root / "dashboard"):
        done = project.fanout("dashboard", "--offline")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"waiting for another build of '{project.root / 'dashboard'}'")
    assert "error: another build is writing to" in done.stderr


@pytest.mark.parametrize(
    ("terminal", "said", "lines_of_all"),
    [
        (True, ["building: 16 of 104", "building: 24 of 104, about 10 s left"], 12),
        (False, ["building: 80 of 104, about 3 s left"], 1),
    ],
)
def test_pace(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    said: list[str],
    lines_of_all: int,
) -> None:
    """What is soon done tells nothing; else a line a second, or in a log every ten.

    How much is left is told once it is known.
    """
    now = 0.0
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr("time.monotonic", lambda: now)
    pace = Pace("building")
    for count in range(1, 105):
        now += 0.125
        pace(count, 104)
    lines = capsys.readouterr().err.splitlines()
    assert lines[: len(said)] == said
    assert len(lines) == lines_of_all


def test_no_command_is_silent_for_long(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that says nothing for long says now and then that it works, beside its answer."""
    monkeypatch.setattr("fanout.commands.command.SILENCE", 0.02)

    def slow(folder: Path) -> History:
        for _ in range(2):
            before, now = command.spoke, time.monotonic()
            while command.spoke == before and time.monotonic() < now + 5:
                time.sleep(0.005)
        return History(folder)

    monkeypatch.setattr("fanout.commands.history.History", slow)
    done = project.fanout("history", "--format", "json")
    assert json.loads(done.stdout)["runs"] == 0
    assert done.stderr.startswith("still working, after 0 s\nstill working, ")


def test_help(project: Project) -> None:
    """The help tells the exit codes and an example."""
    told = project.fanout("dashboard", "--help").stdout
    assert "Exit codes: 0 built" in told
    assert "Example: fanout dashboard --history history --output site" in told
