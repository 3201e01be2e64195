"""The newest Core of the matrix: what is new with its content, and since which Core the rest is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from fanout.dashboard.facts.along import Streak, streaks
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import CoreRef, Snapshot, release
from fanout.model import Result


class Breaks(NamedTuple):
    """Promises that a pack breaks on a Core, as they began: how many since which Core."""

    new: int
    old: Mapping[CoreRef, int]

    @property
    def total(self) -> int:
        return self.new + sum(self.old.values())


class OnReleased(NamedTuple):
    """A pack on the newest Core; `cell` is None if no run has it."""

    pack: str
    cell: CellNow | None
    broken: Breaks
    known: Breaks
    first: str  # the words of the first promise that is broken, or is a known break

    @property
    def unknown(self) -> bool:
        return self.cell is None or not self.cell.outcome.has_verdict

    @property
    def order(self) -> tuple[bool, ...]:
        """What needs somebody comes first: what is new, what is not known, what is broken."""
        calm = (self.broken.new + self.known.new, self.unknown, self.broken.total, self.known.total)
        return tuple(not one for one in calm)


class Released(NamedTuple):
    """The newest Core that any run has, the packs on it, and the Core refs of its content.

    `before` is the newest Core of another content; `ran` is when the oldest of its cells last ran,
    and so the age of the matrix.
    """

    ref: CoreRef
    before: CoreRef | None
    packs: tuple[OnReleased, ...]
    ran: datetime | None
    alike: frozenset[str]

    @property
    def unknown(self) -> int:
        return sum(one.unknown for one in self.packs)


@lru_cache(maxsize=1)
def released(snapshot: Snapshot) -> Released | None:
    """The newest known Core; None without any run of one."""
    refs = snapshot.known_refs
    if not refs:
        return None
    newest = refs[0]
    same = frozenset(
        ref.name for ref in refs if ref == newest or (ref.digest == newest.digest != "")
    )
    packs = sorted(on_newest(snapshot, newest, same), key=lambda one: one.order)
    return Released(
        ref=newest,
        before=next((ref for ref in refs if ref.name not in same), None),
        packs=tuple(packs),
        ran=min((one.cell.newest for one in packs if one.cell), default=None),
        alike=same,
    )


def on_newest(snapshot: Snapshot, newest: CoreRef, same: frozenset[str]) -> Iterator[OnReleased]:
    """Each known pack on the newest Core, one without evidence too."""
    red = streaks(snapshot)
    for pack in snapshot.matrix.packs:
        name = f"{pack}-{newest.name}"
        cell = snapshot.cells.get(name)
        promises = snapshot.promises(cell.results) if cell and cell.supported else ()
        found = {
            result: [one for one in promises if one.result is result]
            for result in (Result.BROKEN, Result.KNOWN_BREAK)
        }
        broken, known = (
            breaks([red[name][one.name] for one in ones if one.name in red.get(name, {})], same)
            for ones in found.values()
        )
        first = next((one for ones in found.values() for one in ones), None)
        yield OnReleased(pack, cell, broken, known, (first.says or first.name) if first else "")


def breaks(begun: list[Streak], same: frozenset[str]) -> Breaks:
    """What is broken by where it began: on the newest content, or on an older Core."""
    new = sum(one.first_red.name in same for one in begun)
    old = Counter(one.first_red for one in begun if one.first_red.name not in same)
    return Breaks(new, dict(sorted(old.items(), key=lambda pair: release(pair[0]))))
