"""`fanout strength` as its users see it, on a Core in which every kind of change happens."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from filelock import FileLock

from fanout.cli import main
from fanout.core.wheel import read_files
from fanout.strength.changes.mutation import KINDS, OF_MODULES
from fanout.strength.installed import Installed
from tests.worlds.large import World
from tests.worlds.mutable_core import make

WHEEL = "dist/market_data_core-2.0.0-py3-none-any.whl"
CLOSED = "http://127.0.0.1:9/simple/"
RAISES = "function-raises:events.Bus.publish"
ADDED = "field-added:events.Event.added_by_core"
BREAKING = {one.name for one in KINDS if one.breaking} | {"dependency"}
BREAKING |= {name for name, (breaking, _) in OF_MODULES.items() if breaking}
COMPATIBLE = {one.name for one in KINDS if not one.breaking}
COMPATIBLE |= {name for name, (breaking, _) in OF_MODULES.items() if not breaking}


@pytest.fixture(scope="module")
def world(shared: Path, compiled_wheels: None) -> Iterator[World]:
    """One for all tests of a run: making the env of a cell takes as long as most of them."""
    with FileLock(shared / "mutable.lock"):
        world = World(shared / "mutable", CLOSED)
        if not world.root.exists():
            make(world.root, CLOSED)
        yield world


def strength(world: World, *arguments: str, index: str = CLOSED) -> Result:
    """Ask for a strength in the world; an exception that is let out fails the test."""
    more = ["--core", WHEEL, "--index", index]
    with contextlib.chdir(world.root):
        result = CliRunner().invoke(main, ["strength", *more, *arguments], env={"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_each_kind_is_made_and_found(world: World) -> None:
    """Each kind of change happens, a strong pack notices each breaking one, and refuses no other.

    A sample has one of each kind before it has a second one of any.
    """
    size = len(BREAKING | COMPATIBLE)
    done = strength(world, "strong", "--sample", str(size), "--format", "json")
    answer = json.loads(done.stdout)
    kinds = {one["kind"]: one for one in answer["kinds"]}
    assert kinds.keys() == BREAKING | COMPATIBLE
    assert {one["mutants"] for one in kinds.values()} == {1}
    assert {name for name, one in kinds.items() if one["noticed"]} == BREAKING
    assert not [one["id"] for one in answer["mutants"] if one["errored"]]
    assert (answer["score"], answer["sample"], done.exit_code) == (100.0, size, 0)


def test_survivor(world: World, tmp_path: Path) -> None:
    """What a weak pack does not notice is told with the line that would break, and its diff.

    It is kept as a wheel that differs from Core by its change alone.
    """
    done = strength(world, "weak", "--mutant", RAISES, "--keep", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    assert done.stdout.startswith(f"survived: {RAISES}\n  small/app.py:31: given = await bus.pub")
    assert '+        raise NotImplementedError("Core does this no more")' in done.stdout
    assert done.stdout.endswith(f"run it for real: fanout check {wheel}\n")
    before, after = read_files(world.root / WHEEL), read_files(wheel)
    differing = [path for path in before if before[path] != after[path]]
    assert before.keys() == after.keys()
    assert differing == [
        "market_data_core/events/__init__.py",
        "market_data_core-2.0.0.dist-info/RECORD",
    ]


def test_false_alarm(world: World) -> None:
    """A promise that refuses what harms nobody is told by name."""
    done = strength(world, "weak", "--mutant", ADDED)
    assert done.stdout.startswith(f"refused: {ADDED}\n  broken: test_promises.py::test_event: ")
    assert "+    added_by_core: str | None = None" in done.stdout


def test_what_a_pack_says_of_its_strength(world: World) -> None:
    """A floor holds, and an entry that is no more true is named."""
    entry = 'equivalent = [{mutant = "no-such:mutant", reason = "it looks alike"}]'
    with saying(world, f"floor = 98.0\n{entry}"):
        done = strength(world, "weak", "--sample", "4")
    assert "weaker than the floor of 98 % in pack.toml" in done.stdout
    assert "lists 'no-such:mutant' as equivalent, and there is no such mutant" in done.stdout
    assert done.exit_code == 2


def test_what_a_pack_may_not_say(world: World) -> None:
    """What is wrong in `[strength]` is told by file and key."""
    with saying(world, "floor = 101.0\nflor = 1"):
        done = strength(world, "weak")
    assert "pack.toml' is not a valid pack.toml" in done.stderr
    assert "floor: Input should be less than or equal to 100" in done.stderr
    assert "flor: Extra inputs are not permitted" in done.stderr
    assert done.exit_code == 2


@contextlib.contextmanager
def saying(world: World, text: str) -> Iterator[None]:
    file = world.root / "packs/weak/pack.toml"
    before = file.read_text()
    file.write_text(f"{before}\n[strength]\n{text}\n")
    yield
    file.write_text(before)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nobody"], 2, "there is no pack 'nobody'"),
        (["weak", "--keep", "here"], 2, "--keep needs --mutant"),
        (["weak", "--mutant", "\x1b[31m\n'"], 2, "has the id '\N{REPLACEMENT CHARACTER}[31m '"),
        (["--mutant", RAISES], 2, "needs a PACK"),
        (["weak", "--sample", "0"], 2, "--sample"),
        (["weak", "--core", "no-such-core"], 2, "no-such-core"),
        (["weak", "--index", "http://127.0.0.1:8/simple/"], 3, "gave no usable answer"),
    ],
)
def test_wrong_questions(world: World, arguments: list[str], code: int, told: str) -> None:
    """What cannot be asked, or answered, ends with a message and a code of its own."""
    done = strength(world, *arguments)
    assert told in done.stderr
    assert "\x1b" not in done.stderr
    assert done.exit_code == code


def test_core_that_the_pack_does_not_keep(world: World) -> None:
    """Where a promise is broken by Core as it is, nothing is said of any mutant."""
    file = world.root / "packs/weak/test_promises.py"
    before = file.read_text()
    file.write_text(before.replace("== 6", "== 7"))
    try:
        done = strength(world, "weak", "--sample", "1")
    finally:
        file.write_text(before)
    assert "does not keep on Core as it is: test_promises.py::test_event" in done.stderr
    assert (done.stdout, done.exit_code) == ("", 3)


def test_where_nothing_forks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `fork` each mutant has a process of its own, and the answer says so."""

    def warm(self: Installed, number: int) -> subprocess.Popen[str]:
        # Another process may be reading it just now.
        part = self.site / f"{number}.part"
        part.write_text("import os; del os.fork\n")
        part.replace(self.site / "without_fork.pth")
        return started(self, number)

    started = Installed.warm
    monkeypatch.setattr(Installed, "warm", warm)
    done = strength(world, "strong", "--sample", "4", "--format", "json")
    answer = json.loads(done.stdout)
    ran = [one for one in answer["mutants"] if one["fate"] not in ("not met", "not in the sample")]
    assert (answer["processes"], answer["score"], len(ran)) == ("fresh", 100.0, 4)
    assert {one["fate"] for one in ran} <= {"killed", "accepted"}


def test_what_a_cell_said_stays(world: World) -> None:
    """Making the env that mutants run in costs no cell the evidence of its last run."""
    evidence = world.root / "evidence/strong-core_candidate.xml"
    evidence.parent.mkdir(exist_ok=True)
    evidence.write_text("what it said")
    assert strength(world, "strong", "--mutant", RAISES).exit_code == 0
    assert evidence.read_text() == "what it said"
