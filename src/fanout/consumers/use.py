"""One place where Python code uses Core, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

MANY = 1_000  # arguments by position: what a call gives by `*` or `**` may be any number


class Kind(StrEnum):
    """How code uses a name."""

    IMPORT = "import"
    READ = "read"  # an attribute
    ASSIGN = "assign"  # to an attribute
    CALL = "call"
    KEYWORD = "keyword"  # in a call
    SUBCLASS = "subclass"
    ADDED = "added"  # by a subclass
    TEXT = "text"  # a constant, by its value
    ISINSTANCE = "isinstance"
    HASH = "hash"  # as a key, or a member of a set
    ASK = "ask"  # for an attribute, by its name as a text
    CATCH = "catch"
    ANNOTATION = "annotation"


@dataclass(frozen=True)
class Use:
    """One place: `symbol` is a dotted name in Core, empty where that is not seen.

    A call has how many arguments it gives by position, the keywords it gives, and whether anybody
    takes what it returns. What a subclass adds is a field, or a method; a keyword may give None.
    `direct` tells that the symbol itself is named, and not an object of it; `plain`, that what a
    call gives is not waited for, nor handed on to somebody who may.
    """

    kind: Kind
    symbol: str
    name: str
    file: str
    line: int
    position: int = 0
    keywords: frozenset[str] = frozenset()
    result: bool = False
    method: bool = False  # what is read is called, or what is given is given to a method
    adds: str = ""
    guard: str = ""  # why the code does without it: what is caught, or TYPE_CHECKING
    direct: bool = False
    awaited: bool = False
    plain: bool = False


@dataclass
class File:
    """The uses in one file and each Core symbol that it knows by a name, or why it is not read."""

    path: str
    unread: str = ""
    uses: list[Use] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)
