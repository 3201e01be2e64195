"""From both sides' outcomes to verdicts: per promise by a table, per cell by precedence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fanout.model import CellReport, Outcome, Promise, Result, Side, Standing, Verdict

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
    found = find(report, name)
    if report.evidence is None or not report.judges:
        return S.UNKNOWN, report.outcome, found
    if found is None:
        cases = {one.name.partition("[")[0] for one in report.evidence.promises}
        if in_pack and name.partition("[")[0] not in cases:
            return S.UNKNOWN, Outcome.MISSING, None
        gone = S.ABSENT if report.evidence.supported else S.UNSUPPORTED
        return gone, gone, None
    standing = STANDINGS[found.result]
    counts = standing in (S.KEPT, S.BROKEN, S.KNOWN_BREAK)
    if counts and not report.evidence.supported:
        return S.UNSUPPORTED, found.result, found
    return standing, found.result, found


def find(report: CellReport, name: str) -> Promise | None:
    """A promise in a cell's evidence; one whose file cannot be imported is as its file is."""
    found = report.evidence.promises if report.evidence else ()
    promises = {promise.name: promise for promise in found}
    return promises.get(name) or promises.get(name.partition("::")[0])
