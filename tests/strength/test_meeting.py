"""Whose uses meet a change: those of the class that is changed, as far as annotations tell."""

from __future__ import annotations

import pytest

from fanout.consumers.uses import read_uses
from fanout.strength.changes.change import How, Question
from fanout.strength.meeting import Facts
from fanout.strength.source import Source

CORE = b"""
from typing import Any, AsyncIterator, Generic, Protocol, TypeVar

from pydantic import BaseModel, RootModel

T = TypeVar("T")

class Small(BaseModel):
    size: int

class Smaller(Small):
    size: int

class Large(BaseModel):
    size: int
    small: Small

Either = Small | Large

class Box(RootModel):
    root: "dict[str, Small]"

class Envelope(BaseModel, Generic[T]):
    payload: T
    more: Any
    name: str

class Source(Protocol):
    def read(self) -> AsyncIterator[Small]: ...
    def size(self) -> int: ...

class Other(BaseModel):
    size: int
    def read(self) -> int: ...
    def size(self) -> int: ...

class Plain:
    def __init__(self, small):
        self.small = small

def load() -> Large: ...
def either() -> Either: ...
"""
ALL = {"Small", "Smaller", "Large", "Other"}  # but the protocol, which no object is of itself
SMALL = {"Small", "Smaller"}  # what is said to be one may be of a class that extends it


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x.size", ALL),
        ("x: Small\nx.size", SMALL),
        ("Smaller().size", SMALL),
        ("load().size", {"Large"}),
        ("load().small.size", SMALL),
        ("either().size", {*SMALL, "Large"}),
        ("box: Box\nbox.root['a'].size", SMALL),
        ("box: Box\nfor _, one in box.root.items(): one.size", SMALL),
        ("async def f(s: Source):\n  async for one in s.read(): one.size", SMALL),
        ("e: Envelope\ne.payload.size", ALL),
        ("e: Envelope\ne.more.size", ALL),
        ("e: Envelope\ne.name.size", set()),
        ("def f(s: Source): s.size", {"Other", "Source"}),
        ("Plain(1).small.size", ALL),
    ],
)
def test_whose_field_is_read(code: str, expected: set[str]) -> None:
    """A field is read of the classes that its object may be of; of all where that is not told."""
    source = Source({"market_data_core/__init__.py": CORE})
    names = "Box, Envelope, Large, Other, Plain, Small, Smaller, Source, either, load"
    consumer = f"from market_data_core import {names}\n{code}\n"
    facts = Facts(read_uses({"app.py": consumer.encode()}), source)
    assert {
        one for one in {*ALL, "Source"} if facts.met(Question(How.READ, one, "size"))
    } == expected
