"""`fanout uses`: what a wheel uses of Core, and what a Core cannot meet, on a made-up index."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.consumers.test_command import TOX_INI
from tests.servers.core_index import CoreIndex, Offer
from tests.worlds.project import Project

CORE = '''\
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from pydantic import BaseModel, Field

class Level(str, Enum):
    ok = "ok"

class Event(BaseModel):
    """What happened."""
    size: int
    source: str = "here"
    def share(self, of: int = 1) -> float: ...

class Closed(BaseModel):
    model_config = {"extra": "forbid"}
    size: int = Field(default=1, ge=0)

@dataclass
class Point:
    x: int
    y: int = 0

class Full(Exception): ...

class Bus(Protocol):
    async def publish(self, event: Event, key: str = "") -> None: ...
    def close(self) -> None: ...

class Base(ABC):
    @abstractmethod
    def run(self) -> None: ...

def load(path: str, *, strict: bool = False) -> Event: ...
'''
HEAD = "from market_data_core import Base, Bus, Closed, Event, Full, Level, Point, load\n"

KINDS = [
    ("Event(size=1)", ("construct", "Event", "size")),
    ("load('a', strict=True)", ("call", "load", "1 by position, strict")),
    (
        "async def f(b: Bus):\n  await b.publish(1)",
        ("call", "Bus.publish", "1 by position, awaited"),
    ),
    ("class Own(Event): ...", ("subclass", "Event", "Own")),
    ("class Own(Event):\n  reason: str", ("add", "Event", "field reason")),
    ("def f(e: Event): return e.size", ("read", "Event.size", "")),
    ("load('a').source", ("read", "load.source", "")),
    ("def f(e: Event): e.size = 1", ("assign", "Event.size", "")),
    ("Level.ok", ("member", "Level.ok", "")),
    ("try: ...\nexcept (ValueError, Full): ...", ("catch", "Full", "")),
    ("import contextlib\nwith contextlib.suppress(Full): ...", ("catch", "Full", "")),
    ("isinstance(1, Event)", ("isinstance", "Event", "")),
    ("def f(e: list['Event']): ...", ("annotation", "Event", "")),
    ("def f(e: Event): getattr(e, 'size')", ("ask", "Event.size", "")),
]
UNMET = [
    ("from market_data_core import Gone", "Gone is not there"),
    ("import market_data_core.gone", "gone is not there"),
    ("import market_data_core as c\nc.Gone", "Gone is not there"),
    ("import market_data_core as c\ntry: ...\nexcept c.Gone: ...", "Gone is not there"),
    ("Level.gone", "Level.gone is not there"),
    ("def f(e: Event): return e.gone", "Event.gone is not there"),
    ("load('a').gone", "Event.gone is not there"),
    ("Event(source='a')", "Event needs 'size'"),
    ("Closed(gone=2)", "Closed takes no 'gone'"),
    ("Point(1, 2, 3)", "Point takes 2 by position, not 3"),
    ("Point(y=1)", "Point needs 'x'"),
    ("load('a', gone=1)", "load takes no 'gone'"),
    ("load()", "load needs 'path'"),
    ("load('a', True)", "load takes 1 by position, not 2"),
    ("def f(e: Event): e.share(1, 2)", "Event.share takes 1 by position, not 2"),
    ("Bus()", "Bus is a protocol, which cannot be instantiated"),
    ("isinstance(1, Bus)", "Bus is a protocol that isinstance() refuses"),
    ("Base()", "Base cannot be instantiated: run is abstract"),
    ("def f(b: Bus): b.publish(1)", "Bus.publish is async, and not awaited"),
    ("async def f(b: Bus): await b.close()", "Bus.close gives None, which cannot be awaited"),
]
IGNORED = [
    ("Event(size=1, gone=2)", "Event ignores 'gone'"),
    ("Event(size=1, source='b')", ""),
    ("Closed(gone=3)", ""),
    ("def g(**more): Event(**more)", ""),
]
STARS = [
    ("from market_data_core import *\nEvent(size=1)", ("construct", "Event", "size")),
    ("from market_data_core import *\nEvent", ("import", "Event", "")),
    ("from market_data_core import *\ndef f(Event): return print(Event.size)", None),
    ("from market_data_core import *\nclass Event: ...\nEvent.size", None),
    ("from market_data_core import *\nfrom own.a import *\nEvent(size=1)", None),
]
MET = [
    "Event(size=1, source='a')",
    "Event(**{'size': 1})",
    "def f(**more): Event(**more)",
    "def f(*more): load(*more)",
    "Event(size=1).model_dump()",
    "Event.model_validate({})",
    "Level.ok.value.upper(), Level('ok'), Level['ok'].name",
    "Point(1), Point(x=1, y=2)",
    "def f(e: Event): e.share(), e.share(2), e.share(of=2), Event.share(e, 2)",
    "def f(e: Event): return e._private, Event.__name__",
    "def f(e: list[Event]): e.append(1)",
    "class Own(Event):\n  more: int\ndef f(e: Own): return e.more, Own(size=1, more=2)",
    "class Own(Bus):\n  def __init__(self): self.of = 1\ndef f(o: Own): return o.of, Own()",
    "async def f(b: Bus): await b.publish(1, key='a'); b.close()",
    "import asyncio\ndef f(b: Bus): return asyncio.create_task(b.publish(1))",
    "def f(b: Bus): return b.publish(1)",
    "raise Full('a', 1)",
]
GUARDS = [
    ("try: from market_data_core import Gone\nexcept ImportError: Gone = None", "ImportError"),
    ("try: from market_data_core import Gone\nexcept Exception: Gone = None", "Exception"),
    ("try:\n  from market_data_core import Gone\n  print()\nexcept Exception: ...", ""),
    ("try: from market_data_core import Gone\nexcept ImportError as e: raise e", ""),
    ("try: from market_data_core import Gone\nexcept ModuleNotFoundError: ...", ""),
    (
        "try: import market_data_core.gone\nexcept ModuleNotFoundError: ...",
        "ModuleNotFoundError",
    ),
    ("try: import nothing\nexcept ImportError: from market_data_core import Gone", "fallback"),
    ("if TYPE_CHECKING: from market_data_core import Gone", "TYPE_CHECKING"),
    ("if TYPE_CHECKING: ...\nelse: from market_data_core import Gone", ""),
    ("with suppress(ImportError): from market_data_core import Gone", "ImportError"),
    ("try: Level.gone\nexcept AttributeError: ...", "AttributeError"),
    ("try: Level.gone\nexcept ValueError: ...", ""),
    ("try:\n  def f(): return Level.gone\nexcept AttributeError: ...", ""),
    ("def f(e: Event): getattr(e, 'gone', None)", "getattr"),
    ("def f(e: Event): hasattr(e, 'gone')", "hasattr"),
    ("def f(e: Event): getattr(e, 'gone')", ""),
    ("import market_data_core as c\ndef f(e: 'c.Gone'): ...", "annotation"),
    ("import market_data_core as c\ndef f(e: c.Gone): ...", ""),
    ("try: from market_data_core.gone import *\nexcept ImportError: ...\nBy", "ImportError"),
]
Told = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The uses in each code of the tables above, which are files of one wheel."""
    cases = [*(code for code, _ in (*KINDS, *UNMET, *IGNORED, *GUARDS)), *MET]
    files: dict[str, str | bytes] = {f"own/{n}.py": HEAD + code for n, code in enumerate(cases)}
    cases += [code for code, _ in STARS]
    files |= {f"own/{cases.index(code)}.py": code for code, _ in STARS}
    index, world = served(), made(Project(tmp_path_factory.mktemp("told")))
    try:
        uses = usage(world, index, files)["uses"]
    finally:
        index.close()
    return {
        code: [use for use in uses if use["file"] == f"own/{n}.py"] for n, code in enumerate(cases)
    }


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    index = served()
    yield index
    index.close()


