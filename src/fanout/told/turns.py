"""What changed in Core where a promise of the matrix broke, as far as its Cores are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from fanout.cause.fewest import causes, failed
from fanout.history.surfaces import read_surface
from fanout.model import Evidence, Result
from fanout.surface.symbol import Surface
from fanout.told.report import PromiseReport, Report


class Turn(NamedTuple):
    """The contents of Core on both sides of a promise that broke, and the version that broke it."""

    kept: str
    broken: str
    version: str


def with_causes(report: Report, history: Path) -> Report:
    """The report with the change behind each broken promise whose Cores the history has kept."""
    found = (*report.broken, *report.known_breaks)
    turns = {at: turn for at, one in enumerate(found) if (turn := turn_of(report, one))}

    @cache
    def read(digest: str) -> Surface | None:
        return read_surface(history, digest)

    because: dict[int, str] = {}
    for turn, members in groupby(sorted(turns, key=turns.__getitem__), key=turns.__getitem__):
        if (old := read(turn.kept)) and (new := read(turn.broken)):
            because |= reasons(found, members, turn, old, new)
    told = tuple(
        one.model_copy(update={"because": because.get(at, "")}) for at, one in enumerate(found)
    )
    broken, known = told[: len(report.broken)], told[len(report.broken) :]
    return report.model_copy(update={"broken": broken, "known_breaks": known})


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
