"""The ways out of statements: whether an assertion in them is seen, and what else can fail.

Nothing is run. Where it cannot be told what a statement does, it may fail.
"""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import reduce
from typing import NamedTuple

from worth import (
    EVERYTHING,
    SLEEPS,
    TELLS,
    called,
    calls_one_of,
    is_certain,
    may_fail,
    names_of,
    own_parts,
    truth,
)

# What ends a promise by an exception that is no Exception.
GIVES_UP = frozenset(
    {
        *("fail", "pytest.fail", "warns", "pytest.warns", "deprecated_call"),
        *("pytest.deprecated_call", "pytest.skip", "pytest.xfail", "pytest.exit"),
    }
)
NO_EXCEPTIONS = {
    *("pytest.fail.Exception", "fail.Exception", "BaseException", "SystemExit"),
    *("KeyboardInterrupt", "CancelledError", "asyncio.CancelledError"),
}
# Methods that note that a place was reached.
NOTES = frozenset({".append", ".add", ".put", ".put_nowait", ".set", ".write"})


class Way(NamedTuple):
    """What can come of statements."""

    judges: bool = False  # an assertion in them can fail, or they raise
    gives_up: bool = False  # by `pytest.fail`, which is no Exception
    stumbles: bool = False  # anything else in them can fail
    goes_on: bool = True  # what stands after them can be reached
    leaves: bool = False  # they can return, end a loop, or never end

    def or_else(self, other: Way) -> Way:
        return Way(*map(operator.or_, self, other))

    def then(self, other: Way) -> Way:
        return self.or_else(other)._replace(goes_on=other.goes_on) if self.goes_on else self

    @property
    def fails(self) -> bool:
        """Whether nothing but a failure can come of them."""
        return not self.goes_on and not self.leaves


def flow(statements: Sequence[ast.stmt], endless: bool = False) -> Way:
    """What can come of statements that stand one after the other, maybe in an endless loop."""
    way = Way()
    for statement in statements:
        way = way.then(read(statement, endless))
        if not way.goes_on:
            break
    return way


def read(statement: ast.stmt, endless: bool) -> Way:
    """What can come of one statement."""

    def body(statements: Sequence[ast.stmt]) -> Way:
        return flow(statements, endless)

    match statement:
        case ast.Assert(test=test):
            return of(test).then(Way(judges=not holds(test), goes_on=truth(test) is not False))
        case ast.Raise(exc=exc):
            last = exc is not None and bool(names_of(exc) & NO_EXCEPTIONS)
            return Way(judges=not last, gives_up=last, goes_on=False)
        case ast.Return(value=value):
            return of(value).then(Way(goes_on=False, leaves=True))
        case ast.Break() | ast.Continue():
            return Way(goes_on=False, leaves=True)
        case ast.If(test=test, body=yes, orelse=no):
            return of(test).then(either(truth(test), body(yes), body(no)))
        case ast.While(test=test, body=yes, orelse=no):
            always = truth(test) is True
            ends = not always or any(isinstance(part, ast.Break) for part in own_parts(yes))
            again = flow(yes, always)
            again = again._replace(goes_on=ends, leaves=again.leaves or not ends)
            return of(test).then(either(truth(test), again, body(no)))
        case ast.For(target=target, iter=many) | ast.AsyncFor(target=target, iter=many):
            again = flow(statement.body).or_else(Way(stumbles=not isinstance(target, ast.Name)))
            return of(many).then(either(truth(many), again, Way()).then(body(statement.orelse)))
        case ast.With(items=items, body=yes) | ast.AsyncWith(items=items, body=yes):
            return reduce(
                lambda way, item: read_with(item.context_expr, way, yes, endless),
                reversed(items),
                body(yes),
            )
        case ast.Try() | ast.TryStar():
            return read_try(statement, endless)
        case ast.Match(cases=cases):
            ways = [body(case.body) for case in cases]
            return reduce(Way.or_else, ways, Way(stumbles=True))
        case ast.Assign(targets=targets, value=value):
            named = all(isinstance(target, ast.Name) for target in targets)
            return of(value) if named else Way(stumbles=True)
        case ast.AnnAssign(target=ast.Name(), value=value) | ast.Expr(value=value):
            return of(value)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            given = [part for part in own_parts([statement.args]) if isinstance(part, ast.expr)]
            return of(*statement.decorator_list, *given, statement.returns)
        case ast.ClassDef(bases=[], keywords=[], decorator_list=[]):
            return body(statement.body)
        case ast.Import(names=names):
            return Way(stumbles=not all(is_of_python(one.name) for one in names))
        case ast.ImportFrom(module=module, level=level):
            return Way(stumbles=level > 0 or not is_of_python(str(module)))
        case ast.Pass() | ast.Global() | ast.Nonlocal():
            return Way()
    return Way(stumbles=True)


def of(*parts: ast.expr | None) -> Way:
    """What can come of evaluating expressions."""
    calls = own_parts(part for part in parts if part is not None)
    return Way(
        gives_up=any(calls_one_of(call, GIVES_UP) for call in calls),
        stumbles=any(map(may_fail, parts)),
    )


