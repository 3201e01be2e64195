"""Where what code uses of Core is, also what only an object has that Core gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from fanout.consumers.needs.usage import How, UsedAt
from fanout.surface.shape import Shapes, There
from fanout.surface.symbol import is_private


class Places:
    """The symbols of one Core, asked for what can stand for what."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.symbols = shapes.symbols
        self.relatives: dict[str, frozenset[str]] = {}
        self.led_to: dict[str, frozenset[str]] = {}

    def of(self, use: UsedAt) -> str:
        """Where that is defined which is used; of a key, its class."""
        path = use.path or self.at(use.symbol)
        return self.class_of(path) if use.how is How.HASH else path

    def at(self, symbol: str) -> str:
        """The path of a dotted name, or that of its class with its name, if it is not Core's."""
        place = self.shapes.find(symbol)
        if place.there is There.YES:
            return place.path
        start, _, name = symbol.rpartition(".")
        owner = self.at(start) if start else ""
        return f"{self.class_of(owner)}.{name}".removeprefix(".")

    def class_of(self, path: str) -> str:
        """The class of what a path leads to, as far as that is said; else the path itself."""
        if path not in self.symbols or self.shapes.is_class(path):
            return path
        outer = path.rpartition(".")[0]
        if self.shapes.is_class(outer) and self.shapes.extends(outer, "Enum", "IntEnum", "StrEnum"):
            return outer
        return self.shapes.given(path) or path

    def is_class(self, path: str) -> bool:
        return self.shapes.is_class(path)

    def fields(self, path: str, names: Iterable[str]) -> Iterator[str]:
        """Where the fields are that an object of a class is given, or that one of its own adds."""
        if self.is_class(path):
            yield from (self.at(f"{path}.{name}") for name in names)

    def members(self, path: str) -> dict[str, str]:
        return self.shapes.members(path)

    @cached_property
    def protocols(self) -> dict[str, frozenset[str]]:
        """The names that each protocol asks for."""
        found = {path: self.asked(path) for path in self.symbols if self.shapes.is_protocol(path)}
        return {path: names for path, names in found.items() if names}

    def asked(self, path: str) -> frozenset[str]:
        return frozenset(name for name in self.shapes.members(path) if not is_private(name))

    def kin(self, path: str) -> frozenset[str]:
        """A class, those that it extends, and the protocols whose every name it has."""
        if path not in self.relatives:
            found = {path}
            if self.shapes.is_class(path):
                found |= set(self.shapes.lineage(path))
                has = self.shapes.members(path).keys()
                found |= {one for one, names in self.protocols.items() if names <= has}
            self.relatives[path] = frozenset(found)
        return self.relatives[path]

    def reach(self, paths: Iterable[str]) -> frozenset[str]:
        """Everything whose objects can come from some symbols, by what these say they give."""
        left = [path for path in paths if self.is_code(path)]
        found = set(left)
        while left:
            more = self.next_to(left.pop()) - found
            found |= more
            left += more
        return frozenset(found)

    def next_to(self, path: str) -> frozenset[str]:
        if path not in self.led_to:
            found = {path.rpartition(".")[0], *self.kin(path)}
            found |= {self.shapes.surface.canonical(one) for one in self.symbols[path].types}
            found |= set(self.members(path).values()) if self.is_class(path) else set()
            self.led_to[path] = frozenset(filter(self.is_code, found))
        return self.led_to[path]

    def is_code(self, path: str) -> bool:
        """Whether a path is of a class, or of what gives or is an object; a module has anything."""
        return path in self.symbols and self.symbols[path].kind != "module"

    @staticmethod
    def holds(reach: Collection[str], path: str) -> bool:
        """Whether a path, or what gives it, is among what can be reached."""
        while path:
            if path in reach:
                return True
            path = path.rpartition(".")[0]
        return False
