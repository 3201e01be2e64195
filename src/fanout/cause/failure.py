"""What the failure of a promise speaks of."""

from __future__ import annotations

import re

from fanout.surface.change import Change, What

WORD = re.compile(r"[^\W\d]\w*")
LACKING = re.compile(r"(?:No module named|cannot import name|has no attribute) '([\w.]+)'")
# What pydantic was given says nothing of what it asks for.
GIVEN = re.compile(r"input_value=(?:(?!input_(?:value|type)=).)*+input_type=\w+")
# Each part is taken as a whole: a megabyte without a hyphen is read once.
HYPHENED = re.compile(r"(?<!\w)\w++(?:-\w++)+")
FRAME = re.compile(r"^\S+:\d+: in |^[ ^~]*$|^E ")
# What the words of a failure are worth, from the surest on.
LACKED, NAMED, DIFFERS, CALLED, OWNED = 20, 8, 4, 2, 1
COMMON = frozenset(
    {"none", "true", "false", "self", "class", "def", "in", "is", "of", "and", "or", "not"}
    | {"str", "int"}
)


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
