"""The matrix of the first page: every pack on the candidate and on every Core, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fanout.dashboard.data.latest import LatestCell
from fanout.dashboard.edition import inline
from fanout.dashboard.facts.along import neighbours
from fanout.dashboard.facts.candidate import Judged
from fanout.dashboard.facts.grid import NOT_RUN, Box, Column, Row, compact, look
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.released import released
from fanout.dashboard.facts.run import gravest
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.facts.verdicts import Judged as JudgedCell
from fanout.dashboard.facts.verdicts import worth_telling
from fanout.gate.verdict import HOLDS
from fanout.history.tables import EPOCH
from fanout.model import CellVerdict, Outcome, Verdict
from fanout.wording import outcome_words

GONE = "no longer in the matrix"
Boxes = Mapping[tuple[str, str], Box]


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
    """Every Core ref that any run has, newest first: by minor line, then those not known."""
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
    return tuple(sorted(columns, key=lambda column: column.kind != "line"))


def candidate_column(candidate: Judged) -> Column:
    """The candidate as a Core ref of the matrix; its cells are in its run."""
    return Column(
        core_ref=candidate.core.core_ref,
        version=candidate.name,
        source="",
        digest="",
        group="candidate",
        kind="candidate",
        before=candidate.decision.baseline.core_ref,
        page=False,
        link=f"runs/{candidate.head.id}.html?cell={{}}",
    )


def grid(snapshot: Snapshot, rows: Sequence[Row], columns: Sequence[Column], found: Boxes) -> str:
    """What the browser draws the matrix from."""
    made = compact(rows, columns, found, snapshot.newest or EPOCH, "cells/{}.html", "")
    return inline(made)


def boxes(
    snapshot: Snapshot,
    rows: Sequence[Row],
    columns: Sequence[Column],
    told: Mapping[str, LatestCell],
    judged: Mapping[str, JudgedCell],
) -> dict[tuple[str, str], Box]:
    """What each cell shows. Only what the newest content of Core broke is new to anybody."""
    digests = {pack.name: pack.statement.digest for pack in snapshot.packs}
    out = released(snapshot)
    packs = [one.pack for one in out.packs if one.broken.new and out.before] if out else []
    new = {(pack, core_ref) for pack in packs for core_ref in (out.alike if out else ())}
    found: dict[tuple[str, str], Box] = {}
    for row in rows:
        for column in columns:
            name = f"{row.pack}-{column.core_ref}"
            if cell := snapshot.cells.get(name):
                said = box(cell, told[name], judged.get(name), digests.get(row.pack, ""))
                if (row.pack, column.core_ref) in new and said.outcome == Outcome.FAILED:
                    said = said._replace(look=Verdict.REGRESSED)
                found[row.pack, column.core_ref] = said
            elif row.known and column.kind != "gone":
                found[row.pack, column.core_ref] = Box(NOT_RUN, "", verdict=Verdict.UNKNOWN)
    return found


def box(cell: CellNow, told: LatestCell, judged: JudgedCell | None, pack_digest: str) -> Box:
    count, first, detail = 0, None, cell.reason
    if cell.outcome in (Outcome.FAILED, Outcome.UNSUPPORTED):
        count, first, detail = told.broken, told.first_broken, ""
    elif cell.outcome is Outcome.PASSED:
        count, first = told.known_breaks, told.first_known_break
    return Box(
        outcome=cell.outcome,
        says=cell.says,
        look=look(cell.outcome, cell.counts),
        verdict=judged.verdict if judged else "",
        also=frozenset(judged.also if judged else ()) | known_break(cell),
        detail=f"“{first.says or first.name}”" if first else detail,
        broken=count,
        newest=cell.newest,
        ran=cell.ran if cell.taken_over else None,
        earlier="" not in (cell.pack_digest, pack_digest) and cell.pack_digest != pack_digest,
    )


def known_break(cell: CellNow) -> frozenset[str]:
    """What is listed is a known break, whatever it is compared with."""
    return frozenset({Verdict.KNOWN_BREAK} if cell.counts.known_breaks and cell.supported else ())


def candidate_boxes(candidate: Judged) -> dict[tuple[str, str], Box]:
    return {
        (cell.pack, candidate.core.core_ref): candidate_box(candidate, cell)
        for cell in candidate.decision.cells
        if cell.cell in candidate.facts.tried
    }


def candidate_box(candidate: Judged, cell: CellVerdict) -> Box:
    facts = candidate.facts
    counted = gravest(facts.tried[cell.cell])
    counts = facts.counts[counted.results]
    broken = [one for one in cell.promises if one.verdict in HOLDS]
    regressed = cell.verdict is Verdict.REGRESSED
    return Box(
        outcome=counted.outcome,
        says=outcome_words(counted.outcome, counts),
        look=Verdict.REGRESSED if regressed else look(counted.outcome, counts),
        verdict=cell.verdict,
        also=worth_telling(one.verdict for one in cell.promises),
        detail=f"“{broken[0].says or broken[0].name}”" if broken else cell.reason,
        broken=len(broken),
        newest=candidate.head.finished,
    )
