"""What is broken, by cause, and what is judged at all, with the Core on which it was.

A cause is what changed in Core, where that is known, or else what the failures say last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from packaging.version import Version

from fanout.cause.failure import alike, last_error
from fanout.cause.fewest import Cause
from fanout.gate.decision import Decision
from fanout.gate.verdict import HOLDS, standing_of
from fanout.history.run import Attempt, Finding, Run
from fanout.model import Standing, version_of
from fanout.notify.announcement import Announcement
from fanout.notify.github.about import About, Judged, digest
from fanout.told.decision.account import alone, entry
from fanout.told.decision.headline import having
from fanout.told.decision.many import FEW, grouped
from fanout.told.decision.section import Entry, Group
from fanout.told.decision.standing import now_and_then
from fanout.told.report import why
from fanout.wording import number, one_line

MOST_CHANGES = 20  # that are listed
Cores = Mapping[str, Judged]  # by Core ref


class Regression(NamedTuple):
    """A promise that is broken on a Core, what is told of it, and what broke it, if known."""

    name: str
    core: Judged
    entry: Entry
    named: str  # its Core, as a user names it
    known: Cause | None = None

    @property
    def cause(self) -> str:
        """What those that broke for one reason have alike."""
        if self.known:
            return f"{self.known.changes[0].what} {self.known.changes[0].symbol}"
        return alike(self.entry.error, self.name) or self.entry.pack

    @property
    def reason(self) -> str:
        said = self.known.changes[0].says if self.known else self.entry.error
        return one_line(said) or "nothing is said"

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
        told = Counter(one.entry.command for one in self.promises)
        group = Group(
            changes=known.changes[:MOST_CHANGES] if known else (),
            since=known.since if known else "",
            entries=tuple(alone(one.entry, told, one.named) for one in reversed(self.promises)),
        )
        return grouped(group) if group.promises > FEW else group


def by_cause(run: Run, announcement: Announcement, cores: Cores) -> list[Broken]:
    """What is broken, and nobody has excused, the cause of most promises first."""
    decision = announcement.decision
    broken = of_the_candidate(decision, cores) if decision else of_the_table(run, cores)
    newest = {
        (one.entry.pack, one.name, one.core.line): one
        for one in sorted(broken, key=lambda one: one.age)
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


def of_the_table(run: Run, cores: Cores) -> Iterator[Regression]:
    for attempt, one, standing in standings(run):
        if standing is Standing.BROKEN:
            core = cores[attempt.core_ref]
            told = Entry(
                pack=attempt.pack,
                owner=run.packs[attempt.pack].owner,
                says=one.says or one.name,
                names=(one.name,),
                facts=(f"broken on Core {core.version}",),
                quoted=tuple(why(one.message, one.text)),
                error=last_error(one.message, one.text),
                command=f"tox run -e {attempt.cell}",
            )
            yield Regression(one.name, core, told, core.version)


def of_the_candidate(decision: Decision, cores: Cores) -> Iterator[Regression]:
    known = [cause for cause in decision.causes if cause.changes]
    causes = {(one.pack, one.name): cause for cause in known for one in cause.promises}
    core = cores[decision.candidate.core_ref]
    for cell, one in having(decision, *HOLDS):
        told = entry(cell, one, now_and_then(decision, one))
        cause = causes.get((cell.pack, one.name))
        yield Regression(one.name, core, told, decision.candidate.given, cause)


def judged(run: Run, announcement: Announcement) -> dict[str, Judged]:
    """The Core that each Core ref was: its version as the cells found it."""
    at = announcement.run
    found = {
        one.core_ref: Judged(version=run.environments[one.environment].version, run=at)
        for one in run.attempts
        if one.environment is not None
    }
    if announcement.decision:
        core = announcement.decision.candidate
        found[core.core_ref] = Judged(version=core.version, commit=core.commit, run=at)
    return found


def settled(run: Run, cores: Cores, told: Iterable[Broken]) -> dict[str, set[Judged]]:
    """The Cores on which every attempt of a run keeps a promise, or that it is told broken on."""
    said: dict[tuple[str, str], set[Standing]] = {}
    for attempt, one, standing in standings(run):
        key = (digest(attempt.pack, one.name), attempt.core_ref)
        said.setdefault(key, set()).add(standing)
    found: dict[str, set[Judged]] = {}
    for (promise, core_ref), stands in said.items():
        if stands == {Standing.KEPT}:
            found.setdefault(promise, set()).add(cores[core_ref])
    for broken in (one for cause in told for one in cause.promises):
        found.setdefault(digest(broken.entry.pack, broken.name), set()).add(broken.core)
    return found


def standings(run: Run) -> Iterator[tuple[Attempt, Finding, Standing]]:
    """What each attempt says of each promise, but for a cell of which one has no verdict."""
    unsure = {one.cell for one in run.attempts if not one.outcome.has_verdict}
    for attempt in run.attempts:
        for finding in run.findings_of(attempt) if attempt.cell not in unsure else ():
            yield attempt, finding, standing_of(finding.result, attempt.supported)
