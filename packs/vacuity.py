"""Vacuity: whether a promise holds whatever Core does, as its code is written.

Nothing is run. Each statement is asked what can come out of it; where that cannot be told, the
answer is that it may fail, because a right promise must not be refused.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import reduce
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
EVERYTHING = {"Exception", "BaseException"}
HARMLESS = frozenset({"print", "range", "object", "sleep", "time.sleep", "asyncio.sleep"})
# Methods that only note what was caught.
NOTES = frozenset({".append", ".add", ".put", ".put_nowait", ".set", ".write", ".print_exc"})
LOGS = frozenset({".debug", ".info", ".warning", ".error", ".exception", ".log"})
# Values that are never None.
VALUES = (
    *(ast.Compare, ast.BinOp, ast.JoinedStr, ast.Tuple, ast.List, ast.Set, ast.Dict),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda),
)
COMPARE: dict[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


class Way(NamedTuple):
    """What can come of statements."""

    judges: bool = False  # an assertion in them can fail, or they raise
    gives_up: bool = False  # by `pytest.fail`, which is no Exception
    stumbles: bool = False  # anything else in them can fail
    goes_on: bool = True  # what stands after them can be reached
    leaves: bool = False  # they can return, or end a loop

    def or_else(self, other: Way) -> Way:
        return Way(*map(operator.or_, self, other))

    def then(self, other: Way) -> Way:
        return self.or_else(other)._replace(goes_on=other.goes_on) if self.goes_on else self

    @property
    def fails(self) -> bool:
        """Whether nothing but a failure can come of them."""
        return not self.goes_on and not self.leaves


def cannot_fail(promise: Function) -> str:
    """Why a promise holds whatever Core does; empty if it need not, or nobody can tell."""
    try:
        return vacuity(promise)
    except RecursionError:
        return ""


def vacuity(promise: Function) -> str:
    body = promise.body[1:] if ast.get_docstring(promise, clean=False) is not None else promise.body
    own = list(own_parts(body))
    if any(map(gives_value, own)):
        return "a promise returns nothing: `assert` what is to hold"
    for part in ast.walk(promise):
        if isinstance(part, ast.Assert) and truth(part.test) and not is_plain(part.test):
            return f"`assert {ast.unparse(part.test)}` always holds: `assert` what is to hold"
    way = flow(body, HARMLESS)
    asserted = any(isinstance(part, ast.Assert) and not truth(part.test) for part in own)
    kept = any(isinstance(part, ast.ExceptHandler) and part.name for part in own)
    seen = way.judges or way.gives_up
    if any(map(loses, ast.walk(promise))) or (asserted and not seen and not kept):
        return "what its assertion finds is never seen: let it fail"
    if not seen and not way.stumbles and not has_fixtures(promise):
        return "nothing in it can fail: `assert` what is to hold"
    return ""


def own_parts(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All parts of a function, without those of the functions in it."""
    left = list(nodes)
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, INNER):
            left += ast.iter_child_nodes(node)


def flow(statements: Sequence[ast.stmt], harmless: frozenset[str]) -> Way:
    """What can come of statements that stand one after the other."""
    way = Way()
    for statement in statements:
        way = way.then(read(statement, harmless))
        if not way.goes_on:
            break
    return way


