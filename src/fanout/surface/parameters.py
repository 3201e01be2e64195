"""What a call of something in a Core may give, and must."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from fanout.surface.shape import Function, Shapes, decorator_name

# Decorators that leave alone how a function is called.
TRANSPARENT = {"classmethod", "staticmethod", "abstractmethod", "override", "final", "overload"}


class Parameter(NamedTuple):
    """One argument that something takes; `position` is -1 for one that only has a name."""

    name: str
    required: bool
    position: int


class Parameters(NamedTuple):
    """All that something takes, and whether it takes other names, or more by position, as well."""

    named: tuple[Parameter, ...]
    any_name: bool = False
    any_position: bool = False
    ignores: bool = False  # another name, without a word


def parameters(shapes: Shapes, path: str) -> Parameters | None:
    """What a call may give; none where nobody can tell."""
    node = shapes.statement(path)
    if isinstance(node, Function):
        names = {decorator_name(one) for one in node.decorator_list}
        if names - TRANSPARENT:
            return None
        start, _, _ = path.rpartition(".")
        bound = shapes.is_class(start) and "staticmethod" not in names
        return of_function(node.args, int(bound))
    if not isinstance(node, ast.ClassDef):
        return None
    if init := shapes.members(path).get("__init__"):
        return parameters(shapes, init)
    if shapes.extends(path, "BaseModel"):
        return of_model(shapes, path)
    return of_dataclass(shapes, path) if shapes.decorated(path, "dataclass") else None


def of_model(shapes: Shapes, path: str) -> Parameters | None:
    found = list(fields(shapes, path))
    if "alias" in shapes.configured(path) + "".join(shapes.symbols[one].says for _, one in found):
        return None
    named = tuple(Parameter(name, is_required(shapes, one), -1) for name, one in found)
    forbids = "extra='forbid'" in shapes.configured(path)
    return Parameters(named, any_name=shapes.allows_any(path), ignores=not forbids)


def of_dataclass(shapes: Shapes, path: str) -> Parameters | None:
    if any(not shapes.decorated(one, "dataclass") for one in shapes.lineage(path)):
        return None
    found = list(fields(shapes, path))
    if "kw_only" in shapes.symbols[path].says or any(
        "init=" in shapes.symbols[one].says for _, one in found
    ):
        return None
    return Parameters(
        tuple(
            Parameter(name, is_required(shapes, one), number)
            for number, (name, one) in enumerate(found)
        )
    )


def fields(shapes: Shapes, path: str) -> Iterator[tuple[str, str]]:
    """The fields of a model or dataclass, those that it inherits first."""
    found: dict[str, str] = {}
    for owner in reversed(shapes.lineage(path)):
        for one in shapes.surface.members(owner):
            name = one[len(owner) + 1 :]
            said = shapes.symbols[one]
            if said.kind == "attribute" and not said.says.startswith("ClassVar"):
                found[name] = one
    return ((name, one) for name, one in found.items() if name != "model_config")


def is_required(shapes: Shapes, field: str) -> bool:
    node = shapes.statement(field)
    if not isinstance(node, ast.AnnAssign):
        return False
    match node.value:
        case ast.Call(func=ast.Name(id="Field" | "field"), args=args, keywords=keywords):
            return not args and not any("default" in (one.arg or "default") for one in keywords)
    return node.value is None and not isinstance(node.annotation, ast.Constant)


def of_function(said: ast.arguments, bound: int) -> Parameters:
    placed = [*said.posonlyargs, *said.args]
    needed = len(placed) - len(said.defaults)
    named = [
        Parameter("" if one in said.posonlyargs else one.arg, number < needed, number - bound)
        for number, one in enumerate(placed)
    ]
    alone = zip(said.kwonlyargs, said.kw_defaults, strict=True)
    named = named[bound:] + [Parameter(one.arg, value is None, -1) for one, value in alone]
    return Parameters(tuple(named), said.kwarg is not None, said.vararg is not None)
