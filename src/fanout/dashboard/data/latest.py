"""What the history says now: `latest.json` for programs, `data/latest.js` for the pages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from fanout.dashboard.edition import Edition, script
from fanout.dashboard.facts.grid import NOT_RUN
from fanout.dashboard.facts.newest import CellNow, digest_of
from fanout.dashboard.facts.released import released
from fanout.dashboard.facts.snapshot import RunHead, Snapshot
from fanout.dashboard.site import Part
from fanout.errors import ExitCode
from fanout.model import Answer, Frozen, Outcome, Result
from fanout.told.decision.headline import headline
from fanout.wording import moment

UNDECIDED = "unknown: no Core ref has one before it to be compared with"
BROKEN = """
SELECT results, min(name), says FROM result JOIN promise ON promise.id = promise
WHERE results IN (SELECT value FROM json_each(?)) AND result = ? GROUP BY results"""


class LatestRun(Frozen):
    """A run: `candidate`, `baseline` and `answer` only where one was asked for."""

    id: str
    command: str
    started: datetime
    finished: datetime
    candidate: str
    baseline: str
    answer: Answer | None


class FirstBroken(Frozen):
    """The first broken promise of a cell by name, or known break; `says` is its docstring."""

    name: str
    says: str


class LatestCell(Frozen):
    """A cell as its newest evidence shows it; `known` is whether the matrix still has it.

    Of its `promises`, those that are not applicable to its Core are not among the `judged`.
    `since` is when it began to have this outcome, `newest` when it last ran.
    """

    cell: str
    pack: str
    core_ref: str
    version: str
    known: bool
    outcome: Outcome
    reason: str
    promises: int
    judged: int
    broken: int
    first_broken: FirstBroken | None
    known_breaks: int
    first_known_break: FirstBroken | None
    since: datetime
    newest: datetime


class Latest(Frozen):
    """What the history says now.

    `answer`, `headline` and `exit_code` are the gate's for the newest Core ref, `core_ref`,
    against the one before it, `baseline`; without two of them there is no answer. `counts` tells
    how many cells of the matrix have which outcome, and `not_run` names those without any
    evidence. `every` is how many hours may pass between two runs, `url` the address of the site if
    that was told.
    """

    schema_version: Literal[1] = 1
    answer: Answer | None
    headline: str
    exit_code: ExitCode
    core_ref: str
    baseline: str
    every: float
    url: str
    newest_run: LatestRun | None
    newest_answer: LatestRun | None
    counts: dict[str, int]
    not_run: tuple[str, ...]
    cells: tuple[LatestCell, ...]


class Settings(BaseModel):
    """What whoever built a site told of it."""

    every: float
    url: str


def settings(site: Path) -> Settings | None:
    """What the site in a folder was built with; nothing if there is none, or one that lacks it."""
    try:
        return Settings.model_validate_json((site / "latest.json").read_bytes())
    except (OSError, ValidationError):
        return None


def parts(edition: Edition) -> Iterator[Part]:
    snapshot = edition.snapshot
    runs, out = snapshot.runs, released(snapshot)
    value = {
        "run": runs[0].id if runs else "",
        "matrix": moment(out.ran) if out and out.ran else "",
        "every": edition.every,
    }
    yield edition.file("data/latest.js", value, lambda: script("latest", value))
    yield edition.file(
        "latest.json",
        (documents(snapshot), edition.every, edition.url),
        lambda: as_json(latest(edition)),
    )


def documents(snapshot: Snapshot) -> str:
    """A digest of which documents the history has, and so of all that it says."""
    return digest_of([run.document for run in snapshot.runs])


def as_json(value: Frozen) -> bytes:
    """A value as the site publishes it."""
    return value.model_dump_json(by_alias=True).encode() + b"\n"


@lru_cache(maxsize=1)  # of the last build alone
def latest(edition: Edition) -> Latest:
    """The summary of an edition for programs."""
    snapshot, made = edition.snapshot, edition.decision
    absent = not_run(snapshot)
    broken, excused = (first_broken(snapshot, one) for one in (Result.BROKEN, Result.KNOWN_BREAK))
    known = known_cells(snapshot)
    cells = tuple(
        latest_cell(
            cell,
            cell.name in known,
            broken.get(cell.results),
            excused.get(cell.results),
        )
        for cell in snapshot.cells.values()
    )
    outcomes = Counter(cell.outcome for cell in cells if cell.known)
    return Latest(
        answer=made.answer if made else None,
        headline=headline(made) if made else UNDECIDED,
        exit_code=made.exit_code if made else ExitCode.NO_VERDICT,
        core_ref=made.candidate.core_ref if made else "",
        baseline=made.baseline.core_ref if made else "",
        every=edition.every,
        url=edition.url,
        newest_run=next(map(latest_run, snapshot.runs), None),
        newest_answer=next((latest_run(run) for run in snapshot.runs if run.answer), None),
        counts={outcome: outcomes[outcome] for outcome in Outcome} | {NOT_RUN: len(absent)},
        not_run=absent,
        cells=cells,
    )


def known_cells(snapshot: Snapshot) -> dict[str, None]:
    """The name of every cell that the matrix has, whether it ever ran or not."""
    pairs = product(snapshot.matrix.packs, snapshot.matrix.core_refs)
    return dict.fromkeys(f"{pack}-{ref}" for pack, ref in pairs)


def not_run(snapshot: Snapshot) -> tuple[str, ...]:
    """The cells of the matrix of which there is no evidence at all."""
    return tuple(name for name in known_cells(snapshot) if name not in snapshot.cells)


def first_broken(snapshot: Snapshot, result: Result) -> Mapping[int, FirstBroken]:
    """The first promise that has this result, by results with any."""
    results = sorted({cell.results for cell in snapshot.cells.values()})
    rows = snapshot.history.rows(BROKEN, json.dumps(results), result)
    return {key: FirstBroken(name=name, says=says) for key, name, says in rows}


def latest_cell(
    cell: CellNow, known: bool, broken: FirstBroken | None, excused: FirstBroken | None
) -> LatestCell:
    return LatestCell(
        cell=cell.name,
        pack=cell.pack,
        core_ref=cell.core_ref,
        version=cell.version,
        known=known,
        outcome=cell.outcome,
        reason=cell.reason,
        promises=cell.counts.promises,
        judged=cell.counts.judged,
        broken=cell.counts.broken,
        first_broken=broken,
        known_breaks=cell.counts.known_breaks,
        first_known_break=excused,
        since=cell.since,
        newest=cell.newest,
    )


def latest_run(run: RunHead) -> LatestRun:
    return LatestRun.model_validate(run, from_attributes=True)
