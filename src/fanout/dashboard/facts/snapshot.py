"""What the history says now: every run, pack, Core ref and cell, as the pages need it.

It is read from the database of the history in a few queries, and is the same for the same
documents, whenever and in whatever steps they were read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from packaging.version import InvalidVersion, Version
from pydantic import TypeAdapter

from fanout.dashboard.facts.newest import CellNow, newest_cells
from fanout.history.query import History
from fanout.history.run import MatrixInRun, PackInRun
from fanout.history.tables import moment
from fanout.model import Answer, Promise, Result, version_of

WINDOW = 30  # runs that a strip shows
DOCUMENTS = """
SELECT id, name, run, command, started, finished, answer, candidate, baseline, packs, matrix
FROM document ORDER BY started, name"""
RECENT_DOCUMENTS = """
SELECT id FROM document WHERE EXISTS (
    SELECT 1 FROM attempt JOIN evidence ON evidence.id = attempt.evidence
    JOIN cell ON cell.id = evidence.cell
    WHERE attempt.document = document.id AND core_ref LIKE 'core\\_v%' ESCAPE '\\')
ORDER BY started DESC, name DESC LIMIT ?"""
RECENT = """
SELECT cell.name, attempt.started, took, outcome, results, attempt.document
FROM attempt JOIN evidence ON evidence.id = attempt.evidence
JOIN cell ON cell.id = evidence.cell
WHERE attempt.document IN (SELECT value FROM json_each(?))
AND core_ref LIKE 'core\\_v%' ESCAPE '\\'
ORDER BY cell.name, attempt.started, took, outcome, results"""
PROMISES = """
SELECT name, says, contract, core, result FROM result JOIN promise ON promise.id = promise
WHERE results = ? ORDER BY name"""
PACKS = TypeAdapter(dict[str, PackInRun])
MATRIX = TypeAdapter(MatrixInRun | None)


class RunHead(NamedTuple):
    """A run without what its cells said. `key` is its row in the database, of no other meaning."""

    key: int
    document: str
    id: str
    command: str
    started: datetime
    finished: datetime
    answer: Answer | None
    candidate: str
    baseline: str
    packs: Mapping[str, PackInRun]
    matrix: MatrixInRun | None


class Attempts(NamedTuple):
    """The last attempts at a cell in the newest runs, oldest first: of each fact all values.

    `at` is in microseconds since 1970, `took` in milliseconds; `said` are the outcomes' words.
    """

    at: tuple[int, ...]
    took: tuple[int, ...]
    said: tuple[str, ...]
    results: tuple[int, ...]
    run: tuple[str, ...]


class CoreRef(NamedTuple):
    """A Core ref of the matrix, or one that no run knows any more."""

    name: str
    version: str
    source: str
    digest: str
    known: bool

    @property
    def called(self) -> str:
        """What people call it: its version, or the Core ref where that is not known."""
        return self.version or self.name

    @property
    def line(self) -> str:
        """The minor line that it belongs to: `1.4`, or `other` for what has no version."""
        try:
            release = Version(self.version).release
        except InvalidVersion:
            return "other"
        return ".".join(map(str, (*release, 0)[:2]))


class PackNow(NamedTuple):
    """A pack as the newest run with it states it; `renamed` is the name that it has now."""

    name: str
    statement: PackInRun
    known: bool
    renamed: str


class Snapshot:
    """What the history says; promises are asked of the database as a page needs them."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.runs: tuple[RunHead, ...] = tuple(map(run_head, history.rows(DOCUMENTS)))[::-1]
        self.cells: dict[str, CellNow] = {cell.name: cell for cell in newest_cells(history)}
        self.said: dict[int, tuple[Promise, ...]] = {}

    @cached_property
    def matrix(self) -> MatrixInRun:
        """What tox knew in the newest run that says so; else all that there is evidence of."""
        told = next((run.matrix for run in self.runs if run.matrix), None)
        cells = self.cells.values()
        return told or MatrixInRun(
            packs=tuple(dict.fromkeys(cell.pack for cell in cells)),
            core_refs=tuple(dict.fromkeys(cell.core_ref for cell in cells)),
        )

    @cached_property
    def core_refs(self) -> tuple[CoreRef, ...]:
        """Every Core ref with a cell, newest version first; those no longer known come last."""
        known = frozenset(self.matrix.core_refs)
        of_ref: dict[str, list[CellNow]] = {}
        for cell in self.cells.values():
            of_ref.setdefault(cell.core_ref, []).append(cell)
        found = [core_ref(name, cells, name in known) for name, cells in of_ref.items()]
        found.sort(key=lambda ref: (ref.known, release(ref), ref.name), reverse=True)
        return tuple(found)

    @cached_property
    def packs(self) -> tuple[PackNow, ...]:
        """Every pack with a statement, as the matrix orders them; those no longer known last."""
        stated: dict[str, PackInRun] = {}
        for run in self.runs:
            for name, statement in run.packs.items():
                stated.setdefault(name, statement)
        known = self.matrix.packs
        names = (*(name for name in known if name in stated), *sorted(set(stated) - {*known}))
        return tuple(
            PackNow(
                name=name,
                statement=stated[name],
                known=name in known,
                renamed="" if name in known else self.renamed(stated[name], stated),
            )
            for name in names
        )

    @property
    def stated(self) -> Mapping[str, PackNow]:
        return {pack.name: pack for pack in self.packs}

    @cached_property
    def known_refs(self) -> tuple[CoreRef, ...]:
        """The Core refs with a cell that the matrix has, newest version first."""
        return tuple(ref for ref in self.core_refs if ref.known)

    @property
    def unrun(self) -> tuple[str, ...]:
        """The Core refs of the matrix that no run has."""
        seen = {ref.name for ref in self.core_refs}
        return tuple(name for name in self.matrix.core_refs if name not in seen)

    @property
    def newest(self) -> datetime | None:
        """When the last run ended, if there is one."""
        return max((run.finished for run in self.runs), default=None)

    def renamed(self, statement: PackInRun, stated: Mapping[str, PackInRun]) -> str:
        """The pack of the same consumer that is known now, if there is one."""
        return next(
            (
                name
                for name in self.matrix.packs
                if name in stated and stated[name].consumer == statement.consumer
            ),
            "",
        )

    def promises(self, results: int) -> tuple[Promise, ...]:
        """What was said of each promise, by name; without messages and texts."""
        if results not in self.said:
            self.said[results] = tuple(
                Promise(
                    name=name,
                    says=says,
                    contract=tuple(json.loads(contract)),
                    core=core,
                    result=Result(result),
                )
                for name, says, contract, core, result in self.history.rows(PROMISES, results)
            )
        return self.said[results]

    @cached_property
    def recent(self) -> Mapping[str, Attempts]:
        """The last attempts at each cell in the newest WINDOW runs, oldest first."""
        window = [key for (key,) in self.history.rows(RECENT_DOCUMENTS, WINDOW)]
        ids = {run.key: run.id for run in self.runs}
        order = {run.key: place for place, run in enumerate(self.runs)}
        found: dict[str, Attempts] = {}
        rows = self.history.rows(RECENT, json.dumps(window))
        for name, members in groupby(rows, key=itemgetter(0)):
            attempts = list(members)
            _, at, took, said, results, documents = zip(*attempts, strict=True)
            if len(set(at)) < len(at):
                # The same evidence may be in several documents; the oldest is the run it is of.
                attempts.sort(key=lambda row: order[row[-1]])
                once = sorted({row[:-1]: row for row in attempts}.values())
                _, at, took, said, results, documents = zip(*once, strict=True)
            runs = map(ids.__getitem__, documents)
            newest = (tuple(fact)[-WINDOW:] for fact in (at, took, said, results, runs))
            found[name] = Attempts(*newest)
        return found


