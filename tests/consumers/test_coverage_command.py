"""`fanout uses --coverage`, `--against` and `--map`, on a made-up index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.core_index import CoreIndex, Offer
from tests.worlds.project import PACK_TOML, Project

CORE = '''\
from typing import Protocol
from pydantic import BaseModel

class Event(BaseModel):
    """What happened."""
    size: int
    source: str = "here"

class Full(Exception): ...
class Idle(BaseModel):
    model_config = {"extra": "forbid"}
    size: int

class Port(Protocol):
    def open(self) -> None: ...

def load(path: str) -> Event: ...
def reset() -> None: ...
'''
OLDER = "from market_data_core import Event, load\nload('a').source\n"
NEWER = """\
from market_data_core import Event, load
def size(event: Event):
    return event.size
def sizes():
    return load("a").size, load("b").size
try:
    from market_data_core import Full
except ImportError:
    Full = None
"""
TESTS = '''\
import pytest


@pytest.mark.contract("Event")
def test_event_is_loaded() -> None:
    """An event is loaded by its path."""
    from market_data_core import load

    assert load("a")


@pytest.mark.contract("Idle", "Port")
def test_idle() -> None:
    """Nobody needs this."""
    from market_data_core import Idle, Port

    assert Idle(size=1)
    assert [getattr(Port, name) for name in ("open",)]
'''
EXCUSE = '[[coverage.not_pinned]]\nsymbol = "{}"\nreason = "it is any number"\n'


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    index = CoreIndex()
    index.serve({"1.4.61": CORE})
    index.offer("market-data-small", Offer("0.0.1", code=OLDER), Offer("0.1.0", code=NEWER))
    index.offer("market-data-free", Offer("1.0", code="from market_data_core import reset\n"))
    yield index
    index.close()


@pytest.fixture
def world(project: Project) -> Project:
    project.write("consumers.toml", 'market-data-small = "0.1.0"\nmarket-data-free = "1.0"\n')
    project.write(
        "tox.ini",
        "[tox]\nenv_list = small-core_v1461\n[testenv:small-core_v1461]\nskip_install = true\n"
        "set_env = CORE = market-data-core==1.4.61\n",
    )
    (project.root / "packs/other/pack.toml").unlink()
    project.write("packs/small/test_small.py", TESTS)
    return project


def run(world: Project, index: CoreIndex, *options: str) -> tuple[int, str, str]:
    done = world.fanout("uses", "--index", index.url, *options)
    return done.exit_code, done.stdout, done.stderr


def asked(world: Project, index: CoreIndex, *options: str) -> Any:
    exit_code, shown, said = run(world, index, *options, "--format", "json")
    assert exit_code in (0, 1), said
    return json.loads(shown)


def test_coverage(world: Project, index: CoreIndex) -> None:
    """It is told by kind, with what nobody pins, and which promises pin what nobody uses."""
    exit_code, shown, _ = run(world, index, "--coverage")
    assert exit_code == 1
    assert [" ".join(line.split()) for line in shown.splitlines()] == [
        "The pack small pins 3 of 5 run-time uses of Core 1.4.61 in market-data-small 0.1.0:",
        "",
        "kind uses pinned excused %",
        "import 2 2 · 100",
        "call 1 1 · 100",
        "read 2 · · 0",
        "",
        "Pinned by nobody:",
        "Event.size, read: no promise reads it",
        "market_data_small/__init__.py:3",
        "load.size, read: no promise reads it",
        "market_data_small/__init__.py:5",
        "",
        "Not counted: 1 guarded, 1 annotation, and 0 places that could not be followed.",
        "",
        "Promises that pin nothing that the release is seen to use:",
        "test_small.py::test_idle (Idle, Port)",
    ]
    found = asked(world, index, "small", "--coverage")["packs"][0]
    calls = [one["pinned_by"] for one in found["uses"] if one["use"]["how"] == "call"]
    assert calls == [["test_small.py::test_event_is_loaded"]]


@pytest.mark.parametrize(("core", "calls"), [("<1.4", 0), (">=1.4", 1)])
def test_promise_of_other_cores(world: Project, index: CoreIndex, core: str, calls: int) -> None:
    """A promise that does not apply to the Core pins nothing of it."""
    world.write("packs/small/test_small.py", TESTS.replace('"Event")', f'"Event", core="{core}")'))
    (found,) = asked(world, index, "small", "--coverage")["packs"]
    assert {one["how"]: one["pinned"] for one in found["kinds"]}["call"] == calls
    told = asked(world, index, "--map")["symbols"]
    assert {one["symbol"]: one["state"] for one in told}["load"] == ("pinned" if calls else "used")


def test_excuse(world: Project, index: CoreIndex) -> None:
    """A pack may say why it does not pin a use, by any of its names, as long as it does not."""
    toml, path = PACK_TOML, "packs/small/pack.toml"
    world.write(path, toml + EXCUSE.format("Event.size"))
    exit_code, shown, _ = run(world, index, "--coverage")
    assert exit_code == 0
    assert "pins 3 of 5 run-time uses" in shown
    assert "and excuses 2:" in " ".join(shown.split())
    assert "Event.size, read: it is any number (market_data_small/__init__.py:3)" in shown
    world.write(path, toml + EXCUSE.format("load") + EXCUSE.format("Event.size") * 2)
    exit_code, shown, _ = run(world, index, "--coverage")
    assert exit_code == 1
    assert "pack.toml says why 'load' is not pinned, and no use of it is open: remove" in shown
    assert "pack.toml says twice why 'Event.size' is not pinned: remove one" in shown
    world.write(path, toml + EXCUSE.format("load").replace("reason", "why"))
    exit_code, _, said = run(world, index, "--coverage")
    assert (exit_code, "coverage.not_pinned.0.reason: Field required" in said) == (2, False), said
    assert "not_pinned.0.reason" in said


def test_coverage_is_kept(world: Project, index: CoreIndex) -> None:
    """What is told of the release of a pack is kept, and the report tells it, and its date."""
    history = world.root / "history"
    run(world, index, "small==0.0.1", "--coverage")
    run(world, index, "small", "--coverage", "--core", "1.4.61")
    assert not (history / "coverage").exists()
    run(world, index, "--coverage")
    for form in ("text", "markdown"):
        told = world.fanout("report", "--history", str(history), "--format", form).stdout
        line = "small: 3 of 5 run-time uses of market-data-small 0.1.0 pinned, with Core 1.4.61 on"
        assert line in " ".join(told.split())
        assert "before the pack was edited" not in " ".join(told.split())
    world.write("packs/small/test_small.py", f"{TESTS}\n")
    told = world.fanout("report", "--history", str(history)).stdout
    assert "before the pack was edited" in " ".join(told.split())
    kept = (history / "coverage/small.json").read_text()
    world.write("history/coverage/small.json", kept.replace("0.1.0", "0.1.0\\u001b[31m"))
    assert "run-time" not in world.fanout("report", "--history", str(history)).stdout
    world.write("history/coverage/small.json", '{"schema_version": 9}')
    assert "run-time" not in world.fanout("report", "--history", str(history)).stdout


def test_against(world: Project, index: CoreIndex) -> None:
    """What one release uses anew is told, and what it uses no more, each at its first place."""
    exit_code, shown, _ = run(world, index, "small", "--against", "0.0.1")
    assert exit_code == 0
    assert shown.splitlines() == [
        "market-data-small 0.1.0, against 0.0.1, with Core 1.4.61:",
        "",
        "new: 4 ways to use Core",
        "  Event, annotation (market_data_small/__init__.py:2)",
        "  Event.size, read (market_data_small/__init__.py:3)",
        "  Full, import, guarded by ImportError (market_data_small/__init__.py:7)",
        "  load.size, read (market_data_small/__init__.py:5)",
        "",
        "gone: 1 way to use Core",
        "  load.source, read (market_data_small/__init__.py:2)",
    ]


def test_map(world: Project, index: CoreIndex) -> None:
    """Every public symbol is pinned by packs, used and pinned by nobody, or used by nobody."""
    exit_code, shown, _ = run(world, index, "--map")
    assert exit_code == 0
    totals = "6 pinned, 3 used and pinned by nobody, 1 used by nobody."
    assert shown.splitlines() == [
        f"Core 1.4.61 has 10 public symbols: {totals}",
        "Read: market-data-free 1.0, market-data-small 0.1.0",
        "",
        "Used, and pinned by nobody: 3",
        "  market_data_core",
        "    of Event: size (market-data-small)",
        "    Full (market-data-small)",
        "    reset (market-data-free)",
        "",
        "Pinned: 6",
        "  market_data_core",
        "    Event (small)",
        "    Idle, with size (small)",
        "    Port, with open (small)",
        "    load (small)",
        "",
        "Used by nobody, as far as is seen: Core may change it freely: 1",
        "  market_data_core",
        "    of Event: source",
    ]
    assert asked(world, index, "--map")["totals"] == {"pinned": 6, "used": 3, "free": 1}


@pytest.mark.parametrize(
    ("options", "exit_code", "says"),
    [
        (("--coverage", "--map"), 2, "give one of"),
        (("--map", "small"), 2, "name none"),
        (("--against", "0.0.1"), 2, "needs one consumer"),
        (("small", "--against", "7"), 2, "has no 'market-data-small' 7"),
        (("market-data-free", "--coverage"), 2, "'market-data-free' has no pack"),
    ],
)
def test_mistakes(
    world: Project, index: CoreIndex, options: tuple[str, ...], exit_code: int, says: str
) -> None:
    """What cannot be asked ends with a line that says why, and with its exit code."""
    code, _, said = run(world, index, *options)
    assert (code, says in said) == (exit_code, True), said
