"""From one cell's evidence to its outcome, by rule and without input or output."""

from __future__ import annotations

from fanout.model import Cell, CellReport, Evidence, Outcome, Result


def judge(cell: Cell, evidence: Evidence | str | None) -> CellReport:
    """The outcome of a cell; `evidence` may be the reason why the file cannot be read.

    A broken promise is a fact, whatever else went wrong, so *failed* comes first. A Core outside
    the pack's range breaks nothing that counts, so there *failed* gives way to *unsupported*.
    """
    if evidence is None:
        reason = "no evidence: the cell did not run, or its environment could not be made"
        return CellReport(cell=cell, outcome=Outcome.MISSING, reason=reason)
    if isinstance(evidence, str):
        return CellReport(cell=cell, outcome=Outcome.ERRORED, reason=evidence)
    if "==" in cell.core and evidence.asked != cell.core:
        reason = f"stale: the evidence is of '{evidence.asked}', the cell is now '{cell.core}'"
        return CellReport(cell=cell, outcome=Outcome.ERRORED, reason=reason)
    outcome, reason = weigh(evidence)
    return CellReport(cell=cell, outcome=outcome, reason=reason, evidence=evidence)


def weigh(evidence: Evidence) -> tuple[Outcome, str]:
    counts = dict.fromkeys(Result, 0)
    for promise in evidence.promises:
        counts[promise.result] += 1
    if counts[Result.BROKEN] and evidence.supported:
        return Outcome.FAILED, f"{counts[Result.BROKEN]} of its promises are broken"
    for promise in evidence.promises:
        if promise.result is Result.ERRORED:
            return Outcome.ERRORED, f"{promise.name}: {promise.message}"
    if len(evidence.promises) == counts[Result.NOT_APPLICABLE]:
        return Outcome.ERRORED, "no promise was judged"
    if not evidence.supported:
        return Outcome.UNSUPPORTED, f"the pack supports Core {evidence.supports}"
    return Outcome.PASSED, ""