def run_head(row: Sequence[Any]) -> RunHead:
    key, document, run, command, started, finished, answer, candidate, baseline, *said = row
    packs, matrix = said
    return RunHead(
        key=key,
        document=document,
        id=run,
        command=command,
        started=moment(started),
        finished=moment(finished),
        answer=Answer(answer) if answer else None,
        candidate=candidate,
        baseline=baseline,
        packs=stated_packs(packs),
        matrix=stated_matrix(matrix),
    )


@cache
def stated_packs(text: str) -> Mapping[str, PackInRun]:
    """The packs of a run; most runs state the same."""
    return PACKS.validate_json(text)


@cache
def stated_matrix(text: str) -> MatrixInRun | None:
    return MATRIX.validate_json(text)


def core_ref(name: str, cells: Sequence[CellNow], known: bool) -> CoreRef:
    """A Core ref as the newest of its cells that has a Core shows it."""
    told = max(cells, key=lambda cell: (bool(cell.version), cell.newest, cell.name))
    return CoreRef(
        name=name,
        version=told.version or asked_version(told.asked),
        source=told.source,
        digest=told.digest,
        known=known,
    )


def asked_version(asked: str) -> str:
    """The version that a requirement names, where its cell never said which it was."""
    return asked.partition("==")[2]


def release(ref: CoreRef) -> Version:
    return version_of(ref.version)
