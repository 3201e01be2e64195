"""`fanout bisect`: the first Core ref, or commit, that broke a promise."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import Result

from fanout.cells.evidence import read_file
from fanout.cells.outcome import judge
from fanout.cells.packs import read_packs
from fanout.history.document import make_run, write_run
from fanout.model import Cell
from tests.servers.core_index import CoreIndex
from tests.worlds.project import Case
from tests.worlds.small import CoreRepository, SmallWorld

VERSIONS = ("1.2.0", "1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5")
NUMBER = "test_core.py::test_number"
NUMBER_IS_ONE = "from market_data_core import number\nassert number == 1"
COLOUR_IS_RED = "from market_data_core import colour\nassert colour == 'red'"
GOOD = "number = 1; colour = 'red'"
COLOUR = Case("test_core.py::test_colour")
PINS = {"contract": "number"}
CASES = {
    "k": Case(NUMBER, properties=PINS),
    "b": Case(
        NUMBER, "failure", "AssertionError", "assert 2 == 1", "E   assert 2 == 1", properties=PINS
    ),
    "n": Case(NUMBER, "skipped", "not-applicable", "<1.2"),
}


def make_world(folder: Path, releases: Mapping[str, str]) -> SmallWorld:
    world = SmallWorld(folder / "project", releases)
    world.promises(number=NUMBER_IS_ONE, colour=COLOUR_IS_RED)
    return world


def bisect(world: SmallWorld, good: str, bad: str, *options: str) -> Result:
    return world.project.fanout("bisect", "small", "--good", good, "--bad", bad, *options)


@pytest.fixture(scope="module")
def index() -> Iterator[CoreIndex]:
    """An index whose Cores say another number from 1.2.3 on."""
    index = CoreIndex()
    index.serve({one: GOOD if one < "1.2.3" else GOOD.replace("1", "2") for one in VERSIONS})
    yield index
    index.close()


@pytest.fixture(autouse=True)
def at_the_index(index: CoreIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORE_INDEX", index.url)


@pytest.fixture
def world(tmp_path: Path) -> SmallWorld:
    """A world in which nothing can be installed: what is asked of it must be known."""
    return make_world(tmp_path, dict.fromkeys(VERSIONS, "raise SystemExit"))


def seen_before(world: SmallWorld, said: str, colour: Case = COLOUR) -> None:
    """Put into the history what each Core ref in turn said: kept, broken or not applicable."""
    packs = read_packs(world.root, ["small"])
    reports = []
    for version, letter in zip(VERSIONS, said, strict=True):
        core_ref, asked = f"core_v{version.replace('.', '')}", f"market-data-core=={version}"
        cell = Cell(name=f"small-{core_ref}", pack="small", core_ref=core_ref, core=asked)
        cases = (CASES[letter], colour)
        file = world.project.evidence(cell.name, *cases, asked=asked, version=version)
        reports.append(judge(cell, read_file(file), packs["small"], date.today()))
    write_run(make_run("report", datetime.now(UTC), [reports], packs), world.root / "history")


def test_one_break(world: SmallWorld) -> None:
    """The answer names the first that breaks, the last that keeps, owner, reason and command."""
    seen_before(world, "kkkbbb")
    result = bisect(world, "1.2.0", "v1.2.5", "--promise", "number")
    assert result.exit_code == 0
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    assert lines == [
        "Core 1.2.3 is the first that breaks test_core.py::test_number of small",
        "the last that keeps it: Core 1.2.2",
        "what changed in Core between the two:",
        "number is 2, was 1",
        "An event has a source.",
        "small, owned by small team, test_core.py::test_number",
        "pins number",
        "| assert 2 == 1",
        "$ tox run -e small-core_v123",
        "0 cells run, 6 reused from the history",
        "All that changed in Core between the two, and who names it:",
        "$ fanout diff 1.2.2 1.2.3",
    ]


def test_what_changed_is_not_known(world: SmallWorld, index: CoreIndex) -> None:
    """Without the index the answer is the same, and says that it does not know the change."""
    seen_before(world, "kkkbbb")
    options = ("--promise", "number", "--index", f"{index.url}gone/")
    result = bisect(world, "1.2.0", "v1.2.5", *options)
    assert result.exit_code == 0
    assert result.stdout.startswith("Core 1.2.3 is the first that breaks")
    assert "what changed in Core is not told: " in result.stderr
    assert "what changed in Core between the two" not in result.stdout


def test_a_change_that_explains_nothing(world: SmallWorld) -> None:
    """Where no change fits, that is said, and all of them are one command away."""
    seen_before(world, "kbbbbb")
    result = bisect(world, "1.2.0", "v1.2.5", "--promise", "number")
    assert "\n  what changed in Core between the two is not known to break it\n" in result.stdout
    assert "  $ fanout diff 1.2.0 1.2.1\n" in result.stdout


def test_broken_mended_and_broken_again(world: SmallWorld) -> None:
    """The break that the bad end shows is the answer; the one before it is named as well."""
    seen_before(world, "kbkkbb")
    result = bisect(world, "1.2.0", "1.2.5", "--promise", NUMBER)
    assert result.stdout.startswith("Core 1.2.4 is the first that")
    assert "an earlier break: kept on Core 1.2.0, broken on Core 1.2.1" in result.stdout
    known = "Core 1.2.0 kept, Core 1.2.1 broken, Core 1.2.2 to Core 1.2.3 kept,"
    assert f"as far as is known: {known} Core 1.2.4 to Core 1.2.5 broken" in result.stdout
    assert "this is the break that Core 1.2.5 shows" in result.stdout


def test_only_a_range(world: SmallWorld) -> None:
    """Where those between cannot be judged, the answer is a range, and ends with 3."""
    seen_before(world, "kknnbb")
    result = bisect(world, "1.2.0", "1.2.5", "--promise", NUMBER)
    assert result.exit_code == 3
    assert result.stdout.startswith("Core 1.2.4, or one of the 2 Cores before it")
    assert "cannot be judged: Core 1.2.2: not applicable" in result.stdout
    options = ("--promise", NUMBER, "--format", "json")
    shown = json.loads(bisect(world, "1.2.0", "1.2.5", *options).stdout)
    assert [one["name"] for one in shown["skipped"]] == ["core_v122", "core_v123"]
    assert shown["exit_code"] == 3


@pytest.mark.parametrize(
    ("said", "good", "bad", "code", "what", "hint"),
    [
        ("bbbbbb", "1.2.0", "1.2.5", 2, "Core 1.2.0 is not good", "an older one"),
        ("kkkkkk", "1.2.0", "1.2.5", 2, "Core 1.2.5 is not bad", "a newer one"),
        ("bbbkkk", "1.2.0", "1.2.5", 2, "Core 1.2.0 breaks it and", "not what mended"),
        ("nkkbbb", "1.2.0", "1.2.5", 3, "cannot be judged: not applicable", "another"),
        ("", "1.2.5", "1.2.0", 2, "'1.2.5' is not older than '1.2.0'", "swap them"),
        ("", "1.2.0", "1.2.0", 2, "'1.2.0' is not older", "name two"),
        ("", "1.2.0", "main", 2, "'main' is no Core ref of tox.ini", "--repo"),
    ],
)
def test_ends(
    world: SmallWorld, said: str, good: str, bad: str, code: int, what: str, hint: str
) -> None:
    """Ends that are not as they are named are said, with what to do."""
    if said:
        seen_before(world, said)
    result = bisect(world, good, bad, "--promise", NUMBER)
    assert result.exit_code == code
    error, advice = result.stderr.splitlines()[-2:]
    assert what in error
    assert hint in advice


def test_nothing_that_could_break(world: SmallWorld) -> None:
    """Without a promise that is kept on the good end, there is no answer."""
    seen_before(world, "bbbbbb", colour=Case("test_core.py::test_colour", "failure"))
    result = bisect(world, "1.2.0", "1.2.5")
    assert result.exit_code == 2
    assert "Core 1.2.0 keeps no promise of small" in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("test_core.py", "'test_core.py' names 2 promises of the pack 'small'"),
        ("\x1b[31m", "the pack 'small' has no promise"),
    ],
)
def test_a_promise_must_be_one(world: SmallWorld, text: str, said: str) -> None:
    """A text that names several promises, or none, is refused with a list."""
    result = bisect(world, "1.2.0", "1.2.5", "--promise", text)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "test_core.py::test_number, test_core.py::test_colour" in result.stderr
    assert "\x1b" not in result.stderr


def test_an_unknown_pack(world: SmallWorld) -> None:
    """A pack that is not there is refused, and those that are there are listed."""
    result = world.project.fanout("bisect", "large", "--good", "1.2.0", "--bad", "1.2.5")
    assert result.exit_code == 2
    assert "there is no pack 'large'" in result.stderr
    assert "name one of small" in result.stderr


def test_on_real_cells(tmp_path: Path) -> None:
    """What cannot be installed is passed over; a second search runs no cell again."""
    worse = "number = 2; colour = 'blue'"
    codes = (GOOD, GOOD, GOOD, GOOD, "number = 1", worse)
    world = make_world(tmp_path, dict(zip(VERSIONS, codes, strict=True)))
    (world.root / "releases/market_data_core-1.2.2-py3-none-any.whl").unlink()

    first = bisect(world, "1.2.0", "1.2.5", "--format", "json")
    found = json.loads(first.stdout)
    assert first.exit_code == found["exit_code"] == 0
    assert found["first"]["name"] == "core_v124"
    assert [one["name"] for one in found["first"]["broken"]] == ["test_core.py::test_colour"]
    assert found["last"]["name"] == "core_v123"
    assert (found["cells_run"], found["cells_reused"]) == (6, 0)
    assert "Core 1.2.4: broken; 0 cells left at most" in first.stderr

    second = json.loads(bisect(world, "1.2.0", "1.2.5", "--format", "json").stdout)
    assert second["cells_run"] == 0
    for key in ("message", "text", "says", "contract"):
        assert second["first"]["broken"][0][key] == found["first"]["broken"][0][key]
    assert len(list((world.root / "history").glob("*.json"))) == 1


def git_state(repository: CoreRepository) -> dict[str, str]:
    """What the user has there: HEAD, changes, branches, worktrees, and a bisect of his own."""
    asked = {"head": "rev-parse HEAD", "changes": "status --porcelain", "refs": "for-each-ref"}
    asked |= {"trees": "worktree list", "bisect": "bisect log"}
    return {name: repository.git(*command.split()) for name, command in asked.items()}


@dataclass
class History:
    """A repository of a Core, with the user in the midst of a bisect and an edit of his own."""

    repository: CoreRepository
    commits: list[str]


@pytest.fixture
def history(tmp_path: Path) -> History:
    repository = CoreRepository(tmp_path / "a core")
    codes = [GOOD, GOOD + "  # 1", "number = 2  # [bold]", "number = 2", "number = 3"]
    commits = [repository.commit(code, f"[red]\x1b[31m{code}") for code in codes]
    (repository.root / ".git/hooks").mkdir(exist_ok=True)
    hook = repository.root / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/hooked'\n")
    repository.git("bisect", "start", commits[4], commits[0])
    (repository.root / "backend.py").write_text("edited")
    (tmp_path / "hooked").unlink(missing_ok=True)
    hook.chmod(0o755)
    return History(repository, commits)


def test_commits(tmp_path: Path, history: History) -> None:
    """The first bad commit is found by git, and the user's own checkout stays as it was."""
    world = make_world(tmp_path, {"1.2.0": GOOD})
    before = git_state(history.repository)

    result = bisect(world, history.commits[0], "main", "--repo", str(history.repository.root))

    assert result.exit_code == 0, result.stderr
    first, about, last = result.stdout.splitlines()[:3]
    assert first.startswith(f"{history.commits[2]} (1.9.0) is the first commit that breaks 2")
    assert about.endswith("[red]\N{REPLACEMENT CHARACTER}[31mnumber = 2  # [bold]")
    assert "ada@" not in about
    assert history.commits[1] in last
    assert (
        "\n  what changed in Core between the two:"
        "\n    colour is gone: it was 'red'\n    number is 2, was 1\n"
    ) in result.stdout
    assert "| assert 2 == 1" in result.stdout
    address = f"git+{history.repository.root.as_uri()}@{history.commits[2]}"
    assert f"\n    $ CORE_CANDIDATE={address} tox run -e small-core_candidate" in result.stdout
    assert "\n4 cells run" in result.stdout
    assert "\x1b" not in result.output
    assert git_state(history.repository) == before
    assert not (tmp_path / "hooked").exists()
    assert len(list((world.root / "history").glob("*.json"))) == 4


