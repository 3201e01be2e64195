"""`fanout draft` as its users see it, against an index of three Cores, and consumers of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.cells.promises import read_promises
from tests.servers.core_index import CoreIndex, Offer
from tests.worlds.large import World, tox_ini

CORE = '''\
"""Core."""

from enum import Enum
from typing import Protocol


class Level(str, Enum):
    ok = "ok"
    full = "full"


class Failed(Exception):
    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code


class Listener(Protocol):
    def hear(self, event): ...


class Bus:
    name = "main"

    async def publish(self, stream, event, *, key=None):
        return stream

    def count(self, stream):
        return 0


def read(text, strict=False):
    return text
'''
LATER = """

def flush(bus):
    return bus
"""
CONSUMER = """\
from market_data_core import Bus, Failed, Level, Listener, flush, read


class Logger(Listener):
    reason: str = ""

    def hear(self, event):
        print(event)


async def work(text):
    bus = Bus()
    if read(text, strict=True) and await bus.publish("events", text, key="a"):
        raise Failed(bus.name, code=Level.full)
    flush(bus)
    read(text, colour="red")
    return bus.count("events")
"""
# Names of a consumer's that are code, if they are written as they are.
HOSTILE = """\
from market_data_core import Bus, read


class Größe(Bus):
    def class_(self): ...


read(**{"x), __import__('os').abort(": 1, "None": 2, "ﬁ": 3})
"""
NEEDS = ("market-data-core>=1,<3",)


@pytest.fixture(scope="module")
def index() -> Iterator[CoreIndex]:
    made = CoreIndex()
    between = CORE.replace(", strict=False", "")
    made.serve({"1.0.0": CORE, "1.5.0": between, "2.0.0": CORE + LATER})
    code = {"small/app.py": CONSUMER, 'small/x"""\nraise SystemExit\n.py': HOSTILE}
    made.offer("market-data-small", Offer("0.1.0", NEEDS), Offer("0.2.0", NEEDS, files=code))
    made.offer("market-data-plain", Offer("1.0", ("pydantic",)))
    made.offer("market-data-ahead", Offer("1.0", ("market-data-core>=9",), files=code))
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, index: CoreIndex) -> World:
    """A checkout with one pack, in which no other is drafted but by the first test."""
    world = World(tmp_path_factory.mktemp("draft"), index.url)
    world.harness(tox_ini(["1.0.0", "1.5.0", "2.0.0"]))
    (world.root / "packs").mkdir(exist_ok=True)
    return world


@pytest.fixture(scope="module")
def drafted(world: World, index: CoreIndex, compiled_wheels: None) -> tuple[Path, str]:
    """The pack of the small consumer, and what was said of it."""
    done = world.fanout("draft", "market-data-small", "--index", index.url)
    assert done.returncode == 0, done.stdout + done.stderr
    return world.root / "packs/small", done.stdout


def test_each_use_is_a_promise(drafted: tuple[Path, str]) -> None:
    """What can be judged without the consumer is a promise in the file of its module."""
    folder, _ = drafted
    found = {one.name: one for one in read_promises(folder)}
    assert {name.partition("::test_")[2] for name in found if name.startswith("test_app")} == {
        "bus_count_is_called",
        "bus_count_is_called_at_once",
        "bus_has_name",
        "bus_is_made",
        "bus_publish_is_awaited",
        "bus_publish_is_called",
        "failed_can_be_raised",
        "failed_is_made",
        "flush_is_called",
        "imports_from_the_root",
        "level_full_has_its_value",
        "listener_can_be_extended",
        "listener_leaves_reason_to_who_extends_it",
        "read_is_called",
    }
    read = found["test_app.py::test_read_is_called"]
    assert read.says == "read is called with 1 by position and strict (app.py:13)."
    assert read.contract == ("read",)
    code = (folder / "test_app.py").read_text()
    assert "assert inspect.signature(read).bind(..., strict=...)" in code
    assert "assert inspect.signature(Bus.publish).bind(..., ..., ..., key=...)" in code
    assert 'assert Level.full.value == "full"' in code
    assert "class Logger(Listener):\n        reason: object = None\n\n        def hear(" in code


