"""What regressed, by cause, and what is kept, each with the Core on which it was judged.

A cause is what changed in Core, where that is known, or else what the failures say last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from packaging.version import Version

from fanout.cause.failure import alike, last_error
from fanout.cause.fewest import Cause
from fanout.gate.decision import Decision
from fanout.gate.verdict import standing_of
from fanout.history.run import Run
from fanout.model import Standing, Verdict, version_of
from fanout.notify.announcement import Announcement
from fanout.notify.github.about import About, Judged, digest
from fanout.told.decision.account import entry
from fanout.told.decision.many import FEW, grouped
from fanout.told.decision.section import Entry, Group
from fanout.told.decision.standing import now_and_then
from fanout.told.report import why
from fanout.wording import number, one_line

MOST_CHANGES = 20  # that are listed
Cores = Mapping[str, Judged]  # by Core ref


class Regression(NamedTuple):
    """A promise that regressed on a Core, what is told of it, and what broke it, if known."""

    name: str
    core: Judged
    entry: Entry
    error: str  # what its failure says last
    known: Cause | None = None

    @property
    def cause(self) -> str:
        """What those that broke for one reason have alike."""
        if self.known:
            return f"{self.known.changes[0].what} {self.known.changes[0].symbol}"
        return alike(self.error, self.name) or self.entry.pack

    @property
    def reason(self) -> str:
        return (
            one_line(self.known.changes[0].says if self.known else self.error) or "nothing is said"
        )

    @property
    def age(self) -> Version:
        return version_of(self.core.version)


class Broken(NamedTuple):
    """The promises that one cause, named by a digest, broke in one line of Core."""

    cause: str
    says: str
    promises: tuple[Regression, ...]  # each once, on the newest Core last

    @property
    def about(self) -> About:
        promises = tuple(digest(one.entry.pack, one.name) for one in self.promises)
        return About(cause=self.cause, core=self.promises[-1].core, promises=promises)

    @property
    def packs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.entry.pack for one in self.promises))

    @property
    def group(self) -> Group:
        """What is told, the newest Core first; what fails alike together if it is much."""
        known = self.promises[-1].known
        group = Group(
            changes=known.changes[:MOST_CHANGES] if known else (),
            since=known.since if known else "",
            entries=tuple(one.entry for one in reversed(self.promises)),
        )
        return grouped(group) if group.promises > FEW else group


def by_cause(announcement: Announcement, cores: Cores) -> list[Broken]:
    """What regressed, the cause of most promises first."""
    newest = {
        (one.entry.pack, one.name, one.core.line): one
        for one in sorted(regressions(announcement, cores), key=lambda one: one.age)
    }
    groups: dict[tuple[str, str], list[Regression]] = {}
    for one in sorted(newest.values(), key=lambda one: one.age):
        groups.setdefault((one.cause, one.core.line), []).append(one)
    found = [
        Broken(digest(cause), members[-1].reason, tuple(members))
        for (cause, _), members in groups.items()
    ]
    return sorted(found, key=lambda one: -len(one.promises))


def rest(found: Sequence[Broken]) -> Iterator[Broken]:
    """One for all the causes of a line."""
    for line in dict.fromkeys(one.about.core.line for one in found):
        members = [one for one in found if one.about.core.line == line]
        promises = sorted((p for one in members for p in one.promises), key=lambda one: one.age)
        yield Broken(digest("the rest"), number(len(members), "other cause"), tuple(promises))


def regressions(announcement: Announcement, cores: Cores) -> Iterator[Regression]:
    unknown = Judged(run=announcement.run)
    for turn in announcement.turned:
        if turn.verdict is Verdict.REGRESSED:
            told = Entry(
                pack=turn.pack,
                owner=turn.owner,
                says=turn.says or turn.promise,
                names=(turn.promise,),
                facts=(f"broken on {turn.core_ref}",),
                quoted=tuple(why(turn.message, "")),
                error=last_error(turn.message, ""),
                command=f"tox run -e {turn.pack}-{turn.core_ref}",
            )
            core = cores.get(turn.core_ref, unknown)
            yield Regression(turn.promise, core, told, last_error(turn.message, ""))
    if announcement.decision:
        core = cores.get(announcement.decision.candidate.core_ref, unknown)
        yield from of_the_candidate(announcement.decision, core)


def of_the_candidate(decision: Decision, core: Judged) -> Iterator[Regression]:
    known = [cause for cause in decision.causes if cause.changes]
    causes = {(one.pack, one.name): cause for cause in known for one in cause.promises}
    for cell in decision.cells:
        for one in cell.having(Verdict.REGRESSED):
            told = entry(cell, one, now_and_then(decision, one))
            error = last_error(one.candidate.message, one.candidate.text)
            yield Regression(one.name, core, told, error, causes.get((cell.pack, one.name)))


def judged(run: Run | None, announcement: Announcement) -> dict[str, Judged]:
    """The Core that each Core ref was: its version as the cells found it."""
    found = {}
    for attempt in run.attempts if run else ():
        if run and attempt.environment is not None:
            version = run.environments[attempt.environment].version
            found[attempt.core_ref] = Judged(version=version, run=announcement.run)
    if announcement.decision:
        core = announcement.decision.candidate
        known = Judged(version=core.version, commit=core.commit, run=announcement.run)
        found[core.core_ref] = known
    return found


def kept(run: Run | None, cores: Cores) -> dict[str, list[Judged]]:
    """The Cores on which every attempt of a run keeps a promise, by its digest."""
    said: dict[tuple[str, str], set[Standing]] = {}
    unsure = {one.cell for one in run.attempts if not one.outcome.has_verdict} if run else set()
    for attempt in run.attempts if run else ():
        for finding in run.findings_of(attempt) if run and attempt.cell not in unsure else ():
            key = (digest(attempt.pack, finding.name), attempt.core_ref)
            said.setdefault(key, set()).add(standing_of(finding.result, attempt.supported))
    found: dict[str, list[Judged]] = {}
    for (promise, core_ref), standings in said.items():
        if standings == {Standing.KEPT} and core_ref in cores:
            found.setdefault(promise, []).append(cores[core_ref])
    return found
