"""What of a pack's code pins which use of its consumer's, on a made-up Core."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanout.cells.promises import read_promises
from fanout.consumers.coverage.pin import Pins
from fanout.consumers.coverage.place import Places
from fanout.consumers.declared import Declared
from fanout.consumers.needs.usage import usage
from fanout.consumers.release import Release
from fanout.consumers.uses import read_uses
from fanout.surface.reader import surface
from fanout.surface.shape import Shapes
from tests.worlds.core_wheel import make_wheel

CORE = """\
from enum import Enum
from typing import Protocol
from pydantic import BaseModel

class Level(str, Enum):
    ok = "ok"

class Event(BaseModel):
    size: int
    level: Level
    def share(self, of: int = 1, *, all: bool = False) -> float: ...

class Busy(Exception): ...
class Full(Busy): ...
class Other(BaseModel):
    size: int

class Publisher(Protocol):
    async def publish(self, event: Event, key: str = "") -> None: ...

class Bus:
    async def publish(self, event: Event, key: str = "") -> None: ...

def load(path: str, *, strict: bool = False) -> Event: ...
def bus(): ...
def chosen(name: str) -> Bus | Other: ...
"""
NAMES = "Busy, Bus, Event, Full, Level, Other, Publisher, bus, chosen, load"
HEAD = f"from market_data_core import {NAMES}\n"
PINNED = [
    ("load('a')", "load('b')"),
    ("load('a')", "try: load('a')\n    except Exception as e: found = e\n    assert not found"),
    ("load('a')", "with pytest.raises(ValueError):\n        load('a')"),
    ("load('a')", "if anything: return\n    load('a')"),
    ("load('a')", "held: Any = load\n    held('a')"),
    ("load('a', strict=True)", "load('b')\n    load('c', strict=False)"),
    ("def f(*a): load(*a)", "load('a')"),
    ("Event(size=1, level=2)", "Event(size=1)\n    Event(level=2)"),
    ("def f(e: Event): e.size", "assert load('a').size"),
    ("def f(e: Event): e.size", "assert made().size"),
    ("def f(e: Event): e.level.value", "assert load('a').level, Level.ok.value"),
    ("def f(e: Event): e.model_dump()", "assert load('a').model_dump()"),
    ("def f(e: Event): e.share(all=True)", "made().share(all=False)"),
    ("def f(e: Event): getattr(e, 'size')", "assert load('a').size"),
    ("Level.ok", "assert Level.ok.value == 'ok'"),
    ("class Own(Event):\n  more: int", "class Mine(Event):\n        more: int"),
    ("try: ...\nexcept Full: ...", "with pytest.raises(Full): ..."),
    ("try: ...\nexcept Full: ...", "try: ...\n    except Full: ..."),
    ("isinstance(1, Event)", "isinstance(1, Event)"),
    ("def f(e: Event): {e: 1}", "{load('a'): 1}"),
    ("def f(e: Event): e.size = 1", "load('a').size = 1"),
    ("def f(made: type[Busy]): made('a')", "Full('a')"),
    ("async def f(p: Publisher): await p.publish(1)", "await Bus().publish(1)"),
    ("async def f(p: Publisher): await p.publish(1)", "await helper(Bus())"),
    ("async def f(p: Publisher): await p.publish(1)", "await chosen('a').publish(1)"),
    ("bus().size", "assert bus().size"),
]
# Code of the consumer and of the pack, and why that does not pin it.
OPEN = [
    ("load('a')", "assert load", "no promise calls it"),
    ("load('a')", "return\n    load('a')", "no promise calls it"),
    ("load('a')", "if False:\n        load('a')", "no promise calls it"),
    ("load('a')", "with suppress(Exception):\n        load('a')", "no promise calls it"),
    ("load('a')", "with pytest.raises(Exception):\n        load('a')", "no promise calls it"),
    ("load('a')", "try: load('a')\n    except Exception: ...", "no promise calls it"),
    ("load('a')", "try: load('a')\n    except: pass", "no promise calls it"),
    ("load('a', strict=True)", "load('a')", "no promise gives 'strict'"),
    ("load('a')", "load(path='a')", "no promise gives 1 by position"),
    ("Event(size=1)", "Event(level=2)", "no promise gives 'size'"),
    ("Event(size=1)", "isinstance(1, Event)", "no promise makes one"),
    ("def f(e: Event): e.size", "assert load('a').level", "no promise reads it"),
    ("def f(e: Event): e.size", "Event(size=1)", "no promise reads it"),
    ("def f(e: Event): e.size", "assert Other(size=1).size", "no promise reads it"),
    ("def f(e: Event): e.size", "pass\ndef unused(): load('a').size", "no promise reads it"),
    ("def f(e: Event): e.size", "getattr(load('a'), 'size', 1)", "no promise reads it"),
    ("def f(e: Event): e.size", "try: made().size\n    except AttributeError: ...", "reads it"),
    ("def f(e: Event): e.size", "def f(e: 'Event.size'): ...", "no promise reads it"),
    ("Level.ok", "Level('ok')", "no promise reads it"),
    ("class Own(Event): ...", "Event(size=1)", "no promise extends it"),
    ("class A(Event):\n  a: int", "class B(Event):\n        b: int", "no promise adds this"),
    ("class A(Event):\n  a: int", "class B(Event):\n        def a(self): ...", "adds this"),
    ("try: ...\nexcept Full: ...", "raise Full", "no promise catches it"),
    ("try: ...\nexcept Busy: ...", "with pytest.raises(Full): ...", "no promise catches it"),
    ("def f(e: Event): {e: 1}", "assert load('a') == 1", "no promise has it as a key"),
    ("def f(e: Event): e.size = 1", "assert load('a').size", "no promise assigns to it"),
    ("async def f(p: Publisher): await p.publish(1)", "Bus().publish(1)", "no promise awaits it"),
    ("isinstance(1, Busy)", "isinstance(1, Full)", "no promise asks isinstance() of it"),
]
TEST = '''\
import pytest

def made(): return anything(Event)
async def helper(it): await it.publish(1)

async def test_one():
    """One."""
'''


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    core = make_wheel(tmp_path_factory.mktemp("core"), {"__init__.py": CORE, "deep.py": CORE})
    return Places(Shapes(surface(core)))


def said(consumer: str, files: dict[str, str], folder: Path, places: Places) -> dict[str, str]:
    """What is said of each use that no `import` is, by how and symbol; the promises if pinned."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    code = {name: text.encode() for name, text in files.items()}
    pins = Pins(code, read_promises(folder), places)
    release = Release("own", "1", read_uses({"own/app.py": consumer.encode()}), Declared())
    found = {}
    for use in usage(release, "1", places.shapes).uses:
        promises, lacks = pins.of(use)
        found[f"{use.how} {use.symbol}"] = lacks or " ".join(sorted(promises))
    return found


