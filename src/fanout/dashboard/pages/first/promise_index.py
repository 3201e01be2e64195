"""The promises as the first page searches them: `data/promises.js`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from fanout.dashboard.edition import Edition, script
from fanout.dashboard.facts.candidate import Judged
from fanout.dashboard.facts.grid import Column, Row
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.said import Sayings
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.pages.first.matrix import columns_of, rows_of
from fanout.dashboard.site import Part
from fanout.gate.verdict import HOLDS
from fanout.history.gather import Once
from fanout.history.past import RED
from fanout.model import Promise
from fanout.wording import cut, one_line

LONGEST_WORDS, LONGEST_ERROR = 240, 200  # characters
LARGEST_WORDS, LARGEST_ERRORS = 150_000, 40_000  # characters, of all promises


class Indexed:
    """The promises of a pack by name, as its newest Core has them, and where each is red.

    `errors` is what each said where it is red on the newest Core that breaks it.
    """

    def __init__(self) -> None:
        self.promises: dict[str, Promise] = {}
        self.red: dict[str, list[int]] = {}
        self.first: dict[str, CellNow] = {}
        self.errors: dict[str, str] = {}

    def see(self, place: int, cell: CellNow, promises: Sequence[Promise]) -> None:
        for promise in promises:
            self.promises.setdefault(promise.name, promise)
            if promise.result in RED:
                self.red.setdefault(promise.name, []).append(place)
                self.first.setdefault(promise.name, cell)

    def see_candidate(self, place: int, candidate: Judged, pack: str) -> None:
        for cell in candidate.decision.cells:
            for one in cell.promises if cell.pack == pack else ():
                if one.verdict in HOLDS:
                    self.red.setdefault(one.name, []).append(place)
                    self.errors[one.name] = one.candidate.message


def parts(edition: Edition) -> Iterator[Part]:
    snapshot, candidate = edition.snapshot, edition.next
    rows, columns = rows_of(snapshot), columns_of(snapshot)
    cells = [cell.key for cell in snapshot.cells.values()]
    key = (rows, columns, cells, candidate and candidate.head.id)
    yield edition.file(
        "data/promises.js", key, lambda: script("promises", index(edition, rows, columns))
    )


def index(edition: Edition, rows: Sequence[Row], columns: Sequence[Column]) -> Mapping[str, object]:
    """Each promise of each pack: its file, name, words, symbols, where it is red, and its error.

    Files, symbols and errors are places in their lists, -1 for none. Where it is red is told in
    pairs of a place in the grid's Core refs and how many from there on; a break that is known or
    does not count is red too. After the last Core ref comes the candidate.
    """
    files, symbols, errors = Once[str](), Once[str](), Once[str]()
    found = {row.pack: of_pack(edition.snapshot, row.pack, columns) for row in rows}
    tell_errors(edition.sayings, found.values())
    packs: dict[str, list[object]] = {}
    left, room = LARGEST_WORDS, LARGEST_ERRORS
    for pack, of in found.items():
        if edition.next:
            of.see_candidate(len(columns), edition.next, pack)
        for name, promise in sorted(of.promises.items()):
            file, _, test = name.partition("::")
            words = promise.says[:LONGEST_WORDS] if left > 0 else ""
            left -= len(words)
            error = cut(one_line(of.errors.get(name, "")), LONGEST_ERROR)
            room -= 0 if error in errors.seen else len(error)
            said = errors.at(error) if error and room > 0 else -1
            pins = [symbols.at(symbol) for symbol in promise.contract]
            where = stretches(of.red.get(name, ()))
            packs.setdefault(pack, []).append([files.at(file), test, words, pins, where, said])
    lists = {"files": files, "symbols": symbols, "errors": errors}
    return {**{word: list(once.seen) for word, once in lists.items()}, "packs": packs}


def of_pack(snapshot: Snapshot, pack: str, columns: Sequence[Column]) -> Indexed:
    found = Indexed()
    for place, column in enumerate(columns):
        if cell := snapshot.cells.get(f"{pack}-{column.core_ref}"):
            found.see(place, cell, snapshot.promises(cell.results))
    return found


def tell_errors(sayings: Sayings, packs: Iterable[Indexed]) -> None:
    """What each red promise said; the cells of one document come one after another."""
    asked = [(cell, name, of) for of in packs for name, cell in of.first.items()]
    asked.sort(key=lambda one: (one[0].document, one[0].name))
    for cell, members in groupby(asked, key=lambda one: one[0]):
        said = sayings.of(cell).findings
        for _, name, of in members:
            if name in said:
                of.errors[name] = said[name].message


def stretches(places: Sequence[int]) -> list[int]:
    """Where each stretch of neighbours begins, and how long it is."""
    found: list[int] = []
    for place in places:
        if found and found[-2] + found[-1] == place:
            found[-1] += 1
        else:
            found += [place, 1]
    return found
