"""The modules of a consumer: what each defines, and what the names in it stand for."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from fanout.consumers.guard import NOTHING, Caught, caught_around, guard_of
from fanout.consumers.use import Kind
from fanout.model import PACKAGE
from fanout.wording import printable

LARGEST_MODULE = 2 * 1024 * 1024
LARGEST_CODE = 16 * 1024 * 1024  # of all modules together
DEEPEST = 150  # syntax in syntax
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.ClassDef | Function
EMPTY = ast.Module(body=[], type_ignores=[])


@dataclass(eq=False)
class Module:
    """One module: `symbols` are the names in it that stand for something of Core's.

    `guards` are those of the imports that gave it something of Core's, by what that is.
    """

    path: str
    name: str
    tree: ast.Module
    unread: str = ""
    symbols: dict[str, str] = field(default_factory=dict)
    guards: dict[str, str] = field(default_factory=dict)

    @cached_property
    def imports(self) -> dict[str, str]:
        """The imported names, each with the absolute name of what it stands for."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=aliases):
                    for alias in aliases:
                        first = alias.name.partition(".")[0]
                        found[alias.asname or first] = alias.name if alias.asname else first
                case ast.ImportFrom(names=aliases):
                    start = self.origin(node)
                    for alias in aliases:
                        found[alias.asname or alias.name] = f"{start}.{alias.name}"
        return {**self.starred, **found}

    @cached_property
    def star(self) -> ast.ImportFrom | None:
        """The `import *` from Core, if the module has no other."""
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.ImportFrom)]
        stars = [node for node in nodes if any(alias.name == "*" for alias in node.names)]
        return stars[0] if len(stars) == 1 and core_name(self.origin(stars[0])) else None

    @cached_property
    def starred(self) -> dict[str, str]:
        """The names that `import *` from Core must give, as nothing else in the module does."""
        if self.star is None:
            return {}
        used, bound = set[str](), set(dir(builtins))
        for node in ast.walk(self.tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    used.add(name)
                case ast.Name(id=name) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                    bound.add(name)
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                    bound.add(name)
                case ast.AsyncFunctionDef(name=name):
                    bound.add(name)
                case ast.alias(name=name, asname=other):
                    bound.add(other or name.partition(".")[0])
        start = self.origin(self.star)
        return {name: f"{start}.{name}" for name in used - bound if not name.startswith("_")}

    @cached_property
    def caught(self) -> dict[int, Caught]:
        return caught_around(self.tree)

    @cached_property
    def import_guards(self) -> dict[str, str]:
        """The guard of each imported name; empty where it is imported without one as well."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                guard = guard_of(Kind.IMPORT, self.caught.get(id(node), NOTHING))
                names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
                for name in (*names, *(self.starred if node is self.star else ())):
                    found[name] = guard and found.get(name, guard)
        return found

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)]

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """The classes, wherever they stand, and the functions at the top."""
        functions = [node for node in self.tree.body if isinstance(node, Function)]
        return {node.name: node for node in (*self.classes, *functions)}

    @cached_property
    def assigned(self) -> set[str]:
        """The names at the top that are neither imported nor defined, such as an alias."""
        lines = [line for line in self.tree.body if isinstance(line, ast.Assign | ast.AnnAssign)]
        names = (node for line in lines for node in ast.walk(line) if isinstance(node, ast.Name))
        return {node.id for node in names if isinstance(node.ctx, ast.Store)}

    def origin(self, node: ast.ImportFrom) -> str:
        """The absolute name of the module that names are imported from."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        parts = parts[: len(parts) - node.level + self.path.endswith("__init__.py")]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def find_symbols(self, exported: Mapping[str, str]) -> dict[str, str]:
        """The names that stand for something of Core's, or for a subclass of it."""
        found = {
            name: symbol
            for name, dotted in self.imports.items()
            if (symbol := core_name(dotted) or exported.get(dotted))
        }
        for node in self.classes:
            known = [symbol for base in node.bases if (symbol := symbol_of(base, found))]
            if known:
                found.setdefault(node.name, known[0])
        return found


def read_modules(files: Mapping[str, bytes]) -> list[Module]:
    """The modules in some files; a name that one takes from another is followed."""
    modules, size = [], 0
    for path in sorted(path for path in files if path.endswith(".py")):
        size += len(files[path])
        tree, unread = parsed(files[path], size)
        modules.append(Module(path, module_name(path), tree, unread))
    exported: dict[str, str] = {}  # absolute names, each with the symbol in Core
    before = -1
    while before != len(exported):
        before = len(exported)
        for module in modules:
            module.symbols = module.find_symbols(exported)
            for name, symbol in module.symbols.items():
                exported.setdefault(f"{module.name}.{name}", symbol)
    find_guards(modules)
    return modules


def find_guards(modules: list[Module]) -> None:
    """What has a guard in one module has it in those that take it from there."""
    exported: dict[str, str] = {}  # absolute names, each with a guard
    before = -1
    while before != len(exported):
        before = len(exported)
        for module in modules:
            names = module.imports.keys() & module.symbols.keys()
            for name in names:
                guard = module.import_guards.get(name, "") or exported.get(module.imports[name], "")
                if guard:
                    exported.setdefault(f"{module.name}.{name}", guard)
            for symbol in {module.symbols[name] for name in names}:
                guards = [
                    exported.get(f"{module.name}.{name}", "")
                    for name in names
                    if module.symbols[name] == symbol
                ]
                module.guards[symbol] = guards[0] if all(guards) else ""


def parsed(content: bytes, size: int) -> tuple[ast.Module, str]:
    """The syntax tree of a module, or why it has none; `size` is that of all code so far."""
    if len(content) > LARGEST_MODULE:
        return EMPTY, f"it has more than {LARGEST_MODULE} bytes"
    if size > LARGEST_CODE:
        return EMPTY, f"there are more than {LARGEST_CODE} bytes of code"
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        at = f"line {error.lineno}: " if error.lineno else ""
        return EMPTY, printable(f"{at}{error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        return EMPTY, printable(str(error) or type(error).__name__)
    return (EMPTY, "it nests too deep") if nests_deep(tree) else (tree, "")


def nests_deep(tree: ast.Module) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return bool(level)


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def core_name(dotted: str) -> str:
    """A name in Core without that of the package, which is a dot; empty for any other."""
    if dotted != PACKAGE and not dotted.startswith(f"{PACKAGE}."):
        return ""
    return dotted.removeprefix(PACKAGE).removeprefix(".") or "."


def symbol_of(node: ast.expr, names: Mapping[str, str]) -> str:
    """The symbol in Core that an expression names; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return names.get(name, "")
        case ast.Attribute(value=value, attr=attr) if start := symbol_of(value, names):
            return attr if start == "." else f"{start}.{attr}"
        case ast.Subscript(value=value):
            return symbol_of(value, names)
    return ""
