"""The form of a pack: its promises as its files state them, and what in them nobody can judge.

The tool reads a pack's files as well, without running them. What pytest alone finds, or what is
written so that pytest passes over it, has no verdict that anybody would miss.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from vacuity import cannot_fail
from worth import called, dotted

Function = ast.FunctionDef | ast.AsyncFunctionDef


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

    def unstated(self, folder: Path, stated: Set[str]) -> Iterator[tuple[str, str, str]]:
        """What gave no promise: its name, a word for why, and why; `stated` are those it gave."""
        for name in sorted(self.complaints.keys() - stated):
            yield name, "malformed", self.complaints[name]
        seen = {name.partition("::")[0] for name in stated}
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("test_*.py")}
        for name in sorted(files - seen):
            yield name, "not-collected", "the file gave no promise"
        told = files - seen | stated
        for name in sorted(self.promises - stated):
            if name.partition("::")[0] not in told:
                yield name, "not-collected", "pytest does not find it"


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


def read_body(
    form: Form,
    path: str,
    body: Sequence[ast.stmt],
    written: Sequence[ast.stmt],
    above: Sequence[ast.stmt] = (),
) -> None:
    """Note the promises of a file or class, below others; `written` are those that stand in it."""
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
            if turned_off(inner):
                continue
            if {"__init__", "__new__"} & {m.name for m in inner if isinstance(m, Function)}:
                form.complaints[full] = "pytest passes over a class that makes itself"
            else:
                read_body(form, full, inner, node.body, (*above, *body))
        elif name.startswith("test") and not is_no_test(node):
            form.promises.add(full)
            if complaint := cannot_fail(node, (*above, *body)):
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
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__test__")], value=ast.Constant(value=value)):
                said = value
            case ast.AnnAssign(target=ast.Name(id="__test__"), value=ast.Constant(value=value)):
                said = value
            case _:
                continue
        if not said:
            return True
    return False


def is_no_test(function: Function) -> bool:
    """Whether it is a fixture or a property, which pytest does not run for itself."""
    names = {called(one) or dotted(one) for one in function.decorator_list}
    return any(name.rpartition(".")[2] in {"fixture", "property"} for name in names)
