"""All runs, newest first: `runs/index.html`, and pages of older ones that are made once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from fanout.dashboard.edition import Edition
from fanout.dashboard.grid import OUTCOMES
from fanout.dashboard.latest import documents
from fanout.dashboard.site import Part
from fanout.dashboard.snapshot import RunHead, Snapshot

ON_A_PAGE = 100
OUTCOME_OF = "SELECT id, outcome FROM evidence"
ATTEMPTED = """
SELECT document, evidence FROM attempt WHERE document IN (SELECT value FROM json_each(?))"""


class Listed(NamedTuple):
    """A run, and how many of its attempts have which outcome."""

    head: RunHead
    counts: Mapping[str, int]


class Older(NamedTuple):
    """A page of older runs: its number, and the oldest and the newest run on it."""

    number: int
    runs: tuple[RunHead, ...]

    @property
    def path(self) -> str:
        return f"runs/page-{self.number}.html"


def parts(edition: Edition) -> Iterator[Part]:
    """The newest runs, made at every run, and whole pages counted from the oldest run on."""
    snapshot = edition.snapshot
    runs = distinct(snapshot.runs)
    pages = tuple(older(runs))[::-1]
    yield edition.page(
        "runs/index.html",
        "runs.html",
        documents(snapshot),
        partial(context, snapshot, runs[:ON_A_PAGE], None, pages, len(runs)),
    )
    for page in pages:
        yield edition.page(
            page.path,
            "runs.html",
            [run.document for run in page.runs],
            partial(context, snapshot, page.runs, page, (), ON_A_PAGE),
        )


def context(
    snapshot: Snapshot,
    runs: Sequence[RunHead],
    page: Older | None,
    pages: Sequence[Older],
    total: int,
) -> Mapping[str, object]:
    return {
        "runs": tuple(listed(snapshot, runs)),
        "page": page,
        "pages": pages,
        "total": total,
        "tried": any(run.candidate or run.answer for run in runs),
    }


def distinct(runs: Sequence[RunHead]) -> tuple[RunHead, ...]:
    """Each run once, though its document may be there under two names."""
    found: dict[str, RunHead] = {}
    for run in runs:
        found.setdefault(run.id, run)
    return tuple(found.values())


def older(runs: Sequence[RunHead]) -> Iterator[Older]:
    """Whole pages of what is not among the newest: one that is full has the same runs for ever."""
    oldest_first = runs[::-1]
    count = -(-max(len(runs) - ON_A_PAGE, 0) // ON_A_PAGE)
    for number in range(count):
        members = oldest_first[number * ON_A_PAGE : (number + 1) * ON_A_PAGE]
        yield Older(number + 1, tuple(members[::-1]))


def listed(snapshot: Snapshot, runs: Sequence[RunHead]) -> Iterator[Listed]:
    """The runs with their counts, of which a few thousand a run are made in one pass."""
    history = snapshot.history
    outcomes = dict(history.rows(OUTCOME_OF))
    counts: dict[int, dict[str, int]] = {run.key: {} for run in runs}
    for document, evidence in history.rows(ATTEMPTED, json.dumps([run.key for run in runs])):
        outcome = outcomes[evidence]
        counts[document][outcome] = counts[document].get(outcome, 0) + 1
    for run in runs:
        found = counts[run.key]
        yield Listed(run, {word: found[word] for word in OUTCOMES if word in found})
