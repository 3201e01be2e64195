"""What is new: the promises that regressed or were fixed in the newest runs, and their answers.

A promise turns between two attempts at one cell; one on a Core ref that was never judged before
is compared with the Core ref before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from fanout.dashboard.facts.snapshot import WINDOW, Attempts, CoreRef, Snapshot
from fanout.gate.verdict import STANDINGS, verdict
from fanout.history.tables import microseconds
from fanout.model import Outcome, Promise, Standing, Verdict

MOST = 50  # entries
ANSWER = "answer"
JUDGING = (Outcome.PASSED, Outcome.FAILED)
TOLD = (Verdict.REGRESSED, Verdict.FIXED)
NEW_CELLS = """
SELECT name FROM cell WHERE NOT EXISTS (
    SELECT 1 FROM evidence
    WHERE evidence.cell = cell.id AND outcome IN ('passed', 'failed') AND first < ?)"""
JUDGED = """
SELECT attempt.started, evidence.results, document.run FROM cell
JOIN evidence ON evidence.cell = cell.id JOIN results ON results.id = evidence.results
JOIN attempt ON attempt.evidence = evidence.id JOIN document ON document.id = attempt.document
WHERE cell.name = ? AND outcome IN ('passed', 'failed') AND attempt.started <= ?"""
FIRST = f"{JUDGED} ORDER BY attempt.started, document.name, results.digest LIMIT 1"
NEWEST = f"{JUDGED} ORDER BY attempt.started DESC, document.name DESC, results.digest LIMIT 1"
EVER = 2**62  # microseconds


class Turn(NamedTuple):
    """A promise that turned in a run on a Core, compared with itself or, `against`, another."""

    run: str
    pack: str
    promise: Promise
    verdict: Verdict
    core: str  # as it is called
    against: str = ""


class Entry(NamedTuple):
    """One thing that is new: all turns of a pack in a run in one direction, or a run's answer."""

    run: str
    at: datetime
    kind: str  # a verdict, or `answer`
    pack: str = ""
    turns: tuple[Turn, ...] = ()


def entries(snapshot: Snapshot) -> tuple[Entry, ...]:
    """The newest entries, newest first."""
    at = {run.id: run.finished for run in snapshot.runs}
    found = [Entry(run.id, run.finished, ANSWER) for run in snapshot.runs if run.answer]
    turned: dict[tuple[str, Verdict, str], list[Turn]] = {}
    for turn in (*in_time(snapshot), *by_ref(snapshot)):
        turned.setdefault((turn.run, turn.verdict, turn.pack), []).append(turn)
    found += [
        Entry(run, at[run], kind, pack, tuple(turns)) for (run, kind, pack), turns in turned.items()
    ]
    found.sort(key=lambda entry: (entry.at, entry.run, entry.kind, entry.pack), reverse=True)
    return tuple(found[:MOST])


def in_time(snapshot: Snapshot) -> Iterator[Turn]:
    """What turned between two attempts at one cell, in the newest runs."""
    called = {ref.name: ref.called for ref in snapshot.core_refs}
    for cell, seen in snapshot.recent.items():
        if len(set(seen.results)) > 1:
            pack, _, ref = cell.partition("-")
            yield from turns(snapshot, pack, called[ref], seen)


def turns(snapshot: Snapshot, pack: str, core: str, seen: Attempts) -> Iterator[Turn]:
    standings: Mapping[str, Standing] = {}
    before = None
    for said, results, run in zip(seen.said, seen.results, seen.run, strict=True):
        if said not in JUDGING or results == before:
            continue
        promises = snapshot.promises(results)
        if before is not None:
            for promise, turned in compared(promises, standings):
                yield Turn(run, pack, promise, turned, core)
        standings = standing(promises, standings)
        before = results


def by_ref(snapshot: Snapshot) -> Iterator[Turn]:
    """What a Core ref, first judged in the newest runs, says other than the one before it."""
    window = snapshot.runs[:WINDOW]
    began = min((run.started for run in window), default=None)
    if began is None:
        return
    new = {name for (name,) in snapshot.history.rows(NEW_CELLS, microseconds(began))}
    finished = {run.id: microseconds(run.finished) for run in window}
    for ref, before in pairwise(snapshot.known_refs):
        for pack in snapshot.packs:
            if f"{pack.name}-{ref.name}" in new:
                yield from first_judged(snapshot, pack.name, ref, before, finished)


def first_judged(
    snapshot: Snapshot, pack: str, ref: CoreRef, before: CoreRef, finished: Mapping[str, int]
) -> Iterator[Turn]:
    rows = snapshot.history.rows
    for _, results, run in rows(FIRST, f"{pack}-{ref.name}", EVER):
        for _, old, _ in rows(NEWEST, f"{pack}-{before.name}", finished.get(run, EVER)):
            if old != results:
                standings = standing(snapshot.promises(old), {})
                for promise, said in compared(snapshot.promises(results), standings):
                    yield Turn(run, pack, promise, said, ref.called, before.called)


def standing(promises: Iterable[Promise], before: Mapping[str, Standing]) -> Mapping[str, Standing]:
    """Where each promise stands; one that was not judged stands as before."""
    found = {one.name: STANDINGS[one.result] for one in promises}
    return {
        name: before.get(name, now) if now is Standing.UNKNOWN else now
        for name, now in found.items()
    }


def compared(
    promises: Iterable[Promise], before: Mapping[str, Standing]
) -> Iterator[tuple[Promise, Verdict]]:
    """The promises that regressed or were fixed; one whose file failed stood as that file did."""
    for promise in promises:
        file = promise.name.partition("::")[0]
        then = before.get(promise.name) or before.get(file) or Standing.ABSENT
        said = verdict(STANDINGS[promise.result], then)
        if said in TOLD:
            yield promise, said
