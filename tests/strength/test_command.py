"""`fanout strength` as a user's shell sees it, on a Core in which every kind of change happens."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from fanout.core.wheel import read_files
from fanout.strength.mutation import KINDS, OF_MODULES
from tests.servers.core_index import CoreIndex
from tests.worlds.large import World
from tests.worlds.mutable_core import make

WHEEL = "dist/market_data_core-2.0.0-py3-none-any.whl"
PUBLISH = "function-raises:events.Bus.publish"
# No use is seen that would meet what was frozen and is so no more.
NEVER_MET = {"class-not-frozen"}


@pytest.fixture(scope="module")
def index() -> Iterator[CoreIndex]:
    index = CoreIndex()
    index.serve({})
    yield index
    index.close()


@pytest.fixture(scope="module")
def world(shared: Path, index: CoreIndex, compiled_wheels: None) -> Iterator[World]:
    """One for all tests of a process: making the env of a cell takes as long as all of them."""
    root = shared / "mutable"
    with FileLock(shared / "mutable.lock"):
        if not root.exists():
            make(root, "http://127.0.0.1:9/simple/")
        yield World(root, index.url)


def strength(
    world: World, pack: str, *more: str, index: str = "http://127.0.0.1:9/simple/"
) -> subprocess.CompletedProcess[str]:
    return world.fanout("strength", pack, "--core", WHEEL, "--index", index, *more)


@pytest.fixture(scope="module")
def measured(world: World) -> dict[str, object]:
    """What the strong pack said of one mutant of each kind."""
    done = strength(world, "strong", "--sample", "51", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_each_kind_is_made_and_found(measured: dict[str, object]) -> None:
    """Each kind of change happens, a strong pack notices each breaking one, and no other."""
    kinds = measured["kinds"]
    assert isinstance(kinds, list)
    seen = {one["kind"]: one for one in kinds}
    breaking = {one.name for one in KINDS if one.breaking} | {"dependency"}
    breaking |= {name for name, (breaks, _) in OF_MODULES.items() if breaks}
    compatible = {one.name for one in KINDS if not one.breaking}
    compatible |= {name for name, (breaks, _) in OF_MODULES.items() if not breaks}
    assert seen.keys() == (breaking | compatible) - NEVER_MET
    assert {name for name, one in seen.items() if one["noticed"]} == breaking - NEVER_MET
    assert (measured["score"], measured["sample"]) == (100.0, 51)


def test_weak_pack(world: World) -> None:
    """What a weak pack does not notice is told with its diff, and the line that would break."""
    done = strength(world, "weak", "--mutant", PUBLISH)
    assert done.stdout.startswith(f"survived: {PUBLISH}\n")
    assert 'small/app.py:31: given = await bus.publish("events", event, key="small")' in done.stdout
    assert '+        raise NotImplementedError("Core does this no more")' in done.stdout
    assert done.returncode == 0


def test_false_alarm(world: World) -> None:
    """A promise that refuses what harms nobody is told by name, and the command ends with 1."""
    done = strength(world, "weak", "--sample", "51", "--seed", "2")
    assert "false alarm: field-added:events.Event.added_by_core" in done.stdout
    assert "broken: test_promises.py::test_event" in done.stdout
    assert re.search(r"weak on Core 2\.0\.0 \(path\): [1-9]\d?\.\d %: ", done.stdout)
    assert done.returncode == 1


def test_sample_is_the_same_by_its_seed(world: World) -> None:
    """The same seed chooses the same mutants again."""
    first, second = (
        json.loads(strength(world, "weak", "--sample", "3", "--format", "json").stdout)
        for _ in range(2)
    )
    ran = [
        [
            one["id"]
            for one in answer["mutants"]
            if one["fate"] in ("killed", "survived", "accepted")
        ]
        for answer in (first, second)
    ]
    assert ran[0] == ran[1]
    assert len(ran[0]) == 3


def test_kept_mutant(world: World, tmp_path: Path) -> None:
    """A mutant is kept as a wheel that differs from Core by its change alone."""
    done = strength(world, "weak", "--mutant", PUBLISH, "--keep", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    assert f"run it for real: fanout check {wheel}" in " ".join(done.stdout.split())
    before, after = read_files(world.root / WHEEL), read_files(wheel)
    differing = {
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    }
    assert differing - {"market_data_core-2.0.0.dist-info/RECORD"} == {
        "market_data_core/events/__init__.py"
    }


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        ("floor = 101.0", 2, "floor: Input should be less than or equal to 100"),
        ("flor = 9.0", 2, "flor: Extra inputs are not permitted"),
        ("floor = 98.0", 1, "weaker than the floor of 98 % in pack.toml"),
        (
            'equivalent = [{mutant = "no-such:mutant", reason = "none"}]',
            2,
            "lists 'no-such:mutant' as equivalent, and there is no such mutant",
        ),
        (
            'equivalent = [{mutant = "field-renamed:events.Event.source", reason = "none"}]',
            2,
            "and test_promises.py::test_event notices it: remove the entry",
        ),
    ],
)
def test_what_a_pack_says_of_its_strength(world: World, said: str, code: int, told: str) -> None:
    """A floor holds, an entry that is no more true is named, and so is what cannot be read."""
    file = world.root / "packs/weak/pack.toml"
    before = file.read_text()
    file.write_text(f"{before}\n[strength]\n{said}\n")
    try:
        done = strength(
            world, "weak", *(("--sample", "51") if "source" in said else ("--sample", "2"))
        )
    finally:
        file.write_text(before)
    assert told in " ".join((done.stdout + done.stderr).split())
    assert done.returncode == code


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nobody"], 2, "there is no pack 'nobody'"),
        (["weak", "--keep", "here"], 2, "--keep needs --mutant"),
        (["weak", "--mutant", "\x1b[31m\n'"], 2, "has the id"),
        (["weak", "--mutant", PUBLISH, "--sample", "3"], 2, "no --sample"),
        (["weak", "--sample", "0"], 2, "--sample"),
        (["weak", "--core", "no-such-core"], 2, "no-such-core"),
        (["weak", "--index", "http://127.0.0.1:8/simple/"], 3, "gave no usable answer"),
    ],
)
def test_wrong_questions(world: World, arguments: list[str], code: int, told: str) -> None:
    """What cannot be asked, or answered, ends with a message and a code of its own."""
    done = world.fanout("strength", "--core", WHEEL, *arguments)
    assert told in done.stderr
    assert "\x1b" not in done.stderr
    assert done.returncode == code
