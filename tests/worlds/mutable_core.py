"""A tiny Core, a consumer of it, and a pack: between them each kind of change happens."""

from __future__ import annotations

import hashlib
from pathlib import Path
from zipfile import ZipFile

from fanout.core.wheel import KEPT
from tests.worlds.large import PACK_TOML, World, tox_ini

ROOT_MODULE = '''\
"""Core."""

from market_data_core.events import Bus, Event, Level, Listener, read
'''
EVENTS = '''\
"""What happens."""

from enum import Enum
from typing import Literal, Protocol, runtime_checkable

import yaml
from pydantic import BaseModel, Field, model_validator


class Level(str, Enum):
    """How full a queue is."""

    ok = "ok"
    full = "full"


class Event(BaseModel):
    """One event."""

    source: str = Field(..., max_length=20, description="Where it comes from")
    size: int = Field(..., ge=0, description="How much")
    ratio: float = Field(..., ge=0)
    level: Level
    note: str | None = None
    retries: int = 3

    class Config:
        frozen = True


class Csv(BaseModel):
    type: Literal["csv", "tsv"]


class Table(BaseModel):
    type: Literal["table"]


Target = Csv | Table


class Settings(BaseModel):
    """What a file says."""

    target: Target
    limit: int = 1

    @model_validator(mode="after")
    def check(self):
        """Refuse what makes no sense."""
        if self.limit < 1:
            raise ValueError("the limit is too low")
        return self


def read(text: str, strict: bool = False) -> Settings:
    """The settings in a text."""
    found = yaml.safe_load(text)
    if strict and len(found) > 2:
        raise ValueError("there is too much in it")
    return Settings.model_validate(found)


class Bus:
    """Where events go."""

    def __init__(self, name: str = "main") -> None:
        self.name = name
        self.sent = []

    async def publish(self, stream: str, event: Event, *, key: str | None = None) -> str:
        """Send an event."""
        self.sent.append((stream, event, key))
        return f"{self.name}-{stream}"

    def count(self, stream: str) -> int:
        return len([one for one in self.sent if one[0] == stream])


@runtime_checkable
class Listener(Protocol):
    """Who hears of events."""

    def hear(self, event: Event) -> None: ...
'''
CONSUMER = """\
from market_data_core import Bus, Level, Listener, read
from market_data_core.events import Event


class OwnEvent(Event):
    reason: str = ""

    @property
    def share(self) -> float:
        return self.ratio / 2


class Logger(Listener):
    def hear(self, event: Event) -> None:
        print(event.size)


def make() -> OwnEvent:
    return OwnEvent(source="small", size=0, ratio=0.5, level=Level.ok, note=None)


async def work(listener: object, text: str) -> str:
    settings = read(text)
    bus = Bus()
    event: Event = make()
    if isinstance(listener, Listener) and event.level is not Level.full:
        listener.hear(event)
    wire = event.model_dump_json()
    again = Event.model_validate_json(wire)
    print(again.source, again.ratio, again.retries, event.note, settings.limit, "csv", wire)
    given = await bus.publish("events", event, key="small")
    print(len({event}))
    return f"{given} {bus.count('events')}"
"""
STRONG = '''\
import inspect
import json
from typing import Any

import pytest
from market_data_core import Bus, Level, Listener, read
from market_data_core.events import Event


class OwnEvent(Event):
    reason: str = ""

    @property
    def share(self) -> float:
        return self.ratio / 2


class Logger(Listener):
    def hear(self, event: Event) -> None:
        """Hear."""


def make() -> OwnEvent:
    made: Any = OwnEvent
    return made(source="small", size=0, ratio=0.5, level=Level.ok, note=None)


@pytest.mark.contract("events.Event", "Level")
def test_event():
    """An event holds what it is made from, and its JSON too."""
    event: Event = make()
    wire = json.loads(event.model_dump_json())
    said = {"source": "small", "size": 0, "ratio": 0.5, "level": "ok", "note": None, "retries": 3}
    assert wire.items() >= (said | {"reason": ""}).items()
    again = Event.model_validate_json(json.dumps(said | {"note": "x", "retries": "5", "new": 1}))
    assert (again.note, again.retries) == ("x", 5)
    assert [event.source, event.size, event.ratio, event.note] == ["small", 0, 0.5, None]
    assert (event.level is Level.ok, Level.full.value, Level.ok == "ok") == (True, "full", True)
    assert (event.retries, event.share) == (3, 0.25)
    assert len({event, event}) == 1
    other: Any = Event
    assert other(source="small", size=5, ratio=0, level=Level.full, note="x").note == "x"


@pytest.mark.contract("read")
def test_file():
    """A file is read as it is written, and a wrong one refused."""
    for kind in ("csv", "tsv", "table"):
        found = read(json.dumps({"target": {"type": kind, "more": 1}, "limit": "5", "more": 1}))
        assert (found.target.type, found.limit) == (kind, 5)
    assert read(text="{target: {type: csv}}").limit == 1
    with pytest.raises(ValueError):
        read("{target: {type: csv}, limit: 0}")


@pytest.mark.contract("Bus")
async def test_bus():
    """What is published gets a name, and is counted."""
    bus = Bus()
    assert await bus.publish("events", make(), key="small") == "main-events"
    assert bus.count("events") == 1


@pytest.mark.contract("Listener")
def test_listener():
    """Who hears of events is told by its method, with an event, at once."""
    assert isinstance(Logger(), Listener)
    inspect.signature(Listener.hear).bind(Logger(), make())
    assert not inspect.iscoroutinefunction(Listener.hear)
'''
BROUGHT_ALONG = '''\
from importlib.util import find_spec

import pytest


@pytest.mark.contract("read")
def test_yaml():
    """Core brings along what it reads files with."""
    assert find_spec("yaml") is not None
'''
WEAK = '''\
import pytest


@pytest.mark.contract("events.Event")
def test_event():
    """An event says its source, and has no more fields than store knows."""
    from market_data_core.events import Event

    fields = Event.model_fields
    assert "source" in fields
    assert len(fields) == 6
'''
METADATA = """\
Metadata-Version: 2.1
Name: market-data-core
Version: 2.0.0
Requires-Dist: pydantic>=2.7
Requires-Dist: pyyaml>=6
"""
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make(root: Path, index: str) -> Path:
    """A world with the packs `strong` and `weak`; the path of the wheel of its Core."""
    world = World(root, index)
    world.harness(tox_ini(["2.0.0"]))
    world.write("packs/requirements.txt", "pytest>=9.0\npytest-asyncio>=1.3\npydantic>=2.7\n")
    for pack, code in (("strong", STRONG), ("weak", WEAK)):
        said = PACK_TOML.format(pack="small", supports=">=1")
        world.write(f"packs/{pack}/pack.toml", said)
        world.write(f"packs/{pack}/test_promises.py", code)
    world.write("packs/strong/test_brought_along.py", BROUGHT_ALONG)
    kept = root / KEPT / f"index-{hashlib.sha256(index.encode()).hexdigest()[:16]}"
    consumer = {"small/__init__.py": "", "small/app.py": CONSUMER}
    write_wheel(kept / "market_data_small-0.1.0-py3-none-any.whl", consumer)
    info = "market_data_core-2.0.0.dist-info"
    core = {
        "market_data_core/__init__.py": ROOT_MODULE,
        "market_data_core/events/__init__.py": EVENTS,
        f"{info}/METADATA": METADATA,
        f"{info}/WHEEL": WHEEL,
        f"{info}/RECORD": "",
    }
    return write_wheel(root / "dist/market_data_core-2.0.0-py3-none-any.whl", core)


def write_wheel(path: Path, files: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path
