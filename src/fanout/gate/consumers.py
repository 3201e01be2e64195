"""What a candidate means for the consumers themselves: who gets it, and what they cannot have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fanout.consumers.affected import Affected
from fanout.consumers.answer import breaks, judging
from fanout.consumers.imports import Imports, LiveCell
from fanout.consumers.installs import Found, Installs, installs
from fanout.consumers.needs.lost import lost
from fanout.consumers.needs.usage import usage
from fanout.consumers.release import Release, read_release
from fanout.consumers.table import Asked
from fanout.consumers.takes import Takes, takes
from fanout.core.index import exact, wheel_of
from fanout.errors import UnusableInput
from fanout.gate.decision import Decision, reproduce
from fanout.gate.imports import Listed, faults, unknown
from fanout.history.surfaces import surface_of
from fanout.model import Answer, Core, PackOnDisk, Standing, Verdict
from fanout.surface.shape import Shapes
from fanout.wording import one_line

NOTICED = (Standing.BROKEN, Standing.KNOWN_BREAK, Standing.PENDING)
RESOLVES_AT_ONCE = 2


@dataclass(frozen=True)
class Question:
    """What is asked of the consumers, and where: with `fast`, not whether they can be installed.

    `live` has their live cells by consumer and side, and `imports` what came of each that ran.
    """

    consumers: tuple[Asked, ...]
    packs: Mapping[str, PackOnDisk]
    live: Mapping[tuple[str, str], LiveCell]
    imports: Mapping[str, Imports]
    root: Path
    history: Path
    index: str
    today: date
    fast: bool

    def shapes(self, core: Core) -> Shapes:
        return Shapes(surface_of(wheel_of(core, self.root, self.index), self.history))

    def release(self, one: Asked) -> Release | UnusableInput:
        try:
            return read_release(one.consumer, one.release, self.root, self.index)
        except UnusableInput as error:
            return error

    def side(self, consumer: str, side: str) -> Imports | None:
        cell = self.live.get((consumer, side))
        return self.imports.get(cell.name) if cell else None

    def imported(self, consumer: str) -> Imports | None:
        """What came of importing a consumer with the candidate, laid beside the baseline."""
        found, before = (self.side(consumer, side) for side in ("candidate", "baseline"))
        return found.against(before) if found and before else found

    def listed(self, pack: str, version: str) -> Listed:
        found = self.packs[pack].says.known_breaks if pack in self.packs else ()
        return Listed(found, version, self.today)


def with_consumers(decision: Decision, asked: Question) -> Decision:
    """The decision with a line for each consumer; what they must have and cannot have holds.

    What is not known of a consumer decides nothing, but for a module that ends otherwise than an
    import does with the candidate alone: that is no release.
    """
    found = tuple(affected(decision, asked))
    answer = decision.answer
    if any(one.holds for one in found):
        answer = Answer.HOLD
    elif answer is Answer.RELEASE and any(one.unjudged for one in found):
        answer = Answer.UNKNOWN
    return decision.model_copy(update={"consumers": found, "answer": answer})


def affected(decision: Decision, asked: Question) -> Iterator[Affected]:
    shapes: tuple[Shapes, Shapes] | UnusableInput
    try:
        shapes = (asked.shapes(decision.baseline), asked.shapes(decision.candidate))
    except UnusableInput as error:
        shapes = error
    releases = [asked.release(one) for one in asked.consumers]
    read = [
        imported(judged(one, release, decision, shapes), decision, asked)
        for one, release in zip(asked.consumers, releases, strict=True)
    ]

    def told(one: Affected, release: Release | UnusableInput) -> Affected:
        listed = asked.listed(one.pack, decision.candidate.version)
        if not asked.fast and isinstance(release, Release):
            one = resolved(one, release, decision, asked, listed)
        imports = asked.imported(one.consumer)
        return one.model_copy(update={"wrong": tuple(listed.wrong(one.installs, imports))})

    with ThreadPoolExecutor(RESOLVES_AT_ONCE) as pool:
        yield from pool.map(told, read, releases)


def judged(
    one: Asked,
    release: Release | UnusableInput,
    decision: Decision,
    shapes: tuple[Shapes, Shapes] | UnusableInput,
) -> Affected:
    """When a release gets the candidate, and what it loses, as far as it and Core can be read.

    What a broken promise of its pack says is not said again, if that holds or is excused.
    """
    found = Affected(consumer=one.consumer, release=one.release, pack=one.pack)
    if isinstance(release, UnusableInput):
        return found.model_copy(update={"unread": one_line(release.what)})
    found = found.model_copy(update={"takes": takes(release.declared, decision.candidate.version)})
    if isinstance(shapes, UnusableInput):
        return found.model_copy(update={"unread": one_line(shapes.what)})
    noticed = {
        name
        for cell in decision.cells
        if cell.pack == one.pack
        for promise in cell.promises
        if promise.candidate.standing in NOTICED
        # Nobody asks now what the baseline breaks too, but the baseline has what is lost.
        and not (decision.only_new and promise.verdict is Verdict.STILL_FAILING)
        for name in promise.contract
    }
    before, after = (usage(release, "", core) for core in shapes)
    return found.model_copy(update={"lost": lost(before, after, noticed, shapes)})


def imported(one: Affected, decision: Decision, asked: Question) -> Affected:
    """The same with what came of its live cell, if that ran."""
    found = asked.imported(one.consumer)
    if found is None:
        return one
    cell = asked.live[one.consumer, "candidate"]
    before = asked.side(one.consumer, "baseline")
    listed = asked.listed(one.pack, decision.candidate.version)
    at_once = one.takes is Takes.AT_ONCE
    wrong = faults(found, before, listed, at_once=at_once, only_new=decision.only_new)
    return one.model_copy(
        update={
            "imports": found.found,
            "taken_over": found.taken_over,
            "faults": tuple(wrong),
            "unimported": one_line(unknown(found)),
            "command": reproduce(cell.core, cell.name),
        }
    )


def resolved(
    one: Affected, release: Release, decision: Decision, asked: Question, listed: Listed
) -> Affected:
    """The same with what a resolver says of it; what was so before is not new."""

    def ask(core: Core) -> Installs:
        only = exact(core, asked.root, asked.index)
        extras = sorted(release.declared.extras)
        return installs({one.consumer: one.release}, only, asked.index, extras)

    found = ask(decision.candidate)
    broken = breaks(one.takes, found, decision.candidate.version)
    excuse = listed.install if broken else None
    if broken and decision.only_new:
        broken = not broken_before(release, ask(decision.baseline), decision.baseline.version)
    said = judging(one.takes, found, decision.candidate.version)
    return one.model_copy(
        update={
            "installs": said.found,
            "breaks": broken and excuse is None,
            "excuse": excuse,
            "why": said.why,
        }
    )


def broken_before(release: Release, found: Installs, baseline: str) -> bool:
    """Whether a release cannot be installed with the baseline, not only as it does not ask for it.

    The baseline may be older than what the release asks for, which breaks nothing.
    """
    when = takes(release.declared, baseline)
    return breaks(when, found, baseline) or found.forced.found is Found.NO
