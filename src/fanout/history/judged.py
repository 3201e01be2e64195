"""What the promises of each pack said of each content of Core when they were asked last."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from fanout.history.document import read_run
from fanout.history.query import History
from fanout.history.run import Finding
from fanout.model import Result

NEWEST = """
SELECT content.digest, cell.name, document.name, max(attempt.started)
FROM attempt JOIN evidence ON evidence.id = attempt.evidence JOIN cell ON cell.id = evidence.cell
JOIN content ON content.id = evidence.content JOIN document ON document.id = attempt.document
WHERE cell.pack = ? AND core_ref LIKE 'core\\_v%' ESCAPE '\\' AND content.digest <> ''
AND json_extract(document.packs, '$.' || cell.pack || '.release') = ?
AND EXISTS (SELECT 1 FROM result WHERE result.results = evidence.results)
GROUP BY content.digest ORDER BY content.digest"""


class JudgedOn(NamedTuple):
    """What the promises of a pack said of one content of Core, in one cell of one run."""

    digest: str
    cell: str
    findings: tuple[Finding, ...]

    def count(self, *results: Result) -> int:
        return sum(one.result in results for one in self.findings)


def judged(history: History, pack: str, release: str) -> Iterator[JudgedOn]:
    """The newest evidence of each content, of the pack as it was read from a release."""
    read = lru_cache(maxsize=4)(lambda document: read_run(history.folder / document))
    for digest, cell, document, _ in history.rows(NEWEST, pack, release):
        run = read(document)
        attempts = [
            one
            for one in run.attempts
            if one.cell == cell
            and one.environment is not None
            and run.environments[one.environment].digest == digest
        ]
        if attempts:
            yield JudgedOn(digest, cell, tuple(run.findings_of(attempts[-1])))
