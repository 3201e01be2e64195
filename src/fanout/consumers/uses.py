"""Where Python code uses Core, read from its syntax tree without importing anything.

An attribute of an object that nothing is known of may be one of whatever its file can have got of
Core: each use says its file, and each file the Core names that it knows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from fanout.consumers.module import Function, Module, core_name, read_modules, symbol_of
from fanout.consumers.notes import Notes
from fanout.consumers.objects import Objects
from fanout.consumers.use import MANY, File, Kind
from fanout.model import PACKAGE

IN_A_TEXT = re.compile(rf"{PACKAGE}(\.\w+)*(:\w+)?")


def read_uses(files: Mapping[str, bytes], *, words: bool = False) -> tuple[File, ...]:
    """The files of a consumer that know anything of Core, with their uses.

    `words` also takes each word of a text for one, where a text holds names: a configuration file,
    say.
    """
    modules = read_modules(files)
    objects = Objects(modules)
    found = []
    for module in modules:
        if module.unread:
            found.append(File(module.path, unread=module.unread))
        elif module.symbols or names_core(module.tree):
            reader = Reader(module, objects, words)
            with suppress(RecursionError):  # what nests so deep nobody wrote
                reader.visit(module.tree)
            found.append(reader.file)
    return tuple(found)


def names_core(tree: ast.Module) -> bool:
    """Whether a module speaks of Core in a text, to import it by its name, say."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return any(isinstance(text, str) and IN_A_TEXT.fullmatch(text) for text in texts)


class Reader(Notes, ast.NodeVisitor):
    """Notes the uses of one file."""

    def __init__(self, module: Module, objects: Objects, words: bool) -> None:
        super().__init__(module, objects)
        self.words = words
        self.classes: list[ast.ClassDef] = []  # around
        self.callees: set[int] = set()
        self.dropped: set[int] = set()  # calls of which nobody takes the result
        self.awaited: set[int] = set()  # calls
        self.plain: set[int] = set()  # calls of which the result is used as it is

    def visit_Module(self, node: ast.Module) -> None:
        docstrings(node)
        top = [line for line in node.body if not isinstance(line, Function | ast.ClassDef)]
        self.scope = self.objects.variables(self.module, top, {}, {})
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if symbol := core_name(alias.name):
                self.note(Kind.IMPORT, symbol, alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0 and (node.module or "").partition(".")[0] == PACKAGE:
            starred = sorted(self.module.starred) if node is self.module.star else []
            for name in starred or [alias.name for alias in node.names]:
                symbol = core_name(f"{node.module}.{name}")
                self.note(Kind.IMPORT, symbol, name, node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        symbols = [symbol for base in node.bases if (symbol := symbol_of(base, self.names))]
        for symbol in symbols:
            self.note(Kind.SUBCLASS, symbol, node.name, node)
            for name, what, place in added(node):
                self.note(Kind.ADDED, symbol, name, place, adds=what)
        self.classes.append(node)
        self.generic_visit(node)
        self.classes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_function(node)

    def visit_function(self, node: Function) -> None:
        """Within a function, what its parameters and variables are said to be is known."""
        parts = node.args
        for one in (*parts.posonlyargs, *parts.args, *parts.kwonlyargs, parts.vararg, parts.kwarg):
            self.note_annotation(one.annotation if one else None)
        self.note_annotation(node.returns)
        before = self.scope
        method = self.classes and node in self.classes[-1].body
        own = f":{self.module.name}.{self.classes[-1].name}" if method else ""
        self.scope = self.objects.scope(self.module, node, before, own)
        self.generic_visit(node)
        self.scope = before

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            self.dropped.add(id(value))
            self.plain.add(id(node.value))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        symbol = self.known(node.value)
        if symbol is not None:
            kind = Kind.ASSIGN if isinstance(node.ctx, ast.Store) else Kind.READ
            called = id(node) in self.callees
            direct = self.names_itself(node.value)
            self.note(kind, symbol, node.attr, node, method=called, direct=direct)
        self.plain.add(id(node.value))
        self.generic_visit(node)

    def visit_Await(self, node: ast.Await) -> None:
        self.awaited.add(id(node.value))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.plain |= {id(one) for one in (node.left, *node.comparators)}
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self.plain.add(id(node.iter))
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self.plain.add(id(node.test))
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.note_named(Kind.CATCH, node.type, node)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.note_annotation(node.annotation)
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        self.note_hashed(*node.elts)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        self.note_hashed(*(key for key in node.keys if key))
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.plain.add(id(node.value))
        self.note_hashed(*(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]))
        self.generic_visit(node)

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
        elif not symbol:
            symbol = self.known(node.func)
            name = (symbol or "").rpartition(".")[2]
        if symbol is not None:
            self.note(
                Kind.CALL,
                symbol,
                name,
                node,
                position=position,
                keywords=frozenset(keywords),
                result=id(node) not in self.dropped,
                direct=self.names_itself(node.func),
                awaited=id(node) in self.awaited,
                plain=id(node) in self.plain and id(node) not in self.awaited,
            )
            values = {one.arg: one.value for one in node.keywords}
            for keyword_name in sorted(keywords):
                none = gives_none(values.get(keyword_name))
                adds, method = "None" if none else "", bool(name) and not is_class(node.func)
                self.note(Kind.KEYWORD, symbol, keyword_name, node, adds=adds, method=method)
        self.note_asked(node)
        if name == "add" or ast.unparse(node.func) == "hash":
            self.note_hashed(*node.args)
        if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
            for other in ast.walk(node.args[-1]) if node.args else ():
                if isinstance(other, ast.expr) and (seen := symbol_of(other, self.names)):
                    self.note(Kind.ISINSTANCE, seen, seen.rpartition(".")[2], node)
        self.generic_visit(node)

    def note_asked(self, node: ast.Call) -> None:
        match node:
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr" | "setattr" as how),
                args=[of, ast.Constant(value=str(name)), *default],
            ) if symbol := self.known(of):
                more = {"guard": how} if how == "hasattr" or (how == "getattr" and default) else {}
                self.note(Kind.ASK, symbol, name, node, direct=self.names_itself(of), **more)
            case ast.Call(
                func=ast.Name(id="suppress" | "raises") | ast.Attribute(attr="suppress" | "raises")
            ):
                for one in node.args:
                    self.note_named(Kind.CATCH, one, node)

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
