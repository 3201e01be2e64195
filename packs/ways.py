"""The ways out of statements: whether an assertion in them is seen, and what else can fail.

Nothing is run. Where it cannot be told what a statement does, it may fail.
"""

from __future__ import annotations

import ast
import builtins
import operator
import sys
from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import reduce
from typing import NamedTuple

from worth import (
    EVERYTHING,
    SLEEPS,
    called,
    is_certain,
    may_fail,
    names_of,
    own_parts,
    tells,
    truth,
)

# What ends a promise by an exception that is no Exception.
GIVES_UP = frozenset(
    {
        *("fail", "pytest.fail", "warns", "pytest.warns", "deprecated_call"),
        *("pytest.deprecated_call", "pytest.skip", "pytest.xfail", "pytest.exit", "sys.exit"),
    }
)
NO_EXCEPTIONS = {
    *("pytest.fail.Exception", "fail.Exception", "BaseException", "SystemExit"),
    *("KeyboardInterrupt", "CancelledError", "asyncio.CancelledError"),
}
COMPOUND = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar),
    ast.Match,
)
# What can be gone through, whatever is in it; of any other call, the call may fail.
PLAIN_MANY = (ast.Tuple, ast.List, ast.Set, ast.Constant, ast.Call)
ENDLESS = {"count", "itertools.count", "cycle", "itertools.cycle"}


class Place(NamedTuple):
    """Where statements stand."""

    endless: bool = False  # in a loop that ends only where it is left
    matters: bool = False  # what comes after a loop around them asks how it was left


NOWHERE = Place()


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


def flow(statements: Sequence[ast.stmt], place: Place = NOWHERE) -> Way:
    """What can come of statements that stand one after the other."""
    way = Way()
    for number, statement in enumerate(statements, 1):
        rest = place.matters or any(not is_idle(line, NOWHERE) for line in statements[number:])
        way = way.then(read(statement, place._replace(matters=rest)))
        if not way.goes_on:
            break
    return way


def read(statement: ast.stmt, place: Place) -> Way:
    """What can come of one statement."""

    def body(statements: Sequence[ast.stmt]) -> Way:
        return flow(statements, place)

    match statement:
        case ast.Assert(test=test):
            return of(test).then(Way(judges=not holds(test), goes_on=truth(test) is not False))
        case ast.Raise(exc=exc):
            last = exc is not None and bool(names_of(exc) & NO_EXCEPTIONS)
            return of(exc).then(Way(judges=not last, gives_up=last, goes_on=False))
        case ast.Return(value=value):
            return of(value).then(Way(goes_on=False, leaves=True))
        case ast.Break() | ast.Continue():
            return Way(goes_on=False, leaves=True)
        case ast.If(test=test, body=yes, orelse=no):
            return of(test).then(either(truth(test), body(yes), body(no)))
        case ast.While(test=test, body=yes, orelse=no):
            always = truth(test) is True
            ends = not always or any(isinstance(part, ast.Break) for part in own_parts(yes))
            # A loop that asks a name may be left by its being assigned to alone.
            asks = any(isinstance(part, ast.Call | ast.Compare) for part in own_parts([test]))
            again = flow(yes, loop(place, no, endless=always or not asks))
            again = again._replace(goes_on=ends, leaves=again.leaves or not ends)
            return of(test).then(either(truth(test), again, body(no)))
        case ast.For(target=target, iter=many) | ast.AsyncFor(target=target, iter=many):
            around = loop(place, statement.orelse, endless=called(many) in ENDLESS)
            odd = not (isinstance(target, ast.Name) and isinstance(many, PLAIN_MANY))
            again = flow(statement.body, around).or_else(Way(stumbles=odd))
            return of(many).then(either(truth(many), again, Way()).then(body(statement.orelse)))
        case ast.With(items=items, body=yes) | ast.AsyncWith(items=items, body=yes):
            return reduce(
                lambda way, item: read_with(item.context_expr, way, yes, place),
                reversed(items),
                body(yes),
            )
        case ast.Try() | ast.TryStar():
            return read_try(statement, place)
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
            way = of(*given, statement.returns)
            return Way(stumbles=True) if statement.decorator_list else way
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
        gives_up=any(called(call) in GIVES_UP for call in calls),
        stumbles=any(map(may_fail, parts)),
    )


