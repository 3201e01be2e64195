"""What all runs so far say, asked of the database of a history folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from fanout.history.database import Damaged, current, damage, rebuilt
from fanout.history.past import CellHistory, Past, Sighting, promise_history
from fanout.history.tables import moment
from fanout.model import Outcome, Result

RECENT = 20  # runs of a cell, for how long it takes now
JUDGEMENTS = """
SELECT DISTINCT core_ref, pack_digest, result, supported
FROM promise JOIN result ON result.promise = promise.id
JOIN evidence ON evidence.results = result.results
JOIN cell ON cell.id = evidence.cell JOIN content ON content.id = evidence.content
WHERE promise.pack = ? AND promise.name IN (?, ?) AND cell.pack = promise.pack"""
RECENT_SECONDS = """
SELECT DISTINCT started, took FROM attempt WHERE evidence = ?
ORDER BY started DESC, took DESC LIMIT ?"""
WITH_EVIDENCE = """
SELECT evidence.id FROM cell JOIN evidence ON evidence.cell = cell.id
WHERE name = ? AND EXISTS (SELECT 1 FROM result WHERE result.results = evidence.results)"""
RESULTS = """
SELECT core_ref, asked, evidence.results,
    (SELECT max(started) FROM attempt WHERE attempt.evidence = evidence.id) AS newest
FROM cell
JOIN evidence ON evidence.cell = cell.id JOIN content ON content.id = evidence.content
WHERE pack = ? AND pack_digest = ? AND core_ref LIKE 'core\\_v%' ESCAPE '\\'
ORDER BY newest, evidence.id"""
PROMISES = "SELECT name, result FROM result JOIN promise ON promise.id = promise WHERE results = ?"
RUNS = "SELECT count(*) FROM document"
CELLS = """
SELECT cell.name, cell.pack, outcome, evidence.id,
    EXISTS (SELECT 1 FROM result WHERE result.results = evidence.results)
