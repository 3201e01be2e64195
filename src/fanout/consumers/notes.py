"""The notes of what one file uses: each with where it is, and why the code does without it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from contextlib import suppress

from fanout.consumers.guard import CHECKING, NOTHING, guard_of, guard_of_import
from fanout.consumers.module import Module, symbol_of
from fanout.consumers.objects import Objects, is_core
from fanout.consumers.use import File, Kind, Use

NAMES = ast.Name | ast.Attribute


class Notes:
    """The uses of a file; `scope` is what the names mean where the reading is."""

    def __init__(self, module: Module, objects: Objects) -> None:
        self.file = File(module.path, symbols=set(module.symbols.values()))
        self.module = module
        self.names = module.symbols
        self.objects = objects
        self.future = "annotations" in module.imports  # so that none is looked at when it runs
        self.scope: Mapping[str, str] = {}

    def note(self, kind: Kind, symbol: str, name: str, node: ast.AST, **more: object) -> None:
        line = getattr(node, "lineno", 0)
        more.setdefault("guard", self.guard(kind, symbol, node))
        self.file.uses.append(Use(kind, symbol, name, self.file.path, line, **more))  # type: ignore[arg-type]

    def guard(self, kind: Kind, symbol: str, node: ast.AST) -> str:
        """Why the code does without what it uses, by what is around it or its import."""
        if found := guard_of(kind, self.module.caught.get(id(node), NOTHING)):
            return found
        found = guard_of_import(symbol, self.module.guards) if kind is not Kind.IMPORT else ""
        return "" if found == CHECKING and kind is not Kind.ANNOTATION else found

    def note_annotation(self, said: ast.expr | None) -> None:
        """What is in quotes is not looked at when code runs; with a future import nothing is."""
        more = {"guard": "annotation"} if self.future else {}
        self.note_named(Kind.ANNOTATION, said, said, **more)

    def note_named(
        self, kind: Kind, inside: ast.expr | None, node: ast.AST | None, **more: str
    ) -> None:
        """A use for each symbol that an expression names."""
        left = [inside] if inside else []
        while node and left:
            one = left.pop()
            if symbol := symbol_of(one, self.names) if isinstance(one, NAMES) else "":
                self.note(kind, symbol, symbol.rpartition(".")[2], node, **more)
            elif isinstance(one, ast.Constant) and isinstance(one.value, str):
                with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                    quoted = ast.parse(one.value, mode="eval").body
                    self.note_named(kind, quoted, node, **{**more, "guard": "annotation"})
            else:
                left += [sub for sub in ast.iter_child_nodes(one) if isinstance(sub, ast.expr)]

    def note_hashed(self, *nodes: ast.expr) -> None:
        """Only what is known to be Core's: anything may be a key, and a class is always one."""
        for node in nodes:
            named = isinstance(node, ast.Name | ast.Attribute | ast.Call)
            symbol = self.known(node) if named and not symbol_of(node, self.names) else ""
            if symbol:
                self.note(Kind.HASH, symbol, "", node)

    def names_itself(self, node: ast.expr) -> bool:
        """Whether an expression names a symbol of Core's, and no class that extends it."""
        if not symbol_of(node, self.names):
            return False
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        name = node.id if isinstance(node, ast.Name) else ""
        dotted = self.module.imports.get(name, f"{self.module.name}.{name}")
        return self.objects.definition(dotted) is None

    def known(self, node: ast.expr) -> str | None:
        """The symbol that an object is of, empty if that is unknown, none if it is not Core's."""
        held = self.objects.held(node, self.module, self.scope)
        return held if is_core(held) else self.objects.extended(held)
