"""A grid of packs and Core refs, as compact as `matrix.js` reads it.

The browser draws it, so that thousands of cells weigh a few bytes each: an outcome is one
character, what neighbours in a row have in common is held once with how often it repeats, and
every text is held once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, TypeVar

from fanout.history.gather import Once
from fanout.model import Counts, Outcome, Result, Verdict
from fanout.wording import GLYPHS, TAKEN_OVER, cut, moment

NOT_RUN = "not run"
PARTLY = "partly judged"
MINUTE = 60  # seconds
LONGEST_DETAIL = 300  # characters
LARGEST_DETAILS = 60_000  # bytes, of all details of one grid
LEFT_OUT = "its page says why"
# The gravest first: a summary of several cells shows the first of these that is among them.
OUTCOMES: Mapping[str, str] = {
    Outcome.FAILED: "f",
    Outcome.ERRORED: "e",
    Outcome.MISSING: "m",
    NOT_RUN: "n",
    Outcome.UNSUPPORTED: "u",
    Outcome.PASSED: "p",
}
VERDICTS: Mapping[str, str] = {
    Verdict.REGRESSED: "r",
    Verdict.BROKEN: "b",
    Verdict.STILL_FAILING: "s",
    Verdict.UNKNOWN: "?",
    Verdict.KNOWN_BREAK: "k",
    Verdict.PENDING: "d",
    Verdict.FIXED: "f",
    Verdict.NEW: "n",
    Verdict.REMOVED: "m",
    Verdict.PASSING: "p",
    Verdict.UNSUPPORTED: "u",
    Verdict.NOT_APPLICABLE: "a",
}
NOTHING = " "  # nothing is there, and nothing is expected
T = TypeVar("T")


class Row(NamedTuple):
    """A pack; `note` is what is unusual about it, and `page` whether the site has one of it."""

    pack: str
    note: str = ""
    known: bool = True
    page: bool = True


class Column(NamedTuple):
    """A Core ref; `group` is its heading of `kind` candidate, line, apart or gone.

    `link` leads to its cells where that is another page than the grid's.
    """

    core_ref: str
    version: str
    source: str
    digest: str
    group: str
    kind: str = "line"
    before: str = ""  # the Core ref that verdicts compare it with
    page: bool = True
    link: str = ""

    @property
    def called(self) -> str:
        """What people call it: its version, or else its name: `candidate`."""
        return self.version or self.core_ref.removeprefix("core_")


class Box(NamedTuple):
    """What the grid shows of one cell; `look` is what somebody has to do about it, as a class.

    `verdict` is the gravest of its promises, and `also` are the others that somebody may look for.
    """

    outcome: str
    says: str
    look: str = ""
    verdict: str = ""
    also: frozenset[str] = frozenset()
    detail: str = ""
    broken: int = 0
    newest: datetime | None = None
    earlier: bool = False  # whether it ran with an earlier content of the pack
    ran: datetime | None = None  # when that really ran which the cell has taken over


def look(outcome: Outcome, counts: Counts) -> str:
    """What a cell looks like: passed is only what keeps all of its promises, and all judged."""
    if outcome is Outcome.PASSED and counts.known_breaks:
        return Result.KNOWN_BREAK
    return PARTLY if outcome is Outcome.PASSED and counts.partly else outcome


def compact(
    rows: Sequence[Row],
    columns: Sequence[Column],
    boxes: Mapping[tuple[str, str], Box],
    base: datetime,
    link: str,
    root: str,
) -> dict[str, object]:
    """The grid as JSON holds it; `link` leads to a cell, whose name takes the place of `{}`.

    Moments are minutes before `base`, rounded down.
    """
    texts, words, alsos = Texts(), Once[tuple[str, str, str]](), Once[str]()
    held = Once[Box | None]()  # what many cells have alike is told once
    contents = {digest: place for place, digest in enumerate(distinct(columns))}
    places = {column.core_ref: place for place, column in enumerate(columns)}
    refs = [column.core_ref for column in columns]
    lines = [[held.at(boxes.get((row.pack, ref))) for ref in refs] for row in rows]

    def each(fact: Callable[[Box | None], T]) -> list[list[T]]:
        told = [fact(box) for box in held.seen]
        return [list(map(told.__getitem__, line)) for line in lines]

    return {
        "link": link,
        "root": root,
        "base": moment(base),
        "outcomes": signs(OUTCOMES),
        "verdicts": signs(VERDICTS),
        "known": GLYPHS[Result.KNOWN_BREAK],
        "packs": [[row.pack, row.note, int(row.known), int(row.page)] for row in rows],
        "refs": [
            [
                column.core_ref,
                column.version,
                unusual(column.source),
                contents.get(column.digest, -1),
                places.get(column.before, -1),
                int(column.page),
                column.link,
            ]
            for column in columns
        ],
        "groups": [
            [title, kind, len(list(members))]
            for (title, kind), members in groupby(columns, key=lambda one: (one.group, one.kind))
        ],
        "outcome": ["".join(line) for line in each(outcome_sign)],
        "verdict": ["".join(line) for line in each(verdict_sign)],
        "also": list(map(repeated, each(lambda box: alsos.at(beside(box))))),
        "says": list(map(repeated, each(lambda box: words.at(worded(box))))),
        "detail": list(map(repeated, each(texts.at))),
        "newest": list(map(repeated, each(lambda box: minutes(base, box and box.newest)))),
        "ran": list(map(repeated, each(lambda box: minutes(base, box and box.ran)))),
        "taken": TAKEN_OVER,
        "earlier": list(map(repeated, each(lambda box: int(bool(box and box.earlier))))),
        "details": texts.held,
        "words": list(words.seen),
        "alsos": list(alsos.seen),
    }


def outcome_sign(box: Box | None) -> str:
    return OUTCOMES[box.outcome] if box else NOTHING


def verdict_sign(box: Box | None) -> str:
    return VERDICTS.get(box.verdict, NOTHING) if box else NOTHING


def worded(box: Box | None) -> tuple[str, str, str]:
    """What a cell says, its look, and its sign."""
    if box is None:
        return ("", "", "")
    look = box.look or box.outcome
    return (box.says, look.replace(" ", "-"), GLYPHS.get(look, GLYPHS.get(box.outcome, "")))


def beside(box: Box | None) -> str:
    """The signs of the verdicts that a cell has beside its gravest."""
    found = box.also - {box.verdict} if box else ()
    return "".join(sign for word, sign in VERDICTS.items() if word in found)


class Texts:
    """The details of cells, each once; when they have become too many, only how many broke."""

    def __init__(self) -> None:
        self.held: list[tuple[str, int]] = []
        self.places: dict[tuple[str, int], int] = {}
        self.left = LARGEST_DETAILS

    def at(self, box: Box | None) -> int:
        """Where the detail of a cell is, or -1 if there is none."""
        if box is None or not (box.detail or box.broken):
            return -1
        detail = (brief(box.detail), box.broken)
        if detail not in self.places:
            size = len(json.dumps(detail))
            if size > self.left:
                detail = (LEFT_OUT, box.broken)
        if detail not in self.places:
            self.left -= size
            self.places[detail] = len(self.held)
            self.held.append(detail)
        return self.places[detail]


def brief(text: str) -> str:
    """The text on one line, and not too long for a detail."""
    return cut(" ".join(text[: 4 * LONGEST_DETAIL].split()), LONGEST_DETAIL)


def distinct(columns: Iterable[Column]) -> Iterable[str]:
    return dict.fromkeys(column.digest for column in columns if column.digest)


def unusual(source: str) -> str:
    """Where a Core came from, unless that is the index."""
    return "" if source == "pypi" else source


def signs(words: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Each character with the glyph and the word that it stands for."""
    return {sign: (GLYPHS.get(word, ""), str(word)) for word, sign in words.items()}


def repeated(values: Iterable[int]) -> list[int]:
    """Each value and how often it follows itself."""
    found: list[int] = []
    for value, alike in groupby(values):
        found += (value, len(list(alike)))
    return found


def minutes(base: datetime, at: datetime | None) -> int:
    """How long before `base`, or -1 for no moment."""
    return -1 if at is None else max(int((base - at).total_seconds()) // MINUTE, 0)
