"""The page of each Core ref: what changed in Core since the one before it, and who noticed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fanout.cause.difference import Noticing
from fanout.cause.fewest import Cause
from fanout.cells.promises import PackPromise
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.along import Step
from fanout.dashboard.facts.cell import CellFacts, RefFacts, ref_facts
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.step import ChangeShown, change_shown
from fanout.dashboard.facts.verdicts import Judged
from fanout.dashboard.pages.sentence import changed, origin, turned
from fanout.dashboard.site import Part
from fanout.history.run import Finding
from fanout.model import Promise, Result, Verdict

NO_STEP = "no known Core comes before this one"
SAME = "Core has the same content as before"
NO_EXPLANATION = "no change in Core explains it"


class Row(NamedTuple):
    """A pack on the Core ref, with its verdict against the one before."""

    facts: CellFacts
    broken: tuple[Promise, ...]  # what regressed first
    promises: int
    verdict: Judged | None


class NoticeShown(NamedTuple):
    """A change, the promises that name it, and how many of each pack stand on it unnamed."""

    change: ChangeShown
    named_by: tuple[Noticing, ...]
    behind: Mapping[str, int]


class Noticed(NamedTuple):
    """Promises that regressed, or were fixed, and the changes that are why, or why not known."""

    verdict: Verdict
    changes: tuple[ChangeShown, ...]
    unknown: str
    promises: tuple[tuple[CellNow, Promise], ...]


def parts(edition: Edition) -> Iterator[Part]:
    """A page for each Core ref."""
    pages = RefPages(edition)
    for facts in ref_facts(edition.snapshot):
        yield pages.part(facts)


class RefPages:
    """What the pages of Core refs are made from."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.snapshot = edition.snapshot

    def part(self, facts: RefFacts) -> Part:
        path = f"refs/{facts.ref.name}.html"
        key = facts.key(self.edition.cores)
        return self.edition.page(path, "ref.html", key, lambda: self.context(facts))

    def context(self, facts: RefFacts) -> Mapping[str, object]:
        rows = tuple(map(self.row, facts.cells))
        step = facts.step
        unknown = self.unknown(step)
        found = tuple(self.notices(facts, step)) if step and not unknown else ()
        noticed = tuple(self.noticed(step, rows, unknown)) if step else ()
        return {
            "facts": facts,
            "origin": origin(facts.ref.source),
            "rows": rows,
            "step": step,
            "unknown": unknown,
            "same": bool(step) and unknown == SAME,
            "summary": changed([one.named_by for one in found]),
            "outcome": turned([(one.verdict, len(one.promises)) for one in noticed]),
            "named": tuple(one for one in found if one.named_by),
            "unnamed": tuple(one for one in found if not one.named_by),
            "noticed": noticed,
            "unjudged": [
                row for row in rows if row.verdict and row.verdict.verdict is Verdict.UNKNOWN
            ],
        }

    def row(self, facts: CellFacts) -> Row:
        promises = self.snapshot.promises(facts.cell.results)
        verdict = self.edition.verdicts.of(facts.cell.pack, facts.ref)
        new = verdict.having(Verdict.REGRESSED) if verdict else ()
        broken = (one for one in promises if one.result is Result.BROKEN)
        return Row(
            facts=facts,
            broken=tuple(sorted(broken, key=lambda one: one.name not in new)),
            promises=len(promises),
            verdict=verdict,
        )

    def unknown(self, step: Step | None) -> str:
        """Why there is no change to tell of; empty if there may be."""
        if step is None:
            return NO_STEP
        return SAME if step.same else self.edition.cores.unknown(step)

    def notices(self, facts: RefFacts, step: Step) -> Iterator[NoticeShown]:
        """Every change, with the promises as they are on this Core ref, or else on the last."""
        owners = {one.cell.pack: one.statement.owner for one in facts.cells}
        promises = {one.cell.pack: tuple(self.stated(one)) for one in facts.cells}
        for notice in self.edition.cores.notices(step, owners, promises):
            yield NoticeShown(change_shown(notice.change), notice.named_by, notice.behind)

    def stated(self, facts: CellFacts) -> Iterator[PackPromise]:
        """The promises of a pack, one with parameters once."""
        said = self.snapshot.promises(facts.cell.results)
        if not said and facts.before:
            said = self.snapshot.promises(facts.before.results)
        once = {one.name.partition("[")[0]: one for one in reversed(said) if "::" in one.name}
        for name, one in sorted(once.items()):
            yield PackPromise(name=name, says=one.says, contract=one.contract, core=one.core)

    def noticed(self, step: Step, rows: tuple[Row, ...], unknown: str) -> Iterator[Noticed]:
        """What regressed, then what was fixed: by cause, as far as that is known."""
        for verdict in (Verdict.REGRESSED, Verdict.FIXED):
            found = {
                (row.facts.cell.pack, name): (row.facts, self.words(row.facts, name))
                for row in rows
                if row.verdict
                for name in distinct(row.verdict.having(verdict))
            }
            if not found:
                continue
            if unknown:
                yield told(verdict, (), unknown, found.values())
                continue
            for cause in self.causes(step, verdict, found):
                members = [found[one.pack, one.name] for one in cause.promises]
                shown = tuple(map(change_shown, cause.changes))
                yield told(verdict, shown, "" if shown else NO_EXPLANATION, members)

    def words(self, facts: CellFacts, name: str) -> Promise:
        """A promise as the cell states it, or else the baseline's: one of them does."""
        results = (cell.results for cell in (facts.cell, facts.before) if cell)
        said = (one for each in results for one in self.snapshot.promises(each))
        return next(one for one in said if one.name == name)

    def causes(
        self,
        step: Step,
        verdict: Verdict,
        found: Mapping[tuple[str, str], tuple[CellFacts, Promise]],
    ) -> tuple[Cause, ...]:
        """Why promises changed: from what failed, here or on the Core ref before."""
        broke = verdict is Verdict.REGRESSED
        failed = [
            (pack, self.finding(pack, facts.cell if broke else facts.before, one))
            for (pack, _), (facts, one) in found.items()
        ]
        cores = self.edition.cores
        return (cores.broke if broke else cores.mended)(step, failed)

    def finding(self, pack: str, cell: CellNow | None, promise: Promise) -> Finding:
        """What a cell said of a promise, or of its file that could not be imported."""
        said = self.edition.sayings.of(cell).findings if cell else {}
        found = said.get(promise.name) or said.get(promise.name.partition("::")[0])
        found = found or Finding(pack=pack, name=promise.name, result=Result.BROKEN)
        return found.model_copy(update={"name": promise.name, "contract": promise.contract})


def told(
    verdict: Verdict,
    changes: tuple[ChangeShown, ...],
    unknown: str,
    promises: Iterable[tuple[CellFacts, Promise]],
) -> Noticed:
    return Noticed(
        verdict, changes, unknown, tuple((one.cell, promise) for one, promise in promises)
    )


def distinct(names: Sequence[str]) -> Iterator[str]:
    """The names of promises without the files that stand for them where those do not import."""
    files = {name.partition("::")[0] for name in names if "::" in name}
    return (name for name in names if name not in files)
