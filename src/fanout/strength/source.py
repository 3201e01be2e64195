"""Core's source as syntax trees: where each public name is defined, and what it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import libcst as cst
import libcst.matchers as m

from fanout.model import PACKAGE
from fanout.strength.syntax import (
    Node,
    base_names,
    decorators,
    every,
    names_in,
    names_of,
    parts,
    shown_in,
    statements,
    sure,
)

MODELS = ("BaseModel", "RootModel", "BaseSettings")
ENUMS = ("Enum", "StrEnum", "IntEnum", "Flag", "IntFlag")


@dataclass(frozen=True, eq=False)
class Definition:
    """A class, a function or an assigned name at the top of one of Core's modules."""

    module: str
    name: str
    node: Node

    @property
    def path(self) -> str:
        return dotted(self.module, self.name)


def dotted(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name


class Module:
    """One module: its tree, what it defines, and what its names stand for."""

    def __init__(self, name: str, file: str, content: bytes) -> None:
        self.name = name
        self.file = file
        self.content = content

    @cached_property
    def tree(self) -> cst.Module:
        return cst.parse_module(self.content)

    @cached_property
    def pieces(self) -> tuple[str, list[str], str]:
        """The code before the first statement, of each statement, and after the last.

        There are none of a module that these do not make again.
        """
        nothing = [cst.parse_statement("pass", config=self.tree.config_for_parsing)]
        text = self.tree.code_for_node(nothing[0])
        head = self.tree.with_changes(body=nothing, footer=[]).code.removesuffix(text)
        foot = self.tree.with_changes(body=nothing, header=[]).code.removeprefix(text)
        codes = [self.tree.code_for_node(line) for line in self.tree.body]
        return (
            (head, codes, foot) if head + "".join(codes) + foot == self.tree.code else ("", [], "")
        )

    @cached_property
    def knows_field(self) -> bool:
        """Whether the module imports `Field`, so that more can be said of a field."""
        return bool(m.findall(self.tree, m.ImportAlias(name=m.Name("Field"))))

    def with_piece(self, holder: cst.CSTNode, old: cst.CSTNode, new: cst.CSTNode) -> str:
        """The code with one node replaced, which is in a definition.

        Only the statement that has it is written anew: that of all others takes long.
        """
        head, codes, foot = self.pieces
        for number, line in enumerate(self.tree.body):
            if codes and line is holder:
                changed = new if line is old else line.deep_replace(old, new)
                if isinstance(changed, cst.RemovalSentinel):
                    raise TypeError("a statement at the top is never removed")
                codes = [*codes[:number], self.tree.code_for_node(changed), *codes[number + 1 :]]
                return head + "".join(codes) + foot
        return sure(self.tree.deep_replace(old, new), cst.Module).code

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        for line in statements(self.tree.body):
            for name in names_of(line):
                found.setdefault(name, Definition(self.name, name, line))
        return found

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """What each imported name is: a module of Core, and a name in it, or none."""
        found: dict[str, tuple[str, str]] = {}
        for node in every(cst.ImportFrom, m.findall(self.tree, m.ImportFrom())):
            start = self.origin(node)
            if start is None or isinstance(node.names, cst.ImportStar):
                continue
            for alias in node.names:
                name = alias.evaluated_name
                found[alias.evaluated_alias or name] = (start, name)
        return found

    @cached_property
    def foreign(self) -> frozenset[str]:
        """The packages beside Core that it imports."""
        found = set()
        for node in m.findall(self.tree, m.ImportFrom() | m.Import()):
            if isinstance(node, cst.ImportFrom) and node.module and not node.relative:
                found.add(parts(node.module)[0].value)
            elif isinstance(node, cst.Import):
                found |= {alias.evaluated_name.partition(".")[0] for alias in node.names}
        return frozenset(found - {PACKAGE})

    def origin(self, node: cst.ImportFrom) -> str | None:
        """The module of Core that names are imported from; none for one of another package."""
        named = ".".join(one.value for one in parts(node.module)) if node.module else ""
        if not node.relative:
            if named != PACKAGE and not named.startswith(f"{PACKAGE}."):
                return None
            return named.removeprefix(PACKAGE).removeprefix(".")
        here = self.name.split(".") if self.name else []
        is_package = self.file.endswith("/__init__.py")
        up = len(node.relative) - is_package
        kept = here[: len(here) - up] if up else here
        return ".".join([*kept, *([named] if named else [])])


class Source:
    """All modules of a Core, by their names in the package; its root is the empty name."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.modules: dict[str, Module] = {}
        for file in sorted(files):
            if file.startswith(f"{PACKAGE}/") and file.endswith(".py"):
                inner = file.removeprefix(f"{PACKAGE}/").removesuffix(".py")
                name = inner.removesuffix("__init__").replace("/", ".").removesuffix(".")
                self.modules[name] = Module(name, file, files[file])
        self.lines: dict[str, frozenset[str]] = {}
        self.reached: dict[str, frozenset[str]] = {}

    def resolve(self, symbol: str, depth: int = 20) -> Definition | None:
        """What a dotted name stands for, through however many modules that import it."""
        start, _, name = symbol.rpartition(".")
        module = self.modules.get(start)
        return self.find(module, name, depth) if module else None

    def find(self, module: Module, name: str, depth: int = 20) -> Definition | None:
        if found := module.definitions.get(name):
            return found
        if name not in module.imports or not depth:
            return None
        start, other = module.imports[name]
        source = self.modules.get(start)
        return self.find(source, other, depth - 1) if source else None

    def definition(self, path: str) -> Definition:
        module, _, name = path.rpartition(".")
        return self.modules[module].definitions[name]

    def reach(self, path: str) -> frozenset[str]:
        """The definitions that one leads a user to, itself among them.

        They stand in annotations, of what it takes, gives and holds, and among its bases.
        """
        if path not in self.reached:
            seen, left = {path}, [path]
            while left:
                definition = self.definition(left.pop())
                module = self.modules[definition.module]
                for name in shown_in(definition.node):
                    other = self.find(module, name)
                    if other and other.path not in seen:
                        seen.add(other.path)
                        left.append(other.path)
            self.reached[path] = frozenset(seen)
        return self.reached[path]

    def shape(self, definition: Definition) -> frozenset[str]:
        """The models, and what they hold, that the value of a function is made of.

        They stand in the annotations of what it returns, and of their fields.
        """
        seen: set[str] = set()
        left = [definition]
        while left:
            one = left.pop()
            named: set[str] = set()
            if one is not definition and self.flavour(one) not in ("", "model", "enum"):
                continue
            if isinstance(one.node, cst.FunctionDef):
                named = names_in(one.node.returns) if one.node.returns else set()
            elif isinstance(one.node, cst.ClassDef):
                named = {
                    name
                    for line in one.node.body.body
                    if m.matches(line, m.SimpleStatementLine())
                    for name in names_in(line)
                } | {name for base in one.node.bases for name in names_in(base)}
            else:
                named = names_in(one.node)
            module = self.modules[one.module]
            for name in named:
                found = self.find(module, name)
                if found and found.path not in seen:
                    seen.add(found.path)
                    left.append(found)
        return frozenset(seen)

    def foreign(self, symbol: str) -> frozenset[str]:
        """The other packages that importing a dotted name leads to."""
        parts = symbol.split(".") if symbol != "." else []
        starts = [".".join(parts[:length]) for length in range(len(parts) + 1)]
        seen, left, found = set(), [one for one in starts if one in self.modules], set[str]()
        while left:
            name = left.pop()
            if name not in seen:
                seen.add(name)
                module = self.modules[name]
                found |= module.foreign
                for start, other in module.imports.values():
                    for one in (start, dotted(start, other), start.partition(".")[0]):
                        if one in self.modules:
                            left.append(one)
        return frozenset(found)

    def bases(self, definition: Definition) -> list[Definition]:
        if not isinstance(definition.node, cst.ClassDef):
            return []
        module = self.modules[definition.module]
        found = (self.find(module, name) for name in base_names(definition.node))
        return [one for one in found if one and one.path != definition.path]

    def lineage(self, path: str) -> frozenset[str]:
        """A class and all of Core's that it extends."""
        if path not in self.lines:
            self.lines[path] = frozenset({path})  # of a circle, what is known so far
            above = [self.lineage(base.path) for base in self.bases(self.definition(path))]
            self.lines[path] = frozenset({path}).union(*above)
        return self.lines[path]

    def flavour(self, definition: Definition) -> str:
        """What a class is: model, enum, protocol, error, dataclass or plain."""
        node = definition.node
        if not isinstance(node, cst.ClassDef):
            return ""
        lineage = [self.definition(path).node for path in self.lineage(definition.path)]
        names = {
            name for one in lineage if isinstance(one, cst.ClassDef) for name in base_names(one)
        }
        for flavour, bases in (("model", MODELS), ("enum", ENUMS), ("protocol", ("Protocol",))):
            if names & set(bases):
                return flavour
        if any(name.endswith(("Exception", "Error")) for name in names):
            return "error"
        return "dataclass" if "dataclass" in decorators(node) else "plain"
