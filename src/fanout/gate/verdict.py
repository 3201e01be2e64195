"""From both sides' outcomes to verdicts: per promise by a table, per cell by precedence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fanout.cells.environment import differing, environment
from fanout.model import (
    JUDGED,
    CellReport,
    Evidence,
    InstalledVersions,
    Outcome,
    Promise,
    Result,
    Side,
    Standing,
    Verdict,
)

S, V = Standing, Verdict
RED = frozenset({S.BROKEN, S.KNOWN_BREAK, S.PENDING})
NOT_JUDGED = {S.KEPT: V.UNKNOWN, S.BROKEN: V.UNKNOWN, S.UNKNOWN: V.UNKNOWN}
# By what the candidate says: by what the baseline says, and for all that is not among it.
TABLE: Mapping[Standing, tuple[Mapping[Standing, Verdict], Verdict]] = {
    S.KEPT: (
        {S.KEPT: V.PASSING, S.UNKNOWN: V.UNKNOWN} | dict.fromkeys(RED, V.FIXED),
        V.NEW,
    ),
    S.BROKEN: ({S.UNKNOWN: V.BROKEN} | dict.fromkeys(RED, V.STILL_FAILING), V.REGRESSED),
    S.KNOWN_BREAK: ({S.UNKNOWN: V.UNKNOWN}, V.KNOWN_BREAK),
    S.PENDING: ({S.KEPT: V.REGRESSED, S.UNKNOWN: V.UNKNOWN}, V.PENDING),
    S.NOT_APPLICABLE: (NOT_JUDGED, V.NOT_APPLICABLE),
    S.UNSUPPORTED: (NOT_JUDGED, V.UNSUPPORTED),
    S.ABSENT: (NOT_JUDGED, V.REMOVED),
    S.UNKNOWN: ({}, V.UNKNOWN),
}
HOLDS = frozenset({V.REGRESSED, V.BROKEN, V.STILL_FAILING})
PRECEDENCE = (
    V.REGRESSED,
    V.BROKEN,
    V.STILL_FAILING,
    V.UNKNOWN,
    V.KNOWN_BREAK,
    V.PENDING,
    V.FIXED,
    V.NEW,
    V.REMOVED,
    V.PASSING,
    V.UNSUPPORTED,
    V.NOT_APPLICABLE,
)
STANDINGS = {
    Result.KEPT: S.KEPT,
    Result.BROKEN: S.BROKEN,
    Result.KNOWN_BREAK: S.KNOWN_BREAK,
    Result.NOT_APPLICABLE: S.NOT_APPLICABLE,
    Result.ERRORED: S.UNKNOWN,
    # It ran and held. That the pack must strike it off its list is no reason to stop a release.
    Result.LISTED_BUT_KEPT: S.KEPT,
}


def verdict(candidate: Standing, baseline: Standing) -> Verdict:
    """The verdict on a promise: docs/gate.md has the table of every pair.

    What the candidate breaks counts whatever the baseline says; else what is not known on either
    side is not known, nor what the baseline judged and the candidate does not.
    """
    by_baseline, otherwise = TABLE[candidate]
    return by_baseline.get(baseline, otherwise)


def roll_up(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a cell: the first in the precedence that any of its promises has."""
    found = set(verdicts)
    return next((one for one in PRECEDENCE if one in found), V.UNKNOWN)


def side(attempts: Sequence[CellReport], name: str, in_pack: bool) -> Side:
    """Where a promise stands after every attempt to run its cell; no attempt undoes another."""
    seen = [attempt(report, name, in_pack) for report in attempts]
    standings = {standing for standing, _, _ in seen}
    said = [promise for _, _, promise in seen if promise and promise.result is not Result.KEPT]
    told = tuple(word for _, word, _ in seen)
    message, text = (said[0].message, said[0].text) if said else ("", "")
    if standings <= {S.UNKNOWN}:
        reasons = [report.reason for report in attempts if report.reason]
        message = message or (reasons[0] if reasons else "its cell did not run")
    standing = standings.pop() if len(standings) == 1 else S.UNKNOWN
    return Side(
        standing=standing,
        attempts=told,
        message=message,
        text=text,
        environment=told_apart(attempts, told) if standing is S.UNKNOWN else (),
    )


def told_apart(
    attempts: Sequence[CellReport], told: Sequence[str]
) -> tuple[InstalledVersions, ...]:
    """What differs between attempts that disagree; nothing if two in one environment do."""
    judged = [
        (environment(report.evidence), word)
        for report, word in zip(attempts, told, strict=True)
        if word in JUDGED
    ]
    alike = any(one == other and said != word for one, said in judged for other, word in judged)
    disagree = len({word for _, word in judged}) > 1
    return differing(*(one for one, _ in judged)) if disagree and not alike else ()


def attempt(report: CellReport, name: str, in_pack: bool) -> tuple[Standing, str, Promise | None]:
    """Where a promise stands after one attempt, the word for it, and what the evidence says."""
    if report.evidence is None or not report.judges:
        return S.UNKNOWN, report.outcome, find(report.evidence, name)
    standing, found = standing_in(report.evidence, name, in_pack)
    if found:
        return standing, found.result, found
    return standing, Outcome.MISSING if standing is S.UNKNOWN else standing, None


def standing_in(evidence: Evidence, name: str, in_pack: bool) -> tuple[Standing, Promise | None]:
    """Where a promise stands by evidence of a Core, and what that says of it."""
    if found := find(evidence, name):
        return standing_of(found.result, evidence.supported), found
    cases = {one.name.partition("[")[0] for one in evidence.promises}
    if in_pack and name.partition("[")[0] not in cases:
        return S.UNKNOWN, None
    return S.ABSENT if evidence.supported else S.UNSUPPORTED, None


def standing_of(result: Result, supported: bool) -> Standing:
    """Where a promise with a result stands: kept and broken count on a supported Core alone."""
    standing = STANDINGS[result]
    counts = standing is S.KEPT or standing in RED
    return S.UNSUPPORTED if counts and not supported else standing


def find(evidence: Evidence | None, name: str) -> Promise | None:
    """A promise in evidence; one whose file cannot be imported is as its file is."""
    said = evidence.promises[::-1] if evidence else ()
    asked = (name, name.partition("::")[0])
    return next((one for word in asked for one in said if one.name == word), None)
