"""From both sides' outcomes to verdicts: per promise by a table, per cell by precedence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fanout.model import CellReport, Evidence, Outcome, Promise, Result, Side, Standing, Verdict

S, V = Standing, Verdict
# By what the candidate says: the verdict whatever the baseline says, or one for each.
CANDIDATE = {
    S.NOT_APPLICABLE: V.NOT_APPLICABLE,
    S.UNSUPPORTED: V.UNSUPPORTED,
    S.KNOWN_BREAK: V.STILL_FAILING,
    S.ABSENT: V.REMOVED,
}
BASELINE = {
    S.KEPT: {S.KEPT: V.PASSING, S.BROKEN: V.FIXED, S.KNOWN_BREAK: V.FIXED},
    S.BROKEN: {S.BROKEN: V.STILL_FAILING, S.KNOWN_BREAK: V.STILL_FAILING},
}
OTHERWISE = {S.KEPT: V.NEW, S.BROKEN: V.REGRESSED}
PRECEDENCE = (
    V.REGRESSED,
    V.UNKNOWN,
    V.STILL_FAILING,
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
RED = frozenset({S.BROKEN, S.KNOWN_BREAK})


def verdict(candidate: Standing, baseline: Standing) -> Verdict:
    """The verdict on a promise: docs/gate.md has the table of every pair.

    What is not known on either side is not known. Broken counts as regressed unless the
    baseline breaks the promise as well.
    """
    if S.UNKNOWN in (candidate, baseline):
        return V.UNKNOWN
    if candidate in CANDIDATE:
        return CANDIDATE[candidate]
    return BASELINE[candidate].get(baseline, OTHERWISE[candidate])


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
    return Side(standing=standing, attempts=told, message=message, text=text)


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
    promises = {promise.name: promise for promise in (evidence.promises if evidence else ())}
    return promises.get(name) or promises.get(name.partition("::")[0])