def test_what_no_core_keeps(drafted: tuple[Path, str]) -> None:
    """What the newest Core does not keep is left out and told; what came later says since when."""
    folder, said = drafted
    cores = {one.name: one.core for one in read_promises(folder)}
    assert {name for name, core in cores.items() if core} == {
        "test_app.py::test_flush_is_called",
        "test_app.py::test_imports_from_the_root",
        "test_app.py::test_read_is_called",
    }
    assert set(cores.values()) == {"", ">=2.0.0"}
    left = "Not kept by Core 2.0.0, and left out: read is called with 1 by position and colour"
    assert left in said
    assert "Kept by Core 1.0.0, and broken before 2.0.0: read is called with 1 by pos" in said
    assert left in (folder / "README.md").read_text()
    assert f"written: {folder}, with {len(cores)} promises that Core 2.0.0 keeps" in said


def test_pack_says_what_it_is_of(drafted: tuple[Path, str]) -> None:
    """The newest release is read, and its range of Core is that of the pack."""
    folder, _ = drafted
    assert (folder / "pack.toml").read_text() == (
        'consumer = "market-data-small"\nrelease = "0.2.0"\nowner = "market-data-small team"\n'
        'supports = ">=1,<3"\n'
    )


def test_each_promise_is_kept(world: World, drafted: tuple[Path, str]) -> None:
    """A pack begins with all of its promises kept, on every Core that it supports."""
    done = subprocess.run(
        [sys.executable, "-m", "tox", "run", "-e", "small-core_v100,small-core_v150"],
        cwd=world.root,
        env=world.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "small-core_v150: OK" in done.stdout


def test_hostile_names_are_no_code(drafted: tuple[Path, str]) -> None:
    """A name that is none in Python, or not in ASCII, stands nowhere in a drafted pack."""
    folder, _ = drafted
    files = {path.name: path.read_text() for path in folder.glob("*.*")}
    (hostile,) = files.keys() - {"pack.toml", "README.md", "test_app.py"}
    for text in files.values():
        assert not any(word in text for word in ("abort", "SystemExit", "Größe", "ﬁ", "None=..."))
    tree = ast.parse(files[hostile])
    assert {type(node) for node in tree.body[1:]} == {ast.Import, ast.FunctionDef}
    assert "class Own(Bus):" in files[hostile]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["../small"], 2, "'../small' is no name of a distribution"),
        (["market-data-small", "--pack", "../small"], 2, "'../small' is no name for a pack"),
        (["market-data-plain"], 2, "what market-data-plain 1.0 declares of Core is 'no Core'"),
        (["market-data-small==0.1.0"], 2, "uses nothing of Core that a promise could pin"),
        (["market-data-small==7"], 2, "has no 'market-data-small' 7"),
        (["market-data-nobody"], 3, "market-data-nobody"),
        (["market-data-ahead"], 3, "no Core of the default matrix is in '>=9'"),
    ],
)
def test_what_cannot_be_drafted(
    world: World, index: CoreIndex, arguments: list[str], code: int, said: str
) -> None:
    """What cannot be drafted is told, with what to do next, and leaves no folder."""
    more = [] if "--pack" in arguments else ["--pack", "other"]
    done = world.ask("draft", *arguments, *more, "--index", index.url)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert "\nhint: " in done.stderr
    assert not (world.root / "packs/other").exists()


def test_nothing_is_written_over(world: World, index: CoreIndex, drafted: tuple[Path, str]) -> None:
    """A pack that is there stays as it is."""
    folder, _ = drafted
    before = {path: path.read_bytes() for path in folder.glob("*.*")}
    done = world.ask("draft", "market-data-small", "--index", index.url)
    assert done.exit_code == 2
    assert "is there already, and no draft is written over it" in done.stderr
    assert {path: path.read_bytes() for path in folder.glob("*.*")} == before