def read(statement: ast.stmt, harmless: frozenset[str]) -> Way:
    """What can come of one statement."""

    def of(*parts: ast.expr | None) -> Way:
        return Way(stumbles=any(may_fail(part, harmless) for part in parts))

    def body(statements: Sequence[ast.stmt]) -> Way:
        return flow(statements, harmless)

    match statement:
        case ast.Assert(test=test):
            holds = truth(test)
            return of(test).then(Way(judges=not holds, goes_on=holds is not False))
        case ast.Raise():
            return Way(judges=True, goes_on=False)
        case ast.Return(value=value):
            return of(value).then(Way(goes_on=False, leaves=True))
        case ast.Break() | ast.Continue():
            return Way(goes_on=False, leaves=True)
        case ast.If(test=test, body=yes, orelse=no):
            return of(test).then(either(truth(test), body(yes), body(no)))
        case ast.While(test=test, body=yes, orelse=no):
            endless = truth(test) and not any(isinstance(p, ast.Break) for p in own_parts(yes))
            again = body(yes)._replace(goes_on=not endless)
            return of(test).then(either(truth(test), again, body(no)))
        case ast.For(target=target, iter=many) | ast.AsyncFor(target=target, iter=many):
            again = body(statement.body).or_else(Way(stumbles=not is_name(target)))
            return of(many).then(either(truth(many), again, Way()).then(body(statement.orelse)))
        case ast.With(items=items, body=yes) | ast.AsyncWith(items=items, body=yes):
            return read_with(items, body(yes), harmless)
        case ast.Try() | ast.TryStar():
            return read_try(statement, harmless)
        case ast.Match(cases=cases):
            ways = [body(case.body) for case in cases]
            return reduce(Way.or_else, ways, Way(stumbles=True))
        case ast.Assign(targets=targets, value=value):
            return of(value) if all(map(is_name, targets)) else Way(stumbles=True)
        case ast.AnnAssign(target=ast.Name(), value=value):
            return of(value)
        case ast.Expr(value=value):
            return of(value)._replace(gives_up=called(value).rpartition(".")[2] == "fail")
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            given = statement.args
            return of(*statement.decorator_list, *given.defaults, *given.kw_defaults)
        case ast.ClassDef(bases=[], keywords=[], decorator_list=[]):
            return body(statement.body)
        case ast.Pass() | ast.Global() | ast.Nonlocal():
            return Way()
    return Way(stumbles=True)


def either(holds: bool | None, yes: Way, no: Way) -> Way:
    return yes.or_else(no) if holds is None else yes if holds else no


def read_with(items: Sequence[ast.withitem], body: Way, harmless: frozenset[str]) -> Way:
    """What can come of a `with`, of which two kinds say what they do with a failure."""
    for item in items:
        match item.context_expr:
            case ast.Call(args=expected, keywords=[]) as call if expected:
                names = set[str]().union(*map(named_in, expected))
                kind = called(call).rpartition(".")[2]
                if kind == "suppress":
                    return uncaught(body, names)._replace(goes_on=True)
                if kind == "raises" and names & EVERYTHING and body.fails:
                    return Way()
    # Any other one may end without what its body has raised.
    return body._replace(goes_on=True, stumbles=True)


def read_try(statement: ast.Try | ast.TryStar, harmless: frozenset[str]) -> Way:
    """What can come of a `try`; of what it catches, its handlers may note that it was."""
    names = [named_in(one.type) if one.type else {"BaseException"} for one in statement.handlers]
    way = reduce(uncaught, names, flow(statement.body, harmless))
    way = way.then(flow(statement.orelse, harmless))
    for handler, caught in zip(statement.handlers, names, strict=True):
        notes = NOTES | LOGS if caught & {*EVERYTHING, "AssertionError"} else frozenset[str]()
        way = way.or_else(flow(handler.body, harmless | notes))
    final = flow(statement.finalbody, harmless)
    # Where its end leaves, no failure is left.
    return way.or_else(final)._replace(goes_on=way.goes_on) if final.goes_on else final


def uncaught(way: Way, names: set[str]) -> Way:
    """What can come of statements where exceptions of these names are caught."""
    if "BaseException" in names:
        return way._replace(judges=False, gives_up=False, stumbles=False)
    if "Exception" in names:
        return way._replace(judges=False, stumbles=False)
    return way._replace(judges=False) if "AssertionError" in names else way


