"""Vacuity: whether a promise holds whatever Core does, as its code is written.

Where that cannot be told, it need not, because a right promise must not be refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ways import catches, caught_as_text, flow, is_idle
from worth import EVERYTHING, called, dotted, is_certain, is_plain, names_of, own_parts, truth

Function = ast.FunctionDef | ast.AsyncFunctionDef
# Values that are never None.
VALUES = (
    *(ast.Compare, ast.BinOp, ast.JoinedStr, ast.Tuple, ast.List, ast.Set, ast.Dict),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda),
)
# The fixtures of pytest itself, which ask nothing of Core.
FIXTURES_OF_PYTEST = frozenset(
    {
        *("cache", "capfd", "capfdbinary", "caplog", "capsys", "capsysbinary", "capteesys"),
        *("doctest_namespace", "monkeypatch", "pytestconfig", "record_property", "recwarn"),
        *("record_testsuite_property", "record_xml_attribute", "request", "subtests", "tmp_path"),
        *("tmp_path_factory", "tmpdir", "tmpdir_factory", "self", "cls"),
    }
)


def cannot_fail(promise: Function, beside: Iterable[ast.stmt] = ()) -> str:
    """Why a promise holds whatever Core does; empty if it need not, or nobody can tell.

    `beside` are the statements of its file and class, in which pytest may find more to run.
    """
    try:
        return vacuity(promise, beside)
    except (
        RecursionError,
        ValueError,
    ):  # so deep, or with so long a number, that it cannot be told
        return ""


def vacuity(promise: Function, beside: Iterable[ast.stmt]) -> str:
    body = promise.body[1:] if ast.get_docstring(promise, clean=False) is not None else promise.body
    own = list(own_parts(body))
    handed_on = any(map(may_judge, promise.decorator_list))
    if any(map(gives_value, own)) and not handed_on:
        return "a promise returns nothing: `assert` what is to hold"
    for part in ast.walk(promise):
        if isinstance(part, ast.Assert) and truth(part.test) and not is_plain(part.test):
            return f"`assert {ast.unparse(part.test)}` always holds: `assert` what is to hold"
    way = flow(body)
    asserted = any(isinstance(p, ast.Assert) and not is_certain(p.test) for p in own)
    seen = way.judges or way.gives_up
    if any(map(loses, ast.walk(promise))) or (asserted and not seen):
        return "what its assertion finds is never seen: let it fail"
    if not (seen or way.stumbles or handed_on or any(map(prepares, beside)) or is_given(promise)):
        return "nothing in it can fail: `assert` what is to hold"
    return ""


def loses(part: ast.AST) -> bool:
    """Whether a statement does the same whether the assertion at its end holds or not."""
    match part:
        case ast.Try(body=body, handlers=handlers, orelse=[]):
            if not all(is_idle(line, True) for one in handlers for line in caught_as_text(one)):
                return False
            caught = [names_of(one.type) if one.type else EVERYTHING for one in handlers]
        case ast.With(body=body, items=items):
            call = items[-1].context_expr
            if not isinstance(call, ast.Call) or not called(call).endswith("suppress"):
                return False
            caught = [names_of(*call.args)]
        case _:
            return False
    ends = [line for line in body if not is_idle(line, True)]
    keeps = any(isinstance(part, ast.NamedExpr) for part in own_parts(ends[-1:]))
    lost = bool(ends) and isinstance(ends[-1], ast.Assert) and not keeps
    return lost and any(map(catches, caught))


def gives_value(part: ast.AST) -> bool:
    """Whether it gives a value, as no promise does; of what a call returns, pytest will warn."""
    if isinstance(part, ast.Return) and part.value is not None:
        nothing = isinstance(part.value, ast.Constant) and part.value.value is None
        return not nothing and (isinstance(part.value, VALUES) or truth(part.value) is not None)
    return isinstance(part, ast.Yield | ast.YieldFrom)


def may_judge(decorator: ast.expr) -> bool:
    """Whether a decorator may do more with a promise than mark it."""
    name = called(decorator) or dotted(decorator)
    return not ({"mark", "contract"} & {*name.split(".")})


def prepares(statement: ast.stmt) -> bool:
    """Whether pytest runs a function for each promise beside it, and that can fail."""
    if not isinstance(statement, Function):
        return False
    automatic = any(
        one.arg == "autouse" and truth(one.value) is not False
        for decorator in statement.decorator_list
        if isinstance(decorator, ast.Call)
        for one in decorator.keywords
    )
    way = flow(statement.body)
    fails = way.judges or way.gives_up or way.stumbles
    return fails and (automatic or statement.name.startswith(("setup_", "teardown_")))


def is_given(promise: Function) -> bool:
    """Whether pytest gives a promise something, the making of which can fail."""
    given = {one.arg for one in (*promise.args.args, *promise.args.kwonlyargs)}
    for one in promise.decorator_list:
        name = called(one).rpartition(".")[2]
        match one:
            case ast.Call(args=args) if name == "usefixtures":
                given |= {str(arg.value) for arg in args if isinstance(arg, ast.Constant)}
            case ast.Call(args=[ast.Constant(value=str(names)), *_], keywords=keywords):
                if name == "parametrize" and not any(k.arg == "indirect" for k in keywords):
                    given -= {part.strip() for part in names.split(",")}
    return bool(given - FIXTURES_OF_PYTEST)
