"""The gate: verdicts on every pack, and one answer over all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set

from pydantic import computed_field

from fanout import shell
from fanout.cause.fewest import Cause
from fanout.cells.environment import differing, environment
from fanout.cells.will_break import Met, WillBreak, will_break
from fanout.consumers.affected import Affected
from fanout.errors import ExitCode
from fanout.gate.verdict import HOLDS, find, roll_up, side, verdict
from fanout.model import (
    Answer,
    CellReport,
    CellVerdict,
    Core,
    Frozen,
    InstalledVersions,
    PackOnDisk,
    Promise,
    PromiseVerdict,
    Result,
    Side,
    Standing,
    Verdict,
    version_of,
)

EXIT_CODES = {
    Answer.RELEASE: ExitCode.FINE,
    Answer.HOLD: ExitCode.BROKEN,
    Answer.UNKNOWN: ExitCode.NO_VERDICT,
}
NOTHING_JUDGED = {
    Verdict.PENDING,
    Verdict.UNSUPPORTED,
    Verdict.NOT_APPLICABLE,
    Verdict.REMOVED,
}
NAMED = ("pypi", "stand-in")  # sources of a Core whose version is that of a release
Attempts = Sequence[Mapping[str, CellReport]]


class Decision(Frozen):
    """The answer for a candidate, and every verdict behind it.

    `only_new` asks only whether the candidate breaks what the baseline keeps. `same_content` says
    that the cells found the same Core on both sides, whatever its versions are.
    """

    schema_version: int = 1
    answer: Answer
    candidate: Core
    baseline: Core
    cells: tuple[CellVerdict, ...]
    only_new: bool = False
    same_content: bool = False
    causes: tuple[Cause, ...] = ()  # of what regressed, as far as Core's sources are known
    consumers: tuple[Affected, ...] = ()  # themselves, with or without a pack

    @computed_field  # type: ignore[prop-decorator]
    @property
    def exit_code(self) -> ExitCode:
        return EXIT_CODES[self.answer]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def will_break(self) -> tuple[WillBreak, ...]:
        return will_break(
            Met(said, cell.pack, cell.owner, promise.name, cell.cell)
            for cell in self.cells
            for promise in cell.promises
            for said in promise.deprecations
        )

    @property
    def holds(self) -> Set[Verdict]:
        """The verdicts on a promise that hold."""
        return holding(self.only_new)

    @property
    def older(self) -> bool:
        return is_older(self.candidate, self.baseline)


def decide(
    candidate: Core,
    baseline: Core,
    attempts: Attempts,
    packs: Mapping[str, PackOnDisk],
    pending: Collection[tuple[str, str]],
    *,
    only_new: bool = False,
) -> Decision:
    """The answer from the first attempt at every cell, and those that were made again.

    `pending` names promises, by pack and name, that no Core ref has ever kept.
    """
    cells = tuple(
        judge_pack(name, pack, candidate, baseline, attempts, pending)
        for name, pack in packs.items()
    )
    return Decision(
        answer=answer(cells, only_new=only_new, older=is_older(candidate, baseline)),
        candidate=candidate,
        baseline=baseline,
        cells=cells,
        only_new=only_new,
        same_content=is_same_content(candidate, baseline, attempts),
    )


def is_same_content(candidate: Core, baseline: Core, attempts: Attempts) -> bool:
    """Whether every cell that ran found one content of Core, on both sides."""
    ran = [one for reports in attempts for one in reports.values() if one.outcome.has_verdict]
    refs = {one.cell.core_ref for one in ran}
    digests = {one.evidence.digest if one.evidence else "" for one in ran}
    both = {candidate.core_ref, baseline.core_ref} <= refs
    return both and len(digests) == 1 and "" not in digests


def answer(cells: Sequence[CellVerdict], *, only_new: bool, older: bool) -> Answer:
    """Hold for what is broken and not excused; else unknown if anything is, or nothing judged."""
    found = {cell.verdict for cell in cells}
    found |= {promise.verdict for cell in cells for promise in cell.promises}
    if found & holding(only_new):
        return Answer.HOLD
    unknown = found & {Verdict.UNKNOWN, Verdict.BROKEN}
    return Answer.UNKNOWN if unknown or older or not found - NOTHING_JUDGED else Answer.RELEASE


def holding(only_new: bool) -> Set[Verdict]:
    return frozenset({Verdict.REGRESSED}) if only_new else HOLDS


def is_older(candidate: Core, baseline: Core) -> bool:
    """Whether the candidate is a release before the baseline.

    A tree or a commit may not have its new version yet.
    """
    named = candidate.source in NAMED
    return named and version_of(candidate.version) < version_of(baseline.version)


def judge_pack(
    name: str,
    pack: PackOnDisk,
    candidate: Core,
    baseline: Core,
    attempts: Attempts,
    pending: Collection[tuple[str, str]],
) -> CellVerdict:
    cells = (f"{name}-{candidate.core_ref}", f"{name}-{baseline.core_ref}")
    seen, before = (
        tuple(reports[cell] for reports in attempts if cell in reports) for cell in cells
    )
    before = comparable(seen, before)
    both = (*seen, *before)
    promises = tuple(
        judge_promise(one, pack, seen, before, (name, one) in pending)
        for one in names(pack.promises, both)
    )
    reasons = [f"{one.cell.name}: {one.reason}" for one in both if not one.judges]
    return CellVerdict(
        pack=name,
        owner=pack.says.owner,
        cell=cells[0],
        baseline=cells[1],
        verdict=roll_up(promise.verdict for promise in promises),
        reason=reasons[0] if reasons else "",
        command=reproduce(candidate, cells[0]),
        environment=apart(seen, before),
        taken_over=seen[-1].evidence.taken_over if seen and seen[-1].evidence else None,
        promises=promises,
    )


def comparable(
    seen: Sequence[CellReport], before: tuple[CellReport, ...]
) -> tuple[CellReport, ...]:
    """The baseline's attempts without those in an environment that none of the candidate's had.

    All of them, if no other judges. The candidate's attempts count whatever they ran with.
    """
    there = (*known_environments(seen), {})
    left = tuple(one for one in before if not one.judges or environment(one.evidence) in there)
    return left if known_environments(one for one in left if one.judges) else before


def known_environments(reports: Iterable[CellReport]) -> list[Mapping[str, str]]:
    return [found for one in reports if (found := environment(one.evidence))]


def apart(
    seen: Sequence[CellReport], before: Sequence[CellReport]
) -> tuple[InstalledVersions, ...]:
    """What the newest attempts on either side did not have alike; nothing if any two had all."""
    now, then = known_environments(seen), known_environments(before)
    if not (now and then) or any(one in now for one in then):
        return ()
    return differing(now[-1], then[-1])


def judge_promise(
    name: str,
    pack: PackOnDisk,
    seen: Sequence[CellReport],
    before: Sequence[CellReport],
    pending: bool,
) -> PromiseVerdict:
    in_pack = name.partition("[")[0] in pack.promises
    now, then = (excused(side(reports, name, in_pack), pending) for reports in (seen, before))
    told_now, told_then = (
        [found for report in reports if (found := find(report.evidence, name))]
        for reports in (seen, before)
    )
    told = told_now + told_then
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
        deprecations=tuple(dict.fromkeys(one for found in told_now for one in found.deprecations)),
    )


def excused(found: Side, pending: bool) -> Side:
    broken = found.standing is Standing.BROKEN
    return found.model_copy(update={"standing": Standing.PENDING}) if pending and broken else found


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


def reproduce(core: Core, cell: str) -> str:
    """The command that runs a cell again, anywhere, as typed in the folder of tox.ini."""
    return shell.line(f"tox run -e {cell}", core.told(core.given))