def may_fail(node: ast.expr | None, harmless: frozenset[str]) -> bool:
    """Whether evaluating an expression can raise; yes, where it cannot be told."""
    match node:
        case None | ast.Constant() | ast.Name() | ast.Lambda():
            return False
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return any(may_fail(part, harmless) for part in parts)
        case ast.Await(value=value) | ast.NamedExpr(value=value):
            return may_fail(value, harmless)
        case ast.JoinedStr(values=values):
            return not all(isinstance(value, ast.Constant) for value in values)
        case ast.Call(args=args, keywords=keywords):
            name = called(node)
            given = (*args, *(one.value for one in keywords))
            known = name in harmless or f".{name.rpartition('.')[2]}" in harmless
            return not known or any(may_fail(part, harmless) for part in given)
    return truth(node) is None


def is_name(target: ast.expr) -> bool:
    return isinstance(target, ast.Name)


def truth(test: ast.expr) -> bool | None:
    """What an expression is worth, as it is written; None if only running it can tell."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=several) | ast.List(elts=several) | ast.Set(elts=several):
            surely = any(not isinstance(one, ast.Starred) for one in several)
            return surely or (None if several else False)
        case ast.JoinedStr(values=values):
            return any(isinstance(one, ast.Constant) and one.value for one in values) or None
        case ast.Lambda() | ast.GeneratorExp():
            return True
        case ast.NamedExpr(value=value):
            return truth(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            found = truth(operand)
            return None if found is None else not found
        case ast.BoolOp(op=op, values=values):
            decides = isinstance(op, ast.Or)
            found_all = [truth(value) for value in values]
            if decides in found_all:
                return decides
            return None if None in found_all else not decides
        case ast.Compare(left=ast.Constant(value=a), ops=[op], comparators=[ast.Constant(value=b)]):
            with suppress(KeyError):
                return COMPARE[type(op)](a, b)
    return None


def is_plain(test: ast.expr) -> bool:
    """Whether it only says that this line was reached, as `True` does."""
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(test))


def loses(part: ast.AST) -> bool:
    """Whether a statement does the same whether the assertion at its end holds or not."""
    caught: list[ast.expr | None] = []
    match part:
        case ast.Try(handlers=handlers, orelse=[], finalbody=[]) if all(map(is_idle, handlers)):
            caught = [one.type for one in handlers]
        case ast.With(items=items):
            calls = [one.context_expr for one in items]
            caught = [one for one in calls if called(one).rpartition(".")[2] == "suppress"]
    broad = any(one is None or named_in(one) & {*EVERYTHING, "AssertionError"} for one in caught)
    return broad and isinstance(part, ast.Try | ast.With) and isinstance(part.body[-1], ast.Assert)


def is_idle(handler: ast.ExceptHandler) -> bool:
    values = (one.value if isinstance(one, ast.Expr) else one for one in handler.body)
    return all(isinstance(one, ast.Pass | ast.Constant) for one in values)


def named_in(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} | {
        one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)
    }


def called(part: ast.AST) -> str:
    """The name of what a call calls, as it is written; empty if it is none."""
    return ast.unparse(part.func) if isinstance(part, ast.Call) else ""


def gives_value(part: ast.AST) -> bool:
    """Whether it gives a value, as no promise does; of what a call returns, pytest will warn."""
    if isinstance(part, ast.Return) and part.value is not None:
        nothing = isinstance(part.value, ast.Constant) and part.value.value is None
        return not nothing and (isinstance(part.value, VALUES) or truth(part.value) is not None)
    return isinstance(part, ast.Yield | ast.YieldFrom)


def has_fixtures(promise: Function) -> bool:
    """Whether pytest gives a promise something, the making of which can fail."""
    given = {one.arg for one in (*promise.args.args, *promise.args.kwonlyargs)} - {"self", "cls"}
    for one in promise.decorator_list:
        name = called(one).rpartition(".")[2]
        if name == "usefixtures":
            return True
        match one:
            case ast.Call(args=[ast.Constant(value=str(names)), *_], keywords=keywords):
                if name == "parametrize" and not any(k.arg == "indirect" for k in keywords):
                    given -= {part.strip() for part in names.split(",")}
    return bool(given)
