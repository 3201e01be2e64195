"""The strips: what the last attempts at each cell of a pack said, for the script that draws them.

`data/strips-<pack>.js` changes with every run of the pack, so that the pages need not. The page of
trends is such a frame: a script draws it from the strips of every pack.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import groupby

from fanout.dashboard.edition import Edition, script
from fanout.dashboard.facts import grid
from fanout.dashboard.facts.course import Course, courses, pack_names
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import WINDOW, Attempts, CoreRef, Snapshot
from fanout.dashboard.facts.steadiness import Told, flakiness, time_to_green
from fanout.dashboard.site import Part
from fanout.gate.verdict import RED, standing_of
from fanout.model import Outcome, Standing
from fanout.wording import GLYPHS

OUTCOMES: Mapping[str, str] = {outcome: grid.OUTCOMES[outcome] for outcome in Outcome}
LETTERS = {
    Standing.KEPT: "k",
    Standing.BROKEN: "b",
    Standing.KNOWN_BREAK: "l",
    Standing.NOT_APPLICABLE: "n",
    Standing.UNSUPPORTED: "s",
    Standing.ABSENT: "a",
    Standing.UNKNOWN: "u",
}
SECOND = 1_000_000  # in microseconds
CONTENTS = """
SELECT cell.name, attempt.started, took, evidence.results, supported, digest, pack_digest,
    environment
