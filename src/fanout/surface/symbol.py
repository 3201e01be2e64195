"""The public surface of a Core as data: its symbols, and the names by which they are found.

Every path is relative to `market_data_core`; the package itself is the empty path.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property

from fanout.model import Frozen, Text

FARTHEST = 100  # names from one to the next; two that lead to each other may never end


class Symbol(Frozen):
    """One thing that a consumer can rely on, and the symbols that it stands on.

    `says` is all that is seen from outside, on one line; `code` the digest of what is behind it.
    """

    kind: Text  # module, class, function, attribute, import, requirement or file
    says: Text
    code: str = ""
    deprecated: str = ""  # what it says of going away
    types: tuple[str, ...] = ()  # the bases and annotations inside Core
    uses: tuple[str, ...] = ()  # what its code names inside Core


class Surface(Frozen):
    """The symbols of a Core where they are defined, and every other public name of one."""

    symbols: dict[str, Symbol]
    exports: dict[str, str]

    def canonical(self, name: str) -> str:
        """Where the thing of a name is defined; the name itself where nothing has it."""
        seen: set[str] = set()
        while name not in seen and name not in self.symbols and len(seen) < FARTHEST:
            seen.add(name)
            start = name
            while start and start not in self.exports:
                start = start.rpartition(".")[0]
            if start:
                name = self.exports[start] + name[len(start) :]
        return name

    @cached_property
    def paths(self) -> list[str]:
        return sorted(self.symbols)

    def members(self, path: str) -> list[str]:
        """The symbols in another one, at any depth, by name."""
        # "/" is the character after ".": what lies between begins with the path and a dot.
        first, last = (bisect_left(self.paths, f"{path}{end}") for end in "./")
        return self.paths[first:last]

    def names_of(self, path: str) -> tuple[str, ...]:
        """Every public name of the thing that is defined there, the shortest first."""
        own = [path] if path in self.symbols and not is_private(path) else []
        others = [
            name + path[len(target) :]
            for name, target in self.exports.items()
            if inside(path, target) and not is_private(name + path[len(target) :])
        ]
        return tuple(sorted({*own, *others}, key=lambda name: (name.count("."), name)))


def inside(path: str, outer: str) -> bool:
    """Whether a path is another one, or a member of it."""
    return path == outer or path.startswith(f"{outer}.")


def is_private(path: str) -> bool:
    return any(part.startswith("_") and not part.endswith("__") for part in path.split("."))
