"""Python source as a consumer sees it: what it says, however it is written.

Everything here works on syntax trees; nothing is imported or run.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import reduce
from typing import TypeVar

from fanout.surface.symbol import is_private

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Import = ast.Import | ast.ImportFrom
Assignment = ast.Assign | ast.AnnAssign
DOCUMENTATION = frozenset({"description", "title", "examples"})
WARNED = {"DeprecationWarning", "PendingDeprecationWarning", "FutureWarning"}
# Two names of one type (PEP 585).
BUILT_IN = {name.capitalize(): name for name in ("list", "dict", "tuple", "set", "type")} | {
    "FrozenSet": "frozenset"
}


def signature(node: Function) -> str:
    """How a function is called, on one line: `async def publish(self, event) -> str`."""
    head = copy.copy(node)
    head.body = [ast.Expr(ast.Constant(...))]
    head.decorator_list = []
    return decorated(node, one_line(head).removesuffix(": ..."))


def heading(node: ast.ClassDef) -> str:
    """What a class is made from, on one line: `class Level(str, Enum)`."""
    parts = [one_line(part) for part in (*node.bases, *node.keywords)]
    return decorated(node, f"class {node.name}" + (f"({', '.join(parts)})" if parts else ""))


def assignment(node: Assignment, *, value: bool = True) -> str:
    """What a name is given: `int = Field(..., ge=0)`, or only its type."""
    said = one_line(node.annotation) if isinstance(node, ast.AnnAssign) else ""
    if not value or node.value is None or (said and is_ellipsis(node.value)):
        return said
    return f"{said} = {one_line(node.value)}".removeprefix(" = ")


def digest(nodes: Iterable[ast.AST]) -> str:
    """SHA-256 over syntax trees, without their positions, comments and docstrings."""
    text = "\n".join(ast.dump(node) for node in nodes)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest() if text else ""


def decorated(node: Definition, said: str) -> str:
    return " ".join([*(f"@{one_line(part)}" for part in node.decorator_list), said])


def one_line(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


class Modern(ast.NodeTransformer):
    """Rewrites a tree so that two ways to write one thing become equal."""

    def visit(self, node: ast.AST) -> ast.AST:
        for field in ("annotation", "returns"):
            if written := getattr(node, field, None):
                setattr(node, field, Unquoted().visit(written))
        if isinstance(node, Definition):
            node.body = without_docstring(node.body)
        self.generic_visit(node)
        match node:
            case ast.Name(id=name) if name in BUILT_IN:
                return ast.Name(id=BUILT_IN[name], ctx=node.ctx)
            case ast.Attribute(value=ast.Name(id="typing" | "t"), attr=name):
                return self.visit(ast.Name(id=name, ctx=node.ctx))
            case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
                return either([inner, ast.Constant(None)])
            case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=parts)):
                return either(parts)
            case ast.Call(func=ast.Name(id="Field")):
                return settled(node)
        return node


def settled(node: ast.Call) -> ast.expr:
    """A pydantic field: its constraints by keyword, or only its default, `...` if it has none."""
    keywords = [key for key in node.keywords if key.arg not in DOCUMENTATION]
    keywords += [ast.keyword(arg="default", value=value) for value in node.args]
    keywords = [key for key in keywords if key.arg != "default" or not is_ellipsis(key.value)]
    keywords.sort(key=lambda key: (key.arg != "default", key.arg or "~"))
    match keywords:
        case []:
            return ast.Constant(...)
        case [ast.keyword(arg="default", value=value)]:
            return value
    return ast.Call(func=node.func, args=[], keywords=keywords)


def is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def model_config(node: ast.stmt) -> str:
    """What a pydantic model is told of itself, in either way to write it; empty for another thing.

    `model_config = ConfigDict(frozen=True)`, that of a dict, and `class Config: frozen = True`.
    """
    match node:
        case ast.ClassDef(name="Config", body=body):
            said = {name: line for line in body for name in names_defined(line)}
            values = {
                name: line.value
                for name, line in said.items()
                if isinstance(line, Assignment) and line.value
            }
        case ast.Assign(value=ast.Call(keywords=keywords), targets=[ast.Name(id="model_config")]):
            values = {key.arg or "**": key.value for key in keywords}
        case ast.Assign(
            value=ast.Dict(keys=keys, values=given), targets=[ast.Name(id="model_config")]
        ):
            parts = zip(keys, given, strict=True)
            values = {one_line(key).strip("'") if key else "**": value for key, value in parts}
        case _:
            return ""
    return ", ".join(sorted(f"{name}={one_line(value)}" for name, value in values.items()))


class Unquoted(ast.NodeTransformer):
    """Rewrites an annotation so that a type in quotes is the type."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, str):
            with suppress(SyntaxError, ValueError):
                return ast.parse(node.value, mode="eval").body
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        # What these hold after the brackets are values, not types.
        if one_line(node.value).rpartition(".")[2] in ("Literal", "Annotated"):
            return node
        return self.generic_visit(node)