def either(holds: bool | None, yes: Way, no: Way) -> Way:
    return yes.or_else(no) if holds is None else yes if holds else no


def read_with(context: ast.expr, way: Way, body: Sequence[ast.stmt], endless: bool) -> Way:
    """What can come of a `with`, of which two kinds say what they do with a failure."""
    match context:
        case ast.Call(args=args, keywords=[]) if args:
            names = names_of(*args)
            if called(context) in {"suppress", "contextlib.suppress"}:
                noted = way.judges and catches(names) and decides(body, endless)
                left = uncaught(way, names)
                return left._replace(goes_on=True, judges=left.judges or noted)
            if called(context) in {"raises", "pytest.raises"}:
                expected = names & EVERYTHING or (not way.stumbles and names & raised_by(body))
                if way.fails and not way.gives_up and expected:
                    return Way()
                return way._replace(goes_on=True, stumbles=True, gives_up=True)
    # Any other one may end without what its body has raised.
    return of(context).then(way._replace(goes_on=True, stumbles=True))


def raised_by(body: Sequence[ast.stmt]) -> set[str]:
    """The exceptions that the last of some statements surely raises."""
    match body[-1]:
        case ast.Raise(exc=ast.expr() as exc):
            return names_of(exc)
        case ast.Assert(test=test) if truth(test) is False:
            return {"AssertionError"}
    return set()


def read_try(statement: ast.Try | ast.TryStar, endless: bool) -> Way:
    """What can come of a `try`; what its handlers do with a failure is seen, if it is anything."""
    names = [names_of(one.type) if one.type else {"BaseException"} for one in statement.handlers]
    handlers = [caught_as_text(one) for one in statement.handlers]
    tried = flow(statement.body, endless)
    noted = tried.judges and (
        decides([*statement.body, *statement.orelse], endless)
        or any(
            catches(caught) and not all(is_idle(line, endless) for line in handler)
            for caught, handler in zip(names, handlers, strict=True)
        )
    )
    way = reduce(uncaught, names, tried).then(flow(statement.orelse, endless))
    way = reduce(Way.or_else, (flow(handler, endless) for handler in handlers), way)
    way = way._replace(judges=way.judges or (noted and any(map(catches, names))))
    final = flow(statement.finalbody, endless)
    # Where its end leaves, no failure is left.
    return way.or_else(final)._replace(goes_on=way.goes_on) if final.goes_on else final


def catches(names: Iterable[str]) -> bool:
    """Whether an assertion that fails is caught where these names are."""
    return not {*EVERYTHING, "AssertionError"}.isdisjoint(names)


def uncaught(way: Way, names: set[str]) -> Way:
    """What can come of statements where exceptions of these names are caught."""
    if "BaseException" in names:
        return way._replace(judges=False, gives_up=False, stumbles=False)
    if "Exception" in names:
        return way._replace(judges=False, stumbles=False)
    return way._replace(judges=False) if "AssertionError" in names else way


def caught_as_text(handler: ast.ExceptHandler) -> list[ast.stmt]:
    """The statements of a handler, with a text for what it caught: it is there, and can be told."""

    class Caught(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            read = node.id == handler.name and isinstance(node.ctx, ast.Load)
            return ast.copy_location(ast.Constant("caught"), node) if read else node

    body: list[ast.stmt] = Caught().visit(deepcopy(handler)).body
    return body


def decides(body: Sequence[ast.stmt], endless: bool) -> bool:
    """Whether it is noted that an assertion held, or that ends a loop which else has no end."""
    asserted = [any(isinstance(p, ast.Assert) for p in own_parts([line])) for line in body]
    first = asserted.index(True) if True in asserted else len(body)
    for part in own_parts(body[first:]):
        match part:
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.NamedExpr() | ast.Raise():
                return True
            case ast.Return(value=value) if endless or value is not None:
                return True
            case ast.Break() if endless:
                return True
        if calls_one_of(part, NOTES):
            return True
    return False


def is_idle(statement: ast.stmt, endless: bool) -> bool:
    """Whether nothing depends on a statement; in an endless loop, to wait is to try again."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant() | ast.Name()):
            return True
        case ast.Continue() | ast.Break() | ast.Return(value=None):
            return not endless
        case ast.Assert(test=test):
            return holds(test)
        case ast.If(test=test, body=yes, orelse=no):
            return all(is_idle(line, endless) for line in (*yes, *no)) and not may_fail(test)
        case ast.Expr(value=ast.Await(value=value) | value):
            others = {called(part) for part in own_parts([value]) if part is not value}
            quiet = others <= {"", "str", "repr", "type", "format", "len"}
            return quiet and calls_one_of(value, TELLS if endless else TELLS | SLEEPS)
    return False


def holds(test: ast.expr) -> bool:
    """Whether an assertion holds whatever Core does."""
    return is_certain(test) and truth(test) is not False


def is_of_python(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
