"""The code of a pack: which promise each line of it is run for, as far as names tell."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from fanout.cells.promises import PackPromise
from fanout.consumers.coverage.unnoticed import unnoticed

Function = ast.FunctionDef | ast.AsyncFunctionDef
SHARED = "conftest"  # whose fixtures need no import
AUTOMATIC = "autouse=True"


@dataclass(frozen=True)
class Unit:
    """A function, a class, or what is outside of both in a file; `names` are those in it."""

    file: str
    name: str  # empty for what is outside
    lines: frozenset[int]
    names: frozenset[str]
    automatic: bool = False  # a fixture that every test of the file has


class Code:
    """The files of a pack by path, and the promises that their lines are run for, and can fail."""

    def __init__(self, files: Mapping[str, bytes], promises: Iterable[PackPromise]) -> None:
        self.units: dict[str, list[Unit]] = {}
        self.unnoticed: dict[str, frozenset[int]] = {}  # lines, by file
        self.imports: dict[str, set[str]] = {}  # the names of modules, by file
        for path in sorted(path for path in files if path.endswith(".py")):
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                tree = ast.parse(files[path])
                self.units[path] = list(units(path, tree))
                self.unnoticed[path] = unnoticed(tree)
                self.imports[path] = set(imported(tree))
        self.named: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.all():
            self.named[unit.name.rpartition("::")[2]].append(unit)
        self.promises: dict[tuple[str, int], set[str]] = defaultdict(set)
        for promise in promises:
            for unit in self.reached(promise.name):
                for line in unit.lines - self.unnoticed[unit.file]:
                    self.promises[unit.file, line].add(promise.name)

    def all(self) -> Iterator[Unit]:
        for inside in self.units.values():
            yield from inside

    def run_for(self, file: str, line: int) -> frozenset[str]:
        """The promises that a line is run for, if they would notice that it fails."""
        return frozenset(self.promises.get((file, line), ()))

    def reached(self, promise: str) -> set[Unit]:
        """The units that a promise reaches by name, from its own on."""
        file, _, name = promise.partition("::")
        of_class, _, last = name.rpartition("::")
        around = {name, of_class} - {""}
        found = {
            unit
            for unit in self.units.get(file, ())
            if unit.name in around or (of_class and unit.name.endswith(f"::{last}"))  # inherited
        }
        found |= {unit for unit in self.all() if unit.automatic and self.sees(file, unit)}
        left = list(found)
        while left:
            unit = left.pop()
            near = [one for name in unit.names for one in self.named.get(name, ())]
            near += [one for one in self.units[unit.file] if not one.name]
            more = {one for one in near if self.sees(unit.file, one)} - found
            found |= more
            left += more
        return found

    def sees(self, file: str, unit: Unit) -> bool:
        """Whether code in a file can mean a unit: its own, or of a module that it imports."""
        module = unit.file.removesuffix(".py").rpartition("/")[2]
        return unit.file == file or module == SHARED or module in self.imports.get(file, ())


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=names):
                yield from (module or "").split(".")
                yield from (alias.name for alias in names)
            case ast.Import(names=names):
                yield from (part for alias in names for part in alias.name.split("."))


def units(path: str, tree: ast.Module) -> Iterator[Unit]:
    outside: list[ast.AST] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            tests = [line for line in node.body if isinstance(line, Function)]
            yield from (unit_of(path, f"{node.name}::{one.name}", [one]) for one in tests)
            rest: list[ast.AST] = [line for line in node.body if line not in tests]
            yield unit_of(path, node.name, [*rest, *node.bases, *node.decorator_list])
        elif isinstance(node, Function | ast.ClassDef):
            yield unit_of(path, node.name, [node])
        else:
            outside.append(node)
    yield unit_of(path, "", outside)


def unit_of(path: str, name: str, nodes: list[ast.AST]) -> Unit:
    lines, names = set(), set()
    automatic = False
    for node in nodes:
        for one in ast.walk(node):
            if isinstance(one, ast.stmt | ast.expr):
                lines |= set(range(one.lineno, (one.end_lineno or one.lineno) + 1))
            names |= set(names_in(one))
        listed = node.decorator_list if isinstance(node, Function) else []
        automatic |= any(AUTOMATIC in ast.unparse(one) for one in listed)
    return Unit(path, name, frozenset(lines), frozenset(names), automatic)


def names_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            yield name
        case ast.Constant(value=str(name)):  # of a fixture that a mark asks for
            yield name