def test_interrupted_search_of_commits(tmp_path: Path, history: History) -> None:
    """After Ctrl-C the repository is as it was, and nothing is left running."""
    world = make_world(tmp_path, {"1.2.0": GOOD})
    before = git_state(history.repository)
    command = [sys.executable, "-m", "fanout", "bisect", "small", "--root", str(world.root)]
    command += ["--repo", str(history.repository.root), "--good", history.commits[0]]
    with subprocess.Popen(
        [*command, "--bad", "main"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        text=True,
    ) as process:
        for line in process.stderr or ():
            if line.startswith("small on "):
                break
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]

    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert len(list((world.root / "history").glob("*.json"))) == 3
    assert git_state(history.repository) == before
    assert not list(tmp_path.glob("fanout-*"))


@pytest.mark.parametrize(
    ("good", "bad", "what", "hint"),
    [
        ("main", "HEAD~1", "has no commit that 'main' has not", "swap them"),
        ("main", "main", "has no commit that 'main' has not", "name two"),
        ("--output=x", "main", "has no commit '--output=x'", "git log"),
    ],
)
def test_refs_of_a_repository(
    world: SmallWorld, history: History, good: str, bad: str, what: str, hint: str
) -> None:
    """Refs that are not there, or in the wrong order, are refused before anything runs."""
    root = str(history.repository.root)
    result = world.project.fanout(
        "bisect", "small", f"--good={good}", f"--bad={bad}", "--repo", root
    )
    assert result.exit_code == 2
    error, advice = result.stderr.splitlines()[-2:]
    assert what in error
    assert hint in advice


def test_a_folder_without_repository(world: SmallWorld, tmp_path: Path) -> None:
    """A folder that is no git repository is refused."""
    (tmp_path / "empty").mkdir()
    result = bisect(world, "a", "b", "--repo", str(tmp_path / "empty"))
    assert result.exit_code == 2
    assert "not a git repository" in result.stderr


def test_windows(world: SmallWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no shell for git bisect, that is said before anything runs."""
    monkeypatch.setattr(sys, "platform", "win32")
    result = bisect(world, "a", "b", "--repo", str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: commits are not searched on Windows: ")
    assert "without --repo" in result.stderr.splitlines()[1]
