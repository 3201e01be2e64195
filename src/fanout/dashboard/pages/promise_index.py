"""The promises as the first page searches them: `data/promises.js`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fanout.dashboard.edition import Edition, script
from fanout.dashboard.facts.grid import Column, Row
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.pages.matrix import columns_of, rows_of
from fanout.dashboard.site import Part
from fanout.history.gather import Once
from fanout.history.past import RED
from fanout.model import Promise

LONGEST_WORDS = 240  # characters
LARGEST_WORDS = 150_000  # characters, of the words of all promises


def parts(edition: Edition) -> Iterator[Part]:
    snapshot = edition.snapshot
    rows, columns = rows_of(snapshot), columns_of(snapshot)
    key = (rows, columns, [cell.key for cell in snapshot.cells.values()])
    yield edition.file(
        "data/promises.js", key, lambda: script("promises", index(snapshot, rows, columns))
    )


def index(
    snapshot: Snapshot, rows: Sequence[Row], columns: Sequence[Column]
) -> Mapping[str, object]:
    """Each promise of each pack: its file, name, words, symbols, and where it is red.

    Files and symbols are places in their lists. Where it is red is told in pairs of a place in the
    grid's Core refs and how many from there on; a break that is known or does not count is red too.
    """
    files, symbols = Once[str](), Once[str]()
    packs: dict[str, list[object]] = {}
    left = LARGEST_WORDS
    for row in rows:
        promises, red = of_pack(snapshot, row.pack, columns)
        for promise in promises:
            file, _, name = promise.name.partition("::")
            words = promise.says[:LONGEST_WORDS] if left > 0 else ""
            left -= len(words)
            pins = [symbols.at(symbol) for symbol in promise.contract]
            said = [files.at(file), name, words, pins, stretches(red.get(promise.name, ()))]
            packs.setdefault(row.pack, []).append(said)
    return {"files": list(files.seen), "symbols": list(symbols.seen), "packs": packs}


def of_pack(
    snapshot: Snapshot, pack: str, columns: Sequence[Column]
) -> tuple[Sequence[Promise], Mapping[str, Sequence[int]]]:
    """The promises of a pack by name, as its newest Core ref has them, and where each is red."""
    found: dict[str, Promise] = {}
    red: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        cell = snapshot.cells.get(f"{pack}-{column.core_ref}")
        for promise in snapshot.promises(cell.results) if cell else ():
            found.setdefault(promise.name, promise)
            if promise.result in RED:
                red.setdefault(promise.name, []).append(place)
    return [found[name] for name in sorted(found)], red


def stretches(places: Sequence[int]) -> list[int]:
    """Where each stretch of neighbours begins, and how long it is."""
    found: list[int] = []
    for place in places:
        if found and found[-2] + found[-1] == place:
            found[-1] += 1
        else:
            found += [place, 1]
    return found
