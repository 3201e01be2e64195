"""`index.html`: may we release what is next, what is new in what is released, and the matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from fanout.dashboard.data.latest import documents, latest
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.grid import NOT_RUN, OUTCOMES, VERDICTS, Box
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.released import released
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.pages.first.answer import answer, released_counts, since
from fanout.dashboard.pages.first.matrix import (
    boxes,
    candidate_boxes,
    candidate_column,
    columns_of,
    grid,
    rows_of,
)
from fanout.dashboard.pages.first.plain import plain
from fanout.dashboard.site import Part
from fanout.model import Outcome

MOST_OTHERS = 4  # candidates beside the newest


class Gone(NamedTuple):
    """What the matrix no longer has, and when it was last run."""

    name: str
    page: str
    renamed: str
    newest: datetime
    version: str = ""


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
    told = {cell.cell: cell for cell in latest(edition).cells}
    following = edition.next
    rows, columns = rows_of(snapshot), columns_of(snapshot)
    found = boxes(snapshot, rows, columns, told, edition.verdicts.known)
    out = released(snapshot)
    simple = plain(rows, columns, found)
    if following:
        columns = (*columns, candidate_column(following))
        found |= candidate_boxes(following)
    return {
        "newest": snapshot.newest,
        "answer": answer(following) if following else None,
        "looked_at": edition.looked_at,
        "others": [one for one in edition.candidates if one is not following][:MOST_OTHERS],
        "released": out,
        "released_counts": list(released_counts(out)) if out else (),
        "released_since": {one.pack: since((one.broken, one.known)) for one in out.packs}
        if out
        else {},
        "unjudged": snapshot.unrun,
        "unknown": unknown(found.values()),
        "gone_packs": gone_packs(snapshot),
        "gone_refs": gone_refs(snapshot),
        "packs": [row.pack for row in rows],
        "outcomes": list(OUTCOMES),
        "verdicts": [str(word) for word in VERDICTS],
        "lines": list(dict.fromkeys(column.group for column in columns if column.kind == "line")),
        "rows": rows,
        "plain": simple,
        "grid": grid(snapshot, rows, columns, found),
    }


def unknown(cells: Iterable[Box]) -> str:
    """How many cells of Cores that ran are in no verdict, in words; empty if there are none."""
    counts = Counter(cell.outcome for cell in cells)
    words = {
        Outcome.ERRORED: "errored",
        Outcome.MISSING: "without evidence",
        NOT_RUN: "not run",
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
        Gone(ref.name, f"refs/{ref.name}.html", "", newest[ref.name], ref.version)
        for ref in snapshot.core_refs
        if not ref.known
    )
