"""What two releases of a consumer use: what is new in one, and what is gone with the other."""

from __future__ import annotations

from collections.abc import Iterable

from fanout.consumers.needs.usage import How, Usage, UsedAt
from fanout.model import Frozen


class Against(Frozen):
    """The uses that only one of two releases has, each way once, at the first of its places."""

    consumer: str
    release: str
    before: str
    core: str
    new: tuple[UsedAt, ...]
    gone: tuple[UsedAt, ...]


def against(before: Usage, after: Usage) -> Against:
    """Two releases, by symbol, kind, what a call gives and whether anything guards it."""
    return Against(
        consumer=after.consumer,
        release=after.release,
        before=before.release,
        core=after.core,
        new=only(after.uses, before.uses),
        gone=only(before.uses, after.uses),
    )


def only(uses: Iterable[UsedAt], others: Iterable[UsedAt]) -> tuple[UsedAt, ...]:
    there = {way(one) for one in others}
    found: dict[tuple[How, str, str, bool], UsedAt] = {}
    for one in uses:
        if way(one) not in there:
            found.setdefault(way(one), one)
    return tuple(found.values())


def way(use: UsedAt) -> tuple[How, str, str, bool]:
    return use.how, use.symbol, use.gives, bool(use.guard)
