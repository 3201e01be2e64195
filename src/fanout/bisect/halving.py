"""The search for the place where kept becomes broken, by halving, without input or output.

A place is a position in a sequence of Core refs or commits, oldest first. What is seen there is
a Standing: kept, broken, or any other one, which says nothing of the promise and is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple

from fanout.model import Standing

JUDGED = (Standing.KEPT, Standing.BROKEN)


class Break(NamedTuple):
    """A place that keeps and the next judged one, which breaks; nothing in between is judged."""

    kept: int
    broken: int


def search(judge: Callable[[int], Standing], seen: Mapping[int, Standing]) -> dict[int, Standing]:
    """All that is seen once the last break is as narrow as it gets.

    `seen` holds the ends, the first of them kept and the last broken, and whatever else is
    known. Between n places that all can be judged, `judge` is asked ceil(log2(n + 1)) times.
    """
    found = dict(seen)
    while (place := next_place(found)) is not None:
        found[place] = judge(place)
    return found


def next_place(seen: Mapping[int, Standing]) -> int | None:
    """The place to judge next: in the middle of the last break, or as near to it as is left."""
    last = breaks(seen)[-1]
    middle = (last.kept + last.broken) // 2
    return min(untried(last, seen), key=lambda place: (abs(place - middle), place), default=None)


def breaks(seen: Mapping[int, Standing]) -> list[Break]:
    """Every place where kept is followed by broken, in order, as far as is seen."""
    judged = [place for place in sorted(seen) if seen[place] in JUDGED]
    return [
        Break(before, after)
        for before, after in pairwise(judged)
        if (seen[before], seen[after]) == JUDGED
    ]


def untried(one: Break, seen: Mapping[int, Standing]) -> list[int]:
    return [place for place in range(one.kept + 1, one.broken) if place not in seen]


def steps_left(seen: Mapping[int, Standing]) -> int:
    """How many more places must be judged at most, if each of them can be."""
    return len(untried(breaks(seen)[-1], seen)).bit_length()
