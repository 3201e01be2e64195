"""The worth of an expression: what is known of it as it is written, without running it."""

from __future__ import annotations

import ast
import builtins
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
EVERYTHING = frozenset({"Exception", "BaseException"})
# What only tells of something, wherever it stands.
TELLS = frozenset({"print", "warn", "warnings.warn", "print_exc", "traceback.print_exc"})
LOGS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
LOGGER = re.compile(r"(^|.*[._])(log|logger|logging)_*", re.IGNORECASE)
SLEEPS = frozenset({"sleep", "time.sleep", "asyncio.sleep"})
# What cannot fail, given what is plain.
MAKES = frozenset(
    {
        *("range", "object", "list", "dict", "set", "tuple", "str", "repr", "type", "isinstance"),
        *("time.time", "time.monotonic", "time.perf_counter", "Mock", "MagicMock"),
        *("raises", "pytest.raises", "approx", "pytest.approx", "asyncio.Event"),
        *(name for name, one in vars(builtins).items() if isinstance(one, type(Exception))),
    }
)
COMPARE: dict[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


def own_parts(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All parts of a function, without those of the functions in it."""
    left = list(nodes)
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, INNER):
            left += ast.iter_child_nodes(node)


def names_of(*expressions: ast.expr) -> set[str]:
    """The dotted names of what stands alone, called or in tuples, those of `builtins` bare."""
    found = set[str]()
    for one in expressions:
        match one:
            case ast.Tuple(elts=parts):
                found |= names_of(*parts)
            case ast.Call(func=function):
                found |= names_of(function)
            case ast.Starred(value=value):
                found |= names_of(value)
            case _:
                found.add(dotted(one).removeprefix("builtins."))
    return found


def called(part: ast.AST) -> str:
    """The dotted name of what a call calls; empty if it is none, or has no such name."""
    return dotted(part.func) if isinstance(part, ast.Call) else ""


def dotted(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
    return ""


def tells(part: ast.AST) -> bool:
    """Whether it is a call that only prints, warns or logs what it is given."""
    if not isinstance(part, ast.Call) or any(one.arg == "file" for one in part.keywords):
        return False
    match part.func:
        case ast.Attribute(value=ast.Call() as logger, attr=name) if name in LOGS:
            return called(logger).endswith("getLogger")
        case ast.Attribute(value=logger, attr=name) if name in LOGS:
            return bool(LOGGER.fullmatch(dotted(logger)))
    return called(part) in TELLS


def is_plain(node: ast.AST) -> bool:
    """Whether it is the same wherever it stands, as `True` or `60 * 60` is."""
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(node))


def is_certain(test: ast.expr) -> bool:
    """Whether an expression is worth the same whatever Core does."""
    return is_plain(test) or truth(test) is not None


def may_fail(node: ast.expr | None) -> bool:
    """Whether evaluating an expression can raise; yes, where it cannot be told."""
    match node:
        case None | ast.Name() | ast.Lambda():
            return False
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.BoolOp(values=parts):
            return any(map(may_fail, parts))
        case ast.UnaryOp(op=ast.Not(), operand=value) | ast.NamedExpr(value=value):
            return may_fail(value)
        case ast.IfExp(test=test, body=yes, orelse=no):
            return any(map(may_fail, (test, yes, no)))
        case ast.Dict(keys=keys, values=values):
            plain = all(key is not None and is_plain(key) for key in keys)
            return not plain or any(map(may_fail, values))
        case ast.Await(value=ast.Call() as value) if called(value) in SLEEPS:
            return may_fail(value)
        case ast.Call(args=args, keywords=keywords):
            given = (*args, *(one.value for one in keywords))
            # Given a function, `raises` calls it.
            several = called(node).rpartition(".")[2] == "raises" and len(args) > 1
            known = tells(node) or (called(node) in MAKES | SLEEPS and not several)
            return not known or not all(map(is_given, given))
    return not is_plain(node)


def is_given(node: ast.expr) -> bool:
    """Whether it is plain, the name of something built in, or made of such without failing."""
    if isinstance(node, ast.Call):
        return not may_fail(node)
    return is_plain(node) or (isinstance(node, ast.Name) and node.id in vars(builtins))


def truth(test: ast.expr) -> bool | None:
    """What an expression is worth, as it is written; None if only running it can tell."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=several) | ast.List(elts=several) | ast.Set(elts=several):
            surely = any(not isinstance(one, ast.Starred) for one in several)
            return surely or (None if several else False)
        case ast.Dict(keys=keys):
            return any(key is not None for key in keys) or (None if keys else False)
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
        case ast.Call(args=[one, kind]) if called(test) == "isinstance":
            always = {"object"} | (EVERYTHING if isinstance(one, ast.Constant) else set())
            return bool(names_of(kind) & always) or None
    return None
