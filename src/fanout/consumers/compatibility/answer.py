"""Which releases of consumers go with which contents of Core: the answer, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Annotated

from pydantic import AwareDatetime, Field, computed_field, model_validator

from fanout.cells.live import Imported
from fanout.consumers.installs import Found
from fanout.model import Frozen

Versions = Annotated[tuple[str, ...], Field(min_length=1)]
# What keeps nobody from running it, as far as Core is concerned.
IMPORTABLE = (Imported.YES, Imported.UNDECLARED, Imported.DRIFT)


class Share(StrEnum):
    """Of how much something is true."""

    ALL = "yes"
    SOME = "some"
    NONE = "no"
    UNKNOWN = "unknown"


class Installs(StrEnum):
    """Whether releases can be installed with a Core: as they declare, or whatever they declare."""

    YES = "yes"
    SOME = "some"  # of those that declare it
    FORCED = "if forced"
    NO = "no"
    UNKNOWN = "unknown"


class Content(Frozen):
    """A content of Core, by the versions that have it, the oldest first."""

    digest: str
    versions: Versions

    @property
    def shown(self) -> str:
        return span(self.versions)


class Fit(Frozen):
    """What is known of some releases together with one content of Core."""

    declared: Share = Share.UNKNOWN
    versions: tuple[str, ...] = ()  # of the content, that the range of any of them lets in
    installs: Share = Share.UNKNOWN  # of those that declare it, and as they declare
    forced: Found = Found.UNKNOWN  # whatever they declare of Core
    refusal: str = ""  # of the resolver, in its words
    imports: Imported = Imported.ERRORED
    ran: str = ""  # the release of which a live cell says so; none if it was only read
    fault: str = ""  # why it cannot be imported
    kept: int = 0  # promises
    excused: int = 0  # promises that are broken, as known breaks
    judged: int = 0  # promises; 0 if no evidence has any

    @property
    def installable(self) -> Installs:
        if self.said and self.installs is not Share.NONE:
            return Installs(self.installs)
        if self.forced is Found.YES:
            return Installs.FORCED
        return Installs(self.forced)

    @property
    def importable(self) -> bool:
        return self.imports in IMPORTABLE

    @property
    def said(self) -> bool:
        """Whether any of the releases declares any of the versions."""
        return self.declared in (Share.ALL, Share.SOME)

    @property
    def whole(self) -> bool:
        """Whether all that is known of it speaks for it."""
        fine = self.declared is Share.ALL and self.installs is Share.ALL and self.importable
        return fine and not self.unkept

    @property
    def unkept(self) -> int:
        """How many promises are broken, and not excused."""
        return self.judged - self.kept - self.excused

    @property
    def nearness(self) -> tuple[float, ...]:
        """How near it comes to that: what works comes before what is only said to work."""
        kept = 1 - self.unkept / self.judged if self.judged else 1.0
        order = (Installs.YES, Installs.SOME, Installs.FORCED)
        works = self.installable in order
        said = float(self.declared is Share.ALL) + float(self.declared is Share.SOME) / 2
        return (float(self.importable), float(works), kept, said)


class Run(Frozen):
    """Releases one after another that ask for the same, but for Core, and use the same of it.

    `fits` has one for each content of Core, in their order.
    """

    versions: Versions  # the oldest first
    yanked: bool = False
    unread: str = ""  # why nobody knows what they need
    declares: tuple[str, ...] = ()  # of Core, the oldest first, none twice in a row
    pinned: bool = False  # each declares one version of Core alone
    nowhere: tuple[str, ...] = ()  # those that declare none of the versions that were asked about
    fits: tuple[Fit, ...] = ()

    @property
    def shown(self) -> str:
        return span(self.versions) + (", yanked" if self.yanked else "")


class OfConsumer(Frozen):
    """The releases of a consumer, the newest first, and the one that its pack was read from."""

    consumer: str
    pack: str = ""
    pack_release: str = ""
    contents: tuple[Content, ...]  # the newest first
    runs: tuple[Run, ...]

    @model_validator(mode="after")
    def has_a_fit_for_each(self) -> OfConsumer:
        if any(run.fits and len(run.fits) != len(self.contents) for run in self.runs):
            raise ValueError("releases that were read have a fit for each content")
        return self

    def nearest(self, at: int) -> Run | None:
        """Of what goes with a content, the newest; or what comes nearest to that."""
        there = [run for run in self.runs if not run.yanked and run.fits]
        best = max((run.fits[at].nearness for run in there), default=())
        whole = [run for run in there if run.fits[at].whole]
        near = [run for run in there if run.fits[at].nearness == best]
        return next(iter(whole or near), None)


class Compatibility(Frozen):
    """The table: `core` is the one Core that was asked for, if it was one."""

    core: str = ""
    consumers: tuple[OfConsumer, ...]
    made: AwareDatetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def newest(self) -> dict[str, str]:
        """Of one Core, the newest release of each consumer that has all, where there is one."""
        near = {one.consumer: one.nearest(0) for one in self.consumers if self.core}
        return {name: run.versions[-1] for name, run in near.items() if run and run.fits[0].whole}


# What is asked of each place, and why it is so.
ASKED: tuple[tuple[str, Callable[[Fit], bool], Callable[[Fit], str]], ...] = (
    (
        "declare it, and it breaks their imports",
        lambda fit: fit.said and fit.imports is Imported.BROKEN,
        lambda fit: fit.fault,
    ),
    (
        "declare it, and cannot be installed with it",
        lambda fit: fit.said and fit.installs is Share.NONE,
        lambda fit: fit.refusal,
    ),
    (
        "declare it, and it breaks promises of their pack",
        lambda fit: fit.said and fit.unkept > 0,
        lambda fit: f"{fit.unkept} of {fit.judged}",
    ),
    (
        "do not declare it, and it breaks their imports",
        lambda fit: fit.declared is Share.NONE and fit.imports is Imported.BROKEN,
        lambda fit: fit.fault,
    ),
    (
        "do not declare it, and can be installed and imported with it",
        lambda fit: fit.declared is Share.NONE and fit.importable and fit.forced is Found.YES,
        lambda fit: "",
    ),
)


class Contradiction(Frozen):
    """Where what some releases declare of Cores is not what goes together."""

    releases: str
    cores: tuple[str, ...]  # spans, the newest first; all if there is none
    says: str
    why: str = ""


def contradictions(one: OfConsumer) -> Iterator[Contradiction]:
    """What contradicts itself, and what Core breaks, of runs of releases one after another."""
    for says, true, why in ASKED:
        holds = [tuple(true(fit) for fit in run.fits) for run in one.runs]
        for cores, group in groupby(zip(holds, one.runs, strict=True), key=itemgetter(0)):
            runs = [run for _, run in group]
            if any(cores):
                yield Contradiction(
                    releases=span_of(runs),
                    cores=tuple(spans(one.contents, cores)),
                    says=says,
                    why=why(runs[0].fits[cores.index(True)]),
                )
    if nowhere := [release for run in reversed(one.runs) for release in run.nowhere]:
        says = "declare no Core that is asked about here"
        yield Contradiction(releases=", ".join(nowhere), cores=(), says=says)
    asked = [run for run in one.runs if run.declares]
    if asked and all(run.pinned for run in asked):
        says = "declare one version of Core alone, each its own"
        yield Contradiction(releases=span_of(asked), cores=(), says=says)


def span_of(runs: Sequence[Run]) -> str:
    """The releases of some runs, the newest of which comes first."""
    return span((runs[-1].versions[0], runs[0].versions[-1]))


def spans(contents: Sequence[Content], true: Sequence[bool]) -> Iterator[str]:
    """The Cores of which something is true, neighbours together, from newest to oldest."""
    together: list[Content] = []
    for content, one in (*zip(contents, true, strict=True), (None, False)):
        if one and content:
            together.append(content)
        elif together:
            yield span((together[-1].versions[0], together[0].versions[-1]))
            together = []


def span(versions: Sequence[str]) -> str:
    """Versions from the oldest to the newest."""
    first, last = versions[0], versions[-1]
    return first if first == last else f"{first}–{last}"
