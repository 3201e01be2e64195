"""The first page: the answer for the newest Core ref, and every pack on every Core ref."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from fanout.dashboard.data.latest import LatestCell, documents, latest
from fanout.dashboard.edition import Edition, inline
from fanout.dashboard.facts.along import neighbours
from fanout.dashboard.facts.grid import NOT_RUN, OUTCOMES, VERDICTS, Box, Column, Row, compact
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.site import Part
from fanout.history.tables import EPOCH
from fanout.model import Outcome, Verdict

UNRUN, GONE = "not run yet", "no longer in the matrix"
ANSWERS = 3  # runs with an answer, of which the first page tells


class OnNewest(NamedTuple):
    """A pack on the newest Core ref that any run has."""

    pack: str
    page: bool
    owner: str
    outcome: str
    says: str
    verdict: str
    cell: str  # empty if no run has it
    broken: int
    first: str
    newest: datetime | None


class Gone(NamedTuple):
    """What the matrix no longer has, and when it was last run."""

    name: str
    page: str
    renamed: str
    newest: datetime


def parts(edition: Edition) -> Iterator[Part]:
    """It is made again at every run, because it says when each cell was last run."""
    yield edition.page(
        "index.html",
        "index.html",
        (documents(edition.snapshot), edition.every),
        lambda: context(edition),
    )


def context(edition: Edition) -> Mapping[str, object]:
    snapshot = edition.snapshot
    now = latest(edition)
    told = {cell.cell: cell for cell in now.cells}
    verdicts = edition.verdicts.known
    rows, columns = rows_of(snapshot), columns_of(snapshot)
    return {
        "latest": now,
        "answers": list(islice((run for run in snapshot.runs if run.answer), ANSWERS)),
        "newest": snapshot.newest,
        "candidate": next(iter(snapshot.known_refs), None),
        "baseline": next(iter(snapshot.known_refs[1:]), None),
        "unjudged": snapshot.unrun,
        "total": sum(now.counts.values()),
        "unknown": unknown(now.counts),
        "on_newest": on_newest(snapshot, told, verdicts),
        "gone_packs": gone_packs(snapshot),
        "gone_refs": gone_refs(snapshot),
        "packs": [row.pack for row in rows],
        "outcomes": list(OUTCOMES),
        "verdicts": [str(word) for word in VERDICTS],
        "lines": list(dict.fromkeys(column.group for column in columns if column.kind == "line")),
        "grid": inline(grid(snapshot, rows, columns, told, verdicts)),
    }


def rows_of(snapshot: Snapshot) -> tuple[Row, ...]:
    """Every pack that is known or has a cell; those no longer known come last."""
    stated = [
        Row(pack=pack.name, note=note(pack.known, pack.renamed), known=pack.known)
        for pack in snapshot.packs
    ]
    known = snapshot.matrix.packs
    there = {row.pack for row in stated}
    silent = dict.fromkeys((*known, *(cell.pack for cell in snapshot.cells.values())))
    rows = [
        *stated,
        *(
            Row(pack=name, note="" if name in known else GONE, known=name in known, page=False)
            for name in silent
            if name not in there
        ),
    ]
    return tuple(sorted(rows, key=lambda row: not row.known))


def note(known: bool, renamed: str) -> str:
    if renamed:
        return f"renamed to {renamed}"
    return "" if known else GONE


def columns_of(snapshot: Snapshot) -> tuple[Column, ...]:
    """Every Core ref, newest first: by minor line, then those never run, then those not known."""
    beside = neighbours(snapshot)
    columns = [
        Column(
            core_ref=ref.name,
            version=ref.version,
            source=ref.source,
            digest=ref.digest,
            group=ref.line if ref.known else GONE,
            kind="line" if ref.known else "gone",
            before=before.name if (before := beside[ref.name].before) and ref.known else "",
        )
        for ref in snapshot.core_refs
    ]
    unrun = [
        Column(name, version="", source="", digest="", group=UNRUN, kind="unrun", page=False)
        for name in snapshot.unrun
    ]
    known = [column for column in columns if column.kind == "line"]
    return (*known, *unrun, *(column for column in columns if column.kind == "gone"))


def grid(
    snapshot: Snapshot,
    rows: Sequence[Row],
    columns: Sequence[Column],
    told: Mapping[str, LatestCell],
    verdicts: Mapping[str, Verdict],
) -> Mapping[str, object]:
    digests = {pack.name: pack.statement.digest for pack in snapshot.packs}
    boxes: dict[tuple[str, str], Box] = {}
    for row in rows:
        for column in columns:
            name = f"{row.pack}-{column.core_ref}"
            if cell := snapshot.cells.get(name):
                found = box(cell, told[name], verdicts.get(name), digests.get(row.pack, ""))
                boxes[row.pack, column.core_ref] = found
            elif row.known and column.kind != "gone":
                boxes[row.pack, column.core_ref] = Box(NOT_RUN, NOT_RUN)
    return compact(rows, columns, boxes, snapshot.newest or EPOCH, "cells/{}.html", "")


def box(cell: CellNow, told: LatestCell, verdict: Verdict | None, pack_digest: str) -> Box:
    count, first, detail = 0, None, cell.reason
    if cell.outcome in (Outcome.FAILED, Outcome.UNSUPPORTED):
        count, first, detail = told.broken, told.first_broken, ""
    elif cell.outcome is Outcome.PASSED:
        count, first = told.known_breaks, told.first_known_break
    return Box(
        outcome=cell.outcome,
        says=cell.says,
        verdict=verdict or "",
        detail=f"“{first.says or first.name}”" if first else detail,
        broken=count,
        newest=cell.newest,
        since=cell.since,
        earlier="" not in (cell.pack_digest, pack_digest) and cell.pack_digest != pack_digest,
    )


def on_newest(
    snapshot: Snapshot,
    told: Mapping[str, LatestCell],
    verdicts: Mapping[str, Verdict],
) -> Iterator[OnNewest]:
    """Each known pack on the newest Core ref, one without evidence too."""
    stated, refs = snapshot.stated, snapshot.known_refs
    for pack in snapshot.matrix.packs if refs else ():
        name = f"{pack}-{refs[0].name}"
        cell, statement = told.get(name), stated.get(pack)
        first = cell.first_broken if cell else None
        yield OnNewest(
            pack=pack,
            page=statement is not None,
            owner=statement.statement.owner if statement else "",
            outcome=cell.outcome if cell else NOT_RUN,
            says=snapshot.cells[name].says if cell else NOT_RUN,
            verdict=verdicts.get(name, ""),
            cell=name if cell else "",
            broken=cell.broken if cell else 0,
            first=(first.says or first.name) if first else cell.reason if cell else "",
            newest=cell.newest if cell else None,
        )


def unknown(counts: Mapping[str, int]) -> str:
    """How many cells are in no verdict, in words; empty if there are none."""
    words = {
        Outcome.ERRORED: "errored",
        Outcome.MISSING: "without evidence",
        NOT_RUN: "never run",
    }
    return ", ".join(f"{counts[key]} {said}" for key, said in words.items() if counts[key])


def newest_by(snapshot: Snapshot, of: Callable[[CellNow], str]) -> dict[str, datetime]:
    """When any cell of each pack, or of each Core ref, was last run."""
    found: dict[str, datetime] = {}
    for cell in snapshot.cells.values():
        found[of(cell)] = max(cell.newest, found.get(of(cell), cell.newest))
    return found


def gone_packs(snapshot: Snapshot) -> tuple[Gone, ...]:
    pages = {pack.name: pack.renamed for pack in snapshot.packs}
    newest = newest_by(snapshot, lambda cell: cell.pack)
    return tuple(
        Gone(name, f"packs/{name}.html" if name in pages else "", pages.get(name, ""), at)
        for name, at in newest.items()
        if name not in snapshot.matrix.packs
    )


def gone_refs(snapshot: Snapshot) -> tuple[Gone, ...]:
    newest = newest_by(snapshot, lambda cell: cell.core_ref)
    return tuple(
        Gone(ref.name, f"refs/{ref.name}.html", "", newest[ref.name])
        for ref in snapshot.core_refs
        if not ref.known
    )