def served() -> CoreIndex:
    index = CoreIndex()
    index.serve({"1.2.0": CORE.replace("class Full", "class Busy"), "1.4.61": CORE})
    index.offer("market-data-free", Offer("1.0"))
    return index


@pytest.fixture
def world(project: Project) -> Project:
    return made(project)


def made(project: Project) -> Project:
    project.write("tox.ini", TOX_INI)
    project.write("consumers.toml", 'market-data-free = "1.0"\n')
    for pack in ("small", "other"):
        (project.root / f"packs/{pack}/pack.toml").unlink()
    return project


def wheel(world: Project, files: dict[str, str | bytes], name: str = "own-1.0") -> str:
    path = world.root / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return str(path)


def run(world: Project, index: CoreIndex, *options: str) -> tuple[int, str, str]:
    done = world.fanout("uses", "--index", index.url, *options)
    return done.exit_code, done.stdout, done.stderr


def usage(world: Project, index: CoreIndex, files: dict[str, str | bytes]) -> Any:
    """All that is said of a wheel."""
    exit_code, shown, said = run(world, index, wheel(world, files), "--format", "json")
    assert exit_code == 0, said
    return json.loads(shown)["usages"][0]


def used(world: Project, index: CoreIndex, code: str, head: str = HEAD) -> list[dict[str, Any]]:
    uses: list[dict[str, Any]] = usage(world, index, {"own/app.py": head + code})["uses"]
    return uses


