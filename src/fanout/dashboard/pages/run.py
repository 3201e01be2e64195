"""The page of one run, made once from its document: what ran, what it answered, and what broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import groupby
from typing import NamedTuple

from fanout.dashboard.data.latest import as_json
from fanout.dashboard.data.run_summary import summary
from fanout.dashboard.edition import LONGEST_SHOWN, Edition, inline
from fanout.dashboard.facts.grid import OUTCOMES
from fanout.dashboard.facts.run import Failure, RunFacts, in_order, pack_of
from fanout.dashboard.pages.run_grid import attempts, columns_of, grid
from fanout.dashboard.pages.shown import Shown, reasons, shown
from fanout.dashboard.site import Part
from fanout.gate.decision import Decision
from fanout.model import Core, Result, Verdict
from fanout.surface.change import Change
from fanout.told.decision import affected
from fanout.told.decision import section as told
from fanout.told.decision.headline import headline
from fanout.wording import cut, number

LARGEST_TEXTS = 24_000  # characters, of all texts of failures on one page
LEAST_SHOWN = 400  # characters of a text; with less room it is only linked to
LONGEST_LINE, SHORTEST_LINE = 400, 120  # characters of a line of why
MOST_ENTRIES, MOST_FAILURES = 200, 3
# The gravest first: a promise is told under the first of these that it is.
TITLES: Mapping[str, str] = {
    Verdict.REGRESSED: "Regressed",
    Result.BROKEN: "Broken promises",
    Verdict.STILL_FAILING: "Still failing",
    Verdict.UNKNOWN: "Unknown",
    Result.ERRORED: "Errored",
    Result.LISTED_BUT_KEPT: "Listed as known breaks, but kept",
    Result.KNOWN_BREAK: "Known breaks",
    Verdict.PENDING: "Pending, because no Core ref has ever kept it",
    Verdict.FIXED: "Fixed",
}


class Told(NamedTuple):
    """What a promise said with one message: where, the lines of why, and the text within bounds."""

    where: str
    reasons: tuple[str, ...]
    text: Shown | None


class Entry(NamedTuple):
    """A promise that was not kept; `number` is that of its place on the page, from 1."""

    number: int
    word: str
    pack: str
    owner: str
    name: str
    says: str
    contract: tuple[str, ...]
    known_break: str
    told: tuple[Told, ...]
    more: int  # messages that are not shown
    command: str


class Group(NamedTuple):
    """Promises with one cause, where one is known."""

    changes: tuple[Change, ...]
    since: str
    entries: tuple[Entry, ...]


class Section(NamedTuple):
    """What has one verdict, or one result where there was no decision."""

    title: str
    groups: tuple[Group, ...]


class PackCounts(NamedTuple):
    """A pack in the run: how many cells have which outcome, and the verdict if there is one."""

    pack: str
    owner: str
    verdict: str
    reason: str
    counts: Mapping[str, int]


def parts(edition: Edition) -> Iterator[Part]:
    """A page, its JSON and its long texts for each run; documents never change."""
    made = set()
    for head in edition.snapshot.runs:
        # A document may have been copied under another name: it is the same run.
        if head.id not in made:
            made.add(head.id)
            yield edition.part(
                f"runs/{head.id}.html",
                head.document,
                partial(pages, edition, head.document),
            )


def pages(edition: Edition, document: str) -> Mapping[str, bytes]:
    """Every file of a run, by its path."""
    facts = edition.sayings.facts(document)
    path = f"runs/{facts.run.id}.html"
    texts: dict[str, bytes] = {}
    page = edition.render(path, "run.html", context(facts, texts))
    return {path: page, f"runs/{facts.run.id}.json": as_json(summary(facts)), **texts}


def context(facts: RunFacts, texts: dict[str, bytes]) -> Mapping[str, object]:
    """What the page shows; every text that it cuts is put into `texts` whole."""
    told = list(entries(facts, texts))
    numbers = {(entry.pack, entry.name): entry.number for entry in told[:MOST_ENTRIES]}
    decision = facts.decision
    columns = columns_of(facts)
    packs = list(in_order(facts))
    outcomes = Counter[str](facts.outcomes.values())
    of_packs = {pack: Counter[str]() for pack in packs}
    for cell, outcome in facts.outcomes.items():
        of_packs[pack_of(cell)][outcome] += 1
    return {
        "run": facts.run,
        "headline": headline(decision) if decision else "",
        "cores": [
            (word, core, came_from(core))
            for word, core in (
                ("Candidate", facts.run.candidate),
                ("Baseline", facts.run.baseline),
            )
            if core
        ],
        "counts": {word: outcomes[word] for word in OUTCOMES if outcomes[word]},
        "total": len(facts.tried),
        "consumers": list(affected.rows(decision))[: MOST_ENTRIES + 1] if decision else [],
        "of_consumers": of_consumers(decision, facts.run.started.date()) if decision else [],
        "packs": [pack_counts(facts, pack, of_packs[pack]) for pack in packs],
        "sections": tuple(sections(facts, told[:MOST_ENTRIES])),
        "entries": len(told),
        "left_out": max(len(told) - MOST_ENTRIES, 0),
        "grid": inline(grid(facts, packs, columns)),
        "attempts": inline(attempts(facts, packs, columns, numbers)),
    }


def of_consumers(decision: Decision, today: date) -> list[tuple[str, tuple[told.Entry, ...]]]:
    """What is told of the consumers themselves, by its title."""
    found = (*affected.first(decision), *affected.beside(decision, today))
    titled = ((one.title, one.groups[0].entries[:MOST_ENTRIES]) for one in found)
    return [(title, members) for title, members in titled if members]


def entries(facts: RunFacts, texts: dict[str, bytes]) -> Iterator[Entry]:
    """Every promise that was not kept, by section and pack."""
    words = {
        key: facts.verdicts.get(key) or failures[0].finding.result
        for key, failures in facts.failures.items()
    }
    order = list(TITLES)
    keys = sorted(
        (key for key in words if words[key] in TITLES), key=lambda key: order.index(words[key])
    )
    room = LARGEST_TEXTS // max(sum(len(facts.failures[key]) for key in keys[:MOST_ENTRIES]), 1)
    longest = min(room, LONGEST_SHOWN) if room >= LEAST_SHOWN else 0
    spans = Spans(facts)
    for count, key in enumerate(keys, 1):
        failures = facts.failures[key]
        members = failures[:MOST_FAILURES] if count <= MOST_ENTRIES else ()
        first = failures[0].finding
        yield Entry(
            number=count,
            word=words[key],
            pack=first.pack,
            owner=facts.owner(first.pack),
            name=first.name,
            says=first.says,
            contract=first.contract,
            known_break=first.known_break,
            told=tuple(tell(facts, one, spans, longest, texts) for one in members),
            more=len(failures) - len(members),
            command=facts.command(failures[0].cells[0]),
        )


def tell(
    facts: RunFacts, failure: Failure, spans: Spans, longest: int, texts: dict[str, bytes]
) -> Told:
    said = failure.finding
    line = max(SHORTEST_LINE, min(longest, LONGEST_LINE))
    lines = tuple(cut(one, line) for one in reasons(said.message, said.text))
    text = shown(said.text, longest) if said.text else None
    if text and text.whole:
        texts[text.whole] = said.text.encode() + b"\n"
    return Told(spans.of(failure.cells), lines, text)


class Spans:
    """Cells in words, as runs of neighbouring Core refs that were tried, the newest first."""

    def __init__(self, facts: RunFacts) -> None:
        self.order = {column.core_ref: place for place, column in enumerate(columns_of(facts))}

    def of(self, cells: Sequence[str]) -> str:
        refs = sorted((cell.partition("-")[2] for cell in cells), key=self.order.__getitem__)
        runs = []
        for _, members in groupby(enumerate(refs), key=lambda pair: self.order[pair[1]] - pair[0]):
            run = [ref for _, ref in members]
            runs.append(run[0] if len(run) == 1 else f"{run[-1]} to {run[0]}")
        counted = number(len(refs), "Core ref")
        return f"on {', '.join(runs)}" if len(refs) == 1 else f"on {counted}: {', '.join(runs)}"


def sections(facts: RunFacts, told: Iterable[Entry]) -> Iterator[Section]:
    for word, members in groupby(told, key=lambda entry: entry.word):
        found = tuple(members)
        groups = by_cause(facts, found) if word == Verdict.REGRESSED else (Group((), "", found),)
        yield Section(TITLES[word], groups)


def by_cause(facts: RunFacts, regressed: Sequence[Entry]) -> tuple[Group, ...]:
    """The promises under the changes that explain them, those without any last."""
    left = {(entry.pack, entry.name): entry for entry in regressed}
    groups = []
    for cause in facts.run.causes:
        keys = [(one.pack, one.name) for one in cause.promises] if cause.changes else []
        found = tuple(left.pop(key) for key in keys if key in left)
        groups.append(Group(cause.changes, cause.since, found))
    groups.append(Group((), "", tuple(left.values())))
    return tuple(group for group in groups if group.entries)


def pack_counts(facts: RunFacts, pack: str, counts: Counter[str]) -> PackCounts:
    decided = facts.decision.cells if facts.decision else ()
    verdict = next((cell for cell in decided if cell.pack == pack), None)
    return PackCounts(
        pack=pack,
        owner=facts.owner(pack),
        verdict=verdict.verdict if verdict else "",
        reason=cut(" ".join(verdict.reason.split()), LONGEST_LINE) if verdict else "",
        counts={word: counts[word] for word in OUTCOMES if counts[word]},
    )


def came_from(core: Core) -> str:
    """Where a Core came from, in words."""
    commit = f", commit {core.commit}" if core.commit else ""
    named = {
        "pypi": "from the package index",
        "stand-in": f"from {core.named}, a stand-in for a tag that no index serves",
    }
    return named.get(core.source, f"from {core.named} ({core.source}){commit}")
