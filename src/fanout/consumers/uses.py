"""Where Python code uses Core, read from its syntax tree without importing anything.

What an object is, is known where an annotation or the making of it says so in the same function.
An attribute of anything else may be one of whatever its file can have got of Core: each use says
its file, and each file the Core names that it knows.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fanout.model import PACKAGE

ANYTHING = {"Any", "object", "T", "Self", "BaseModel", "Callable", "Awaitable", "Protocol"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
MANY = 1_000  # arguments that a call may give by `*` or `**`


class Kind(StrEnum):
    """How code uses a name."""

    IMPORT = "import"
    READ = "read"  # an attribute
    ASSIGN = "assign"  # to an attribute
    CALL = "call"
    KEYWORD = "keyword"  # in a call
    SUBCLASS = "subclass"
    ADDED = "added"  # by a subclass
    TEXT = "text"  # a constant, by its value
    ISINSTANCE = "isinstance"


@dataclass(frozen=True)
class Use:
    """One place: `symbol` is a dotted name in Core, empty where that is not seen.

    A call has how many arguments it gives by position, the keywords it gives, and whether anybody
    takes what it returns. What a subclass adds is a field, or a method; a keyword may give None.
    """

    kind: Kind
    symbol: str
    name: str
    file: str
    line: int
    position: int = 0
    keywords: frozenset[str] = frozenset()
    result: bool = False
    method: bool = False  # what is read is called, or what is given is given to a method
    adds: str = ""


@dataclass
class File:
    """The uses in one file, and every Core symbol that it knows by a name."""

    path: str
    uses: list[Use] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)


def read_uses(files: Mapping[str, bytes], *, words: bool = False) -> tuple[File, ...]:
    """The files of a consumer that know anything of Core, with their uses.

    A name that one file of the consumer takes from another is followed. `words` also takes each
    word of a text for one, where a text holds names: a configuration file, say.
    """
    trees = {path: tree for path in sorted(files) if (tree := parsed(path, files[path]))}
    exported: dict[tuple[str, str], str] = {}  # a module's name, and the symbol in Core
    modules = {path: module_name(path) for path in trees}
    while True:
        before = len(exported)
        for path, tree in trees.items():
            for name, symbol in names_of(tree, modules[path], path, exported).items():
                exported.setdefault((modules[path], name), symbol)
        if len(exported) == before:
            break
    known = {path: names_of(tree, modules[path], path, exported) for path, tree in trees.items()}
    foreign = {
        (modules[path], name)
        for path, tree in trees.items()
        for name in foreign_functions(tree, known[path])
    }
    found = []
    for path, tree in trees.items():
        names = known[path]
        if names:
            given = imported_names(tree, modules[path], path)
            returns = {name for name, place in given.items() if place in foreign}
            reader = Reader(path, names, words, returns)
            reader.visit(tree)
            reader.file.symbols |= set(names.values())
            found.append(reader.file)
    return tuple(found)


def parsed(path: str, content: bytes) -> ast.Module | None:
    if not path.endswith(".py"):
        return None
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def names_of(
    tree: ast.Module, module: str, path: str, exported: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    """The names in a file that stand for something of Core, or for a subclass of it."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    if (alias.name + ".").startswith(f"{PACKAGE}."):
                        whole = alias.name if alias.asname else PACKAGE
                        found[alias.asname or PACKAGE] = core_name(whole)
            case ast.ImportFrom(names=aliases):
                start = origin(node, module, path.endswith("__init__.py"))
                for alias in aliases:
                    if (start + ".").startswith(f"{PACKAGE}."):
                        symbol = core_name(f"{start}.{alias.name}")
                    else:
                        symbol = exported.get((start, alias.name), "")
                    if symbol:
                        found[alias.asname or alias.name] = symbol
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            known = [symbol for base in node.bases if (symbol := symbol_of(base, found))]
            if known:
                found.setdefault(node.name, known[0])
    return found


def foreign_functions(tree: ast.Module, names: Mapping[str, str]) -> set[str]:
    """The functions and classes of a file that give nothing of Core's, by what is said of them."""
    found = set()
    for node in tree.body:
        if isinstance(node, Function) and node.returns is not None:
            named = set(re.findall(r"[A-Za-z_]\w*", ast.unparse(node.returns)))
            if not named & (names.keys() | ANYTHING):
                found.add(node.name)
        elif isinstance(node, ast.ClassDef) and node.name not in names:
            found.add(node.name)
    return found


