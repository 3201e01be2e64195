"""What changed around a Core that is the same, where a promise broke that it was seen to keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fanout.cells.environment import differing, environment, installed
from fanout.history.query import History
from fanout.history.run import Run
from fanout.history.tables import microseconds
from fanout.model import Evidence
from fanout.told.decision.standing import versions

# Where this content of Core kept a promise of this content of a pack last.
KEPT = """
SELECT document.name, cell.name, attempt.started FROM promise
JOIN result ON result.promise = promise.id JOIN evidence ON evidence.results = result.results
JOIN content ON content.id = evidence.content JOIN cell ON cell.id = evidence.cell
JOIN attempt ON attempt.evidence = evidence.id JOIN document ON document.id = attempt.document
WHERE promise.pack = ? AND promise.name = ? AND result.result = 'kept'
    AND content.version = ? AND content.digest = ? AND content.pack_digest = ?
    AND attempt.started < ?
ORDER BY attempt.started DESC LIMIT 1"""


def world_changed(
    pack: str, promise: str, broken: Evidence, past: History, read: Callable[[Path], Run]
) -> str:
    """What was installed beside the same Core when it kept a promise, and is not now; else empty.

    Where nothing else was installed, the promise is flaky, which its history tells. `read` gives a
    document, which may tell of many promises.
    """
    same = (broken.version, broken.digest, broken.pack_digest)
    if not all(same):
        return ""
    for document, cell, started in past.rows(
        KEPT, pack, promise, *same, microseconds(broken.started)
    ):
        run = read(past.folder / document)
        for attempt in run.attempts:
            at, where = attempt.started or run.started, attempt.environment
            if (attempt.cell, microseconds(at)) == (cell, started) and where is not None:
                then = run.environments[where]
                before = installed(then.python, run.distributions_of(then))
                if before and (found := differing(environment(broken), before)):
                    changed = versions(found, " instead of ")
                    return f"the world changed, and Core did not, since {at:%Y-%m-%d}: {changed}"
    return ""
