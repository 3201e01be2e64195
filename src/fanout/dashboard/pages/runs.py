"""All runs, newest first: `runs/index.html`, and pages of older ones that are made once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from fanout.dashboard.data.latest import documents
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.grid import OUTCOMES
from fanout.dashboard.facts.snapshot import RunHead, Snapshot
from fanout.dashboard.site import Part

ON_A_PAGE = 100
MOST_COUNTED = 100_000  # attempts on the newest page, which is made at every run
ATTEMPTS = """
SELECT value, (SELECT count(*) FROM attempt WHERE document = value) FROM json_each(?)"""
COUNTS = """
SELECT document, outcome, count(*) FROM attempt JOIN evidence ON evidence.id = attempt.evidence
WHERE document IN (SELECT value FROM json_each(?)) GROUP BY document, outcome"""


class Listed(NamedTuple):
    """A run, how many attempts at cells it made, and how many of them have which outcome.

    `counts` is empty where that would take too long to count; the page of the run tells it.
    """

    head: RunHead
    attempts: int
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
        "runs": tuple(listed(snapshot, runs, math.inf if page else MOST_COUNTED)),
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


def listed(snapshot: Snapshot, runs: Sequence[RunHead], most: float = math.inf) -> Iterator[Listed]:
    """The runs with their counts, as far as those are of `most` attempts together."""
    rows, keys = snapshot.history.rows, [run.key for run in runs]
    attempts = dict(rows(ATTEMPTS, json.dumps(keys)))
    sums = accumulate(attempts[key] for key in keys)
    counted = [key for key, together in zip(keys, sums, strict=True) if together <= most]
    counts: dict[int, dict[str, int]] = {key: {} for key in keys}
    for document, outcome, count in rows(COUNTS, json.dumps(counted)):
        counts[document][outcome] = count
    for run in runs:
        found = counts[run.key]
        ordered = {word: found[word] for word in OUTCOMES if word in found}
        yield Listed(run, attempts[run.key], ordered)