def either(parts: Sequence[ast.expr]) -> ast.expr:
    return reduce(lambda left, right: ast.BinOp(left, ast.BitOr(), right), parts)


def deprecation(node: ast.AST) -> str:
    """What a definition, a field or a statement says of going away; empty if it says nothing.

    By `deprecated` of warnings or typing_extensions, by that of a pydantic field, or by a warning.
    """
    parts: Sequence[ast.AST] = [node]
    if isinstance(node, Definition):
        body = [] if isinstance(node, ast.ClassDef) else node.body
        parts = [*node.decorator_list, *body]
    calls = (call for part in parts for call in ast.walk(part) if isinstance(call, ast.Call))
    return next(filter(None, map(said_by, calls)), "")


def said_by(call: ast.Call) -> str:
    given = {key.arg: key.value for key in call.keywords}
    message = next(iter((*call.args, *given.values())), None)
    match one_line(call.func).rpartition(".")[2]:
        case "deprecated":
            pass
        case "warn" if {one_line(one) for one in (*call.args, *given.values())} & WARNED:
            pass
        case _:
            message = given.get("deprecated")
    match message:
        case None | ast.Constant(value=False | None):
            return ""
        case ast.Constant(value=True):
            return "deprecated"
        case ast.Constant(value=str(said)):
            return " ".join(said.split())
    return one_line(message)


def without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest or [ast.Pass()]
    return body


def names_defined(node: ast.stmt) -> list[str]:
    """The names that a statement gives something to."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign(targets=targets) if all(isinstance(t, ast.Name) for t in targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def rest(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """What a body holds beside its imports and its public names."""
    found: list[ast.stmt] = []
    for node in without_docstring(list(body)):
        defined = names_defined(node)
        if isinstance(node, Import | ast.Pass) or (defined and not any(map(is_private, defined))):
            continue
        if isinstance(node, ast.If | ast.Try | ast.With):
            node = copy.copy(node)
            for field in ("body", "orelse", "finalbody"):
                if inner := getattr(node, field, None):
                    setattr(node, field, rest(inner) or [ast.Pass()])
            if isinstance(node, ast.Try):
                node.handlers = [copy.copy(handler) for handler in node.handlers]
                for handler in node.handlers:
                    handler.body = rest(handler.body) or [ast.Pass()]
        found.append(node)
    return found


def imports(body: Iterable[ast.stmt], may_fail: bool = False) -> Iterator[tuple[Import, bool]]:
    """The imports that run with a module, each with whether the module does without it."""
    for node in body:
        if isinstance(node, Import):
            yield node, may_fail
        elif isinstance(node, ast.Try):
            yield from imports([*node.body], may_fail or bool(node.handlers))
            yield from imports([*node.orelse, *node.finalbody], may_fail)
            for handler in node.handlers:
                yield from imports(handler.body, True)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in one_line(node.test):
            yield from imports([*node.body, *node.orelse], may_fail)


def dotted(node: ast.AST) -> str:
    """A name, or one inside another, as in `a.b.c`; empty for what is more than names."""
    if isinstance(node, ast.Attribute):
        start = dotted(node.value)
        return start and f"{start}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
