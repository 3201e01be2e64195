"""What a consumer's code uses of Core, as far as that is seen without running it."""

from __future__ import annotations

import pytest

from fanout.consumers.uses import Kind, Use, read_uses

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


def test_name_through_a_consumers_own_module() -> None:
    """A subclass that one file of a consumer takes from another stands for Core's class."""
    head = "from .own import Own\n"
    own = HEAD + "class Own(Event): ...\n"
    code = "def f(e: Own): return e.size"
    assert ("telemetry.Event", "size") in {
        (u.symbol, u.name) for u in uses(code, head=head, own=own)
    }


@pytest.mark.parametrize("content", [b"def", b"\x00", b"\xff\xfe", b"(" * 10_000, b"x = 1"])
def test_what_is_no_use(content: bytes) -> None:
    """A file that is no Python, or knows nothing of Core, has no uses."""
    assert read_uses({"a.py": content, "b.txt": HEAD.encode()}) == ()
