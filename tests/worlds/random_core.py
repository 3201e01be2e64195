"""Cores made at random of parts, with what is known of each part: which answers are right."""

from __future__ import annotations

import base64
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from textwrap import indent
from typing import Literal, NamedTuple

from pydantic import Field, TypeAdapter

from fanout.model import Frozen

Known = Literal["nothing", "maybe", "ends", "breaks", "breaks-or-ends", "refused", "unusable"]
Place = Literal["import", "call", "exit", "thread"]
Answers = frozenset[str]
NAME = "market_data_core"
VERSION = "1.1.0"
PACKAGE = {
    f"{NAME}/__init__.py": '''\
"""A small Core."""

from market_data_core import _does
from market_data_core.errors import Full
from market_data_core.events import Event, fetch, publish

LEVELS = ("ok", "soft")
''',
    f"{NAME}/errors.py": "class Full(Exception):\n    pass\n",
    f"{NAME}/events.py": """\
import json
from dataclasses import asdict, dataclass

from market_data_core import _does


@dataclass(frozen=True)
class Event:
    source: str
    level: str = "ok"

    def to_json(self):
        return json.dumps(asdict(self))


def publish(event, retries=3):
    _does.call()
    if event is None:
        raise ValueError(event)
    _checked(event)
    return event


def _checked(event):
    return bool(event)


async def fetch(limit=2):
    return [Event("here")] * limit
""",
}
DOES = """\
import atexit
import os
import signal
import subprocess
import sys
import threading
import time


def call():
    pass
"""
PACK = {
    "test_events.py": '''\
import json

import pytest
from market_data_core import Event, fetch


@pytest.mark.contract("Event")
def test_source():
    """An event has a source."""
    assert Event(source="here").source == "here"


@pytest.mark.contract("Event.to_json")
def test_json():
    """An event is written with its level."""
    assert json.loads(Event("here").to_json()) == {"source": "here", "level": "ok"}


@pytest.mark.contract("fetch")
async def test_fetch():
    """Two events are fetched."""
    assert len(await fetch()) == 2
''',
    "test_publish.py": '''\
import pytest


@pytest.mark.contract("publish")
def test_publish():
    """An event that is published comes back."""
    from market_data_core import publish

    assert publish("event") == "event"


@pytest.mark.contract("publish")
def test_retries():
    """An event is published with a number of retries."""
    from market_data_core import publish

    assert publish("event", retries=1) == "event"


@pytest.mark.contract("publish")
def test_nothing():
    """Nothing is no event."""
    from market_data_core import publish

    with pytest.raises(ValueError, match="None"):
        publish(None)


@pytest.mark.contract("Full")
def test_full():
    """A full queue is an error."""
    from market_data_core import Full

    assert issubclass(Full, Exception)
''',
    "test_levels.py": '''\
import market_data_core as core
import pytest


@pytest.mark.contract("LEVELS")
@pytest.mark.parametrize("level", core.LEVELS)
def test_level(level):
    """A level is a word."""
    assert level.isalpha()
''',
}
BACKEND = """\
import os, shutil

WHEEL = "{wheel}"


def build_wheel(folder, config_settings=None, metadata_directory=None):
    {build}
    return WHEEL
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
# What is right of a part: where nothing else is broken, and where something is.
RIGHT: dict[Known, tuple[Answers, Answers]] = {
    "nothing": (frozenset({"release"}), frozenset({"hold"})),
    "maybe": (frozenset({"release", "unknown"}), frozenset({"hold", "unknown"})),
    "ends": (frozenset({"unknown"}), frozenset({"hold", "unknown"})),
    "breaks": (frozenset({"hold"}), frozenset({"hold"})),
    "breaks-or-ends": (frozenset({"hold", "unknown"}), frozenset({"hold", "unknown"})),
    "refused": (frozenset({"unknown"}), frozenset({"unknown"})),
    "unusable": (frozenset({"unknown", "unusable"}), frozenset({"unknown", "unusable"})),
}


class Kind(Frozen):
    """A row of the table: what is known of a part, and what it changes in a wheel."""

    known: Known | None = None  # else by where it stands
    because: str = ""
    edits: tuple[tuple[str, str], ...] = ()  # pairs of old and new text
    without: tuple[str, ...] = ()
    brings: dict[str, str] = Field(default_factory=dict)
    metadata: tuple[str, str] | None = None
    record: Literal["whole", "absent", "empty", "wrong", "more"] = "whole"
    version: str | None = None
    cut: bool = False
    source: str = ""  # the statement with which a source tree is built
    code: str = ""
    at: dict[Place, Known] = Field(default_factory=dict)


class Part(NamedTuple):
    """A kind, where its code stands, and what is known of it there."""

    name: str
    kind: Kind
    known: Known
    at: str = ""


@cache
def parts() -> dict[str, dict[str, Part]]:
    """Every part, by section of the table and by name; one of code is called `exit-0@call`."""
    file = Path(__file__).with_name("random_cores.toml")
    read = TypeAdapter(dict[str, dict[str, Kind]]).validate_python
    table = read(tomllib.loads(file.read_text(encoding="utf-8")))
    default: dict[str, Known] = {"breaks": "breaks", "harmless": "nothing"}
    found: dict[str, dict[str, Part]] = {}
    for section, rows in table.items():
        there = found[section] = {}
        for name, kind in rows.items():
            for at, known in kind.at.items():
                there[f"{name}@{at}"] = Part(f"{name}@{at}", kind, known, at)
            if not kind.at:
                there[name] = Part(name, kind, kind.known or default[section])
    return found


def named(names: Iterable[str]) -> tuple[Part, ...]:
    """The parts with these names; raises KeyError for one that is none."""
    every = {name: part for section in parts().values() for name, part in section.items()}
    return tuple(every[name] for name in names)


def at_random(seed: int) -> Iterator[tuple[Part, ...]]:
    """Cores without end, each as its parts; every part there is comes before any comes again."""
    every = parts()
    for turn in count():
        random = Random(f"{seed} {turn}")  # noqa: S311 - it is no secret
        deck = [part for section in every.values() for part in section.values()]
        random.shuffle(deck)
        for first in deck:
            more = [first]
            if random.random() < 0.4:
                more.append(random.choice(list(every["breaks"].values())))
            more += random.sample(list(every["harmless"].values()), random.choice((0, 0, 1, 2)))
            if random.random() < 0.2:
                more.append(random.choice(list(every["does"].values())))
            yield tuple({part.name: part for part in more}.values())


def right(made_of: Iterable[Part]) -> Answers:
    """The answers that are right for a Core of these parts."""
    found = {part.known for part in made_of}
    if final := found & {"refused", "unusable"}:
        return frozenset[str]().union(*(RIGHT[known][0] for known in final))
    broken = "breaks" in found
    answers = [RIGHT[known][broken] for known in found] or [RIGHT["nothing"][broken]]
    every = frozenset[str]().union(*answers)
    # One part that leaves no release leaves none.
    return every if all("release" in one for one in answers) else every - {"release"}


def write_core(folder: Path, made_of: tuple[Part, ...], released: str = VERSION) -> Path:
    """Write the wheel of a Core, or its source tree, into a folder; what to name to a command."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [part.kind for part in made_of]
    version = next((kind.version for kind in kinds if kind.version), released)
    wheel = folder / f"{NAME}-{version}-py3-none-any.whl"
    content = pack_up(files(made_of, version), version, {kind.record for kind in kinds})
    wheel.write_bytes(content[: len(content) // 2] if any(k.cut for k in kinds) else content)
    if not (built := [kind.source for kind in kinds if kind.source]):
        return wheel
    build = "\n    ".join(sorted(built, key=lambda line: "raise" in line or "exit" in line))
    (folder / "backend.py").write_text(BACKEND.format(wheel=wheel.name, build=build))
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


def files(made_of: tuple[Part, ...], version: str) -> dict[str, str]:
    """The files of a wheel by path, without its RECORD."""
    places = {"info": f"{NAME}-{version}.dist-info", "data": f"{NAME}-{version}.data"}
    metadata = f"Metadata-Version: 2.1\nName: market-data-core\nVersion: {version}\n"
    found = dict(PACKAGE) | {f"{NAME}/_does.py": DOES}
    for number, part in enumerate(made_of):
        kind = part.kind
        if kind.code:
            found[f"{NAME}/_does.py"] += does(part, f"does_{number}")
        for old, new in kind.edits:
            found = {path: text.replace(old, new) for path, text in found.items()}
        if kind.metadata:
            metadata = metadata.replace(*kind.metadata)
    found[f"{places['info']}/METADATA"] = metadata
    found[f"{places['info']}/WHEEL"] = "Wheel-Version: 1.0\nTag: py3-none-any\n"
    for part in made_of:
        found |= {path.format(**places): text for path, text in part.kind.brings.items()}
    for part in made_of:
        for path in part.kind.without:
            found.pop(path.format(**places), None)
    return found


def does(part: Part, name: str) -> str:
    """The code of a part, in the module of Core that both its import and its calls run."""
    begin = {
        "import": f"{name}()",
        "call": f"_before_{name} = call\n\n\ndef call():\n    _before_{name}()\n    {name}()",
        "exit": f"atexit.register({name})",
        "thread": f"threading.Thread(target={name}).start()",
    }
    code = indent(part.kind.code.strip(), "    ")
    return f"\n\ndef {name}():\n{code}\n\n\n{begin[part.at]}\n"


def pack_up(content: dict[str, str], version: str, record: set[str]) -> bytes:
    """The bytes of a wheel with these files and a RECORD of that sort."""
    lines = []
    for path, text in content.items():
        found = hashlib.sha256(b"other" if "wrong" in record else text.encode()).digest()
        lines.append(f"{path},sha256={base64.urlsafe_b64encode(found).decode().rstrip('=')},")
    lines += [f"{NAME}/not_there.py,,"] if "more" in record else []
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in content.items():
            archive.writestr(path, text)
        if "absent" not in record:
            told = "" if "empty" in record else "".join(f"{line}\n" for line in lines)
            archive.writestr(f"{NAME}-{version}.dist-info/RECORD", told)
    return file.getvalue()
