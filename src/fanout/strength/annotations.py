"""Of which classes an object of Core's is, as Core's annotations say."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
import libcst.matchers as m

from fanout.consumers.objects import ANYTHING
from fanout.strength.source import Definition, Source
from fanout.strength.syntax import names_in

Classes = frozenset[str] | None  # by their paths; none where that is unknown


class Annotations:
    """The annotations in a Core, asked for what they say."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen: dict[str, Classes] = {}  # by the symbol of an object
        self.made: dict[str, Classes] = {}  # by the path of a definition

    def classes(self, symbol: str) -> Classes:
        """Of what an object may be that is told by where it came from, such as `load.providers`."""
        if symbol not in self.seen:
            start, _, name = symbol.rpartition(".")
            if found := self.source.resolve(symbol):
                self.seen[symbol] = self.of_definition(found)
            elif start and (of := self.classes(start)) is not None:
                self.seen[symbol] = together(self.of_member(path, name) for path in of)
            else:
                self.seen[symbol] = None
        return self.seen[symbol]

    def of_definition(self, definition: Definition) -> Classes:
        """Of what the objects are that a definition makes, gives or stands for."""
        path, node = definition.path, definition.node
        if isinstance(node, cst.ClassDef):
            return frozenset({path})
        if path not in self.made:
            self.made[path] = frozenset()  # of a circle, what is known so far
            if isinstance(node, cst.FunctionDef):
                self.made[path] = self.said(definition, node.returns)
            elif not m.findall(node, m.Call(func=m.Name("TypeVar"))):
                self.made[path] = self.said(definition, node) or None
            else:
                self.made[path] = None
        return self.made[path]

    def of_member(self, path: str, name: str) -> Classes:
        """Of what an attribute of an object is, or what a method gives.

        What a class has by no line of its own, such as `values` of a mapping, gives its own parts.
        """
        for one in sorted(self.source.lineage(path), key=lambda one: (one != path, one)):
            definition = self.source.definition(one)
            for found, annotation in members(definition):
                if found == name:
                    return self.said(definition, annotation)
        plain = self.source.flavour(self.source.definition(path)) == "plain"
        return None if plain else frozenset({path})

    def implements(self, path: str, protocol: str) -> bool:
        """Whether a class has every method of a protocol."""
        return self.methods(protocol) <= self.methods(path)

    def methods(self, path: str) -> set[str]:
        nodes = (self.source.definition(one).node for one in self.source.lineage(path))
        lines = (
            line for node in nodes if isinstance(node, cst.ClassDef) for line in node.body.body
        )
        return {line.name.value for line in lines if isinstance(line, cst.FunctionDef)}

    def said(self, definition: Definition, node: cst.CSTNode | None) -> Classes:
        """The classes that an annotation names which stands in a definition."""
        names = names_in(node) if node else ANYTHING
        if names & ANYTHING:
            return None
        module = self.source.modules[definition.module]
        found = (self.source.find(module, name) for name in names)
        return together(self.of_definition(one) for one in found if one)


def members(definition: Definition) -> Iterator[tuple[str, cst.Annotation | None]]:
    """The attributes that a class names, with their annotations, and what its methods give."""
    node = definition.node
    for line in node.body.body if isinstance(node, cst.ClassDef) else ():
        if isinstance(line, cst.FunctionDef):
            yield line.name.value, line.returns
        elif isinstance(line, cst.SimpleStatementLine):
            for small in line.body:
                if isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name):
                    yield small.target.value, small.annotation


def together(parts: Iterator[Classes]) -> Classes:
    found = list(parts)
    return None if None in found else frozenset[str]().union(*(part for part in found if part))
