"""How a promise and a cell fared in all the runs so far: data, and pure functions on it.

*Red* is a promise that is broken, also where the pack lists it as a known break; *green* is one
that is kept. What is not applicable, errored or on a Core that the pack does not support is
neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple, TypeVar

from fanout.model import Frozen, Outcome, Result, version_of

T = TypeVar("T")
GREEN = frozenset({Result.KEPT, Result.LISTED_BUT_KEPT})
RED = frozenset({Result.BROKEN, Result.KNOWN_BREAK})


class Sighting(NamedTuple):
    """What one cell said of a promise, once or several times: always of the same contents."""

    evidence: int
    core_ref: str
    version: str
    digest: str  # of Core's content
    pack_digest: str
    environment: str
    says: str
    result: Result
    supported: bool
    runs: int
    first: datetime
    newest: datetime

    @property
    def green(self) -> bool:
        return self.supported and self.result in GREEN

    @property
    def red(self) -> bool:
        return self.supported and self.result in RED

    @property
    def content(self) -> tuple[str, str, str, str]:
        """The Core ref, Core's content, the pack's and the environment: attempts should agree."""
        return (self.core_ref, self.digest, self.pack_digest, self.environment)


class PromiseHistory(Frozen):
    """One promise in all runs so far; docs/history.md says how each is counted.

    `broken` is whether it is red on the newest Core ref on which it was judged.
    """

    pack: str
    name: str
    says: str
    broken: bool = False
    last_green: str = ""
    last_green_at: datetime | None = None
    first_red: str = ""
    red_since: datetime | None = None
    age_in_days: int | None = None
    flips: int = 0
    flips_in_time: int = 0
    disagreeing: int = 0
    compared: int = 0


class CellHistory(Frozen):
    """One cell in all runs so far; `median` is of its recent runs, both times are in seconds."""

    cell: str
    pack: str
    runs: int
    newest: Outcome
    newest_at: datetime
    median: float | None
    longest: float | None


class Past(Frozen):
    """What `fanout history` shows.

    `on_candidates` counts promises that are left out: red nowhere but on a candidate or baseline.
    """

    schema_version: int = 1
    runs: int
    promises: tuple[PromiseHistory, ...]
    on_candidates: int = 0
    cells: tuple[CellHistory, ...]


def promise_history(
    pack: str,
    name: str,
    sightings: Sequence[Sighting],
    times: Callable[[int], Sequence[int]],
    now: datetime,
) -> PromiseHistory:
    """The history of a promise; `times` gives every moment of one evidence."""
    line = along_the_refs(sightings)
    green = next((one for one in reversed(line) if one.green), None)
    red = first_red(line, attrgetter("green"), attrgetter("red"))
    since = min(
        (one.first for one in sightings if red and one.red and one.core_ref == red.core_ref),
        default=None,
    )
    groups = list(same_content(sightings))
    return PromiseHistory(
        pack=pack,
        name=name,
        says=max(sightings, key=newest_last).says,
        broken=bool(line) and line[-1].red,
        last_green=green.core_ref if green else "",
        last_green_at=green.newest if green else None,
        first_red=red.core_ref if red else "",
        red_since=since,
        age_in_days=max((now - since).days, 0) if since else None,
        flips=changes(one.red for one in line),
        flips_in_time=sum(flips_in_time(group, times) for group in groups),
        disagreeing=sum(total(group) - majority(group) for group in groups),
        compared=sum(total(group) for group in groups if total(group) > 1),
    )


def first_red(line: Iterable[T], green: Callable[[T], bool], red: Callable[[T], bool]) -> T | None:
    """Along the Core refs the first red one after the last green one; if there is none, of all."""
    first: T | None = None
    after: T | None = None
    for one in line:
        if green(one):
            after = None
        elif red(one):
            first, after = first or one, after or one
    return after or first


def along_the_refs(sightings: Iterable[Sighting]) -> list[Sighting]:
    """The newest judgement on each Core ref, by version; candidate and baseline are no such ref.

    A ref is left out where the newest judgement is neither green nor red.
    """
    refs: dict[str, Sighting] = {}
    for one in sorted(sightings, key=newest_last):
        if one.core_ref.startswith("core_v") and one.result is not Result.ERRORED:
            refs[one.core_ref] = one
    judged = (one for one in refs.values() if one.green or one.red)
    return sorted(judged, key=lambda one: (version_of(one.version), one.core_ref))


def newest_last(one: Sighting) -> tuple[datetime, bool, str]:
    return (one.newest, one.red, one.says)


def changes(reds: Iterable[bool]) -> int:
    return sum(before is not after for before, after in pairwise(reds))


def same_content(sightings: Iterable[Sighting]) -> Iterator[list[Sighting]]:
    """The green and red sightings of each Core ref, both contents and environment."""
    judged = [one for one in sightings if one.digest and (one.green or one.red)]
    for _, group in groupby(sorted(judged, key=attrgetter("content")), attrgetter("content")):
        yield list(group)


def total(group: Iterable[Sighting]) -> int:
    return sum(one.runs for one in group)


def majority(group: Sequence[Sighting]) -> int:
    reds = sum(one.runs for one in group if one.red)
    return max(reds, total(group) - reds)


def flips_in_time(group: Sequence[Sighting], times: Callable[[int], Sequence[int]]) -> int:
    """How often attempts at the same thing changed between green and red, one after the other."""
    if len({one.red for one in group}) == 1:
        return 0
    moments = sorted((moment, one.red) for one in group for moment in times(one.evidence))
    return changes(red for _, red in moments)
