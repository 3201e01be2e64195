"""From one cell's evidence to its outcome, by rule and without input or output."""

from __future__ import annotations

from datetime import date

from packaging.requirements import Requirement
from packaging.version import Version

from fanout.model import Cell, CellReport, Evidence, Outcome, PackOnDisk, Result, in_range


def judge(cell: Cell, evidence: Evidence | str | None, pack: PackOnDisk, today: date) -> CellReport:
    """The outcome of a cell; `evidence` may be the reason why the file cannot be read.

    A broken promise is a fact, whatever else went wrong, so *failed* comes first. A Core outside
    the pack's range breaks nothing that counts, so there *failed* gives way to *unsupported*.
    """
    if evidence is None:
        reason = "no evidence: the cell did not run, or its environment could not be made"
        return CellReport(cell=cell, outcome=Outcome.MISSING, reason=reason)
    if isinstance(evidence, str):
        return CellReport(cell=cell, outcome=Outcome.ERRORED, reason=evidence)
    if reason := stale(cell, evidence, pack, today):
        return CellReport(cell=cell, outcome=Outcome.ERRORED, reason=f"stale: {reason}")
    if evidence.version and not asked_for(evidence.asked, evidence.version):
        reason = f"Core {evidence.version} was tested, not '{evidence.asked}'"
        return CellReport(cell=cell, outcome=Outcome.ERRORED, reason=reason)
    outcome, reason = weigh(evidence, pack)
    return CellReport(cell=cell, outcome=outcome, reason=reason, evidence=evidence)


def stale(cell: Cell, evidence: Evidence, pack: PackOnDisk, today: date) -> str:
    """Why the evidence says nothing about the cell as it is now; empty if it does."""
    if not cell.core:
        variable = cell.core_ref.upper()
        return f"it is of '{evidence.asked}', but {variable} is not set, or names no Core"
    if not same_core(evidence.asked, cell.core, cell.core_ref):
        return f"the evidence is of '{evidence.asked}', but the cell is now '{cell.core}'"
    if evidence.version and evidence.pack_digest != pack.digest:
        return "the pack has changed since the evidence was written"
    for known in pack.says.known_breaks:
        if known.test and evidence.started.date() <= known.expires < today:
            return f"since then the known break of {known.test} expired on {known.expires}"
    return ""


def same_core(asked: str, core: str, core_ref: str) -> bool:
    """Whether evidence of what was asked for is of the Core of a cell, as it is now.

    A wheel kept under its digest is the same in every checkout. So is a stand-in, except as a
    candidate: there it is a directory like any other.
    """
    folder = "/cores/v" if core_ref.startswith("core_v") else "/wheels/"
    (_, there, one), (_, here, other) = (text.rpartition(folder) for text in (asked, core))
    return asked == core or (bool(there and here) and one == other)


def founded(report: CellReport, pack: PackOnDisk) -> CellReport:
    """The report, or errored if its evidence makes an excuse that a gate must not believe."""
    evidence = report.evidence
    reason = unfounded(evidence, pack) if evidence and evidence.version else ""
    if not reason:
        return report
    return CellReport(cell=report.cell, outcome=Outcome.ERRORED, reason=reason)


def unfounded(evidence: Evidence, pack: PackOnDisk) -> str:
    """An excuse that the evidence makes and the pack does not give; empty if there is none."""
    if evidence.supports != pack.says.supports:
        return f"it says that the pack supports '{evidence.supports}', not '{pack.says.supports}'"
    for promise in evidence.promises:
        listed = any(
            known.test == promise.name and in_range(evidence.version, known.core)
            for known in pack.says.known_breaks
        )
        if promise.result is Result.KNOWN_BREAK and not listed:
            return f"{promise.name} is no known break of the pack"
        if promise.result is Result.NOT_APPLICABLE and in_range(evidence.version, promise.core):
            return f"{promise.name} holds for Core '{promise.core}', so it is applicable"
    return ""


def asked_for(asked: str, version: str) -> bool:
    """Whether the Core that was tested is one that the cell asked for.

    `==1.4.61` asks for that alone, and not for 1.4.61+local.
    """
    specifier, at = Requirement(asked).specifier, Version(version)
    exact = (one.version for one in specifier if one.operator == "==" and "*" not in one.version)
    return specifier.contains(at, prereleases=True) and all(at == Version(one) for one in exact)


def weigh(evidence: Evidence, pack: PackOnDisk) -> tuple[Outcome, str]:
    counts = dict.fromkeys(Result, 0)
    for promise in evidence.promises:
        counts[promise.result] += 1
    if counts[Result.BROKEN] and evidence.supported:
        return Outcome.FAILED, f"{counts[Result.BROKEN]} of its promises are broken"
    for promise in evidence.promises:
        if promise.result in (Result.ERRORED, Result.LISTED_BUT_KEPT):
            return Outcome.ERRORED, f"{promise.name}: {promise.message}"
    if lacking := absent(evidence, pack):
        return Outcome.ERRORED, f"{lacking[0]} is not in the evidence: the pack ran in part"
    if len(evidence.promises) == counts[Result.NOT_APPLICABLE]:
        return Outcome.ERRORED, "no promise was judged"
    if not evidence.version:
        return Outcome.ERRORED, "the evidence does not say which Core was tested"
    if not evidence.supported:
        return Outcome.UNSUPPORTED, f"the pack supports Core {evidence.supports}"
    return Outcome.PASSED, ""


def absent(evidence: Evidence, pack: PackOnDisk) -> list[str]:
    """The promises of the pack that its evidence does not speak of."""
    found = {promise.name for promise in evidence.promises}
    found |= {name.partition("[")[0] for name in found}
    return [
        name for name in pack.promises if name not in found and name.partition("::")[0] not in found
    ]
