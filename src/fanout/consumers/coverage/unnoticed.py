"""The lines of a pack's code of which no promise would notice that they fail."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from fanout.consumers.guard import ANY, exceptions, last_name

ENDS = ast.Return | ast.Raise | ast.Continue | ast.Break
TAKES_ALL = ("suppress", "raises")  # of contextlib, and of pytest


def unnoticed(tree: ast.Module) -> frozenset[int]:
    """The lines that never run, or that may raise whatever they like."""
    return frozenset(
        line
        for node in ast.walk(tree)
        for statement in (*never_run(node), *swallowed(node))
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    )


def never_run(node: ast.AST) -> Iterator[ast.stmt]:
    """What stands behind the end of a block, or below a condition that is written as false."""
    for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
        if isinstance(block, list):
            end = next((at for at, one in enumerate(block) if isinstance(one, ENDS)), len(block))
            yield from block[end + 1 :]
    if isinstance(node, ast.If | ast.While) and isinstance(node.test, ast.Constant):
        yield from () if node.test.value else node.body


def swallowed(node: ast.AST) -> Iterable[ast.stmt]:
    """What stands where any exception is taken, and nothing is made of it."""
    match node:
        case ast.Try(body=body, handlers=handlers):
            return (
                body if any(takes_all(one.type) and is_idle(one.body) for one in handlers) else ()
            )
        case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
            calls = [one.context_expr for one in items if isinstance(one.context_expr, ast.Call)]
            taking = [one for one in calls if last_name(one.func) in TAKES_ALL and not one.keywords]
            return body if any(takes_all(part) for one in taking for part in one.args) else ()
    return ()


def takes_all(caught: ast.expr | None) -> bool:
    return not {*exceptions(caught)}.isdisjoint(ANY)


def is_idle(handler: Iterable[ast.stmt]) -> bool:
    return all(isinstance(one, ast.Pass | ast.Continue) or is_text(one) for one in handler)


def is_text(one: ast.stmt) -> bool:
    return isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
