"""A promise is pending if no Core ref ever kept it; what is not proven is no excuse."""

from __future__ import annotations

import pytest

from fanout.gate.pending import pending
from fanout.history.query import Judgement
from fanout.model import Result

REFS = frozenset({"core_v100", "core_v200"})
BROKEN = [Judgement(ref, "now", Result.BROKEN, True) for ref in sorted(REFS)]


def also(result: Result, core_ref: str = "core_v300", digest: str = "now") -> list[Judgement]:
    return [*BROKEN, Judgement(core_ref, digest, result, True)]


@pytest.mark.parametrize(
    ("seen", "refs", "proven"),
    [
        (BROKEN, REFS, True),
        (also(Result.BROKEN, "core_candidate"), REFS, True),
        (also(Result.ERRORED), REFS, True),
        (also(Result.KEPT), REFS, False),
        (also(Result.KEPT, "core_candidate"), REFS, False),
        (also(Result.LISTED_BUT_KEPT), REFS, False),
        (also(Result.KEPT, digest="before"), REFS, False),
        (BROKEN[:1], REFS, False),
        ([BROKEN[0], BROKEN[1]._replace(pack_digest="before")], REFS, False),
        ([BROKEN[0], BROKEN[1]._replace(result=Result.ERRORED)], REFS, False),
        ([BROKEN[0], BROKEN[1]._replace(result=Result.NOT_APPLICABLE)], REFS, False),
        ([BROKEN[0], BROKEN[1]._replace(supported=False)], REFS, False),
        ([BROKEN[0], BROKEN[1]._replace(result=Result.KNOWN_BREAK)], REFS, True),
        ([], REFS, False),
        ([], frozenset(), False),
    ],
)
def test_proof(seen: list[Judgement], refs: frozenset[str], proven: bool) -> None:
    """Every Core ref must have broken it with the pack as it is, and none kept it in any form."""
    assert pending(seen, "now", refs) is proven