def loop(place: Place, orelse: Sequence[ast.stmt], *, endless: bool) -> Place:
    """Where the statements in a loop stand."""
    asked = any(not is_idle(line, NOWHERE) for line in orelse)
    return Place(endless=endless, matters=endless or asked or place.matters)


def either(holds: bool | None, yes: Way, no: Way) -> Way:
    return yes.or_else(no) if holds is None else yes if holds else no


def read_with(context: ast.expr, way: Way, body: Sequence[ast.stmt], place: Place) -> Way:
    """What can come of a `with`, of which two kinds say what they do with a failure."""
    match context:
        case ast.Call(args=args, keywords=[]) if args:
            names = names_of(*args)
            if called(context) in {"suppress", "contextlib.suppress"}:
                noted = place.matters and way.judges and catches(names) and decides(body, place)
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
    """The exceptions of Python's own that the last of some statements surely raises."""
    match body[-1]:
        case ast.Raise(exc=ast.expr() as exc):
            return names_of(exc) & vars(builtins).keys()
        case ast.Assert(test=test) if truth(test) is False:
            return {"AssertionError"}
    return set()


def read_try(statement: ast.Try | ast.TryStar, place: Place) -> Way:
    """What can come of a `try`; what its handlers do with a failure is seen, if it is anything."""
    names = [names_of(one.type) if one.type else {"BaseException"} for one in statement.handlers]
    handlers = [caught_as_text(one) for one in statement.handlers]
    tried = flow(statement.body, place)
    noted = (place.matters and tried.judges) and (
        decides([*statement.body, *statement.orelse], place)
        or any(
            catches(caught) and not all(is_idle(line, place) for line in handler)
            for caught, handler in zip(names, handlers, strict=True)
        )
    )
    way = reduce(uncaught, names, tried).then(flow(statement.orelse, place))
    way = reduce(Way.or_else, (flow(handler, place) for handler in handlers), way)
    way = way._replace(judges=way.judges or (noted and any(map(catches, names))))
    final = flow(statement.finalbody, place)
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


def decides(body: Sequence[ast.stmt], place: Place) -> bool:
    """Whether anything depends on that an assertion held, be it the end of a loop."""
    lines = [
        part
        for part in own_parts(body)
        if isinstance(part, ast.stmt) and not isinstance(part, COMPOUND)
    ]
    lines.sort(key=lambda line: (line.lineno, line.col_offset))
    asserted = [isinstance(line, ast.Assert) for line in lines]
    after = lines[asserted.index(True) :] if True in asserted else []
    left = Place(endless=place.matters)
    noted = (line for line in after if not isinstance(line, ast.Assert) or assigns(line))
    return any(not is_idle(line, left) for line in noted)


def assigns(line: ast.stmt) -> bool:
    return any(isinstance(part, ast.NamedExpr) for part in own_parts([line]))


def is_idle(statement: ast.stmt, place: Place) -> bool:
    """Whether nothing depends on a statement; in an endless loop, to wait is to try again."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant() | ast.Name()):
            return True
        case ast.Continue() | ast.Break() | ast.Return(value=None):
            return not place.endless
        case ast.Assert(test=test):
            return holds(test)
        case ast.If(test=test, body=yes, orelse=no):
            return all(is_idle(line, place) for line in (*yes, *no)) and not may_fail(test)
        case ast.Expr(value=ast.Await(value=value) | value):
            if called(value) in SLEEPS:
                return not place.endless
            others = {called(part) for part in own_parts([value]) if part is not value}
            return others <= {"", "str", "repr", "type", "format", "len"} and tells(value)
    return False


def holds(test: ast.expr) -> bool:
    """Whether an assertion holds whatever Core does."""
    return is_certain(test) and truth(test) is not False


def is_of_python(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
