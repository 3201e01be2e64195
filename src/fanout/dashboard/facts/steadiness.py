"""How steady a cell is in its last attempts: which of them disagree, and how long it stays red.

*Red* and *green* are as in `fanout.history.past`: what is errored, missing or unsupported is
neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fanout.dashboard.facts.snapshot import Attempts
from fanout.model import Outcome, Standing


class Told(NamedTuple):
    """What one attempt says, promise by promise, of a Core and a pack in an environment."""

    content: tuple[str, str, str]
    standings: Mapping[str, Standing]
    green: frozenset[str]
    red: frozenset[str]


class Disagreement(NamedTuple):
    """Of `compared` attempts at the same contents, made twice or more, some disagree with most."""

    disagreeing: int
    compared: int


class Flakiness(NamedTuple):
    """The attempts in which any promise disagrees, and each promise that does, by name."""

    cell: Disagreement
    promises: tuple[tuple[str, Disagreement], ...]


class TimeToGreen(NamedTuple):
    """How long each red streak lasted that ended, and since when one is open, if one is.

    A moment is in microseconds since 1970, as `Attempts.at` is.
    """

    ended: tuple[int, ...]
    since: int | None


def flakiness(attempts: Iterable[Told]) -> Flakiness | None:
    """How attempts at one cell disagree; None if none does, or if there is nothing to compare."""
    groups: dict[tuple[str, str, str], Counter[tuple[frozenset[str], frozenset[str]]]] = {}
    for one in attempts:
        if one.content[0] and (one.green or one.red):
            groups.setdefault(one.content, Counter())[one.green, one.red] += 1
    repeated = [group for group in groups.values() if group.total() > 1]
    odd, compared, disagreeing = Counter[str](), Counter[str](), 0
    for group in repeated:
        greens, reds = counted(group, 0), counted(group, 1)
        total = greens + reds
        compared += Counter({name: count for name, count in total.items() if count > 1})
        odd += Counter({name: min(greens[name], reds[name]) for name in total})
        rare = (
            {name for name in greens if greens[name] < reds[name]},
            {name for name in reds if reds[name] <= greens[name]},
        )
        disagreeing += sum(
            count for (green, red), count in group.items() if green & rare[0] or red & rare[1]
        )
    if not disagreeing:
        return None
    return Flakiness(
        cell=Disagreement(disagreeing, sum(group.total() for group in repeated)),
        promises=tuple(
            (name, Disagreement(count, compared[name])) for name, count in sorted(odd.items())
        ),
    )


def counted(group: Counter[tuple[frozenset[str], frozenset[str]]], colour: int) -> Counter[str]:
    """How often each promise is of a colour, green 0 or red 1."""
    found = Counter[str]()
    for said, count in group.items():
        for name in said[colour]:
            found[name] += count
    return found


def time_to_green(seen: Attempts) -> TimeToGreen:
    """The red streaks of a cell, from the first attempt that failed to the next that passed."""
    if len(set(seen.said)) == 1:  # as most cells are
        return TimeToGreen((), seen.at[0] if Outcome.FAILED in seen.said else None)
    since: int | None = None
    ended: list[int] = []
    for at, said in zip(seen.at, seen.said, strict=True):
        if said == Outcome.FAILED:
            since = at if since is None else since
        elif said == Outcome.PASSED and since is not None:
            ended.append(at - since)
            since = None
    return TimeToGreen(tuple(ended), since)
