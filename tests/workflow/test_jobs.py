"""The jobs of the fan-out one after the other, as their commands: what they leave, and print."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.core_index import CoreIndex
from tests.worlds.large import HEAD, PACK_TOML, PUBLISH, RELEASES, World, tox_ini

HOSTILE = '''
@pytest.mark.contract("LEVELS")
def test_no_soft():
    """No queue is soft."""
    assert "soft" not in core.LEVELS, "x\\n::error::pwned\\n##[set-env name=A]pwned"
'''
HANGS = '''
@pytest.mark.contract("LEVELS")
def test_ends():
    """It never ends."""
    while True:
        pass
'''
CELLS = ("alpha-core_v100", "alpha-core_v200", "beta-core_v200")
ACTIONS = {"GITHUB_ACTIONS": "true"}
RUN = ("--url", "https://github.com/owner/contracts/actions/runs/1")


@pytest.fixture(scope="module")
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    server.serve(RELEASES)
    yield server
    server.close()


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, index: CoreIndex, compiled_wheels: None
) -> World:
    """Two packs: one with a broken promise, whose failure is hostile, and one that hangs."""
    world = World(tmp_path_factory.mktemp("jobs"), index.url)
    world.harness(tox_ini())
    for pack, text in {"alpha": HEAD + PUBLISH + HOSTILE, "beta": HEAD + HANGS}.items():
        world.write(f"packs/{pack}/pack.toml", PACK_TOML.format(pack=pack, supports=">=1"))
        world.write(f"packs/{pack}/test_promises.py", text)
    return world


@pytest.fixture(scope="module")
def ran(world: World) -> subprocess.CompletedProcess[str]:
    """The job of one shard, whose cells are stopped after a while."""
    options = ("--minutes", "0.2", "--evidence", "left")
    done = world.fanout("workflow", "run", "--cells", ",".join(CELLS), *options, **ACTIONS)
    for file in (world.root / "left").rglob("*.xml"):
        target = world.root / f"incoming/evidence-{file.stem}/{file.parent.name}/{file.name}"
        target.parent.mkdir(parents=True)
        shutil.copy(file, target)
    return done


def conclude(world: World, *options: str, **inputs: str) -> tuple[str, dict[str, str], Path]:
    """Plan and conclude from the evidence: what is printed, the outputs, and the answer."""
    number = len(list(world.root.glob("answer-*")))
    folder, said = world.root / f"answer-{number}", world.root / f"outputs-{number}"
    actions = ACTIONS | {"GITHUB_OUTPUT": str(said)}
    asked = ("--inputs", json.dumps({"packs": "alpha"} | inputs), *options)
    planned = world.fanout("workflow", "plan", *asked, "--index", world.index, **actions)
    assert planned.returncode == 0, planned.stderr
    arguments = ("--evidence", "incoming", "--output", folder.name, *RUN, *options)
    plan = outputs(said)["plan"]
    done = world.fanout("workflow", "conclude", *arguments, PLAN=plan, **actions)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr, outputs(said), folder


def outputs(file: Path) -> dict[str, str]:
    said = file.read_text(encoding="utf-8")
    found = re.findall(r"^(\w+)<<(\w+)\n(.*?)\n\2$", said, re.MULTILINE | re.DOTALL)
    return {name: value for name, _, value in found}


def obeyed(printed: str) -> list[str]:
    """The lines that the runner would obey, by its own rule for where commands stop."""
    found, end = [], ""
    for line in printed.splitlines():
        if end:
            end = "" if line == f"::{end}::" else end
        elif stop := re.fullmatch("::stop-commands::(.+)", line):
            end = stop[1]
        elif re.match(r"\s*::|##\[", line):
            found.append(line)
    assert not end
    return found


def test_a_shard_that_hangs_leaves_what_ended(
    world: World, ran: subprocess.CompletedProcess[str]
) -> None:
    """It is stopped after its time, fails, and keeps the evidence of each cell that had ended."""
    assert ran.returncode == 3, ran.stderr
    said = ran.stdout.splitlines()
    assert "1 of 1: alpha-core_v200: failed: 1 of its promises are broken" in said
    assert any(line.startswith("1 of 1: beta-core_v200: errored: ") for line in said), said


def test_what_a_failure_says_is_no_command(
    world: World, ran: subprocess.CompletedProcess[str]
) -> None:
    """The runner obeys annotations of this tool alone, which say where a promise stands."""
    printed, found, answer = conclude(world, core_ref="2.0.0", baseline="1.0.0")

    assert obeyed(ran.stdout + ran.stderr) == []
    assert "pwned" in (answer / "account.md").read_text()
    assert "pwned" not in printed
    assert found["answer"] == "hold"
    line = (world.root / "packs/alpha/test_promises.py").read_text().splitlines()
    place = f"packs/alpha/test_promises.py,line={line.index('def test_no_soft():') + 1}"
    assert obeyed(printed) == [
        "::error::hold: Core 2.0.0 breaks 1 promise of alpha, of which 1.0.0 breaks none",
        f"::error file={place}::regressed: No queue is soft.",
    ]


def test_a_held_push_that_is_run_again_is_held(
    world: World, ran: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    """The same commit and evidence get the same answer, also after the first has been kept."""
    bare = tmp_path / "contracts.git"
    subprocess.run(["git", "init", "--quiet", "--bare", bare], check=True)
    history = ("--history-repository", bare.as_uri())

    _, first, answer = conclude(world, *history)
    kept = world.ask("workflow", "publish", answer.name, "--repository", bare.as_uri())
    _, second, _ = conclude(world, *history)

    assert kept.stdout.startswith("1 new document"), kept.output
    assert (first["answer"], second["answer"]) == ("hold", "hold")


def test_a_history_that_is_lost_or_empty_changes_no_answer(
    world: World, ran: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    """What is broken holds without a past: where the branch is gone, and where it has no file."""
    bare = tmp_path / "contracts.git"

    def git(*words: str) -> str:
        done = ["git", "-C", str(bare), "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
        made = subprocess.run(done, check=True, capture_output=True, text=True, input="")
        return made.stdout.strip()

    subprocess.run(["git", "init", "--quiet", "--bare", bare], check=True)
    history = ("--history-repository", bare.as_uri())
    _, _, answer = conclude(world, *history)
    world.ask("workflow", "publish", answer.name, "--repository", bare.as_uri())
    git("update-ref", "-d", "refs/heads/history")
    shutil.rmtree(world.root / "history")  # as each job begins
    _, lost, _ = conclude(world, *history)
    shutil.rmtree(world.root / "history")
    tree = git("mktree")
    git("update-ref", "refs/heads/history", git("commit-tree", "-m", "empty", tree))
    _, empty, _ = conclude(world, *history)

    assert (lost["answer"], empty["answer"]) == ("hold", "hold")


def test_a_history_that_cannot_be_read_is_unknown(
    world: World, ran: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    """A branch that is not there yet is no reason; one that cannot be read is, and is named."""
    gone = ("--history-repository", (tmp_path / "gone.git").as_uri())

    printed, found, _ = conclude(world, *gone)

    assert found["answer"] == "unknown"
    assert "unknown: the branch 'history' cannot be read: " in printed
    assert "without it the answer would be hold: Core breaks 1 promise of alpha" in printed
