"""What changed in Core, or around it, where a promise of the matrix broke, as far as is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from fanout.cause.fewest import causes, failed
from fanout.errors import UnreadableDocument, UnusableHistory
from fanout.history.document import read_run
from fanout.history.query import History
from fanout.history.surfaces import read_surface
from fanout.model import Evidence, Result
from fanout.surface.symbol import Surface
from fanout.told.report import PromiseReport, Report
from fanout.told.world import world_changed


class Turn(NamedTuple):
    """The contents of Core on both sides of a promise that broke, and the version that broke it."""

    kept: str
    broken: str
    version: str


def with_causes(report: Report, history: Path) -> Report:
    """The report with the change behind each broken promise, as far as the history tells it.

    Of a promise that the same Core has kept, it is what is installed besides it.
    """
    found = (*report.broken, *report.known_breaks)
    turns = {at: turn for at, one in enumerate(found) if (turn := turn_of(report, one))}

    @cache
    def read(digest: str) -> Surface | None:
        return read_surface(history, digest)

    because: dict[int, str] = {}
    for turn, members in groupby(sorted(turns, key=turns.__getitem__), key=turns.__getitem__):
        if (old := read(turn.kept)) and (new := read(turn.broken)):
            because |= reasons(found, members, turn, old, new)
    if report.broken:
        # What is wrong with a history says who writes to it.
        with suppress(UnreadableDocument, UnusableHistory), History(history) as past:
            because |= around(report, past)
    told = tuple(
        one.model_copy(update={"because": because.get(at, "")}) for at, one in enumerate(found)
    )
    broken, known = told[: len(report.broken)], told[len(report.broken) :]
    return report.model_copy(update={"broken": broken, "known_breaks": known})


def around(report: Report, past: History) -> Iterator[tuple[int, str]]:
    """What changed around the newest Core that breaks each promise, by its place, if anything."""
    read = cache(read_run)
    for at, one in enumerate(report.broken):
        cells = (cell.evidence for cell in report.cells if cell.cell.name in one.cells)
        broken = next((evidence for evidence in reversed([*cells]) if evidence), None)
        if broken and (said := world_changed(one.pack, one.promise.name, broken, past, read)):
            yield at, said


def turn_of(report: Report, found: PromiseReport) -> Turn | None:
    """Where a promise broke last, if the Core before kept it."""
    newest = [cell.evidence for cell in report.cells if cell.cell.pack == found.pack][::-1]
    broken: Evidence | None = None
    for evidence in newest:
        result = result_of(evidence, found.promise.name)
        if result in (Result.BROKEN, Result.KNOWN_BREAK):
            broken = evidence
        elif broken and evidence and result is Result.KEPT:
            return Turn(evidence.digest, broken.digest, broken.version)
        elif broken:
            return None
    return None


def result_of(evidence: Evidence | None, name: str) -> Result | None:
    promises = evidence.promises if evidence else ()
    return next((one.result for one in promises if one.name == name), None)


def reasons(
    found: tuple[PromiseReport, ...], members: Iterable[int], turn: Turn, old: Surface, new: Surface
) -> Iterator[tuple[int, str]]:
    """What explains each of the promises that broke there, by its place, in a line."""
    at = {(found[place].pack, found[place].promise.name): place for place in members}
    promises = ((pack, found[place].promise) for (pack, _), place in at.items())
    broken = [(pack, failed(p.name, p.contract, p.message, p.text)) for pack, p in promises]
    for cause in causes(broken, old, new):
        if cause.changes:
            first, *others = cause.changes
            more = f", and {len(others)} more" if others else ""
            for promise in cause.promises:
                place = at[promise.pack, promise.name]
                yield place, f"since Core {turn.version}: {first.says}{more}"
