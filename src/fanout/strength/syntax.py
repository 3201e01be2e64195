"""What a piece of Core's syntax tree names, is called and is decorated by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import libcst as cst
import libcst.matchers as m

Node = cst.ClassDef | cst.FunctionDef | cst.SimpleStatementLine
N = TypeVar("N", bound=cst.CSTNode)


def sure(node: object, kind: type[N]) -> N:
    """A node that is of this kind by how it was found."""
    if not isinstance(node, kind):
        raise TypeError(f"{type(node).__name__} is no {kind.__name__}")
    return node


def every(kind: type[N], nodes: Iterable[cst.CSTNode]) -> list[N]:
    return [sure(node, kind) for node in nodes]


def shown_in(node: Node) -> set[str]:
    """The names that a definition shows to whoever reads its signature, or its fields."""
    if isinstance(node, cst.SimpleStatementLine):
        return names_in(node)
    found = {name for one in m.findall(node, m.Annotation()) for name in names_in(one)}
    if isinstance(node, cst.ClassDef):
        found |= {name for base in node.bases for name in names_in(base)}
    return found


def names_in(node: cst.CSTNode) -> set[str]:
    """The names in a piece of code, also those in annotations that are texts."""
    found = set()
    for one in m.findall(node, m.Name() | m.Annotation()):
        if isinstance(one, cst.Name):
            found.add(one.value)
        else:
            for text in every(cst.SimpleString, m.findall(one, m.SimpleString())):
                found |= set(re.findall(r"\w+", text.raw_value))
    return found


def parts(node: cst.BaseExpression | None) -> list[cst.Name]:
    if isinstance(node, cst.Attribute):
        return [*parts(node.value), node.attr]
    return [node] if isinstance(node, cst.Name) else []


def last_name(node: cst.BaseExpression) -> str:
    """The last name of an expression such as `a.B`, `B[C]` or `b()`; empty for any other."""
    while isinstance(node, cst.Subscript | cst.Call):
        node = node.value if isinstance(node, cst.Subscript) else node.func
    found = parts(node)
    return found[-1].value if found else ""


def base_names(node: cst.ClassDef) -> list[str]:
    return [last_name(base.value) for base in node.bases]


def decorators(node: cst.ClassDef | cst.FunctionDef) -> list[str]:
    return [last_name(one.decorator) for one in node.decorators]


def statements(body: Sequence[cst.BaseStatement]) -> Iterator[Node]:
    """The statements at the top of a module, also those in a `try` or an `if`."""
    for line in body:
        if isinstance(line, cst.ClassDef | cst.FunctionDef | cst.SimpleStatementLine):
            yield line
        elif isinstance(line, cst.Try | cst.If) and isinstance(line.body, cst.IndentedBlock):
            yield from statements(line.body.body)


def names_of(line: Node) -> list[str]:
    """The names that a statement defines."""
    if isinstance(line, cst.ClassDef | cst.FunctionDef):
        return [line.name.value]
    found = []
    for small in line.body:
        targets: list[cst.BaseExpression] = []
        if isinstance(small, cst.Assign):
            targets = [one.target for one in small.targets]
        elif isinstance(small, cst.AnnAssign) and small.value:
            targets = [small.target]
        found += [one.value for one in targets if isinstance(one, cst.Name)]
    return found
