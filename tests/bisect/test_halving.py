"""The search for a break, on every shape of history."""

from __future__ import annotations

from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from fanout.bisect.halving import JUDGED, breaks, search, steps_left, untried
from fanout.model import Standing

KEPT, BROKEN = JUDGED
SKIPPED = (Standing.UNKNOWN, Standing.NOT_APPLICABLE, Standing.UNSUPPORTED)


def ends(history: list[Standing]) -> dict[int, Standing]:
    return {place: history[place] for place in (0, len(history) - 1)}


@given(st.integers(1, 300), st.integers(1, 300))
def test_one_break(kept: int, broken: int) -> None:
    """One break among n Core refs is found in ceil(log2(n)) cells at most, beside the ends."""
    history = [KEPT] * kept + [BROKEN] * broken
    asked: list[int] = []
    promised = steps_left(ends(history))

    def judge(place: int) -> Standing:
        asked.append(place)
        return history[place]

    seen = search(judge, ends(history))
    assert breaks(seen) == [(kept - 1, kept)]
    assert len(asked) <= min(promised, ceil(log2(len(history))))
    assert len(asked) == len(set(asked)) == len(seen) - 2


@given(st.integers(1, 40), st.integers(1, 40), st.sets(st.integers(1, 78)))
def test_what_cannot_be_judged(kept: int, broken: int, skipped: set[int]) -> None:
    """With some that cannot be judged, the break lies between the two that are named."""
    last = kept + broken - 1
    history = [
        SKIPPED[place % 3] if place in skipped and place != last else said
        for place, said in enumerate([KEPT] * kept + [BROKEN] * broken)
    ]
    seen = search(history.__getitem__, ends(history))
    [found] = breaks(seen)
    assert found.kept < kept <= found.broken
    assert not untried(found, seen)
    assert {history[place] for place in range(found.kept + 1, found.broken)} <= {*SKIPPED}


@given(st.lists(st.sampled_from((*JUDGED, SKIPPED[0])), max_size=60), st.data())
def test_broken_and_mended(between: list[Standing], data: st.DataObject) -> None:
    """In any history, with anything known before, the last break is a true one, as narrow as is.

    From there on to the bad end nothing that is known is kept.
    """
    history = [KEPT, *between, BROKEN]
    known = data.draw(st.sets(st.integers(0, len(history) - 1)))
    seen = search(history.__getitem__, ends(history) | {place: history[place] for place in known})
    found = breaks(seen)[-1]
    assert (history[found.kept], history[found.broken]) == (KEPT, BROKEN)
    assert not {*history[found.kept + 1 : found.broken]} & {*JUDGED}
    assert not any(said is KEPT for place, said in seen.items() if place > found.broken)
    assert all(seen[place] is history[place] for place in seen)
