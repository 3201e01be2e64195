"""What the symbols of a Core are: what they hold, extend and give.

It is read from what they say of themselves; where that says too little, nobody can tell.
"""

from __future__ import annotations

import ast
import builtins
import enum
import re
from enum import StrEnum
from typing import NamedTuple

import pydantic

from fanout.surface.symbol import Surface, is_private

FARTHEST = 100  # classes from one to what it extends
KNOWN = (builtins, enum, pydantic)  # what the names of bases outside Core are looked up in
NOTHING_MORE = {"Protocol", "Generic", "ABC", "object"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class There(StrEnum):
    """Whether a Core has what a dotted name leads to."""

    YES = "yes"
    NO = "no"
    UNSEEN = "unseen"  # it may have it


class Place(NamedTuple):
    """Where a dotted name leads: the path of a symbol, or the part of it that is not there."""

    there: There
    path: str = ""


class Shapes:
    """The symbols of one Core."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.symbols = surface.symbols
        self.statements: dict[str, ast.stmt | None] = {}
        self.places: dict[str, Place] = {}

    def find(self, dotted: str) -> Place:
        """Where a name leads, through what classes inherit and what calls and attributes give."""
        if dotted in ("", "."):
            return Place(There.YES)
        if dotted not in self.places:
            start, _, name = dotted.rpartition(".")
            outer = self.find(start)
            self.places[dotted] = (
                self.inside(outer.path, name) if outer.there is There.YES else outer
            )
        return self.places[dotted]

    def inside(self, outer: str, name: str) -> Place:
        path = f"{outer}.{name}".removeprefix(".")
        found = self.surface.canonical(path)
        if found in self.symbols:
            return Place(There.YES, found)
        if found.startswith("@"):
            return Place(There.UNSEEN)
        kind = self.symbols[outer].kind if outer in self.symbols else "module"
        if kind == "module":
            return self.in_module(outer, name, path)
        if kind == "class":
            return self.in_class(outer, name, path)
        given = self.given(outer)
        return self.inside(given, name) if given else Place(There.UNSEEN)

    def in_module(self, outer: str, name: str, path: str) -> Place:
        module = self.symbols.get(outer)
        for imported in module.types if module else ():
            if imported.rpartition(".")[2] == name:
                found = self.surface.canonical(imported)
                known = found in self.symbols
                return Place(There.YES, found) if known else Place(There.UNSEEN)
        dynamic = f"{outer}.__getattr__".removeprefix(".") in self.symbols
        return Place(There.UNSEEN if dynamic or is_private(name) else There.NO, path)

    def in_class(self, outer: str, name: str, path: str) -> Place:
        for owner in self.lineage(outer):
            if f"{owner}.{name}" in self.symbols:
                return Place(There.YES, f"{owner}.{name}")
        foreign = self.foreign(outer)
        if name.startswith("_") or foreign is None or name in foreign or self.allows_any(outer):
            return Place(There.UNSEEN)
        return Place(There.NO, path)

    def statement(self, path: str) -> ast.stmt | None:
        """What a symbol says of itself, as Python; none where it says several things."""
        if path not in self.statements:
            symbol = self.symbols[path]
            name = path.rpartition(".")[2]
            text = f"{name}: {symbol.says}"
            if symbol.kind in ("function", "class"):
                head = re.search(rf"(async def|def|class) {re.escape(name)}\b", symbol.says)
                before = decorators(symbol.says[: head.start()]) if head else ""
                text = f"{before}{symbol.says[head.start() :]}: ..." if head else "?"
            try:
                self.statements[path] = ast.parse(text).body[0]
            except (SyntaxError, ValueError, RecursionError, MemoryError, IndexError):
                self.statements[path] = None
        return self.statements[path]

    def lineage(self, path: str) -> list[str]:
        """A class, and those in Core that it extends, the nearest first."""
        found = [path]
        for owner in found:
            bases = [base for name in self.bases(owner) if (base := self.typed(owner, name))]
            found += [base for base in bases if base not in found and self.is_class(base)]
            if len(found) > FARTHEST:
                break
        return found

    def bases(self, path: str) -> list[str]:
        node = self.statement(path)
        parts = node.bases if isinstance(node, ast.ClassDef) else ()
        return [
            ast.unparse(part.value if isinstance(part, ast.Subscript) else part) for part in parts
        ]

    def is_class(self, path: str) -> bool:
        return path in self.symbols and self.symbols[path].kind == "class"

    def typed(self, path: str, name: str) -> str:
        """The symbol in Core that a name in what another symbol says stands for, if any."""
        last = name.rpartition(".")[2]
        for one in self.symbols[path].types:
            if one.rpartition(".")[2] == last:
                found = self.surface.canonical(one)
                return found if found in self.symbols else ""
        return ""

    def foreign(self, path: str) -> frozenset[str] | None:
        """The attributes that a class has from outside Core; none where nobody can tell."""
        found = set(dir(object))
        for owner in self.lineage(path):
            if self.statement(owner) is None:
                return None
            for base in self.bases(owner):
                last = base.rpartition(".")[2]
                if self.typed(owner, base) or last in NOTHING_MORE:
                    continue
                known = next((getattr(m, last) for m in KNOWN if hasattr(m, last)), None)
                if known is None:
                    return None
                found |= set(dir(known)) | {"name", "value"}
        return frozenset(found)

    def extends(self, path: str, *names: str) -> bool:
        """Whether a class, or one that it extends, has a base of such a name outside of Core."""
        bases = (base for owner in self.lineage(path) for base in self.bases(owner))
        return any(base.rpartition(".")[2] in names for base in bases)

    def is_protocol(self, path: str) -> bool:
        return "Protocol" in (base.rpartition(".")[2] for base in self.bases(path))

    def decorated(self, path: str, name: str) -> bool:
        node = self.statement(path)
        listed = node.decorator_list if isinstance(node, Function | ast.ClassDef) else ()
        return any(decorator_name(one) == name for one in listed)

    def configured(self, path: str) -> str:
        """What a class, or the nearest that it extends, tells pydantic of itself."""
        there = (self.symbols.get(f"{one}.model_config") for one in self.lineage(path))
        return next((one.says for one in there if one), "")

    def allows_any(self, path: str) -> bool:
        return "extra='allow'" in self.configured(path)

    def members(self, path: str) -> dict[str, str]:
        """The path of each member of a class, its own before those that it inherits."""
        found: dict[str, str] = {}
        for owner in self.lineage(path):
            for one in self.surface.members(owner):
                found.setdefault(one[len(owner) + 1 :], one)
        return {name: one for name, one in found.items() if "." not in name}

    def abstract(self, path: str) -> list[str]:
        """The methods that a class lacks, so that it cannot be instantiated."""
        return [
            name
            for name, one in self.members(path).items()
            if self.decorated(one, "abstractmethod")
        ]

    def given(self, path: str) -> str:
        """The one class in Core that a call, or an attribute, is said to give."""
        node = self.statement(path)
        says = node.returns if isinstance(node, Function) else getattr(node, "annotation", None)
        if says is None:
            return ""
        words = set(re.findall(r"[A-Za-z_]\w*", ast.unparse(says)))
        found = {one for word in words if (one := self.typed(path, word))}
        return found.pop() if len(found) == 1 and self.is_class(next(iter(found))) else ""


def decorators(text: str) -> str:
    """Decorators on one line, as a line each; as they are where they cannot be told apart."""
    lines = re.sub(r" (?=@)", "\n", text.strip())
    return f"{lines}\n" if lines else ""


def decorator_name(node: ast.expr) -> str:
    called = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(called).rpartition(".")[2]