def test_shown(world: Project, index: CoreIndex) -> None:
    """Each symbol is shown with every way to use it, its places, and what the Core cannot meet."""
    code = "from market_data_core import Bus, Event, Full\ndef f(b: Bus):\n  b.close()\n"
    path = wheel(world, {"own/a.py": code, "own/b.py": "import market_data_core\n"})
    exit_code, shown, _ = run(world, index, path, "--core", "1.2.0")
    assert exit_code == 1
    assert shown.splitlines() == [
        "own 1.0 uses Core 1.2.0 in 6 places of 2 files:",
        "",
        ".",
        "  import: own/b.py:1",
        "Bus",
        "  import: own/a.py:1",
        "  annotation: own/a.py:2",
        "Bus.close",
        "  call(): own/a.py:3",
        "Event",
        "  import: own/a.py:1",
        "Full",
        "  import: own/a.py:1",
        "",
        "Core 1.2.0 cannot meet:",
        "  own/a.py:1: Full is not there",
    ]
    exit_code, shown, _ = run(world, index, path, "--core", "1.4.61")
    assert exit_code == 0
    assert "Core 1.4.61 meets all of them, as far as they could be followed." in shown


@pytest.mark.parametrize(("code", "expected"), KINDS)
def test_kinds(told: Told, code: str, expected: tuple[str, str, str]) -> None:
    """Each use is told by its kind, its symbol, and what it gives."""
    found = [(use["how"], use["symbol"], use["gives"]) for use in told[code]]
    assert expected in found


@pytest.mark.parametrize(("code", "why"), UNMET)
def test_unmet(told: Told, code: str, why: str) -> None:
    """A use that a Core cannot meet says why."""
    assert why in [use["unmet"] for use in told[code]]


@pytest.mark.parametrize("code", MET)
def test_met(told: Told, code: str) -> None:
    """A use that a Core meets, or of which nobody can tell, is not said to be unmet."""
    assert {use["unmet"] for use in told[code]} == {""}


@pytest.mark.parametrize(("code", "said"), IGNORED)
def test_ignored(told: Told, code: str, said: str) -> None:
    """A field that a model does not have is lost without a word, unless it forbids that."""
    assert {use["ignored"] for use in told[code]} - {""} == ({said} if said else set())


@pytest.mark.parametrize(("code", "expected"), STARS)
def test_star_imports(told: Told, code: str, expected: tuple[str, str, str] | None) -> None:
    """What `import *` gives is what nothing else in the file can have given, if it is alone."""
    found = [(use["how"], use["symbol"], use["gives"]) for use in told[code]]
    assert (expected in found) if expected else not [one for one in found if "Event" in one[1]]


@pytest.mark.parametrize(("code", "guard"), GUARDS)
def test_guards(told: Told, code: str, guard: str) -> None:
    """What the code does without is told apart from what it needs, and breaks nothing."""
    assert {use["guard"] for use in told[code] if use["unmet"]} == {guard}


def test_private_names_of_own_classes(world: Project, index: CoreIndex) -> None:
    """What a consumer's class has under a private name is its own, and no use of Core."""
    code = """
class Own(Bus):
    def __init__(self): self._seen = 1
    def _count(self): return self._seen
    def close(self): return self._count()
def f(event: Event): return event._private
"""
    found = [one["symbol"] for one in used(world, index, code) if "_" in one["symbol"]]
    assert found == ["Event._private"]


def test_guard_of_an_import_in_another_module(world: Project, index: CoreIndex) -> None:
    """What one module imports with a guard has it in every module that takes it from there."""
    compatible = "try: from market_data_core import Gone\nexcept ImportError: Gone = None\n"
    files: dict[str, str | bytes] = {
        "own/compatible.py": compatible,
        "own/app.py": "from own.compatible import Gone\nGone()\n",
    }
    path = wheel(world, files)
    exit_code, shown, _ = run(world, index, path, "--core", "1.4.61", "--format", "json")
    (found,) = json.loads(shown)["usages"]
    assert {use["guard"] for use in found["uses"]} == {"ImportError"}
    assert (exit_code, found["broken"]) == (0, 0)


def test_many_cores(world: Project, index: CoreIndex) -> None:
    """With --all each content of Core has a line, and what some lack says which, and where."""
    path = wheel(world, {"own/app.py": HEAD})
    exit_code, shown, _ = run(world, index, path, "--all")
    assert exit_code == 0
    assert [" ".join(line.split()) for line in shown.splitlines()] == [
        "Core own 1.0",
        "1.4.61 ✓",
        "1.2.0 ✗ 1",
        "",
        "own 1.0 cannot have from Core:",
        "Full is not there: 1.2.0 (own/app.py:1)",
    ]


def test_read_once(world: Project, index: CoreIndex) -> None:
    """A Core, and a release of a consumer, is downloaded once; from then on no index is needed."""
    assert run(world, index, "--all")[0] == 0
    index.asked.clear()
    assert run(world, index, "--all")[0] == 0
    assert index.asked == []


