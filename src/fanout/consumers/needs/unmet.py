"""Why a Core cannot meet a use, as far as that is seen without running either."""

from __future__ import annotations

import ast
from asyncio import Future, Queue
from collections import deque

from fanout.consumers.use import MANY, Kind, Use
from fanout.model import PACKAGE
from fanout.surface.parameters import Parameters, parameters
from fanout.surface.shape import Function, Shapes, There
from fanout.wording import one_line

# What a call gives that nobody can wait for.
PLAIN = {"None", "str", "int", "float", "bool", "bytes", "list", "dict", "tuple", "set"}
WAITED_FOR_OTHERWISE = ("AsyncIterator", "AsyncGenerator", "AsyncIterable")
# An object is told by the class that its annotation names, be it of what it holds.
HOLDS = frozenset(name for one in (dict, list, set, deque, Queue, Future) for name in dir(one))
OF_ATTRIBUTES = (Kind.READ, Kind.ASSIGN, Kind.ASK)


def target(use: Use) -> str:
    """The dotted name in Core of what is used."""
    own = use.name == use.symbol.rpartition(".")[2]
    if use.kind in OF_ATTRIBUTES or (use.kind is Kind.CALL and not own):
        return use.name if use.symbol == "." else f"{use.symbol}.{use.name}"
    return use.symbol.removesuffix(".*")


def unmet(use: Use, shapes: Shapes) -> str:
    """Why this Core cannot meet a use; empty if it can, or if nobody can tell."""
    named = target(use)
    place = shapes.find(named)
    if place.there is There.NO:
        outer = place.path.rpartition(".")[0]
        said = shapes.symbols[outer].says if outer in shapes.symbols else ""
        if said.startswith("not Python"):
            return f"{PACKAGE}.{outer} is {said}"
        return f"{place.path} is not there"
    if place.there is There.UNSEEN or not place.path:
        return ""
    path = place.path
    match use.kind:
        case Kind.IMPORT if shapes.symbols[path].says.startswith("not Python"):
            return f"{PACKAGE}.{path} is {shapes.symbols[path].says}"
        case Kind.ISINSTANCE if shapes.is_protocol(path):
            lacks = not shapes.decorated(path, "runtime_checkable")
            return f"{path} is a protocol that isinstance() refuses" if lacks else ""
        case Kind.CALL:
            return not_called(use, named, path, shapes)
    return ""


def ignored(use: Use, shapes: Shapes) -> str:
    """What a call gives that is taken and then lost, without a word; empty if nothing is."""
    place = shapes.find(target(use))
    if use.kind is not Kind.CALL or not use.direct or place.there is not There.YES:
        return ""
    taken = parameters(shapes, place.path) if place.path else None
    lost = unknown(use, taken) if taken and taken.ignores else []
    return f"{place.path} ignores '{lost[0]}'" if lost else ""


def unknown(use: Use, taken: Parameters) -> list[str]:
    """The names that a call gives, and what is called does not know."""
    names = {one.name for one in taken.named} | {"**"}
    return [] if taken.any_name else sorted(use.keywords - names)


def not_called(use: Use, named: str, path: str, shapes: Shapes) -> str:
    """Why a call cannot be made as it is."""
    node = shapes.statement(path)
    if isinstance(node, ast.ClassDef) and use.direct:
        if shapes.is_protocol(path):
            return f"{path} is a protocol, which cannot be instantiated"
        if lacking := shapes.abstract(path):
            return f"{path} cannot be instantiated: {', '.join(lacking)} is abstract"
    elif not isinstance(node, Function):
        return ""
    if isinstance(node, Function) and (said := not_waited_for(use, path, node)):
        return said
    own = named == use.symbol
    of_object = own and shapes.is_class(path.rpartition(".")[0]) and not unbound(node)
    taken = parameters(shapes, path) if not of_object and (use.direct or not own) else None
    return f"{path} {said}" if taken and (said := not_taken(use, taken)) else ""


def unbound(node: ast.stmt | None) -> bool:
    """Whether a method is called through its class: it takes no object of it."""
    listed = node.decorator_list if isinstance(node, Function) else ()
    return any(ast.unparse(one) in ("classmethod", "staticmethod") for one in listed)


def not_waited_for(use: Use, path: str, node: Function) -> str:
    said = one_line(ast.unparse(node.returns)) if node.returns else ""
    if isinstance(node, ast.AsyncFunctionDef):
        otherwise = node.decorator_list or any(one in said for one in WAITED_FOR_OTHERWISE)
        return f"{path} is async, and not awaited" if use.plain and not otherwise else ""
    plain = said.partition("[")[0] in PLAIN and not node.decorator_list
    return f"{path} gives {said}, which cannot be awaited" if use.awaited and plain else ""


def not_taken(use: Use, taken: Parameters) -> str:
    """What a call gives that is not taken, or does not give that must be."""
    if not taken.ignores and (names := unknown(use, taken)):
        return f"takes no '{names[0]}'"
    placed = sum(one.position >= 0 for one in taken.named)
    if placed < use.position < MANY and not taken.any_position:
        return f"takes {placed} by position, not {use.position}"
    for one in taken.named:
        given = one.name in use.keywords or 0 <= one.position < use.position
        if one.required and not given and "**" not in use.keywords:
            return f"needs '{one.name}'"
    return ""