def of_code(consumer: str, test: str, folder: Path, places: Places) -> str:
    """What is said of what the last line of a consumer's code does."""
    found = said(HEAD + consumer, {"test_a.py": f"{HEAD}{TEST}    {test}\n"}, folder, places)
    return " ".join(
        text for name, text in found.items() if not name.startswith(("import", "annotation"))
    )


@pytest.mark.parametrize(("consumer", "test"), PINNED)
def test_pinned(consumer: str, test: str, tmp_path: Path, places: Places) -> None:
    """A promise pins a use by doing the same, or more, with what may be the same."""
    assert "test_a.py::test_one" in of_code(consumer, test, tmp_path, places)
    assert "no promise" not in of_code(consumer, test, tmp_path, places)


@pytest.mark.parametrize(("consumer", "test", "why"), OPEN)
def test_open(consumer: str, test: str, why: str, tmp_path: Path, places: Places) -> None:
    """Whatever is less pins nothing, and what no promise does is said."""
    assert why in of_code(consumer, test, tmp_path, places)


def test_mark_pins_an_import_alone(tmp_path: Path, places: Places) -> None:
    """A mark that names a class pins its import under that name, and none of what it has."""
    test = "import pytest\n@pytest.mark.contract('Event')\ndef test_one(): assert 1\n"
    consumer = "from market_data_core import Event\nfrom market_data_core.deep import Event as E\n"
    found = said(f"{consumer}def f(e: Event): e.size\n", {"test_a.py": test}, tmp_path, places)
    assert found["import Event"] == "test_a.py::test_one"
    assert found["import deep.Event"] == "no promise names it"
    assert found["read Event.size"] == "no promise reads it"


@pytest.mark.parametrize(
    ("line", "pinned"),
    [
        ("from market_data_core import load", True),  # which gives an event
        ("from market_data_core import Other", False),
        ("from market_data_core import deep", False),  # where all of it is once more
        ("import pathlib", False),
    ],
)
def test_unknown_object(line: str, pinned: bool, tmp_path: Path, places: Places) -> None:
    """An attribute of an unknown object pins what comes from something that the promise uses."""
    test = f"def test_one(anything):\n    {line}\n    assert anything().size\n"
    consumer = (
        "from market_data_core.deep import Event as Deep\nfrom market_data_core import Event\n"
    )
    consumer += "def f(e: Event, d: Deep): e.size, d.size\n"
    found = said(consumer, {"test_a.py": test}, tmp_path, places)
    assert found["read Event.size"] == ("test_a.py::test_one" if pinned else "no promise reads it")
    assert found["read deep.Event.size"] == "no promise reads it"


def test_code_is_of_the_promises_that_reach_it(tmp_path: Path, places: Places) -> None:
    """Fixtures, helpers, classes and modules beside a file are of the promises that name them."""
    files = {
        "conftest.py": "import pytest\nfrom market_data_core import Event\n"
        "@pytest.fixture\ndef event(): return Event(size=1)\n"
        "@pytest.fixture(autouse=True)\ndef always(): isinstance(1, Event)\n",
        "beside.py": "from market_data_core import load\ndef loaded(): return load('a').size\n",
        "other.py": "from market_data_core import load\ndef loaded(): return load('a').level\n",
        "test_a.py": "from beside import loaded\n"
        "def test_fixture(event): ...\n"
        "class TestAll:\n  def test_module(self): return loaded()\n  def test_none(self): ...\n"
        "class TestMore(TestAll): ...\n",
    }
    consumer = "from market_data_core import Event, load\nEvent(size=1), load('a')\n"
    consumer += "def f(e: Event): e.size, e.level, isinstance(e, Event)\n"
    found = said(consumer, files, tmp_path, places)
    assert len(found["isinstance Event"].split()) == 5
    assert found["construct Event"] == "test_a.py::test_fixture"
    tests = "test_a.py::TestAll::test_module test_a.py::TestMore::test_module"
    assert found["read Event.size"] == tests
    assert found["read Event.level"] == "no promise reads it"