@pytest.mark.parametrize(
    ("options", "exit_code", "says"),
    [
        (("market-data-free==7",), 2, "has no 'market-data-free' 7"),
        (("market-data-nowhere",), 3, "no usable answer for 'market-data-nowhere'"),
        (("none-1.0-py3-none-any.whl",), 2, "is not a wheel"),
        (("none.whl",), 2, "is not a wheel"),
        (("--core", "1.4.61", "--all"), 2, "not both"),
        (
            (
                "--core",
                "9.9",
            ),
            2,
            "has no 'market-data-core' 9.9",
        ),
    ],
)
def test_mistakes(
    world: Project, index: CoreIndex, options: tuple[str, ...], exit_code: int, says: str
) -> None:
    """What cannot be read ends with a line that says what it is, and with its exit code."""
    code, _, said = run(world, index, *options)
    assert (code, says in said) == (exit_code, True), said


LINK = zipfile.ZipInfo("own/link.py")
LINK.external_attr = (stat.S_IFLNK | 0o777) << 16


@pytest.mark.parametrize("name", ["../own.py", "/own.py", "own\\app.py", LINK])
def test_a_wheel_that_leaves_its_folder(
    world: Project, index: CoreIndex, name: str | zipfile.ZipInfo
) -> None:
    """A wheel with a path that leads out of it, or a link, is refused."""
    path = world.root / "own-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "/etc/passwd")
    code, _, said = run(world, index, str(path))
    assert (code, "which is a link, is there twice, or lies outside" in said) == (2, True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x = '\xff'", "codec can't decode"),
        (b"# coding: nonsense\n", "unknown encoding"),
        (b"x = 1\x00", "null bytes"),
        (b"type X[T = int] = list[T] +\n", "line 1: invalid syntax"),
        (b"(" * 10_000, "too many nested parentheses"),
        (b"x" + b".a" * 900, "it nests too deep"),
        (b"x" + b".a" * 100_000, ""),
        (b"x = 1\n" * 1_000_000, "it has more than 2097152 bytes"),
    ],
)
def test_a_file_that_is_not_read(
    world: Project, index: CoreIndex, content: bytes, why: str
) -> None:
    """A file that is no Python here says why, and every other file of the wheel is read."""
    found = usage(world, index, {"own/bad.py": content, "own/app.py": HEAD})
    assert [(one["file"], why in one["why"]) for one in found["unread"]] == [("own/bad.py", True)]
    assert len(found["uses"]) == 8


def test_nothing_is_run(world: Project, index: CoreIndex) -> None:
    """Reading a wheel imports nothing of it, and leaves nothing behind but downloads and Cores."""
    code = f"open({str(world.root / 'ran')!r}, 'w')\n"
    files: dict[str, str | bytes] = {
        "own/__init__.py": code,
        "sitecustomize.py": code,
        "own-1.0.data/scripts/run": code,
        "own.pth": f"import os; {code}",
    }
    usage(world, index, files)
    before = {path.name for path in world.root.iterdir()}
    assert before - {"packs", "tox.ini", "consumers.toml"} == {
        ".tox",
        "history",
        "own-1.0-py3-none-any.whl",
    }


@pytest.mark.parametrize(
    ("code", "what", "why"),
    [
        ("from market_data_core import *", "*", "import *"),
        ("x = __import__('market_data_core.telemetry')", "market_data_core.telemetry", "in a text"),
        (HEAD + "def f(x): return x.size", "size", "nothing is known"),
    ],
)
def test_not_followed(world: Project, index: CoreIndex, code: str, what: str, why: str) -> None:
    """What may use Core, and cannot be followed, is listed with its place."""
    found = usage(world, index, {"own/app.py": code})["not_followed"]
    assert [(one["what"], why in one["why"], one["file"]) for one in found] == [
        (what, True, "own/app.py")
    ]


def test_core_under_another_name(world: Project, index: CoreIndex) -> None:
    """Core is known by whatever name code gives it, and nothing else is that has its name."""
    code = (
        "import market_data_core as c\nd = c\nd.Gone\nc.load('a')\nfrom . import market_data_core"
    )
    uses = used(world, index, code, head="")
    assert {use["symbol"] for use in uses} == {".", "Gone", "load"}
    assert not used(world, index, "from market_data_core_extra import Event", head="")


@pytest.mark.parametrize("folder", ["", "own-1.0.data/purelib/"])
def test_a_module_in_the_place_of_core(world: Project, index: CoreIndex, folder: str) -> None:
    """A wheel that brings files in the place of Core's own is told so, and has no uses in them."""
    shadow = f"{folder}market_data_core/__init__.py"
    path = wheel(world, {shadow: HEAD, "own/app.py": HEAD})
    _, shown, _ = run(world, index, path)
    assert f"{shadow} is put in the place of Core's own file" in shown
    assert "own 1.0 uses Core 1.4.61 in 8 places of 1 file:" in shown
