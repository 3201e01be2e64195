"""What the failure of a promise speaks of, and what it has alike with others."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from fanout.surface.change import Change, What
from fanout.wording import one_line

WORD = re.compile(r"[^\W\d]\w*")
LACKING = re.compile(r"(?:No module named|cannot import name|has no attribute) '([\w.]+)'")
# What pydantic was given says nothing of what it asks for.
GIVEN = re.compile(r"input_value=(?:(?!input_(?:value|type)=).)*+input_type=\w+")
# What no two failures have alike, though one cause is behind them.
OWN = re.compile(r"0x[0-9a-fA-F]+|(?:[A-Za-z]:)?[\\/][^\s'\"(),:]+")
NUMBER = re.compile(r"\b\d[\d.]*\b")
# Lines that only explain the one before.
BESIDE = re.compile(r"[+?-]|For further information|Use -v|Full diff|\.\.\.")
ENDS = re.compile(r"(?:Error|Exception|Warning)$")  # how the name of one does
# Each part is taken as a whole: a megabyte without a hyphen is read once.
HYPHENED = re.compile(r"(?<!\w)\w++(?:-\w++)+")
FRAME = re.compile(r"^\S+:\d+: in |^[ ^~]*$|^E ")
# What the words of a failure are worth, from the surest on.
LACKED, NAMED, DIFFERS, CALLED, OWNED = 20, 8, 4, 2, 1
COMMON = frozenset(
    {"none", "true", "false", "self", "class", "def", "in", "is", "of", "and", "or", "not"}
    | {"str", "int"}
)
T = TypeVar("T")


class Failure:
    """The words of a failed test: what it says, what it lacks, and the lines that it ran."""

    def __init__(self, message: str, text: str) -> None:
        lines = text.splitlines()
        marked = "\n".join((message, *(line for line in lines if line.startswith("E "))))
        self.said = words(GIVEN.sub("", marked)) | hyphened(marked)
        self.lacking = words(" ".join(LACKING.findall(marked)))
        self.ran = words("\n".join(line for line in lines if not FRAME.match(line)))

    def heard(self, change: Change) -> int:
        """How much it speaks of a change: of its name, its class, or what is not as it was."""
        names = last_names(change)
        differs = difference(change)
        owner = words(change.symbol.split(".")[-2]) if "." in change.symbol else set()
        worth = {
            LACKED: change.what is not What.ADDED and bool(self.lacking & (names | differs)),
            NAMED: bool(self.said & names),
            DIFFERS: bool(self.said & differs),
            OWNED: bool(self.said & owner),
        }
        called = bool(self.ran & names) and not self.said & names
        return sum(value for value, is_so in worth.items() if is_so) + CALLED * called

    def is_about(self, change: Change) -> bool:
        """Whether it speaks of a change by name, or ran a line that does."""
        return bool((self.said | self.lacking | self.ran) & last_names(change))


def last_error(message: str, text: str) -> str:
    """The last line of an error; all of what pydantic refuses, whose last names no field."""
    marked = [line.removeprefix("E") for line in text.splitlines() if line.startswith("E ")]
    lines = [line.strip() for line in marked or message.splitlines()]
    said = [line for line in lines if line and not BESIDE.match(line)]
    return one_line(" ".join(said if said and "[type=" in said[-1] else said[-1:]))


def alike(error: str, name: str) -> str:
    """What the error of a promise has in common with those that broke for the same reason."""
    for own in (name, *name.partition("[")[0].split("::")):
        error = error.replace(f"'{own}'", "").replace(f'"{own}"', "")
    common = OWN.sub("", GIVEN.sub("", error))
    counted = NUMBER.sub("", common)
    # Of `assert 404 == 200` the numbers are what failed.
    says_more = any(word != "assert" and not ENDS.search(word) for word in WORD.findall(counted))
    return one_line(counted if says_more else common)


def together(things: Iterable[T], key: Callable[[T], Hashable]) -> tuple[list[list[T]], list[T]]:
    """Things with the same key, those of most things first, and those that are alone with one."""
    found: dict[Hashable, list[T]] = {}
    for thing in things:
        found.setdefault(key(thing), []).append(thing)
    several = sorted((of for of in found.values() if len(of) > 1), key=len, reverse=True)
    return several, [of[0] for of in found.values() if len(of) == 1]


def words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text)} - COMMON


def hyphened(text: str) -> set[str]:
    """The names of distributions, each as one word."""
    return {name.lower().replace("-", "_") for name in HYPHENED.findall(text)}


def last_names(change: Change) -> set[str]:
    """The name of what changed; for a distribution, those of modules that it may bring."""
    if change.kind == "requirement":
        name = change.symbol.rpartition(" ")[2].replace("-", "_")
        return {name, name.removeprefix("py"), name.removeprefix("python_")} - {""}
    return words(change.symbol.rpartition(".")[2])


def difference(change: Change) -> set[str]:
    """The words that only one side of a change has."""
    if not change.is_of_core or change.what is What.REMOVED:
        return set()
    return words(change.baseline) ^ words(change.candidate)
