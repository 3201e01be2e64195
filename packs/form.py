"""The form of a pack: its promises as its files state them, and what in them nobody can judge.

The tool reads a pack's files as well, without running them. What pytest alone finds, or what is
written so that pytest passes over it, has no verdict that anybody would miss.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
TOO_BROAD = {"AssertionError", "Exception", "BaseException"}
# What can go wrong at all, when it is run.
MAY_FAIL = (
    *(ast.Assert, ast.Raise, ast.Call, ast.Await, ast.Import, ast.ImportFrom),
    *(ast.Attribute, ast.Subscript, ast.BinOp, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith),
)
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass
class Form:
    """The names of a pack's promises, and complaints by the name of what they are about."""

    promises: set[str] = field(default_factory=set)
    complaints: dict[str, str] = field(default_factory=dict)

    def complaint(self, name: str) -> str:
        """What is wrong with a promise that pytest found; empty if nothing is."""
        stated, _, case = name.partition("[")
        if " at 0x" in case:
            return "its name holds an address of memory, which the next run will not have: name it"
        if stated in self.promises:
            return self.complaints.get(stated, "")
        return (
            "not a promise that the reader sees: one is a function `def test_…`, in a file"
            " `test_….py` or in a class `Test…` of it"
        )


def read_form(folder: Path) -> Form:
    """The form of the pack in a folder; of a file that is not Python, pytest will say so."""
    form = Form()
    for file in sorted(folder.rglob("*.py")):
        name = file.relative_to(folder).as_posix()
        if file.match("test_*.py"):
            try:
                tree = ast.parse(file.read_bytes())
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            read_body(form, name, tree.body, tree.body)
        elif file.name != "conftest.py" and (folder.parent / file.name).is_file():
            form.complaints[name] = f"'packs/{file.name}' has its name, and hides it: rename it"
    return form


def read_body(form: Form, path: str, body: Sequence[ast.stmt], written: Sequence[ast.stmt]) -> None:
    """Note the promises of a file or class; `written` are those statements that stand in it."""
    named = [node for node in written if isinstance(node, Function | ast.ClassDef)]
    twice = {name for name, number in Counter(node.name for node in named).items() if number > 1}
    last = {node.name: node for node in body if isinstance(node, Function | ast.ClassDef)}
    classes = {name: node for name, node in last.items() if isinstance(node, ast.ClassDef)}
    for name, node in last.items():
        full = f"{path}::{name}"
        if isinstance(node, ast.ClassDef):
            if not name.startswith("Test"):
                continue
            inner = inherited(node, classes)
            if {"__init__", "__new__"} & {m.name for m in inner if isinstance(m, Function)}:
                form.complaints[full] = "pytest passes over a class that makes itself"
            elif not turned_off(inner):
                read_body(form, full, inner, node.body)
        elif name.startswith("test"):
            form.promises.add(full)
            if complaint := cannot_fail(node):
                form.complaints[full] = complaint
        else:
            continue
        if name in twice:
            form.complaints[full] = "stands twice in its file, and only the last one is found"


def inherited(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> list[ast.stmt]:
    """The statements of a class after those of its bases in the same file."""
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    others = {name: one for name, one in classes.items() if one is not node}
    found = [line for name in bases if name in others for line in inherited(others[name], others)]
    return [*found, *node.body]


def turned_off(body: Iterable[ast.stmt]) -> bool:
    """Whether a class says of itself that it holds no tests."""
    said = [
        isinstance(node.value, ast.Constant) and not node.value.value
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == "__test__"
    ]
    return any(said)


def own_parts(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All parts of a function, without those of the functions in it."""
    for node in nodes:
        yield node
        if not isinstance(node, INNER):
            yield from own_parts(ast.iter_child_nodes(node))


def cannot_fail(node: Function) -> str:
    """Why a promise holds whatever Core does; empty if it need not."""
    parts = list(own_parts(without_docstring(node)))
    if any(map(gives_value, parts)):
        return "a promise returns nothing: `assert` what is to hold"
    for part in ast.walk(node):
        if isinstance(part, ast.Assert) and always_holds(part.test):
            return f"`assert {ast.unparse(part.test)}` always holds: `assert` what is to hold"
        if swallows(part):
            return "what its assertion finds is caught, and lost: let it fail"
    if not any(isinstance(part, MAY_FAIL) for part in parts):
        return "nothing in it can fail: `assert` what is to hold"
    return ""


def without_docstring(node: Function) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def always_holds(test: ast.expr) -> bool:
    """Whether an expression is true as it is written; of a constant that is not, it never is."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=several) | ast.List(elts=several) | ast.Set(elts=several):
            return any(not isinstance(one, ast.Starred) for one in several)
        case ast.JoinedStr() | ast.Lambda() | ast.GeneratorExp():
            return True
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(map(always_holds, values))
        case ast.BoolOp(values=values):
            return all(map(always_holds, values))
    return False


def swallows(part: ast.AST) -> bool:
    """Whether a statement goes on where an assertion in it has failed."""
    caught: list[ast.AST | None]
    match part:
        case ast.Try(body=body, handlers=handlers) | ast.TryStar(body=body, handlers=handlers):
            caught = [one.type for one in handlers if not any(map(fails, ast.walk(one)))]
        case ast.With(body=body, items=items):
            caught = [one.context_expr for one in items if called(one.context_expr) == "suppress"]
        case _:
            return False
    broad = any(one is None or named_in(one) & TOO_BROAD for one in caught)
    return broad and any(isinstance(one, ast.Assert) for line in body for one in ast.walk(line))


def named_in(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def fails(part: ast.AST) -> bool:
    return isinstance(part, ast.Raise | ast.Assert) or called(part) == "fail"


def called(part: ast.AST) -> str:
    """The last name of what a call calls; empty if it is none."""
    return ast.unparse(part.func).rpartition(".")[2] if isinstance(part, ast.Call) else ""


def gives_value(part: ast.AST) -> bool:
    if isinstance(part, ast.Return):
        nothing = isinstance(part.value, ast.Constant) and part.value.value is None
        return part.value is not None and not nothing
    return isinstance(part, ast.Yield | ast.YieldFrom)
