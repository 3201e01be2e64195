"""What the promises of a pack do with one Core, and which uses that pins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from fanout.cells.promises import PackPromise
from fanout.consumers.coverage.code import Code
from fanout.consumers.coverage.place import Places
from fanout.consumers.declared import Declared
from fanout.consumers.needs.usage import How, UsedAt, usage
from fanout.consumers.release import Release
from fanout.consumers.use import MANY, File, Kind
from fanout.consumers.uses import read_uses

OF_UNKNOWN = {
    Kind.READ: How.READ,
    Kind.ASSIGN: How.ASSIGN,
    Kind.ASK: How.ASK,
    Kind.CALL: How.CALL,
}
CALLS = frozenset({How.CALL, How.CONSTRUCT})
READS = frozenset({How.READ, How.MEMBER, How.ASK, How.CALL})
# What pins a use, where that is more than the same.
AS_GOOD = dict.fromkeys(CALLS, CALLS) | dict.fromkeys(READS - CALLS, READS)
VERBS = {
    How.IMPORT: "names it",
    How.CALL: "calls it",
    How.CONSTRUCT: "makes one",
    How.SUBCLASS: "extends it",
    How.ADD: "adds this",
    How.READ: "reads it",
    How.MEMBER: "reads it",
    How.ASSIGN: "assigns to it",
    How.ASK: "reads it",
    How.CATCH: "catches it",
    How.ISINSTANCE: "asks isinstance() of it",
    How.HASH: "has it as a key",
    How.ANNOTATION: "names it",
}


class Pin(NamedTuple):
    """One thing that a pack does with Core, and the promises that do it.

    `path` is where that is defined, empty for an attribute of an object of which nothing is known;
    `symbol` the name by which the code comes to it.
    """

    how: How
    path: str
    name: str
    promises: frozenset[str]
    symbol: str = ""
    gives: str = ""
    position: int = 0
    keywords: frozenset[str] = frozenset()
    awaited: bool = False


class Pins:
    """All that the promises of a pack do with one Core.

    An attribute of an unknown object counts where the promise uses, or names in its mark, something
    that such an object can come from.
    """

    def __init__(
        self, files: Mapping[str, bytes], promises: Iterable[PackPromise], places: Places
    ) -> None:
        self.promises = tuple(promises)
        self.places = places
        read, code = read_uses(files), Code(files, self.promises)
        self.pins = [*known(read, code, places), *unknown(read, code)]
        self.named: dict[str, set[str]] = defaultdict(set)  # promises, by a name in their marks
        self.by_name: dict[str, list[Pin]] = defaultdict(list)
        paths: dict[str, set[str]] = defaultdict(set)  # by promise
        for promise in self.promises:
            for symbol in promise.contract:
                self.named[symbol].add(promise.name)
                paths[promise.name].add(places.at(symbol))
        for pin in self.pins:
            self.by_name[pin.name].append(pin)
            for name in pin.promises:
                paths[name] |= {pin.path, *places.fields(pin.path, pin.keywords)}
        for name, text in texts(read, code):  # which may be the name of a member, or its key
            near = [places.members(path) for path in paths[name] if places.is_class(path)]
            paths[name] |= {members[text] for members in near if text in members}
        self.paths = frozenset().union(*paths.values()) - {""}
        self.reach = {name: places.reach(found) for name, found in paths.items()}

    def of(self, use: UsedAt) -> tuple[frozenset[str], str]:
        """The promises that pin a use; if there is none, what no promise does."""
        if use.how in (How.IMPORT, How.ANNOTATION):
            found, lacks = self.naming(use.symbol), ""
        else:
            near = list(self.near(use, self.places.of(use)))
            found = frozenset().union(*(promises for _, promises in near))
            lacks = lacking(use, [pin for pin, _ in near]) if near and use.how in CALLS else ""
        if found and not lacks:
            return found, ""
        return frozenset(), lacks or f"no promise {VERBS[use.how]}"

    def naming(self, symbol: str) -> frozenset[str]:
        """The promises that get something by a name as the consumer does, or whose marks say so."""
        inside = "" if symbol == "." else f"{symbol}."
        found = set(self.named.get(symbol, ()))
        for pin in self.pins:
            if pin.symbol and f"{pin.symbol}.".startswith(inside):
                found |= pin.promises
        return frozenset(found)

    def near(self, use: UsedAt, path: str) -> Iterator[tuple[Pin, frozenset[str]]]:
        """What does to the same thing what a use does, and the promises for which that is so."""
        # A class that came by a variable may be one that extends the one that is known.
        any_class = use.how is How.CALL and self.places.is_class(path)
        for pin in self.pins if any_class else self.by_name.get(path.rpartition(".")[2], ()):
            as_good = pin.how in AS_GOOD.get(use.how, (use.how,))
            if not as_good or (pin.how is How.ADD and pin.gives != use.gives):
                continue
            if any_class:
                promises = pin.promises if path in self.places.kin(pin.path) else None
            else:
                promises = self.of_same(pin, path)
            if promises:
                yield pin, promises

    def of_same(self, pin: Pin, path: str) -> frozenset[str]:
        """The promises for which what a pin is of is what a path is of, or can stand for it."""
        owner, giver = path.rpartition(".")[0], pin.path.rpartition(".")[0]
        if not pin.path:
            found = (one for one in pin.promises if self.places.holds(self.reach[one], owner))
            return frozenset(found)
        same = pin.path == path
        if not same and self.places.is_class(giver):
            same = owner in self.places.kin(giver)
        elif not same and self.places.is_code(giver):  # what a function gives may be one of several
            same = self.places.holds(self.places.reach([giver]), owner)
        return pin.promises if same else frozenset()


def texts(files: Iterable[File], code: Code) -> Iterator[tuple[str, str]]:
    """The texts in the code of each promise."""
    for file in files:
        for use in file.uses:
            if use.kind is Kind.TEXT:
                yield from ((name, use.name) for name in code.run_for(file.path, use.line))


def lacking(use: UsedAt, pins: Iterable[Pin]) -> str:
    """What no promise gives to a call, or does with what that gives; empty if nothing."""
    pins = list(pins)
    if not any(pin.position >= use.position or use.position >= MANY for pin in pins):
        return f"no promise gives {use.position} by position"
    given = frozenset().union(*(pin.keywords for pin in pins))
    if left := sorted(set(use.keywords) - given - {"**"}):
        return f"no promise gives '{left[0]}'"
    awaited = not use.awaited or any(pin.awaited for pin in pins)
    return "" if awaited else "no promise awaits it"


def known(files: Iterable[File], code: Code, places: Places) -> Iterator[Pin]:
    """What is done with what is known to be of Core; what is guarded cannot fail a promise."""
    read = Release("", "", tuple(files), Declared())
    for use in usage(read, "", places.shapes).uses:
        promises = code.run_for(use.file, use.line)
        if promises and not use.guard and use.how is not How.ANNOTATION:
            path = places.of(use)
            seen = use.path or path.rpartition(".")[0] in places.symbols
            yield Pin(
                use.how,
                path if seen else "",
                path.rpartition(".")[2],
                promises,
                use.symbol,
                use.gives,
                use.position,
                frozenset(use.keywords),
                use.awaited,
            )


def unknown(files: Iterable[File], code: Code) -> Iterator[Pin]:
    """What is done with attributes of objects of which nothing is known."""
    for file in files:
        for use in file.uses:
            promises = code.run_for(file.path, use.line)
            if promises and use.kind in OF_UNKNOWN and use.name and not (use.symbol or use.guard):
                yield Pin(
                    OF_UNKNOWN[use.kind],
                    "",
                    use.name,
                    promises,
                    position=use.position,
                    keywords=use.keywords,
                    awaited=use.awaited,
                )
