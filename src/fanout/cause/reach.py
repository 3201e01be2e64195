"""How far a change in Core is from the symbols that a promise names."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator

from fanout.surface.change import Change, What
from fanout.surface.symbol import Surface, inside

# From a symbol to what its types name, to what its code names, and to its module.
BY_TYPE, BY_CODE, BY_MODULE = 1, 2, 3


class Reach:
    """Two surfaces, and how far their symbols are from each other, up to the farthest looked at."""

    def __init__(self, *sides: Surface, farthest: float = math.inf) -> None:
        self.sides = sides
        self.farthest = farthest
        self.known: dict[tuple[str, ...], list[dict[str, int]]] = {}

    def distance(self, change: Change, contract: tuple[str, ...]) -> int | None:
        """How far a change is, on the side where it is nearer; None if nothing leads to it."""
        names = {change.symbol, *change.names}
        whole = change.kind != "module" or change.what is What.REMOVED
        if whole and any(
            inside(name, one) or inside(one, name) for name in names for one in contract
        ):
            return 0
        if contract not in self.known:
            self.known[contract] = [distances(contract, side, self.farthest) for side in self.sides]
        found = [
            far[path]
            for side, far in zip(self.sides, self.known[contract], strict=True)
            for path in {side.canonical(name) for name in names}
            if path in far
        ]
        return min(found, default=None)


def distances(contract: Iterable[str], side: Surface, farthest: float) -> dict[str, int]:
    """How far each symbol is that those of a promise lead to; a member is as far as its class."""
    queue = [(0, side.canonical(name)) for name in contract]
    found: dict[str, int] = {}
    while queue:
        far, path = heapq.heappop(queue)
        if path in found or path not in side.symbols:
            continue
        found[path] = far
        for step, name in steps(path, side):
            if far + step <= farthest:
                heapq.heappush(queue, (far + step, side.canonical(name)))
    return found


def steps(path: str, side: Surface) -> Iterator[tuple[int, str]]:
    """From a symbol to those that it stands on, and how far each is."""
    symbol = side.symbols[path]
    if symbol.kind == "module":
        # An import runs the modules that it names, not what else is in them.
        yield from ((BY_MODULE, module_of(name, side)) for name in symbol.types)
    else:
        yield from ((0, member) for member in side.members(path))
        yield from ((BY_TYPE, name) for name in symbol.types)
    yield from ((BY_CODE, name) for name in symbol.uses)
    if path:
        yield BY_MODULE, path.rpartition(".")[0]


def module_of(name: str, side: Surface) -> str:
    path = side.canonical(name)
    while path and (path not in side.symbols or side.symbols[path].kind != "module"):
        path = path.rpartition(".")[0]
    return path
