"""What will break: the names in Core that say that they will go away, and who still uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fanout.model import Deprecation, Frozen


class Met(NamedTuple):
    """A deprecation that one promise met in one cell."""

    said: Deprecation
    pack: str
    owner: str
    promise: str
    cell: str


class User(Frozen):
    """The promises of one pack that met a deprecation, in any of these cells."""

    pack: str
    owner: str
    promises: tuple[str, ...]
    cells: tuple[str, ...]


class WillBreak(Frozen):
    """One deprecation, and the packs with a promise that will break when it is carried out."""

    symbol: str
    message: str
    users: tuple[User, ...]

    @property
    def says(self) -> str:
        return f"{self.symbol}: {self.message}"


def will_break(met: Iterable[Met]) -> tuple[WillBreak, ...]:
    """Each deprecation once, by its symbol; nothing of it counts against Core today."""
    found: dict[Deprecation, list[Met]] = {}
    for one in met:
        found.setdefault(one.said, []).append(one)
    return tuple(
        WillBreak(symbol=said.symbol, message=said.message, users=tuple(users(found[said])))
        for said in sorted(found, key=lambda one: (one.symbol, one.message))
    )


def users(met: Iterable[Met]) -> Iterator[User]:
    by_pack: dict[tuple[str, str], list[Met]] = {}
    for one in met:
        by_pack.setdefault((one.pack, one.owner), []).append(one)
    for (pack, owner), members in by_pack.items():
        yield User(
            pack=pack,
            owner=owner,
            promises=tuple(dict.fromkeys(one.promise for one in members)),
            cells=tuple(dict.fromkeys(one.cell for one in members)),
        )
