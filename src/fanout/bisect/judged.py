"""A pack on one Core, and what that says of some of its promises: kept, broken, or neither."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fanout.errors import UnknownPromise
from fanout.gate.verdict import RED, STANDINGS, standing_in
from fanout.model import CellReport, Evidence, Frozen, Outcome, Promise, Result, Standing
from fanout.wording import number, printable

UNKNOWN = Standing.UNKNOWN
OUTCOMES = {
    Outcome.PASSED: Standing.KEPT,
    Outcome.FAILED: Standing.BROKEN,
    Outcome.UNSUPPORTED: Standing.UNSUPPORTED,
}
MOST_LISTED = 12


class Judged(Frozen):
    """A Core ref, or a commit by its hash, and where the promises in question stand there.

    The standing is `broken` if any of them is, listed by the pack or not; `kept` if some are and
    the others do not apply; else it says why they cannot be judged, and so does the reason.
    """

    name: str
    version: str = ""
    source: str = ""  # of the Core: pypi, git, path or stand-in
    standing: Standing
    broken: tuple[Promise, ...] = ()
    reason: str = ""
    reused: bool = False  # from the history: no cell was run


def judged(name: str, report: CellReport, promises: Sequence[str]) -> Judged:
    """Where promises stand after a cell, whose evidence may be missing or of no use.

    Without any named, it is the cell's own outcome that counts.
    """
    evidence = report.evidence
    if evidence is None or not report.judges:
        reason = report.reason or "no promise was judged"
        return Judged(name=name, standing=UNKNOWN, reason=reason)
    if promises:
        return weigh(name, evidence, promises)
    standing = OUTCOMES.get(report.outcome, UNKNOWN)
    broken = report.promises(Result.BROKEN) if standing is Standing.BROKEN else ()
    reason = "" if broken else report.reason
    return placed(name, evidence, standing, broken, reason)


def placed(
    name: str, evidence: Evidence, standing: Standing, broken: tuple[Promise, ...], reason: str
) -> Judged:
    """A Core, which is that of evidence, where promises stand on it."""
    return Judged(
        name=name,
        version=evidence.version,
        source=evidence.source,
        standing=standing,
        broken=broken,
        reason=reason,
    )


def weigh(name: str, evidence: Evidence, promises: Sequence[str]) -> Judged:
    """Where promises stand by evidence; all of them count only in the pack's range."""
    seen = {
        case: standing_in(evidence, case, in_pack=True)
        for promise in promises
        for case in cases(evidence, promise)
    }
    said = {found.name: (stands, found) for stands, found in seen.values() if found}
    broken = tuple(found for stands, found in said.values() if stands in RED)
    unknown = [
        *(f"{found.name}: {found.message}" for stands, found in said.values() if stands is UNKNOWN),
        *(f"{case} did not run" for case, (_, found) in seen.items() if not found),
    ]
    standing, reason = Standing.NOT_APPLICABLE, f"{next(iter(seen))} is for other Cores"
    if not evidence.supported:
        standing, reason = Standing.UNSUPPORTED, f"the pack supports Core {evidence.supports}"
    elif broken:
        standing, reason = Standing.BROKEN, ""
    elif unknown:
        standing, reason = UNKNOWN, unknown[0]
    elif any(stands is Standing.KEPT for stands, _ in said.values()):
        standing, reason = Standing.KEPT, ""
    return placed(name, evidence, standing, broken, reason)


def cases(evidence: Evidence, promise: str) -> list[str]:
    """A promise as evidence speaks of it: by its name, or by each of its parameters."""
    names = [one.name for one in evidence.promises]
    return [name for name in names if name == promise or name.startswith(f"{promise}[")] or [
        promise
    ]


def kept(said: Iterable[Promise]) -> tuple[str, ...]:
    """The names of the promises that are kept."""
    return tuple(one.name for one in said if STANDINGS[one.result] is Standing.KEPT)


def choose(text: str, pack: str, promises: Sequence[str]) -> str:
    """The one promise of a pack that a text names, in full or by a part of its name.

    One with parameters may be named with those, `test_file.py::test_name[soft]`, of which the
    pack's files do not tell. Raises UnknownPromise for none, or more than one.
    """
    if text.partition("[")[0] in promises:
        return text
    found = [name for name in promises if text in name]
    if len(found) == 1:
        return found[0]
    listed = ", ".join((found or list(promises))[:MOST_LISTED])
    if not found:
        raise UnknownPromise(
            f"the pack '{pack}' has no promise '{printable(text)}'",
            f"its promises are {listed} ...",
        )
    raise UnknownPromise(
        f"'{printable(text)}' names {number(len(found), 'promise')} of the pack '{pack}'",
        f"name one of {listed}",
    )
