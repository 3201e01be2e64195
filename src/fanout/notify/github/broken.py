"""What regressed, by cause, and what is kept now, each with the Core on which it was judged.

A cause is what changed in Core, where that is known, or else what the failures say last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from packaging.version import Version

from fanout.cause.failure import GIVEN
from fanout.gate.decision import Decision
from fanout.gate.verdict import standing_of
from fanout.history.run import Run
from fanout.model import Standing, Verdict, version_of
from fanout.notify.announcement import Announcement
from fanout.notify.github.about import About, Judged, digest
from fanout.told.report import why
from fanout.wording import number, one_line

KEPT = (Verdict.FIXED, Verdict.PASSING, Verdict.NEW)
# What no two failures have alike, though one cause is behind them.
OWN = re.compile(r"0x[0-9a-fA-F]+|(?:[A-Za-z]:)?[\\/][^\s'\"(),:]+|\b\d[\d.]*\b")
# Lines that only explain the one before.
BESIDE = re.compile(r"[+?-]|For further information|Use -v|Full diff|\.\.\.")


class Regression(NamedTuple):
    """A promise that regressed, on one Core, and what is told of it."""

    pack: str
    promise: str
    says: str
    owner: str
    command: str
    core: Judged
    named: str  # the Core in words
    quoted: tuple[str, ...] = ()  # the first lines of why
    changes: tuple[str, ...] = ()  # in Core since `since`, which broke it
    since: str = ""
    error: str = ""  # what its failure says last
    cause: str = ""  # what those that broke for one reason have alike

    @property
    def digest(self) -> str:
        return digest(self.pack, self.promise)

    @property
    def reason(self) -> str:
        return one_line(self.changes[0] if self.changes else self.error) or "for no known reason"


class Broken(NamedTuple):
    """The promises that one cause broke in one line of Core, each once."""

    cause: str  # a digest
    says: str
    promises: tuple[Regression, ...]

    @property
    def core(self) -> Judged:
        """The newest Core that broke one of them."""
        return max(self.promises, key=age).core

    @property
    def about(self) -> About:
        return About.of(self.cause, self.core, (one.digest for one in self.promises))

    @property
    def key(self) -> tuple[str, str]:
        return (self.cause, self.core.line)

    @property
    def packs(self) -> dict[str, Regression]:
        """Each pack, with a promise of it on the newest Core that broke one."""
        return {one.pack: one for one in sorted(self.promises, key=age)}


def age(one: Regression) -> Version:
    """What sorts regressions by the Core that broke them."""
    return version_of(one.core.version)


def by_cause(announcement: Announcement, run: Run | None) -> list[Broken]:
    """What regressed, the cause of most promises first; on the newest Core of each line."""
    every = regressions(announcement, judged_in(run, announcement))
    newest = {(one.pack, one.promise, one.core.line): one for one in sorted(every, key=age)}

    groups: dict[tuple[str, str], list[Regression]] = {}
    for one in newest.values():
        groups.setdefault((one.cause, one.core.line), []).append(one)
    found = [
        Broken(digest(cause), members[0].reason, tuple(members))
        for (cause, _), members in groups.items()
    ]
    return sorted(found, key=lambda one: -len(one.promises))


def rest(found: Sequence[Broken]) -> Iterator[Broken]:
    """One for all causes of each line, under a name of its own."""
    for line in dict.fromkeys(one.core.line for one in found):
        members = [one for one in found if one.core.line == line]
        promises = tuple(promise for one in members for promise in one.promises)
        yield Broken(digest("the rest"), f"{number(len(members), 'other cause')}", promises)


def judged_in(run: Run | None, announcement: Announcement) -> dict[str, Judged]:
    """The Core that each Core ref was, as far as it is known."""
    versions = {
        attempt.core_ref: run.environments[attempt.environment].version
        for attempt in (run.attempts if run else ())
        if run and attempt.environment is not None
    }
    found = {ref: Judged(version=said, run=announcement.run) for ref, said in versions.items()}
    if announcement.decision:
        core = announcement.decision.candidate
        found[core.core_ref] = Judged(
            version=core.version, commit=core.commit, run=announcement.run
        )
    return found


def regressions(announcement: Announcement, cores: Mapping[str, Judged]) -> Iterator[Regression]:
    for turn in announcement.turned:
        if turn.verdict is Verdict.REGRESSED:
            yield Regression(
                pack=turn.pack,
                promise=turn.promise,
                says=turn.says or turn.promise,
                owner=turn.owner,
                command=f"tox run -e {turn.pack}-{turn.core_ref}",
                core=cores.get(turn.core_ref, Judged(run=announcement.run)),
                named=turn.core_ref,
                quoted=tuple(why(turn.message, "")),
                error=(error := last_error(turn.message, "")),
                cause=alike(error) or turn.pack,
            )
    if announcement.decision:
        yield from of_the_candidate(announcement.decision, cores)


def of_the_candidate(decision: Decision, cores: Mapping[str, Judged]) -> Iterator[Regression]:
    candidate = decision.candidate
    causes = {
        (one.pack, one.name): cause
        for cause in decision.causes
        for one in cause.promises
        if cause.changes
    }
    for cell in decision.cells:
        for one in cell.having(Verdict.REGRESSED):
            why_so = causes.get((cell.pack, one.name))
            changes = why_so.changes if why_so else ()
            first = f"{changes[0].what} {changes[0].symbol}" if changes else ""
            said = (one.candidate.message, one.candidate.text)
            yield Regression(
                pack=cell.pack,
                promise=one.name,
                says=one.says or one.name,
                owner=cell.owner,
                command=cell.command,
                core=cores[candidate.core_ref],
                named=f"{candidate.named} ({candidate.shown})",
                quoted=tuple(why(*said)),
                changes=tuple(change.says for change in changes),
                since=why_so.since if why_so else "",
                error=(error := last_error(*said)),
                cause=first or alike(error) or cell.pack,
            )


def last_error(message: str, text: str) -> str:
    """The last line of an error; all of what pydantic refuses, whose last names no field."""
    marked = [line.removeprefix("E") for line in text.splitlines() if line.startswith("E ")]
    lines = [line.strip() for line in marked or message.splitlines()]
    said = [line for line in lines if line and not BESIDE.match(line)]
    return one_line(" ".join(said if said and "[type=" in said[-1] else said[-1:]))


def alike(error: str) -> str:
    """An error without what is one failure's own: values, numbers, addresses and paths."""
    return one_line(OWN.sub("", GIVEN.sub("", error)))


def kept(announcement: Announcement, run: Run | None) -> dict[str, set[Judged]]:
    """The Cores on which each promise is kept now, by its digest.

    Of the candidate the decision says so. Of another Core ref every attempt does: what one keeps
    and another breaks is not known.
    """
    cores = judged_in(run, announcement)
    decision = announcement.decision
    seen: dict[tuple[str, str, str], list[Standing]] = {}
    for attempt in run.attempts if run else ():
        if run and not (decision and attempt.core_ref == decision.candidate.core_ref):
            for finding in run.findings_of(attempt):
                key = (attempt.pack, finding.name, attempt.core_ref)
                seen.setdefault(key, []).append(standing_of(finding.result, attempt.supported))
    mended = [key for key, said in seen.items() if {*said} == {Standing.KEPT}]
    for cell in decision.cells if decision else ():
        for one in cell.promises:
            if decision and one.verdict in KEPT:
                mended.append((cell.pack, one.name, decision.candidate.core_ref))
    found: dict[str, set[Judged]] = {}
    for pack, promise, core_ref in mended:
        if core := cores.get(core_ref):
            found.setdefault(digest(pack, promise), set()).add(core)
    return found
