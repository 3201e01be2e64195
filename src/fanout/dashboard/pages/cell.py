"""The page of each cell: what is broken and why, what was tested, and how to run it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from fanout.cells.will_break import Met, will_break
from fanout.dashboard.edition import Edition, render, templates
from fanout.dashboard.facts.along import Step, Streak
from fanout.dashboard.facts.cell import CellFacts, cell_facts
from fanout.dashboard.facts.said import Said
from fanout.dashboard.facts.step import ChangeShown, change_shown
from fanout.dashboard.pages.sentence import lead, origin
from fanout.dashboard.pages.shown import Shown, reasons, shown
from fanout.dashboard.site import Part
from fanout.history.run import Finding, KnownBreakInRun
from fanout.model import Promise, Result, in_range
from fanout.wording import TAKEN_OVER

QUIET = (Result.KEPT, Result.NOT_APPLICABLE)
NO_STEP = "no Core before has kept what is broken, so there is none to compare with"
SAME = "Core has the same content on both, so look at the pack, and at what is installed beside it"
UNSUPPORTED = "the pack does not support this Core, so nothing is compared"


class Told(NamedTuple):
    """A promise, and what was said of it."""

    said: Finding
    word: str  # its verdict if it is broken, else what it said
    reasons: tuple[str, ...]
    text: Shown | None
    alone: str  # the command that judges nothing else


class Group(NamedTuple):
    """Broken promises with one cause: the changes in Core, or why they are not known."""

    step: Step | None
    changes: tuple[ChangeShown, ...]
    unknown: str
    promises: tuple[Told, ...]


class Listed(NamedTuple):
    """A known break, with its entry in the pack as it was then."""

    promise: Told
    entry: KnownBreakInRun | None


def parts(edition: Edition) -> Iterator[Part]:
    """A page for each cell; those of one document follow each other, as it is read for them."""
    pages = CellPages(edition)
    found = sorted(cell_facts(edition.snapshot), key=lambda one: (one.cell.document, one.cell.name))
    for facts in found:
        yield pages.part(facts)


class CellPages:
    """What the pages of cells are made from."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.snapshot = edition.snapshot
        # Most cells of a pack say the same, and most of what they say is this.
        self.quiet = lru_cache(maxsize=None)(self.rest)

    def part(self, facts: CellFacts) -> Part:
        path = f"cells/{facts.cell.name}.html"
        return self.edition.part(
            path, facts.key(self.edition.cores), lambda: self.files(path, facts)
        )

    def files(self, path: str, facts: CellFacts) -> Mapping[str, bytes]:
        """The page, and a file for each text that is too long for it."""
        said = self.edition.sayings.of(facts.cell)
        told = self.told(facts, said)
        context = self.context(facts, said, told)
        return {path: render(path, "cell.html", context)} | {
            one.text.whole: one.said.text.encode() + b"\n"
            for one in told
            if one.text and one.text.whole
        }

    def context(self, facts: CellFacts, said: Said, told: tuple[Told, ...]) -> Mapping[str, object]:
        cell, before = facts.cell, facts.near.before
        of = {result: [one for one in told if one.said.result is result] for result in Result}
        supports = said.statement.supports if said.statement else ""
        promises = self.snapshot.promises(cell.results)
        return {
            "facts": facts,
            "said": said,
            "lead": lead(cell, promises, facts.streaks, before, supports),
            "verdict": self.edition.verdicts.of(cell.pack, facts.ref),
            "since": sorted(set(facts.streaks.values()), key=began, reverse=True),
            "origin": origin(cell.source),
            "command": said.facts.command(cell.name),
            "groups": tuple(self.groups(facts, of[Result.BROKEN])),
            "known_breaks": tuple(listed(one, said) for one in of[Result.KNOWN_BREAK]),
            "will_break": will_break(
                Met(met, cell.pack, "", one.name, cell.name)
                for one in said.findings.values()
                for met in one.deprecations
            ),
            "errored": (*of[Result.ERRORED], *of[Result.LISTED_BUT_KEPT]),
            "quiet": self.quiet(cell.results),
            "taken_sign": TAKEN_OVER,
            "ran_page": cell.ran_as in self.snapshot.cells,
        }

    def told(self, facts: CellFacts, said: Said) -> tuple[Told, ...]:
        judged = self.edition.verdicts.of(facts.cell.pack, facts.ref)
        verdicts = judged.promises if judged else {}
        found = []
        for one in said.findings.values():
            if one.result not in QUIET:
                broken = one.result is Result.BROKEN
                found.append(
                    Told(
                        said=one,
                        word=verdicts.get(one.name, one.result) if broken else one.result,
                        reasons=reasons(one.message, one.text),
                        text=shown(one.text) if one.text else None,
                        alone=said.facts.alone(facts.cell.name, one.name),
                    )
                )
        return tuple(found)

    def rest(self, results: int) -> Markup:
        """The promises of which there is no more to say, as they stand in a page."""
        promises = self.snapshot.promises(results)
        kept = [one for one in promises if one.result is Result.KEPT]
        context = {
            "kept": by_file(kept),
            "count": len(kept),
            "not_applicable": [one for one in promises if one.result is Result.NOT_APPLICABLE],
        }
        return Markup(templates().get_template("kept.html").render(context))  # noqa: S704

    def groups(self, facts: CellFacts, broken: Iterable[Told]) -> Iterator[Group]:
        """Broken promises by the streak that they are in, the newest first, and by their cause."""
        by_streak: dict[Streak | None, list[Told]] = {}
        for one in broken:
            by_streak.setdefault(facts.streaks.get(one.said.name), []).append(one)
        for streak in sorted(by_streak, key=began, reverse=True):
            promises = by_streak[streak]
            step = streak.step if streak else None
            unknown = self.unknown(step, facts)
            if step is None or unknown:
                yield Group(step, (), unknown, tuple(promises))
                continue
            named = {one.said.name: one for one in promises}
            pack = facts.cell.pack
            for cause in self.edition.cores.broke(step, [(pack, one.said) for one in promises]):
                shown = tuple(map(change_shown, cause.changes))
                yield Group(step, shown, "", tuple(named[one.name] for one in cause.promises))

    def unknown(self, step: Step | None, facts: CellFacts) -> str:
        """Why the cause cannot be looked for in Core; empty if it can."""
        if not facts.cell.supported:
            return UNSUPPORTED
        if step is None:
            return NO_STEP
        return SAME if step.same else self.edition.cores.unknown(step)


def began(streak: Streak | None) -> tuple[object, ...]:
    """What orders streaks; none at all is before every one."""
    return streak.began if streak else ()


def listed(promise: Told, said: Said) -> Listed:
    """A known break and its entry, if the run held it."""
    entries = said.statement.known_breaks if said.statement else ()
    version = said.environment.version if said.environment else ""
    about = (one for one in entries if one.test == promise.said.name)
    return Listed(promise, next((one for one in about if in_range(version, one.core)), None))


def by_file(promises: Iterable[Promise]) -> tuple[tuple[str, tuple[Promise, ...]], ...]:
    """Promises by the file that they are in."""
    return tuple(
        (file, tuple(members))
        for file, members in groupby(promises, key=lambda one: one.name.partition("::")[0])
    )