FROM cell JOIN evidence ON evidence.cell = cell.id"""
# The same evidence may be in several documents: a report that is printed again holds it again.
COUNTS = """
SELECT evidence, count(*), min(started), max(started), max(took)
FROM (SELECT DISTINCT evidence, started, took FROM attempt) GROUP BY evidence"""
TIMES = "SELECT DISTINCT started, took FROM attempt WHERE evidence = ? ORDER BY started"
NAMES = """
SELECT pack, name, says, max(result IN ('broken', 'known break'))
FROM promise JOIN result ON result.promise = promise.id GROUP BY promise.id"""
SIGHTINGS = """
SELECT evidence.id, core_ref, version, digest, pack_digest, environment, says, result, supported
FROM promise JOIN result ON result.promise = promise.id
JOIN evidence ON evidence.results = result.results
JOIN cell ON cell.id = evidence.cell JOIN content ON content.id = evidence.content
WHERE promise.pack = ? AND promise.name = ? AND cell.pack = promise.pack"""


class Judgement(NamedTuple):
    """What a content of a pack said of a promise on a Core ref, and whether that counts."""

    core_ref: str
    pack_digest: str
    result: Result
    supported: bool


class Count(NamedTuple):
    """How often evidence was seen, when, and the longest that it took, in seconds."""

    runs: int
    first: datetime
    newest: datetime
    longest: float


class History:
    """The history in a folder, up to date from the moment it is entered.

    A folder that is not there is an empty history, and is not made. Entering raises
    UnreadableDocument for a document that cannot be read, and UnusableHistory if the database
    beside the documents cannot be written.
    """

    database: sqlite3.Connection  # from entering on

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> History:
        self.database = current(self.folder)
        return self

    def __exit__(self, *error: object) -> None:
        self.database.close()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The answer to a query; a database that turns out to be damaged is made again."""
        try:
            with damage():
                return self.database.execute(query, values).fetchall()
        except Damaged:
            self.database.close()
            self.database = rebuilt(self.folder)
            return self.database.execute(query, values).fetchall()

    def judgements(self, pack: str, name: str) -> Iterator[Judgement]:
        """All that was ever said of a promise, or of its file where that could not be imported."""
        for core_ref, digest, result, supported in self.rows(
            JUDGEMENTS, pack, name, name.partition("::")[0]
        ):
            yield Judgement(core_ref, digest, Result(result), bool(supported))

    def seconds(self, cell: str) -> float | None:
        """The median of the seconds that a cell's promises took in its recent runs, if any."""
        recent = [
            row
            for (key,) in self.rows(WITH_EVIDENCE, cell)
            for row in self.rows(RECENT_SECONDS, key, RECENT)
        ]
        newest = sorted(recent, reverse=True)[:RECENT]
        return median(took for _, took in newest) / 1000 if newest else None

    def results(
        self, pack: str, pack_digest: str
    ) -> Mapping[tuple[str, str], Mapping[str, Result]]:
        """What this content of the pack said: by Core ref and the requirement that it asked for.

        Of each promise the newest result; candidate and baseline, whose Core changes, are left
        aside.
        """
        found: dict[tuple[str, str], dict[str, Result]] = {}
        for core_ref, asked, results, _ in self.rows(RESULTS, pack, pack_digest):
            said = {name: Result(result) for name, result in self.rows(PROMISES, results)}
            found.setdefault((core_ref, asked), {}).update(said)
        return found

    def past(self, now: datetime, pack: str = "", promise: str = "", cell: str = "") -> Past:
        """How promises and cells fared: those of a pack, with a text, of a cell, or all.

        Promises that were never red on a Core ref are told only if `promise`, a part of their
        name or of their words, or the cell of a candidate asks for them, or if they are flaky.
        """
        counts = {
            key: Count(runs, moment(first), moment(newest), longest / 1000)
            for key, runs, first, newest, longest in self.rows(COUNTS)
        }
        names = dict.fromkeys(
            (owner, name)
            for owner, name, says, red in self.rows(NAMES)
            if pack in ("", owner)
            and (promise.casefold() in f"{name}\n{says}".casefold() if promise else red)
        )
        seen = {key: self.sightings(*key, counts, cell) for key in sorted(names)}
        told = [
            promise_history(*key, sightings, self.times, now)
            for key, sightings in seen.items()
            if sightings and (promise or any(one.red for one in sightings))
        ]
        shown = [one for one in told if promise or cell or one.first_red or one.disagreeing]
        return Past(
            runs=self.rows(RUNS)[0][0],
            promises=tuple(shown),
            on_candidates=len(told) - len(shown),
            cells=tuple(self.cells(counts, pack, cell)),
        )

    def sightings(
        self, pack: str, name: str, counts: Mapping[int, Count], cell: str
    ) -> list[Sighting]:
        """All that was seen of a promise, anywhere or in one cell."""
        return [
            Sighting._make(
                (key, core_ref, *told, Result(result), bool(supported), *counts[key][:3])
            )
            for key, core_ref, *told, result, supported in self.rows(SIGHTINGS, pack, name)
            if key in counts and cell in ("", f"{pack}-{core_ref}")
        ]

    def times(self, evidence: int) -> list[int]:
        return [started for started, _ in self.rows(TIMES, evidence)]

    def cells(self, counts: Mapping[int, Count], pack: str, cell: str) -> Iterator[CellHistory]:
        """How each cell fared, or those of one pack, or one."""
        found: dict[tuple[str, str], list[tuple[Count, str, bool]]] = {}
        for name, owner, outcome, key, judged in self.rows(CELLS):
            if key in counts and pack in ("", owner) and cell in ("", name):
                found.setdefault((owner, name), []).append((counts[key], outcome, bool(judged)))
        for (owner, name), seen in sorted(found.items()):
            newest, outcome, _ = max(seen, key=lambda one: (one[0].newest, one[1]))
            yield CellHistory(
                cell=name,
                pack=owner,
                runs=sum(count.runs for count, _, _ in seen),
                newest=Outcome(outcome),
                newest_at=newest.newest,
                median=self.seconds(name),
                longest=max((count.longest for count, _, judged in seen if judged), default=None),
            )
