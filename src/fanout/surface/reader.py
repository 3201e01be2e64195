"""From a wheel to the public surface of its Core, read statically: nothing in it is ever run."""

from __future__ import annotations

import ast
import logging
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe

from fanout.core.wheel import read_files
from fanout.errors import InvalidCore
from fanout.model import PACKAGE
from fanout.surface.brought_along import brought_along
from fanout.surface.source import (
    Assignment,
    Function,
    Modern,
    assignment,
    deprecation,
    digest,
    dotted,
    heading,
    imports,
    is_ellipsis,
    model_config,
    rest,
    signature,
    without_docstring,
)
from fanout.surface.symbol import Surface, Symbol, is_private
from fanout.wording import cut, printable

LONGEST_DEPRECATION = 1000  # characters
NOT_A_NAME = ("__all__", "__doc__")
# What griffe cannot resolve is seen here as a name that leads nowhere.
logging.getLogger("griffe").addHandler(logging.NullHandler())


def surface(wheel: Path) -> Surface:
    """The public surface of the Core in a wheel.

    A module that is not Python is a symbol that says so. Raises InvalidCore for what is no wheel
    of a Core, or one that this tool refuses to unpack.
    """
    files = read_files(wheel)
    modules = {path: content for path, content in files.items() if is_module(path)}
    if f"{PACKAGE}/__init__.py" not in modules:
        raise InvalidCore(f"'{wheel}' has no '{PACKAGE}/__init__.py'", "build it again")
    damaged = {path: said for path, content in modules.items() if (said := damage(content))}
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        for path, content in modules.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"" if path in damaged else content)
        try:
            found = Reader(Path(folder))
        except (griffe.GriffeError, ImportError, RecursionError, SyntaxError) as error:
            raise InvalidCore(f"'{wheel}' cannot be read: {error}", "build it again") from error
    for path, said in damaged.items():
        symbol = Symbol(kind="module", says=f"not Python: {said}")
        found.symbols[module_path(path)] = symbol
    return Surface(symbols=found.symbols | brought_along(files), exports=found.exports)


def is_module(path: str) -> bool:
    parts = path.removesuffix(".py").split("/")
    return path.endswith(".py") and parts[0] == PACKAGE and all(p.isidentifier() for p in parts)


