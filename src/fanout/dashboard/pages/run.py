"""The page of one run, made once from its document: what ran, what it answered, and what broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fanout.dashboard.data.latest import as_json
from fanout.dashboard.data.run_summary import summary
from fanout.dashboard.edition import Edition, inline, render
from fanout.dashboard.facts.grid import OUTCOMES
from fanout.dashboard.facts.run import RunFacts, in_order, pack_of
from fanout.dashboard.pages.run_grid import attempts, columns_of, grid
from fanout.dashboard.pages.run_promises import LONGEST_LINE, MOST_ENTRIES, entries, sections
from fanout.dashboard.site import Part
from fanout.gate.decision import Decision
from fanout.history.document import read_run
from fanout.model import Core, Verdict
from fanout.told.decision import affected
from fanout.told.decision import section as told
from fanout.told.decision.account import beside as said_beside
from fanout.told.decision.account import in_words, unknown
from fanout.told.decision.headline import headline
from fanout.wording import cut


class PackCounts(NamedTuple):
    """A pack in the run: how many cells have which outcome, and the verdict if there is one."""

    pack: str
    owner: str
    verdict: str
    reason: str
    told: str  # how many promises have which verdict
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
                partial(pages, edition.snapshot.history.folder / head.document),
                apart=True,
            )


def pages(document: Path) -> Mapping[str, bytes]:
    """Every file of a run, by its path."""
    facts = RunFacts(read_run(document))
    path = f"runs/{facts.run.id}.html"
    texts: dict[str, bytes] = {}
    page = render(path, "run.html", context(facts, texts))
    return {path: page, f"runs/{facts.run.id}.json": as_json(summary(facts)), **texts}


def context(facts: RunFacts, texts: dict[str, bytes]) -> Mapping[str, object]:
    """What the page shows; every text that it cuts is put into `texts` whole."""
    columns = columns_of(facts)
    told = list(entries(facts, columns, texts))
    numbers = {(entry.pack, entry.name): entry.number for entry in told[:MOST_ENTRIES]}
    decision = facts.decision
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
        "beside": listed(beside(facts, decision)) if decision else [],
        "packs": [pack_counts(facts, pack, of_packs[pack]) for pack in packs],
        "sections": tuple(sections(facts, told[:MOST_ENTRIES])),
        "entries": len(told),
        "left_out": max(len(told) - MOST_ENTRIES, 0),
        "grid": inline(grid(facts, packs, columns)),
        "attempts": inline(attempts(facts, packs, columns, numbers)),
    }


def of_consumers(decision: Decision, today: date) -> list[tuple[str, tuple[told.Entry, ...]]]:
    """What is told of the consumers themselves, by its title."""
    return listed((*affected.first(decision), *affected.beside(decision, today)))


def beside(facts: RunFacts, decision: Decision) -> Iterator[told.Section]:
    """What a decision says of promises that did not fail."""
    unsure = (
        one
        for one in unknown(decision.cells)
        if not any((one.pack, name) in facts.failures for name in one.names)
    )
    yield told.section("Unknown, though nothing failed", unsure)
    yield told.section("New, and kept", in_words(decision.cells, Verdict.NEW))
    yield told.section("Removed", in_words(decision.cells, Verdict.REMOVED))


def listed(sections: Iterable[told.Section]) -> list[tuple[str, tuple[told.Entry, ...]]]:
    titled = ((one.title, one.groups[0].entries[:MOST_ENTRIES]) for one in sections)
    return [(title, members) for title, members in titled if members]


def pack_counts(facts: RunFacts, pack: str, counts: Counter[str]) -> PackCounts:
    decided = facts.decision.cells if facts.decision else ()
    verdict = next((cell for cell in decided if cell.pack == pack), None)
    return PackCounts(
        pack=pack,
        owner=facts.owner(pack),
        verdict=verdict.verdict if verdict else "",
        reason=cut(" ".join(verdict.reason.split()), LONGEST_LINE) if verdict else "",
        told=said_beside(verdict) if verdict else "",
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
