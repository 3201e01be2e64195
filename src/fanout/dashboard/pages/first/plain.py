"""The matrix as a plain table, for a browser that runs no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from fanout.dashboard.facts.grid import Column, Row
from fanout.dashboard.pages.first.matrix import Boxes

MOST_COLUMNS = 24


class PlainCell(NamedTuple):
    """A cell that is shown; `cell` leads to its page."""

    look: str
    says: str
    cell: str


class PlainColumn(NamedTuple):
    """Neighbouring Cores on which every pack says the same, `newest` to `oldest`."""

    newest: Column
    oldest: Column
    cells: tuple[PlainCell | None, ...]


class Plain(NamedTuple):
    """The newest columns, and the Cores that are older than they are."""

    columns: tuple[PlainColumn, ...]
    older: tuple[Column, ...]


def plain(rows: Sequence[Row], columns: Sequence[Column], found: Boxes) -> Plain:
    refs = [column for column in columns if column.kind == "line"]
    shown = tuple(islice(folded(rows, refs, found), MOST_COLUMNS))
    last = refs.index(shown[-1].oldest) + 1 if shown else 0
    return Plain(shown, tuple(refs[last:]))


def folded(rows: Sequence[Row], refs: Sequence[Column], found: Boxes) -> Iterator[PlainColumn]:
    def said(column: Column) -> tuple[tuple[str, str] | None, ...]:
        boxes = (found.get((row.pack, column.core_ref)) for row in rows)
        return tuple((box.look or box.outcome, box.says) if box else None for box in boxes)

    for cells, alike in groupby(refs, said):
        members = list(alike)
        yield PlainColumn(
            newest=members[0],
            oldest=members[-1],
            cells=tuple(
                PlainCell(*told, f"{row.pack}-{members[0].core_ref}") if told else None
                for row, told in zip(rows, cells, strict=True)
            ),
        )
