"""The releases of consumers with the contents of Core, put together from all that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fanout.cells.live import Live
from fanout.consumers.compatibility.answer import Content, Fit, OfConsumer, Run, Share
from fanout.consumers.compatibility.needed import Needed, Read, lets_in, runs, share
from fanout.consumers.compatibility.ran import Tried, imports
from fanout.consumers.compatibility.resolved import Question, Resolver
from fanout.consumers.installs import Found, Resolution
from fanout.wording import fitted

LONGEST_WHY = 300  # characters


class Asked(NamedTuple):
    """A version of Core as a resolver is asked for it, and what it asks for itself."""

    requirement: str
    requires: tuple[str, ...]


class Promises(NamedTuple):
    """How many promises were kept, or broken as known breaks, of how many that were judged."""

    kept: int = 0
    excused: int = 0
    judged: int = 0


class OfPack(NamedTuple):
    """A pack, the release that it was read from, and its promises by the digest of a content."""

    name: str
    release: str
    promises: Mapping[str, Promises]


class Known(NamedTuple):
    """What is known beside the releases: the Cores, by version, and what ran."""

    contents: tuple[Content, ...]  # the newest first
    cores: Mapping[str, Asked]
    tried: Mapping[Tried, Live]
    packs: Mapping[str, OfPack]  # by consumer


class Pair(NamedTuple):
    """Releases that are alike, and one content of Core."""

    consumer: str
    members: Sequence[Needed]
    content: Content
    read: Read

    def declared(self, known: Known) -> list[Question]:
        """For each release, whether it can be installed with the newest Core that it lets in."""
        found = []
        for one in self.members:
            let = [core for core in self.content.versions if lets_in(one.declared, core)]
            found += [self.question(one, known.cores[core], forced=False) for core in let[-1:]]
        return list({one.key: one for one in found}.values())

    def forced(self, known: Known) -> Question:
        core = known.cores[self.content.versions[-1]]
        return self.question(self.members[-1], core, forced=True)

    def question(self, one: Needed, core: Asked, *, forced: bool) -> Question:
        return Question(
            release=f"{self.consumer}=={one.version}",
            core=core.requirement,
            extras=tuple(sorted(one.declared.extras)),
            forced=forced,
            alike=(self.consumer, *one.requires, *(core.requires if forced else ())),
        )


def of_consumers(
    needed: Mapping[str, Sequence[Needed]],
    known: Known,
    resolver: Resolver,
    told: Callable[[str], Callable[[int, int], None]],
) -> tuple[OfConsumer, ...]:
    """The releases of each consumer, the oldest first, with each content of Core.

    `told` begins to tell how far something has come.
    """
    found = {name: list(runs(releases, known.contents)) for name, releases in needed.items()}
    pairs = {
        (name, number): list(together(name, members, known))
        for name, of_one in found.items()
        for number, (_, members) in enumerate(of_one)
    }
    every = [pair for of_run in pairs.values() for pair in of_run]
    resolver.ask((one for pair in every for one in pair.declared(known)), told("resolved"))
    unsure = (pair for pair in every if not any_set(said(pair, known, resolver)))
    resolver.ask((pair.forced(known) for pair in unsure), told("resolved, forced"))
    return tuple(
        OfConsumer(
            consumer=name,
            pack=known.packs[name].name if name in known.packs else "",
            pack_release=known.packs[name].release if name in known.packs else "",
            contents=known.contents,
            runs=tuple(
                with_fits(run, pairs[name, number], known, resolver)
                for number, (run, _) in reversed(list(enumerate(of_one)))
            ),
        )
        for name, of_one in found.items()
    )


def together(consumer: str, members: Sequence[Needed], known: Known) -> Iterator[Pair]:
    for content, read in zip(known.contents, members[-1].read, strict=False):
        yield Pair(consumer, members, content, read)


def said(pair: Pair, known: Known, resolver: Resolver) -> list[Resolution]:
    return [resolver.answers[one.key] for one in pair.declared(known)]


def any_set(answers: Iterable[Resolution]) -> bool:
    return any(one.found is Found.YES for one in answers)


def with_fits(run: Run, pairs: Iterable[Pair], known: Known, resolver: Resolver) -> Run:
    return run.model_copy(update={"fits": tuple(fit(one, known, resolver) for one in pairs)})


def fit(pair: Pair, known: Known, resolver: Resolver) -> Fit:
    declared, versions = share(pair.members, pair.content)
    answers = said(pair, known, resolver)
    forced = None if any_set(answers) else resolver.answers[pair.forced(known).key]
    refusals = [one.why for one in (*answers, *([forced] if forced else ())) if one.why]
    ran, (found, fault) = imported(pair, known)
    promises = promises_of(pair, known)
    return Fit(
        declared=declared,
        versions=versions,
        installs=installed(answers),
        forced=forced.found if forced else Found.YES,
        refusal=fitted(refusals[0], LONGEST_WHY) if refusals else "",
        imports=found,
        ran=ran,
        fault=fitted(fault, LONGEST_WHY),
        kept=promises.kept,
        excused=promises.excused,
        judged=promises.judged,
    )


def installed(answers: Sequence[Resolution]) -> Share:
    found = {one.found for one in answers}
    if Found.UNKNOWN in found:
        return Share.UNKNOWN
    if found == {Found.YES}:
        return Share.ALL
    return Share.SOME if Found.YES in found else Share.NONE


def imported(pair: Pair, known: Known) -> tuple[str, Read]:
    """What the live cell of the newest release says that has one, or else what reading does."""
    for one in reversed(pair.members):
        if live := known.tried.get(Tried(pair.consumer, one.version, pair.content.digest)):
            said = imports(live)
            fault = next((module for module in said.modules if module.imported is said.found), None)
            return one.version, Read(said.found, fault.message if fault else "")
    return "", pair.read


def promises_of(pair: Pair, known: Known) -> Promises:
    """The promises of the pack, for the releases among which is the one that it was read from."""
    pack = known.packs.get(pair.consumer)
    if pack is None or all(one.version != pack.release for one in pair.members):
        return Promises()
    return pack.promises.get(pair.content.digest, Promises())
