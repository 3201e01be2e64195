"""Where code does without what it uses: what is caught around each statement and expression."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from fanout.consumers.use import Kind

ONLY_IMPORTS = ast.Import | ast.ImportFrom | ast.Assign | ast.Pass
Caught = frozenset[str]
NOTHING: Caught = frozenset()
CHECKING = "TYPE_CHECKING"
FALLBACK = "fallback"  # for what could not be imported
ANY = ("Exception", "BaseException")
# What must be caught for a use to be guarded, where it is caught under its own name.
OF_IMPORTS = ("ImportError", *ANY, "ModuleNotFoundError", FALLBACK)
OF_CALLS = ("AttributeError", "TypeError")
OF_OTHERS = ("AttributeError",)


def caught_around(tree: ast.Module) -> dict[int, Caught]:
    """What is caught around each node that something is caught around, by the id of the node.

    A handler that raises again catches nothing, and one that catches everything only counts around
    imports alone. A function is not run where it is defined.
    """
    found: dict[int, Caught] = {}
    left: list[tuple[ast.AST, Caught]] = [(tree, NOTHING)]
    while left:
        node, around = left.pop()
        if around:
            found[id(node)] = around
        inside = {id(one): more for one, more in guarded(node)}
        below = (
            around & {CHECKING}
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            else around
        )
        for child in ast.iter_child_nodes(node):
            left.append((child, below | inside.get(id(child), NOTHING)))
    return found


def guarded(node: ast.AST) -> list[tuple[ast.AST, Caught]]:
    """The parts of a statement that have a guard, each with it."""
    if isinstance(node, ast.Try):
        handled = [one for one in node.handlers if not isinstance(one.body[-1], ast.Raise)]
        names = frozenset(name for one in handled for name in exceptions(one.type))
        if not all(isinstance(line, ONLY_IMPORTS) for line in node.body):
            names -= set(ANY)  # which catches whatever else goes wrong
        found: list[tuple[ast.AST, Caught]] = [(line, names) for line in node.body]
        if names & set(OF_IMPORTS):
            found += [(one, frozenset({FALLBACK})) for one in handled]
        return found
    if isinstance(node, ast.If) and CHECKING in ast.dump(node.test):
        negated = isinstance(node.test, ast.UnaryOp)
        return [(line, frozenset({CHECKING})) for line in (node.orelse if negated else node.body)]
    if isinstance(node, ast.With):
        calls = [one.context_expr for one in node.items if isinstance(one.context_expr, ast.Call)]
        calls = [one for one in calls if last_name(one.func) == "suppress"]
        names = frozenset(name for one in calls for part in one.args for name in exceptions(part))
        return [(line, names) for line in node.body] if names else []
    return []


def exceptions(caught: ast.expr | None) -> list[str]:
    """The names of what a handler catches; one that names nothing catches all."""
    if caught is None:
        return ["BaseException"]
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return [last_name(part) for part in parts]


def last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def guard_of(kind: Kind, caught: Caught) -> str:
    """The guard that a use has by what is caught around it; empty if it has none."""
    wanted = {Kind.IMPORT: OF_IMPORTS, Kind.CALL: OF_CALLS}.get(kind, OF_OTHERS)
    return next((name for name in (CHECKING, *wanted) if name in caught), "")


def guard_of_import(symbol: str, guards: Mapping[str, str]) -> str:
    """The guard of the import that a symbol came by, be it of what the symbol is in."""
    start = symbol
    while start and start not in guards:
        start = start.rpartition(".")[0]
    return guards.get(start, "")
