"""Whether a promise is pending: no Core ref has ever kept it, as far as anybody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from fanout.gate.verdict import find
from fanout.history.past import GREEN, RED
from fanout.history.query import Judgement
from fanout.model import Evidence


def pending(seen: Iterable[Judgement], pack_digest: str, core_refs: Set[str]) -> bool:
    """Whether every one of these Core refs breaks a promise, as it is written, and none kept it.

    As it is written is with this content of its whole pack. The history holds no digest of less,
    so that a promise that was kept with another content may have been the same one.
    """
    told = list(seen)
    kept = any(one.result in GREEN for one in told)
    broken = {
        one.core_ref
        for one in told
        if one.result in RED and one.supported and one.pack_digest == pack_digest
    }
    return bool(core_refs) and not kept and core_refs <= broken


def judgements(evidence: Iterable[Evidence], name: str) -> Iterator[Judgement]:
    """What evidence that is there says of a promise."""
    for one in evidence:
        if found := find(one, name):
            core_ref = one.cell.partition("-")[2]
            yield Judgement(core_ref, one.pack_digest, found.result, one.supported)