FROM cell JOIN evidence ON evidence.cell = cell.id
JOIN content ON content.id = evidence.content JOIN attempt ON attempt.evidence = evidence.id
WHERE cell.name IN (SELECT value FROM json_each(?)) AND attempt.started >= ?
GROUP BY cell.name, attempt.started, took, evidence.results, supported, digest, pack_digest,
    environment"""
Cells = Mapping[str, Attempts]  # of a pack, by name


def parts(edition: Edition) -> Iterator[Part]:
    snapshot = edition.snapshot
    of_pack: dict[str, dict[str, Attempts]] = {}
    for name, seen in snapshot.recent.items():
        of_pack.setdefault(name.partition("-")[0], {})[name] = seen
    refs = [(ref.name, ref.version, ref.known) for ref in snapshot.core_refs]
    for pack, promises in courses(snapshot).items():
        cells = of_pack.get(pack, {})
        key = (refs, summary(cells), [(one.name, one.stretches) for one in promises])
        make = partial(strips, snapshot, pack, cells, promises)
        yield edition.file(f"data/strips-{pack}.js", key, make)
    trends = {"packs": pack_names(snapshot), "window": WINDOW}
    yield edition.page("trends.html", "trends.html", trends, lambda: trends)


def summary(cells: Cells) -> tuple[object, ...]:
    """What tells these attempts from others: a run never changes, but it may be here in part."""
    runs = sorted(set().union(*(seen.run for seen in cells.values())))
    count = sum(len(seen.at) for seen in cells.values())
    took = sum(sum(seen.took) for seen in cells.values())
    first = min((seen.at[0] for seen in cells.values()), default=0)
    return (runs, count, took, first, max((seen.at[-1] for seen in cells.values()), default=0))


def strips(snapshot: Snapshot, pack: str, cells: Cells, promises: Iterable[Course]) -> bytes:
    """The script that hands a pack's strips to the page.

    Moments are seconds since 1970, those of attempts since their run started; durations are
    milliseconds, and `refs` what the known Core refs are called, newest first. A promise has runs
    of letters: `60k12b` is kept 60 times, then broken 12 times.
    """
    started = {run.id: seconds(run.started) for run in snapshot.runs}
    runs = sorted(
        set().union(*(seen.run for seen in cells.values())), key=lambda run: (started[run], run)
    )
    known = snapshot.known_refs
    newest = f"{pack}-{known[0].name}" if known else ""
    told = contents(snapshot, cells, newest)
    places = {run: (place, started[run]) for place, run in enumerate(runs)}
    refs = {ref.name: ref for ref in snapshot.core_refs}
    order = {name: place for place, name in enumerate(refs)}
    value = {
        "newest": newest,
        "runs": [(run, started[run]) for run in runs],
        "refs": [ref.called for ref in known],
        "cells": {
            name: now(snapshot.cells[name], refs[name.partition("-")[2]])
            | strip(cells[name], places)
            | steadiness(cells[name], told.get(name, ()), failed_since(snapshot.cells[name]))
            for name in sorted(cells, key=lambda name: order[name.partition("-")[2]])
        },
        "promises": {
            one.name: {
                "refs": "".join(
                    f"{held.refs}{LETTERS[held.standing]}" for held in one.stretches[::-1]
                ),
                "time": over_time(one.name, told.get(newest, ())),
            }
            for one in promises
        },
    }
    return script(f"strips-{pack}", value)


def now(cell: CellNow, ref: CoreRef) -> dict[str, object]:
    """What a cell says now, and what its Core is called; `gone` from the matrix, or not."""
    look = grid.look(cell.outcome, cell.counts)
    found: dict[str, object] = {"core": ref.called, "says": cell.says, "look": look}
    return found | {"glyph": GLYPHS.get(look, "")} | ({} if ref.known else {"gone": True})


def strip(seen: Attempts, places: Mapping[str, tuple[int, int]]) -> dict[str, object]:
    """A cell's last attempts, oldest first: a letter or a number for each."""
    run, began = zip(*map(places.__getitem__, seen.run), strict=True)
    after = [at // SECOND - start for at, start in zip(seen.at, began, strict=True)]
    return {
        "outcomes": "".join(map(OUTCOMES.__getitem__, seen.said)),
        "took": " ".join(map(str, seen.took)),
        "run": " ".join(map(str, run)),
        "after": " ".join(map(str, after)),
    }


def steadiness(seen: Attempts, told: Sequence[Told], failed: int | None) -> dict[str, object]:
    """What is not steady in a cell's last attempts; nothing of a cell that is.

    `flaky` is how many attempts disagree, of how many, and the same of each promise that does;
    `green` how long each red streak lasted, `red` since when one is open.
    """
    found: dict[str, object] = {}
    if told and (flaky := flakiness(told)):
        found["flaky"] = (*flaky.cell, [(name, *counts) for name, counts in flaky.promises])
    streaks = time_to_green(seen)
    if streaks.ended:
        found["green"] = [lasted // SECOND for lasted in streaks.ended]
    if streaks.since:
        found["red"] = min(streaks.since // SECOND, failed or streaks.since)
    return found


def failed_since(cell: CellNow) -> int | None:
    return seconds(cell.since) if cell.outcome is Outcome.FAILED else None


def contents(snapshot: Snapshot, cells: Cells, newest: str) -> Mapping[str, Sequence[Told]]:
    """What the attempts were of: at the newest Core ref, and where they do not all say the same."""
    asked = [name for name, seen in cells.items() if name == newest or len(set(seen.results)) > 1]
    if not asked:
        return {}
    oldest = min(cells[name].at[0] for name in asked)
    rows = snapshot.history.rows(CONTENTS, json.dumps(asked), oldest)
    said = lru_cache(maxsize=None)(partial(standings, snapshot))
    found: dict[str, list[Told]] = {}
    for name, members in groupby(rows, key=lambda row: row[0]):
        shown = {*zip(cells[name].at, cells[name].took, cells[name].results, strict=True)}
        found[name] = [
            Told((digest, pack_digest, environment), *said(results, bool(supported)))
            for _, started, took, results, supported, digest, pack_digest, environment in members
            if (started, took, results) in shown
        ]
    return found


def standings(
    snapshot: Snapshot, results: int, supported: bool
) -> tuple[Mapping[str, Standing], frozenset[str], frozenset[str]]:
    """Where each promise stands by one attempt, and which are green and which red."""
    found = {one.name: standing_of(one.result, supported) for one in snapshot.promises(results)}
    green = frozenset(name for name, standing in found.items() if standing is Standing.KEPT)
    return found, green, frozenset(name for name, standing in found.items() if standing in RED)


def over_time(name: str, told: Iterable[Told]) -> str:
    """Where a promise stood in the last attempts at a cell, oldest first, as runs of letters."""
    stood = (LETTERS[standing(name, one.standings)] for one in told)
    return "".join(f"{len(tuple(alike))}{letter}" for letter, alike in groupby(stood))


def standing(name: str, standings: Mapping[str, Standing]) -> Standing:
    """Where a promise stands; one whose file cannot be imported is as its file is."""
    file = name.partition("::")[0]
    missing = Standing.ABSENT if standings else Standing.UNKNOWN
    return standings.get(name, standings.get(file, missing))


def seconds(at: datetime) -> int:
    return round(at.timestamp())
