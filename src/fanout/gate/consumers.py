"""What a candidate means for the consumers themselves: who gets it, and what they cannot have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fanout.consumers.affected import Affected
from fanout.consumers.answer import breaks
from fanout.consumers.installs import Installs, installs
from fanout.consumers.needs.lost import lost, unnoticed
from fanout.consumers.needs.usage import usage
from fanout.consumers.release import Release, read_release
from fanout.consumers.table import Asked
from fanout.consumers.takes import Takes, takes
from fanout.core.index import exact, wheel_of
from fanout.errors import UnusableInput
from fanout.gate.decision import Decision
from fanout.history.surfaces import surface_of
from fanout.model import Answer, Core, Standing
from fanout.surface.shape import Shapes
from fanout.wording import one_line

NOTICED = (Standing.BROKEN, Standing.KNOWN_BREAK, Standing.PENDING)
RESOLVES_AT_ONCE = 2


@dataclass(frozen=True)
class Question:
    """What is asked of the consumers, and where: with `fast`, not whether they can be installed."""

    consumers: tuple[Asked, ...]
    root: Path
    history: Path
    index: str
    fast: bool

    def shapes(self, core: Core) -> Shapes:
        return Shapes(surface_of(wheel_of(core, self.root, self.index), self.history))


def with_consumers(decision: Decision, asked: Question) -> Decision:
    """The decision with a line for each consumer; one that loses what it uses holds.

    What is not known of a consumer decides nothing.
    """
    found = tuple(affected(decision, asked))
    holds = any(one.holds for one in found)
    answer = Answer.HOLD if holds else decision.answer
    return decision.model_copy(update={"consumers": found, "answer": answer})


def affected(decision: Decision, asked: Question) -> Iterator[Affected]:
    try:
        shapes = (asked.shapes(decision.baseline), asked.shapes(decision.candidate))
    except UnusableInput as error:
        for one in asked.consumers:
            yield unread(one, error)
        return
    releases: dict[str, Release] = {}
    read: list[Affected] = []
    for one in asked.consumers:
        try:
            release = read_release(one.consumer, one.release, asked.root, asked.index)
        except UnusableInput as error:
            read.append(unread(one, error))
            continue
        releases[one.consumer] = release
        read.append(judged(one, release, decision, shapes))
    yield from read if asked.fast else resolved(read, releases, decision, asked)


def unread(one: Asked, error: UnusableInput) -> Affected:
    return Affected(
        consumer=one.consumer,
        release=one.release,
        pack=one.pack,
        unread=one_line(error.what),
    )


def judged(
    one: Asked, release: Release, decision: Decision, shapes: tuple[Shapes, Shapes]
) -> Affected:
    """What a release loses, but for what a broken promise of its pack says already."""
    before, after = shapes
    gone = lost(usage(release, "", before), usage(release, "", after))
    noticed = {
        name
        for cell in decision.cells
        if cell.pack == one.pack
        for promise in cell.promises
        if promise.candidate.standing in NOTICED
        for name in promise.contract
    }
    return Affected(
        consumer=one.consumer,
        release=one.release,
        pack=one.pack,
        takes=takes(release.declared, decision.candidate.version),
        lost=unnoticed(gone, noticed, before, after),
    )


def resolved(
    read: list[Affected], releases: Mapping[str, Release], decision: Decision, asked: Question
) -> Iterator[Affected]:
    """Each consumer with what a resolver says of it; what was so before is not new."""

    def ask(one: Affected, core: Core) -> Installs | None:
        if one.consumer not in releases:
            return None
        extras = releases[one.consumer].declared.extras
        only = exact(core, asked.root, asked.index)
        return installs({one.consumer: one.release}, only, asked.index, sorted(extras))

    def told(one: Affected) -> Affected:
        found = ask(one, decision.candidate)
        if found is None:
            return one
        broken = breaks(one.takes, found, decision.candidate.version)
        if broken and decision.only_new:
            baseline = decision.baseline
            broken = not breaks(Takes.AT_ONCE, ask(one, baseline), baseline.version)
        at_once = one.takes is Takes.AT_ONCE
        said = found.declared if at_once else found.forced
        return one.model_copy(update={"installs": said.found, "breaks": broken, "why": said.why})

    with ThreadPoolExecutor(RESOLVES_AT_ONCE) as pool:
        yield from pool.map(told, read)
