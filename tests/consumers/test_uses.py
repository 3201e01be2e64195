"""What a consumer's code uses of Core, as far as that is seen without running it."""

from __future__ import annotations

import pytest

from fanout.consumers.use import Kind, Use
from fanout.consumers.uses import read_uses

HEAD = "from market_data_core.telemetry import Event, Level\n"


def uses(code: str, *, head: str = HEAD, **others: str) -> list[Use]:
    files = {"pack/app.py": (head + code).encode()}
    files |= {f"pack/{name}.py": text.encode() for name, text in others.items()}
    return [use for file in read_uses(files) if file.path == "pack/app.py" for use in file.uses]


def found(kind: Kind, code: str, **others: str) -> set[tuple[str, str]]:
    return {(use.symbol, use.name) for use in uses(code, **others) if use.kind is kind}


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        (Kind.IMPORT, "", {("telemetry.Event", "Event"), ("telemetry.Level", "Level")}),
        (Kind.READ, "Level.soft", {("telemetry.Level", "soft")}),
        (Kind.READ, "def f(e: Event): return e.size", {("telemetry.Event", "size")}),
        (Kind.READ, "def f(e: Event | None): return e.size", {("telemetry.Event", "size")}),
        (Kind.READ, "def f():\n  e = Event()\n  e.size", {("telemetry.Event", "size")}),
        (Kind.READ, "def f(e): return e.size", {("", "size")}),
        (Kind.READ, "def f(e: Path): return e.size", set()),
        (Kind.READ, "import os\nos.name", set()),
        (Kind.READ, "'text'.upper", set()),
        (Kind.ASSIGN, "def f(e: Event): e.size = 1", {("telemetry.Event", "size")}),
        (
            Kind.KEYWORD,
            "Event(size=1, **{'ts': 2})",
            {("telemetry.Event", "size"), ("telemetry.Event", "ts")},
        ),
        (Kind.ISINSTANCE, "isinstance(1, (int, Event))", {("telemetry.Event", "Event")}),
        (Kind.HASH, "def f(e: Event, x): return {x: 1, e: 2}, x[1]", {("telemetry.Event", "")}),
        (Kind.HASH, "def f(e: Callable[[Event], Event], x: list[Event]): x[Event]", set()),
        (Kind.HASH, "def f(e: Event, x): x.add(e)", {("telemetry.Event", "")}),
        (Kind.HASH, "def f(e: Event, x): x[e] = hash(1)", {("telemetry.Event", "")}),
        (Kind.TEXT, "def f():\n  'a docstring'\n  return 'ok'", {("", "ok")}),
        (Kind.SUBCLASS, "class Own(Event): ...", {("telemetry.Event", "Own")}),
        (
            Kind.ADDED,
            "class Own(Event):\n  reason: str\n  _own: int\n  def share(self): ...",
            {("telemetry.Event", "reason"), ("telemetry.Event", "share")},
        ),
    ],
)
def test_kinds(kind: Kind, code: str, expected: set[tuple[str, str]]) -> None:
    """Each kind of use is seen, with what it is of where that is known."""
    assert found(kind, code) == expected


def test_calls() -> None:
    """A call says what it gives, and whether anybody takes what it returns."""
    (dropped,) = (use for use in uses("Event(1, *a, ts=2)") if use.kind is Kind.CALL)
    (taken,) = (use for use in uses("x = Event()") if use.kind is Kind.CALL)
    assert (dropped.keywords, dropped.position > 100, dropped.result) == (
        frozenset({"ts"}),
        True,
        False,
    )
    assert taken.result


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(o: Own): o.event.size", "telemetry.Event"),
        ("def f(o: Own): o.latest().size", "telemetry.Event"),
        ("def f(o: Own): o.newest.size", "telemetry.Event"),
        ("def f(): made().size", "telemetry.Event"),
        ("def g() -> Any: return Event()\ndef f(): g().size", "telemetry.Event"),
        ("def g(): return g()\ndef f(): g().size", ""),
        ("def f(e: 'list[Event]'):\n  for one in e: one.size", "telemetry.Event"),
        ("def f(): [one.size for one in [Event(), Event()]]", "telemetry.Event"),
        ("def f(e: Event | None):\n  e = e or Event()\n  e.size", "telemetry.Event"),
        ("def f(e: Event): e.level.size", "telemetry.Event.level"),
        ("async def f(b: Event):\n  async for e in b.read(): e.size", "telemetry.Event.read"),
        ("e = Event()\ndef f(): e.size", "telemetry.Event"),
        ("def f(o: Own): o.client.size", None),
        ("def f(o: Own): o.name.size", None),
        ("def f(o: dict[str, Own]): o['a'].size", None),
        ("def f(o: dict[str, Own]):\n  for one in o.values(): one.client.size", None),
        ("def f(o: list[Own]): [one.name.size for one in o]", None),
        ("def f(o: Own): Thing(size=1).size", None),
        ("def f(x): json.loads(x).size", None),
        ("def f(x, e: Event): copy.deepcopy(e).size", ""),
        ("def f(q: asyncio.Queue): q.get().size", ""),
        ("def f(o: Own): o.anything.size", ""),
        ("def f(p: Shape): p.size", ""),
        ("def f(e: Event | Own): e.size", ""),
        ("def f(e: Event, x):\n  e = x\n  e.size", ""),
    ],
)
def test_what_an_object_is(code: str, expected: str | None) -> None:
    """An object is followed to what made it; what another library explains is no use at all."""
    head = HEAD + "import asyncio, copy, json\nfrom lib import Thing\nfrom .own import *\n"
    head += "from .own import Own, Shape, made\n"
    own = HEAD + (
        "import httpx\nfrom typing import Protocol\nclass Shape(Protocol): ...\n"
        "class Own:\n  def __init__(self, x, name: str):\n    self.event = Event()\n"
        "    self.client = httpx.Client()\n    self.name = name\n    self.anything = x\n"
        "  def latest(self) -> Event: ...\n  @property\n  def newest(self) -> Event: ...\n"
        "def made() -> Event: ...\n"
    )
    found = [use for use in uses(code, head=head, own=own) if use.name == "size"]
    assert [use.symbol for use in found if use.kind is Kind.READ] == (
        [] if expected is None else [expected]
    )


def test_name_through_a_consumers_own_module() -> None:
    """A subclass that one file of a consumer takes from another stands for Core's class."""
    head = "from .own import Own\n"
    own = HEAD + "class Own(Event): ...\n"
    code = "def f(e: Own): return e.size"
    assert ("telemetry.Event", "size") in {
        (u.symbol, u.name) for u in uses(code, head=head, own=own)
    }


def test_code_that_nobody_wrote() -> None:
    """A file that nests deeper than anybody writes is not read, and says so; every other one is."""
    files = {"pack/deep.py": (HEAD + "x" + ".a" * 900).encode(), "pack/more.py": HEAD.encode()}
    deep, more = read_uses(files)
    assert (deep.unread, deep.uses) == ("it nests too deep", [])
    assert more.uses[0].name == "Event"


@pytest.mark.parametrize("content", [b"def", b"\x00", b"\xff\xfe", b"(" * 10_000])
def test_what_is_no_python(content: bytes) -> None:
    """A file that is no Python has no uses, and says why it is not read."""
    (found,) = read_uses({"a.py": content, "b.txt": HEAD.encode()})
    assert (found.uses, bool(found.unread)) == ([], True)


def test_what_is_no_use() -> None:
    """A file that knows nothing of Core has no uses, and is no part of the answer."""
    assert read_uses({"a.py": b"x = 1", "b.txt": HEAD.encode()}) == ()
