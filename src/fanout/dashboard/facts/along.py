"""Along the Core refs: which one comes before another, and between which a promise broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from packaging.version import Version

from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import CoreRef, Snapshot, release
from fanout.history.past import GREEN, RED


class Neighbours(NamedTuple):
    """The known Core refs before and after another one, by version."""

    before: CoreRef | None
    after: CoreRef | None


class Step(NamedTuple):
    """Two Core refs, of which the second is looked at from the first."""

    before: CoreRef
    after: CoreRef

    @property
    def same(self) -> bool:
        """Whether Core is known to have the same content on both."""
        return bool(self.before.digest) and self.before.digest == self.after.digest

    @property
    def command(self) -> str:
        """What tells its changes, on a machine that can get both Cores."""
        return f"tox run -e diff -- {self.before.name} {self.after.name}"


class Streak(NamedTuple):
    """A promise that is red: the Core ref that was green last, if any, and the first red one."""

    last_green: CoreRef | None
    first_red: CoreRef

    @property
    def began(self) -> tuple[Version, str, str]:
        """What orders streaks, those that began on the oldest Core ref first."""
        green = self.last_green.name if self.last_green else ""
        return (release(self.first_red), self.first_red.name, green)

    @property
    def step(self) -> Step | None:
        """In which it broke, if it ever was green."""
        return Step(self.last_green, self.first_red) if self.last_green else None


def neighbours(snapshot: Snapshot) -> Mapping[str, Neighbours]:
    """The neighbours of every Core ref; of equal versions neither is before the other."""
    ordered = oldest_first(snapshot)
    before, after = known_before(ordered), known_before(ordered[::-1])
    return {ref.name: Neighbours(before[ref.name], after[ref.name]) for ref in ordered}


def oldest_first(snapshot: Snapshot) -> Sequence[CoreRef]:
    return sorted(snapshot.core_refs, key=lambda ref: (release(ref), ref.name))


def known_before(ordered: Sequence[CoreRef]) -> dict[str, CoreRef | None]:
    found: dict[str, CoreRef | None] = {}
    last = None
    for _, equal in groupby(ordered, key=release):
        refs = tuple(equal)
        found |= dict.fromkeys((ref.name for ref in refs), last)
        last = next((ref for ref in refs[::-1] if ref.known), last)
    return found


def streaks(snapshot: Snapshot) -> Mapping[str, Mapping[str, Streak]]:
    """The streak of each promise that is red, by cell and by the promise's name.

    What is neither green nor red ends no streak. A Core ref that is not known any more has its
    own streaks, and does not count for those of others.
    """
    said = lru_cache(maxsize=None)(lambda results: colours(snapshot, results))
    refs = oldest_first(snapshot)
    found: dict[str, Mapping[str, Streak]] = {}
    for pack in {cell.pack for cell in snapshot.cells.values()}:
        green: dict[str, CoreRef] = {}
        red: dict[str, CoreRef] = {}
        for ref, cell in supported_cells(snapshot, pack, refs):
            greens, reds = said(cell.results)
            found[cell.name] = {name: Streak(green.get(name), red.get(name, ref)) for name in reds}
            if ref.known:
                green.update(dict.fromkeys(greens, ref))
                red = {name: first for name, first in red.items() if name not in greens}
                red = dict.fromkeys(reds, ref) | red
    return found


def supported_cells(
    snapshot: Snapshot, pack: str, refs: Sequence[CoreRef]
) -> Iterator[tuple[CoreRef, CellNow]]:
    for ref in refs:
        cell = snapshot.cells.get(f"{pack}-{ref.name}")
        if cell is not None and cell.supported:
            yield ref, cell


def colours(snapshot: Snapshot, results: int) -> tuple[frozenset[str], frozenset[str]]:
    """The promises that are green and those that are red, and the files that have a green one.

    A file that cannot be imported is red itself, and was green with the promises in it.
    """
    promises = snapshot.promises(results)
    green = frozenset(one.name for one in promises if one.result in GREEN)
    red = frozenset(one.name for one in promises if one.result in RED)
    return green | {name.partition("::")[0] for name in green}, red
