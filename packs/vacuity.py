"""Vacuity: whether a promise holds whatever Core does, as its code is written.

Where that cannot be told, it need not, because a right promise must not be refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ways import Place, assigns, catches, caught_as_text, flow, is_idle, raised_by
from worth import EVERYTHING, called, dotted, is_certain, is_plain, names_of, own_parts, truth

Function = ast.FunctionDef | ast.AsyncFunctionDef
# Values that are never None.
VALUES = (
    *(ast.Compare, ast.BinOp, ast.JoinedStr, ast.Tuple, ast.List, ast.Set, ast.Dict),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda),
)
SUPPRESSES = {"suppress", "contextlib.suppress"}
# By these a promise can ask for what was only told.
RECORDS = {"caplog", "capsys", "capfd", "capsysbinary", "capfdbinary", "capteesys", "recwarn"}
# The fixtures of pytest itself, which ask nothing of Core.
FIXTURES_OF_PYTEST = frozenset(
    {
        *("cache", "capfd", "capfdbinary", "caplog", "capsys", "capsysbinary", "capteesys"),
        *("doctest_namespace", "monkeypatch", "pytestconfig", "record_property", "recwarn"),
        *("record_testsuite_property", "record_xml_attribute", "request", "subtests", "tmp_path"),
        *("tmp_path_factory", "tmpdir", "tmpdir_factory"),
    }
)


def cannot_fail(promise: Function, beside: Iterable[ast.stmt] = ()) -> str:
    """Why a promise holds whatever Core does; empty if it need not, or nobody can tell.

    `beside` are the statements of its file and class, in which pytest may find more to run.
    """
    try:
        return vacuity(promise, beside)
    except (RecursionError, ValueError):  # too deep, or with too long a number to be written
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
    told = not RECORDS.isdisjoint(parameters(promise))
    if not told and (any(map(loses, ast.walk(promise))) or (asserted and not seen)):
        return "what its assertion finds is never seen: let it fail"
    if not (seen or way.stumbles or handed_on or is_given(promise, beside)):
        return "nothing in it can fail: `assert` what is to hold"
    return ""


def loses(part: ast.AST) -> bool:
    """Whether a statement does the same whether the assertion at its end holds or not."""
    again = Place(endless=True)  # for all that is known here
    match part:
        case ast.Try(body=body, handlers=handlers, orelse=[]):
            if not all(is_idle(line, again) for one in handlers for line in caught_as_text(one)):
                return False
            caught = [names_of(one.type) if one.type else EVERYTHING for one in handlers]
        case ast.With(body=body, items=[*_, ast.withitem(context_expr=ast.Call() as call)]):
            caught = [names_of(*call.args)] if called(call) in SUPPRESSES else []
        case _:
            return False
    ends = [line for line in body if not is_idle(line, again)][-1:]
    asserts = any(isinstance(line, ast.Assert) or is_raised(line) for line in ends)
    return asserts and not any(map(assigns, ends)) and any(map(catches, caught))


def is_raised(line: ast.stmt) -> bool:
    """Whether it raises what a failed assertion raises."""
    return isinstance(line, ast.Raise) and raised_by([line]) == {"AssertionError"}


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


def parameters(function: Function) -> set[str]:
    return {one.arg for one in (*function.args.args, *function.args.kwonlyargs)} - {"self", "cls"}


def is_given(promise: Function, beside: Iterable[ast.stmt]) -> bool:
    """Whether pytest makes or runs something for a promise that can fail."""
    given = parameters(promise)
    for one in promise.decorator_list:
        match one:
            case ast.Call(args=[ast.Constant(value=str(names)), *_], keywords=keywords):
                direct = not any(k.arg == "indirect" for k in keywords)
                if called(one).rpartition(".")[2] == "parametrize" and direct:
                    given -= {part.strip() for part in names.split(",")}
    for statement in (promise, *beside):
        given |= fixtures_used(statement)
    own = {one.name for one in beside if isinstance(one, Function)}
    return bool(given - (FIXTURES_OF_PYTEST - own)) or any(map(prepares, beside))


def fixtures_used(statement: ast.stmt) -> set[str]:
    """The fixtures that a mark of a function or class asks for, or of `pytestmark`."""
    marks: list[ast.expr] = getattr(statement, "decorator_list", [])
    match statement:
        case ast.Assign(targets=[ast.Name(id="pytestmark")], value=ast.expr() as value):
            marks = [value]
    calls = [part for part in own_parts(marks) if called(part).endswith("usefixtures")]
    return {
        part.value
        for part in own_parts(calls)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


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
    if not automatic and not statement.name.startswith(("setup_", "teardown_")):
        return False
    way = flow(statement.body)
    return way.judges or way.gives_up or way.stumbles or bool(parameters(statement) and automatic)