def imported_names(tree: ast.Module, module: str, path: str) -> dict[str, tuple[str, str]]:
    """What the names in a file stand for: a module, and a name in it; its own ones too."""
    found = {
        node.name: (module, node.name)
        for node in tree.body
        if isinstance(node, Function | ast.ClassDef)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            start = origin(node, module, path.endswith("__init__.py"))
            for alias in node.names:
                found[alias.asname or alias.name] = (start, alias.name)
    return found


def origin(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The absolute name of the module that names are imported from."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def core_name(dotted: str) -> str:
    """A name in Core without that of the package; the package itself is a dot."""
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


class Reader(ast.NodeVisitor):
    """Notes the uses of one file."""

    def __init__(
        self, path: str, names: Mapping[str, str], words: bool, returns_foreign: set[str]
    ) -> None:
        self.file = File(path)
        self.names = names
        self.words = words
        self.returns_foreign = returns_foreign  # names of functions
        self.own: list[str] = []  # of each class around, the symbol that it extends, if any
        self.callees: set[int] = set()
        self.dropped: set[int] = set()  # calls of which nobody takes the result
        self.foreign: set[str] = set()  # names of what is not Core's
        self.types: dict[str, str] = {}  # the symbols of variables

    def note(self, kind: Kind, symbol: str, name: str, node: ast.AST, **more: object) -> None:
        line = getattr(node, "lineno", 0)
        self.file.uses.append(Use(kind, symbol, name, self.file.path, line, **more))  # type: ignore[arg-type]

    def visit_Module(self, node: ast.Module) -> None:
        docstrings(node)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.partition(".")[0] == PACKAGE:
                self.note(Kind.IMPORT, core_name(alias.name), alias.name, node)
            else:
                self.foreign.add(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0 and (node.module or "").partition(".")[0] == PACKAGE:
            for alias in node.names:
                symbol = core_name(f"{node.module}.{alias.name}")
                self.note(Kind.IMPORT, symbol, alias.name, node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        symbols = [symbol for base in node.bases if (symbol := symbol_of(base, self.names))]
        for symbol in symbols:
            self.note(Kind.SUBCLASS, symbol, node.name, node)
            for name, what, place in added(node):
                self.note(Kind.ADDED, symbol, name, place, adds=what)
        self.own.append(symbols[0] if symbols else "")
        self.generic_visit(node)
        self.own.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_function(node)

    def visit_function(self, node: Function) -> None:
        """Within a function, what its parameters and variables are said to be is known."""
        before = self.foreign, self.types
        arguments = arguments_of(node)
        given = {one.arg for one in arguments}
        self.foreign = (self.foreign - given) | self.foreign_names(node)
        kept = {name: symbol for name, symbol in self.types.items() if name not in given}
        self.types = kept | self.typed_names(node)
        self.generic_visit(node)
        self.foreign, self.types = before

    def typed_names(self, node: Function) -> dict[str, str]:
        """The parameters and variables of a function that are seen to hold one of Core's."""
        found: dict[str, set[str]] = {}
        for one in arguments_of(node):
            found.setdefault(one.arg, set()).add(self.annotated(one.annotation))
        for part in ast.walk(node):
            match part:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=called)):
                    found.setdefault(name, set()).add(symbol_of(called, self.names))
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    found.setdefault(name, set()).add(self.annotated(annotation))
                case ast.Assign(targets=[ast.Name(id=name)]):
                    found.setdefault(name, set()).add("")
        return {
            name: min(symbols)
            for name, symbols in found.items()
            if len(symbols) == 1 and min(symbols).rpartition(".")[2][:1].isupper()
        }

    def annotated(self, annotation: ast.expr | None) -> str:
        """The symbol that an annotation names, alone or beside None."""
        match annotation:
            case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
                return symbol_of(left, self.names)
            case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
                return symbol_of(inner, self.names)
            case None:
                return ""
        return symbol_of(annotation, self.names)

    def foreign_names(self, node: Function) -> set[str]:
        """The parameters and variables of a function that are seen to hold nothing of Core's."""
        found = {one.arg for one in arguments_of(node) if self.is_foreign(one.annotation)}
        values: dict[str, list[bool]] = {}
        for part in ast.walk(node):
            match part:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values.setdefault(name, []).append(self.gives_foreign(value))
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    values.setdefault(name, []).append(self.is_foreign(annotation))
                case ast.Name(id=name, ctx=ast.Store()):
                    values.setdefault(name, [])
        counts = Counter(
            part.id
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        )
        return found | {
            name
            for name, said in values.items()
            if said and all(said) and len(said) == counts[name]
        }

    def is_foreign(self, annotation: ast.expr | None) -> bool:
        """Whether an annotation names classes, and none that may be one of Core's."""
        if annotation is None:
            return False
        text = ast.unparse(annotation)
        named = set(re.findall(r"[A-Za-z_]\w*", text))
        return not named & (self.names.keys() | ANYTHING) and len(text) > 1

    def gives_foreign(self, value: ast.expr) -> bool:
        """Whether a call is of something that is said to give nothing of Core's."""
        value = value.value if isinstance(value, ast.Await) else value
        if not isinstance(value, ast.Call):
            return isinstance(value, ast.Constant | ast.JoinedStr)
        match value.func:
            case ast.Name(id=name):
                return name in self.returns_foreign
            case ast.Attribute(value=ast.Name(id=name)):
                return name in self.foreign and name != "self"
        return False

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            self.dropped.add(id(value))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        symbol = self.known(node.value)
        if symbol is not None:
            kind = Kind.ASSIGN if isinstance(node.ctx, ast.Store) else Kind.READ
            called = id(node) in self.callees
            self.note(kind, symbol, node.attr, node, method=called)
        self.generic_visit(node)

    def known(self, value: ast.expr) -> str | None:
        """The symbol that an object is, empty if that is unknown, none if it is not Core's."""
        if symbol := symbol_of(value, self.names):
            return symbol
        match value:
            case ast.Name(id=name) if name in self.types:
                return self.types[name]
            case ast.Name(id="self" | "cls") if self.own:
                return self.own[-1] or None
            case ast.Name(id=name) if name in self.foreign:
                return None
            case ast.Constant() | ast.JoinedStr():
                return None
        return ""

    def visit_Call(self, node: ast.Call) -> None:
        self.callees.add(id(node.func))
        position, keywords = 0, set()
        for argument in node.args:
            position += MANY if isinstance(argument, ast.Starred) else 1
        for keyword in node.keywords:
            if keyword.arg is None:
                keywords |= mapping_keys(keyword.value)
            else:
                keywords.add(keyword.arg)
        symbol: str | None = symbol_of(node.func, self.names)
        name = (symbol or "").rpartition(".")[2]
        if isinstance(node.func, ast.Attribute):
            name, symbol = node.func.attr, symbol or self.known(node.func.value)
        if symbol is not None:
            given = frozenset(keywords)
            taken = id(node) not in self.dropped
            self.note(
                Kind.CALL, symbol, name, node, position=position, keywords=given, result=taken
            )
            values = {one.arg: one.value for one in node.keywords}
            for keyword_name in sorted(keywords):
                none = gives_none(values.get(keyword_name))
                adds, method = "None" if none else "", bool(name) and not is_class(node.func)
                self.note(Kind.KEYWORD, symbol, keyword_name, node, adds=adds, method=method)
        if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
            for other in ast.walk(node.args[-1]) if node.args else ():
                if isinstance(other, ast.expr) and (seen := symbol_of(other, self.names)):
                    self.note(Kind.ISINSTANCE, seen, seen.rpartition(".")[2], node)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and not getattr(node, "is_docstring", False):
            texts = {node.value}
            if self.words:
                texts |= set(re.findall(r"\w+", node.value))
            for text in sorted(texts):
                self.note(Kind.TEXT, "", text, node)


def docstrings(tree: ast.Module) -> None:
    """Mark what documents code, which is no text that the code uses."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for line in body if isinstance(body, list) else ():
            if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
                line.value.is_docstring = True  # type: ignore[attr-defined]


def mapping_keys(value: ast.expr) -> set[str]:
    """The names that `**{"name": …}` gives, or one that stands for any."""
    if isinstance(value, ast.Dict):
        keys = [key.value for key in value.keys if isinstance(key, ast.Constant)]
        if len(keys) == len(value.keys):
            return {str(key) for key in keys}
    return {"**"}


def is_class(called: ast.expr) -> bool:
    """Whether a call may make an object: its name begins as that of a class, or is none."""
    match called:
        case ast.Attribute(attr=name):
            return name[:1].isupper() or name in ("model_copy", "model_construct")
    return True


def arguments_of(node: Function) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def gives_none(value: ast.expr | None) -> bool:
    """Whether an expression is seen to be None, be it only at times."""
    if isinstance(value, ast.IfExp):
        return gives_none(value.body) or gives_none(value.orelse)
    return isinstance(value, ast.Constant) and value.value is None


def added(node: ast.ClassDef) -> Iterator[tuple[str, str, ast.stmt]]:
    """The public names that a class has of itself, each as a field or a method."""
    for line in node.body:
        match line:
            case ast.AnnAssign(target=ast.Name(id=name)):
                what = "field"
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                what = "method"
            case _:
                continue
        if not name.startswith("_") and name != "model_config":
            yield name, what, line
