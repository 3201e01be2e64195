"""The newest evidence of each cell in the history, and since when the cell has its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from fanout.history.query import History
from fanout.history.tables import moment
from fanout.model import Counts, Outcome, Result
from fanout.wording import outcome_words

NEWEST_EVIDENCE = """
SELECT cell.name, evidence.id, asked, source, version, content.digest, pack_digest,
    hex(results.digest), evidence.results, outcome, reason, supported, first, evidence.newest,
    evidence.cell, began, turned, coalesce(ran_as, cell.name), max(coalesce(ran, attempt.started))
FROM (
    SELECT cell, max(newest) AS newest, min(first) AS began,
        min(outcome) <> max(outcome) AS turned
    FROM evidence GROUP BY cell) AS last
JOIN evidence ON evidence.cell = last.cell AND evidence.newest = last.newest
JOIN attempt ON attempt.evidence = evidence.id AND attempt.started = evidence.newest
JOIN cell ON cell.id = evidence.cell
JOIN content ON content.id = evidence.content JOIN results ON results.id = evidence.results
WHERE core_ref LIKE 'core\\_v%' ESCAPE '\\'
GROUP BY evidence.id ORDER BY cell.name"""
SPANS = """
SELECT cell, id, outcome, first, newest FROM evidence
WHERE cell IN (SELECT value FROM json_each(?)) AND newest IS NOT NULL ORDER BY cell"""
FIRST_DOCUMENTS = """
SELECT evidence, min(name) FROM json_each(?) AS asked CROSS JOIN attempt
ON evidence = json_extract(asked.value, '$[0]')
AND attempt.started = json_extract(asked.value, '$[1]')
JOIN document ON document.id = attempt.document GROUP BY evidence"""
SINCE = "SELECT min(started) FROM attempt WHERE evidence = ? AND started > ?"
COUNTS = """
SELECT results, result, count(*) FROM result
WHERE results IN (SELECT value FROM json_each(?)) GROUP BY results, result"""
AS_JSON = json.JSONEncoder(default=str, check_circular=False)


class CellNow(NamedTuple):
    """A cell as its newest evidence shows it.

    `first` is when this evidence was first seen and `document` the run that saw it; `since` is
    when the cell began to have its outcome; `key` says all that the cell's own page depends on.
    """

    name: str
    pack: str
    core_ref: str
    evidence: int
    asked: str
    source: str
    version: str
    digest: str
    pack_digest: str
    results: int
    outcome: Outcome
    reason: str
    supported: bool
    first: datetime
    newest: datetime
    since: datetime
    document: str
    key: str
    counts: Counts
    ran_as: str  # the cell that really ran, and when it did
    ran: datetime

    @property
    def taken_over(self) -> bool:
        """Whether it did not run itself when it was last asked for."""
        return (self.ran_as, self.ran) != (self.name, self.newest)

    @property
    def says(self) -> str:
        return outcome_words(self.outcome, self.counts)


class EvidenceRow(NamedTuple):
    """One evidence of a cell, as NEWEST_EVIDENCE tells it; times are microseconds since 1970."""

    cell: str
    id: int
    asked: str
    source: str
    version: str
    digest: str
    pack_digest: str
    said: str
    results: int
    outcome: str
    reason: str
    supported: int
    first: int
    newest: int
    cell_id: int
    began: int  # when the cell was first seen, and whether it ever had another outcome since
    turned: int
    ran_as: str
    ran: int

    @property
    def content(self) -> tuple[str, ...]:
        """What the cell said and of what, without when."""
        return (*self[2:8], self.outcome, self.reason, str(self.supported))


def newest_cells(history: History) -> Iterator[CellNow]:
    rows = (EvidenceRow(*row) for row in history.rows(NEWEST_EVIDENCE))
    # Of several that were seen at once it is always the same one.
    newest = [
        max(members, key=lambda row: row.content)
        for _, members in groupby(rows, key=lambda row: row.cell)
    ]
    first = json.dumps([(now.id, now.first) for now in newest])
    documents = dict(history.rows(FIRST_DOCUMENTS, first))
    turned = json.dumps([now.cell_id for now in newest if now.turned])
    spans = {
        cell: [Span(*row[1:]) for row in members]
        for cell, members in groupby(history.rows(SPANS, turned), key=itemgetter(0))
    }
    counts = counts_of(history, (now.results for now in newest))
    for now in newest:
        since = outcome_since(history, now, spans[now.cell_id]) if now.turned else now.began
        yield cell_now(now, since, documents[now.id], counts.get(now.results, Counts()))


def counts_of(history: History, results: Iterable[int]) -> dict[int, Counts]:
    """How many promises some results have, and what came of them."""
    found: dict[int, dict[Result, int]] = {}
    for key, result, count in history.rows(COUNTS, json.dumps(sorted(set(results)))):
        found.setdefault(key, {})[Result(result)] = count
    return {key: Counts.of(told) for key, told in found.items()}


class Span(NamedTuple):
    """From when to when one evidence of a cell was seen, in microseconds since 1970."""

    id: int
    outcome: str
    first: int
    newest: int


def outcome_since(history: History, now: EvidenceRow, spans: Sequence[Span]) -> int:
    """When a cell began to have the outcome that it has now."""
    differing = (span.newest for span in spans if span.outcome != now.outcome)
    after = max((at for at in differing if at < now.newest), default=-1)
    return min(
        span.first if span.first > after else history.rows(SINCE, span.id, after)[0][0]
        for span in spans
        if span.outcome == now.outcome and span.newest > after
    )


def cell_now(now: EvidenceRow, since: int, document: str, counts: Counts) -> CellNow:
    pack, _, ref = now.cell.partition("-")
    itself = (now.ran_as, now.ran) == (now.cell, now.newest)
    taken = () if itself else (now.ran_as, now.ran)
    return CellNow(
        name=now.cell,
        pack=pack,
        core_ref=ref,
        evidence=now.id,
        asked=now.asked,
        source=now.source,
        version=now.version,
        digest=now.digest,
        pack_digest=now.pack_digest,
        results=now.results,
        outcome=Outcome(now.outcome),
        reason=now.reason,
        supported=bool(now.supported),
        first=moment(now.first),
        newest=moment(now.newest),
        since=moment(since),
        document=document,
        key=digest_of((now.cell, now.content, document, *taken)),
        counts=counts,
        ran_as=now.ran_as,
        ran=moment(now.ran),
    )


def digest_of(values: object) -> str:
    """A short digest of anything that JSON can hold."""
    return hashlib.sha256(AS_JSON.encode(values).encode()).hexdigest()[:32]
