"""The gate: verdicts on every pack, and one answer over all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import computed_field

from fanout import shell
from fanout.cause.fewest import Cause
from fanout.errors import ExitCode
from fanout.gate.verdict import find, roll_up, side, verdict
from fanout.model import (
    Answer,
    CellReport,
    CellVerdict,
    Core,
    Frozen,
    PackOnDisk,
    Promise,
    PromiseVerdict,
    Result,
    Verdict,
)

EXIT_CODES = {
    Answer.RELEASE: ExitCode.FINE,
    Answer.HOLD: ExitCode.BROKEN,
    Answer.UNKNOWN: ExitCode.NO_VERDICT,
}
NOTHING_JUDGED = {Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE, Verdict.REMOVED}
Attempts = Sequence[Mapping[str, CellReport]]


class Decision(Frozen):
    """The answer for a candidate, and every verdict behind it."""

    schema_version: int = 1
    answer: Answer
    candidate: Core
    baseline: Core
    cells: tuple[CellVerdict, ...]
    causes: tuple[Cause, ...] = ()  # of what regressed, as far as Core's sources are known

    @computed_field  # type: ignore[prop-decorator]
    @property
    def exit_code(self) -> ExitCode:
        return EXIT_CODES[self.answer]


def decide(
    candidate: Core,
    baseline: Core,
    attempts: Attempts,
    packs: Mapping[str, PackOnDisk],
    pending: Collection[str],
    root: Path,
) -> Decision:
    """The answer from the first attempt at every cell, and those that were made again.

    `pending` names the packs that never were green: they are shown, and decide nothing, unless
    anything of them is unknown.
    """
    cells = tuple(
        judge_pack(name, pack, candidate, baseline, attempts, name in pending, root)
        for name, pack in packs.items()
    )
    return Decision(answer=answer(cells), candidate=candidate, baseline=baseline, cells=cells)


def answer(cells: Sequence[CellVerdict]) -> Answer:
    """Hold if a promise regressed; else unknown if anything is, or if nobody has judged."""
    deciding = [cell for cell in cells if not cell.pending]
    found = {cell.verdict for cell in deciding}
    if Verdict.REGRESSED in found:
        return Answer.HOLD
    judged = {promise.verdict for cell in deciding for promise in cell.promises} - NOTHING_JUDGED
    return Answer.UNKNOWN if Verdict.UNKNOWN in found or not judged else Answer.RELEASE


def judge_pack(
    name: str,
    pack: PackOnDisk,
    candidate: Core,
    baseline: Core,
    attempts: Attempts,
    pending: bool,
    root: Path,
) -> CellVerdict:
    cells = (f"{name}-{candidate.core_ref}", f"{name}-{baseline.core_ref}")
    seen, before = (
        tuple(reports[cell] for reports in attempts if cell in reports) for cell in cells
    )
    both = (*seen, *before)
    promises = tuple(judge_promise(one, pack, seen, before) for one in names(pack.promises, both))
    there = bool(seen and before) and all(
        report.evidence and report.evidence.version for report in both
    )
    reasons = [f"{one.cell.name}: {one.reason}" for one in both if not one.judges]
    verdicts = {promise.verdict for promise in promises}
    return CellVerdict(
        pack=name,
        owner=pack.says.owner,
        cell=cells[0],
        baseline=cells[1],
        verdict=roll_up(verdicts),
        pending=pending and there and Verdict.UNKNOWN not in verdicts,
        reason=reasons[0] if reasons else "",
        command=reproduce(candidate, cells[0], root),
        promises=promises,
    )


def judge_promise(
    name: str, pack: PackOnDisk, seen: Sequence[CellReport], before: Sequence[CellReport]
) -> PromiseVerdict:
    in_pack = name.partition("[")[0] in pack.promises
    now, then = (side(reports, name, in_pack) for reports in (seen, before))
    told = [found for report in (*seen, *before) if (found := find(report.evidence, name))]
    shown = told[0] if told else Promise(name=name, result=Result.ERRORED)
    listed = next((found for found in told if found.known_break), shown)
    return PromiseVerdict(
        name=name,
        says=shown.says,
        contract=shown.contract,
        core=shown.core,
        verdict=verdict(now.standing, then.standing),
        candidate=now,
        baseline=then,
        known_break=listed.known_break,
        expires=listed.expires,
    )


def names(own: Collection[str], reports: Iterable[CellReport]) -> tuple[str, ...]:
    """The pack's own promises, then whatever else the evidence speaks of.

    A file that cannot be imported stands for the promises in it, and a promise with parameters
    is as many as the evidence shows.
    """
    found = [one.name for report in reports if report.evidence for one in report.evidence.promises]
    files = {name.partition("::")[0] for name in own}
    several = {name.partition("[")[0] for name in found} - set(found)
    once = (name for name in own if name not in several)
    return tuple(dict.fromkeys((*once, *(name for name in found if name not in files))))


def reproduce(core: Core, cell: str, root: Path) -> str:
    """The command that runs a cell again, as typed in the folder of tox.ini."""
    named = {}
    for name, value in core.variables.items():
        path = Path(value)
        if path.is_absolute() and path.is_relative_to(root.resolve()):
            path = path.relative_to(root.resolve())
        named[name] = str(path)
    return shell.line(f"tox run -e {cell}", named)
