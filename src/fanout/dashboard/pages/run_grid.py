"""The cells of one run as its page embeds them: the grid, and the attempts behind each cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from operator import attrgetter

from fanout.dashboard.facts.grid import OUTCOMES, Box, Column, Row, compact, look, repeated
from fanout.dashboard.facts.run import RunFacts, core_ref_of, gravest, pack_of
from fanout.dashboard.facts.snapshot import CoreRef, release
from fanout.history.run import Attempt, Environment
from fanout.model import SLOTS, Result, Verdict
from fanout.wording import GLYPHS, cut, outcome_words

COMPARED = "compared"
SHOWN_OF = attrgetter("outcome", "reason", "results", "taken_over")  # what a box is made of
LONGEST_REASON = 400  # characters
LARGEST_REASONS = 30_000  # characters, of all reasons of one run


def columns_of(facts: RunFacts) -> tuple[Column, ...]:
    """Every Core ref that was tried, candidate and baseline first, then the newest first."""
    against = {
        cell.cell.partition("-")[2]: cell.baseline.partition("-")[2] for cell in facts.run.verdicts
    }
    refs = [
        CoreRef(
            name=name,
            version=core.version if core else "",
            source=core.source if core else "",
            digest=core.digest if core else "",
            known=True,
        )
        for name in dict.fromkeys(core_ref_of(cell) for cell in facts.tried)
        for core in (facts.cores.get(name),)
    ]
    refs.sort(key=lambda ref: (release(ref), ref.name), reverse=True)
    refs.sort(key=lambda ref: place(ref.name))
    return tuple(
        Column(
            core_ref=ref.name,
            version="" if is_slot(ref.name) else ref.version,
            source=ref.source,
            digest="" if is_slot(ref.name) else ref.digest,
            group=COMPARED if is_slot(ref.name) else ref.line,
            before=against.get(ref.name, ""),
            page=not is_slot(ref.name),
        )
        for ref in refs
    )


def is_slot(core_ref: str) -> bool:
    return core_ref.removeprefix("core_") in SLOTS


def place(core_ref: str) -> int:
    slot = core_ref.removeprefix("core_")
    return SLOTS.index(slot) if slot in SLOTS else len(SLOTS)


def grid(facts: RunFacts, packs: Sequence[str], columns: Sequence[Column]) -> Mapping[str, object]:
    verdicts = {cell.cell: cell.verdict for cell in facts.run.verdicts}
    boxes, alike = {}, dict[object, Box]()
    for name, tried in facts.tried.items():
        verdict = verdicts.get(name, "")
        key = (verdict, *map(SHOWN_OF, tried))
        if key not in alike:
            alike[key] = box(facts, tried, verdict)
        boxes[pack_of(name), core_ref_of(name)] = alike[key]
    rows = [Row(pack, page=pack in facts.run.packs) for pack in packs]
    return compact(rows, columns, boxes, facts.run.finished, "?cell={}#cell", "../")


def box(facts: RunFacts, tried: Sequence[Attempt], verdict: str) -> Box:
    shown = gravest(tried)
    counts = facts.counts[shown.results]
    places = facts.not_kept[shown.results]
    found = (facts.run.findings[place] for place in places)
    broken = [one for one in found if one.result is Result.BROKEN]
    words = f"“{broken[0].says or broken[0].name}”" if broken else shown.reason
    several = f"Attempts: {', then '.join(one.outcome for one in tried)}. " if tried[1:] else ""
    return Box(
        outcome=shown.outcome,
        says=outcome_words(shown.outcome, counts),
        look=Verdict.REGRESSED if verdict == Verdict.REGRESSED else look(shown.outcome, counts),
        verdict=verdict,
        detail=f"{several}{words}",
        broken=len(broken),
        ran=shown.taken_over.started if shown.taken_over else None,
    )


def attempts(
    facts: RunFacts,
    packs: Sequence[str],
    columns: Sequence[Column],
    told: Mapping[tuple[str, str], int],
) -> Mapping[str, object]:
    """Every attempt as `run.js` reads it: one list a fact, what repeats told once.

    `told` are the numbers of the promises that the page tells of, by pack and name.
    `cells` and `environments` are differences from the attempt before, since neighbours are mostly
    one apart; a cell is its row times the number of columns plus its column. `started` is in
    seconds since the run began, `took` in milliseconds; -1 is none.
    """
    run = facts.run
    rows = {pack: row for row, pack in enumerate(packs)}
    refs = {column.core_ref: place for place, column in enumerate(columns)}
    reasons = Reasons()
    places = {
        name: rows[pack_of(name)] * len(columns) + refs[core_ref_of(name)] for name in facts.tried
    }
    return {
        "columns": len(columns),
        "glyphs": {word: GLYPHS.get(word, "") for word in OUTCOMES},
        "outcomes": {sign: word for word, sign in OUTCOMES.items()},
        "cells": differences(places[one.cell] for one in run.attempts),
        "outcome": "".join(OUTCOMES[one.outcome] for one in run.attempts),
        "number": repeated(one.number for one in run.attempts),
        "reason": repeated(reasons.at(one.reason) for one in run.attempts),
        "environment": differences(none(one.environment) for one in run.attempts),
        "results": repeated(none(one.results) for one in run.attempts),
        "started": [begun(run.started, one.started) for one in run.attempts],
        "took": [round(one.seconds * 1000) for one in run.attempts],
        "reasons": reasons.held,
        "environments": list(environments(facts)),
        "contents": list(contents(run.environments)),
        "distributions": run.distributions,
        "said": list(said(facts, told)),
        "commands": {
            column.core_ref: facts.command(f"{{}}-{column.core_ref}")
            for column in columns
            if is_slot(column.core_ref)
        },
    }


class Reasons:
    """The reasons of cells without a verdict, each once, and cut when they become too many."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.left = LARGEST_REASONS

    @property
    def held(self) -> list[str]:
        return list(self.places)

    def at(self, reason: str) -> int:
        if not reason:
            return -1
        text = cut(reason, LONGEST_REASON)
        if text not in self.places and len(text) > self.left:
            text = "the document of the run says why"
        if text not in self.places:
            self.left -= len(text)
        return self.places.setdefault(text, len(self.places))


def environments(facts: RunFacts) -> Iterator[Sequence[object]]:
    digests = {digest: at for at, digest in enumerate(contents(facts.run.environments))}
    for one in facts.run.environments:
        content = digests.get(one.digest, -1)
        yield (
            one.asked,
            one.source,
            one.version,
            content,
            one.python,
            differences(one.distributions),
        )


def contents(found: Iterable[Environment]) -> Iterable[str]:
    return dict.fromkeys(one.digest for one in found if one.digest)


def said(facts: RunFacts, numbers: Mapping[tuple[str, str], int]) -> Iterator[Sequence[object]]:
    """For each results, how many promises have which result, and the numbers of what is told."""
    shown = {
        place: numbers[one.pack, one.name]
        for place, one in enumerate(facts.run.findings)
        if one.result is not Result.KEPT and (one.pack, one.name) in numbers
    }
    for results, counts in zip(facts.run.results, facts.tallies, strict=True):
        yield (counts, [shown[place] for place in results.findings if place in shown])


def begun(run: datetime, attempt: datetime | None) -> int:
    return -1 if attempt is None else max(round((attempt - run).total_seconds()), 0)


def none(index: int | None) -> int:
    return -1 if index is None else index


def differences(values: Iterable[int]) -> list[int]:
    """The first value, then the difference of each from the one before, as `repeated` has them."""
    return repeated(after - before for before, after in pairwise((0, *values)))