def damage(content: bytes) -> str:
    """Why a module is not Python; empty if it is."""
    try:
        ast.parse(content)
    except SyntaxError as error:
        return printable(f"line {error.lineno}: {error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        return printable(str(error) or type(error).__name__)
    return ""


def module_path(file: str) -> str:
    return relative(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def relative(path: str) -> str:
    """A path inside Core, or that of something else as it is, after an `@`."""
    if path == PACKAGE or path.startswith(f"{PACKAGE}."):
        return path[len(PACKAGE) + 1 :]
    return f"@{path}"


class Trees(griffe.Extension):
    """Keeps the syntax trees behind each object: one, or more where it is defined again."""

    def __init__(self) -> None:
        self.found: dict[str, list[ast.AST]] = {}

    def on_module_node(self, *, node: object, **_: object) -> None:
        if isinstance(node, ast.Module):
            Modern().visit(node)

    def on_instance(self, *, node: object, obj: griffe.Object, **_: object) -> None:
        if isinstance(node, ast.AST):
            self.found.setdefault(obj.path, []).append(node)


class Reader:
    """A folder with the modules of Core, as symbols and exports."""

    def __init__(self, folder: Path) -> None:
        trees = Trees()
        self.trees = trees.found
        loader = griffe.GriffeLoader(
            search_paths=[folder],
            extensions=griffe.load_extensions(trees),
            allow_inspection=False,
            store_source=False,
        )
        package = loader.load(PACKAGE, try_relative_path=False)
        if not isinstance(package, griffe.Module):
            raise ImportError(f"'{PACKAGE}' is no module")
        loader.resolve_aliases(external=False)
        self.symbols: dict[str, Symbol] = {}
        self.exports: dict[str, str] = {}
        for module in modules_of(package):
            self.export(module)
        for module in modules_of(package):
            self.read(module)

    def export(self, module: griffe.Module) -> None:
        """The names that a module has from elsewhere, and gives on."""
        listed = {str(name) for name in module.exports or ()}
        for name, member in module.members.items():
            path = relative(member.path)
            if not isinstance(member, griffe.Alias) or is_private(path):
                continue
            target = relative(target_of(member))
            if name in listed or (module.is_init_module and not target.startswith("@")):
                self.exports[path] = target

    def read(self, found: griffe.Object) -> None:
        """An object and every symbol in it whose own name is public, that of its module aside."""
        path = relative(found.path)
        nodes = self.trees.get(found.path, [])
        if isinstance(found, griffe.Module):
            self.symbols[path] = self.module(found, nodes)
        elif symbol := self.describe(found, nodes):
            self.symbols[path] = symbol
        if isinstance(found, griffe.Module | griffe.Class):
            for name, member in found.members.items():
                if isinstance(member, griffe.Alias | griffe.Module) or name in NOT_A_NAME:
                    continue
                trees = self.trees.get(member.path, [])
                if said := configuration(trees) if isinstance(found, griffe.Class) else "":
                    symbol = Symbol(kind="attribute", says=said)
                    self.symbols[f"{path}.model_config"] = symbol
                elif not is_private(name):
                    self.read(member)

    def module(self, found: griffe.Module, nodes: list[ast.AST]) -> Symbol:
        """A module: what it imports from elsewhere, and its code that belongs to no public name."""
        body = [node for tree in nodes if isinstance(tree, ast.Module) for node in tree.body]
        outside: set[str] = set()
        inside: set[str] = set()
        for node, may_fail in imports(body):
            for path in imported(node, found):
                if path.startswith("@"):
                    name = path[1:].partition(".")[0]
                    if name not in sys.stdlib_module_names:
                        outside.add(f"{name} if there" if may_fail else name)
                elif self.is_there(found, path):
                    inside.add(path)
                else:
                    outside.add(f"{PACKAGE}.{path}, which is not there")
        own = rest(body)
        return Symbol(
            kind="module",
            says=printable("; ".join(["module", *(f"imports {name}" for name in sorted(outside))])),
            code=digest(own),
            deprecated=going(node for node in own if isinstance(node, ast.Expr)),
            types=tuple(sorted(inside)),
            uses=self.named(found, own),
        )

    def is_there(self, module: griffe.Module, path: str) -> bool:
        try:
            found = module.package[path] if path else module.package
            return not isinstance(found, griffe.Alias) or bool(found.final_target)
        except (KeyError, griffe.GriffeError):
            return False

    def describe(self, found: griffe.Object, nodes: list[ast.AST]) -> Symbol | None:
        """A class, function or attribute; an attribute may be a property."""
        functions = [node for node in nodes if isinstance(node, Function)]
        classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
        values = [node for node in nodes if isinstance(node, Assignment)]
        at_once = "instance-attribute" not in found.labels or "class-attribute" in found.labels
        said = [*map(heading, classes), *map(signature, functions)]
        said += [assignment(node, value=at_once) for node in values]
        if not said:
            return None
        body = [line for node in classes for line in node.body]
        own = rest(body)
        code = [*own, *(line for node in functions for line in node.body)]
        types: list[ast.AST] = [part for node in classes for part in (*node.bases, *node.keywords)]
        types += [part for node in functions for part in (node.args, node.returns) if part]
        types += [node.annotation for node in values if isinstance(node, ast.AnnAssign)]
        types += [node.value for node in values if node.value and at_once]
        kind = "class" if classes else "function" if functions else "attribute"
        return Symbol(
            kind=kind,
            says=printable(" or ".join(dict.fromkeys(said))) or kind,
            code=digest([*own, *(line for node in functions for line in bare(node))]),
            deprecated=going(nodes),
            types=self.named(found, types),
            uses=self.named(found, code),
        )

    def named(self, found: griffe.Object, nodes: Iterable[ast.AST]) -> tuple[str, ...]:
        """The paths inside Core that the names in syntax trees lead to."""
        every = [node for tree in nodes for node in ast.walk(tree)]
        local = {
            alias.asname or alias.name: path
            for node in every
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias, path in zip(node.names, imported(node, found.module), strict=True)
        }
        seen = {path for path in local.values() if not path.startswith("@")}
        for name in set(filter(None, map(dotted, every))):
            first, _, others = name.partition(".")
            member = found.module.members.get(first)
            if first in local:
                start = local[first]
            elif member is not None:
                start = target_of(member) if isinstance(member, griffe.Alias) else member.path
                start = relative(start)
            else:
                continue
            if not start.startswith("@"):
                seen.add(f"{start}.{others}".strip("."))
        return tuple(sorted(seen))


def configuration(trees: Iterable[ast.AST]) -> str:
    """What the syntax trees of a class member tell pydantic of the class; empty if they do not."""
    return "; ".join(
        said for node in trees if isinstance(node, ast.stmt) if (said := model_config(node))
    )


def going(nodes: Iterable[ast.AST]) -> str:
    said = next(filter(None, map(deprecation, nodes)), "")
    return cut(printable(said), LONGEST_DEPRECATION)


def modules_of(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for member in module.members.values():
        if isinstance(member, griffe.Module):
            yield from modules_of(member)


def target_of(alias: griffe.Alias) -> str:
    """Where an imported name leads in the end, as far as Core says."""
    try:
        return alias.final_target.path
    except griffe.GriffeError:
        return alias.target_path


def imported(node: ast.Import | ast.ImportFrom, module: griffe.Module) -> list[str]:
    """The path of each name that an import gives, those outside Core after an `@`."""
    if isinstance(node, ast.Import):
        return [relative(alias.name) for alias in node.names]
    start = node.module or ""
    if node.level:
        package = module.path.split(".")
        package = package[: len(package) + module.is_init_module - node.level]
        start = ".".join([*package, *([start] if start else [])])
    names = ("" if alias.name == "*" else f".{alias.name}" for alias in node.names)
    return [relative(f"{start}{name}") for name in names]


def bare(node: Function) -> list[ast.stmt]:
    """The body of a function without its docstring, and nothing for one that only has that."""
    return [line for line in without_docstring(node.body) if not is_empty(line)]


def is_empty(line: ast.stmt) -> bool:
    return isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and is_ellipsis(line.value))
