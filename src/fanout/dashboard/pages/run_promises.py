"""The promises that a run's page tells of, and those of them that fail alike together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple

from fanout.cause.failure import alike, last_error, together
from fanout.cause.fewest import BrokenPromise, Cause, by_cause
from fanout.dashboard.edition import LONGEST_SHOWN
from fanout.dashboard.facts.grid import Column
from fanout.dashboard.facts.run import Failure, RunFacts
from fanout.dashboard.pages.shown import Shown, reasons, shown
from fanout.gate.decision import Decision
from fanout.gate.verdict import HOLDS
from fanout.model import Outcome, PromiseVerdict, Result, Verdict
from fanout.surface.change import Change
from fanout.told.decision.many import FEW
from fanout.told.decision.standing import now_and_then, unsettled
from fanout.told.report import some
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
    Outcome.UNSUPPORTED: "On Cores that the pack does not support, where nothing counts",
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
    facts: tuple[str, ...]  # what it was and is, as the decision tells it
    known_break: str
    told: tuple[Told, ...]
    alike: str
    more: int  # messages that are not shown
    command: str
    alone: str  # the command that judges nothing else

    @property
    def likeness(self) -> Hashable:
        """What promises that are told together have in common."""
        where = tuple(one.where for one in self.told) if not self.facts else ()
        return (self.known_break, where, self.alike)


class Many(NamedTuple):
    """Promises that fail alike, by pack and owner."""

    entries: tuple[Entry, ...]

    @property
    def facts(self) -> list[str]:
        """What is true of some of them."""
        return list(some(list(dict.fromkeys("; ".join(one.facts) for one in self.entries))))

    @property
    def packs(self) -> list[tuple[str, str, list[Entry]]]:
        ordered = sorted(self.entries, key=lambda one: (one.pack, one.owner))
        groups = groupby(ordered, key=lambda one: (one.pack, one.owner))
        return [(pack, owner, list(members)) for (pack, owner), members in groups]


class Group(NamedTuple):
    """Promises with one cause, where one is known: many that fail alike, and others."""

    changes: tuple[Change, ...]
    since: str
    many: tuple[Many, ...]
    entries: tuple[Entry, ...]

    @property
    def promises(self) -> int:
        return len(self.entries) + sum(len(one.entries) for one in self.many)


class Section(NamedTuple):
    """What has one verdict, or one result where there was no decision."""

    title: str
    groups: tuple[Group, ...]


def entries(facts: RunFacts, columns: Sequence[Column], texts: dict[str, bytes]) -> Iterator[Entry]:
    """Every promise that was not kept, by section and pack."""
    words = {
        key: facts.verdicts.get(key) or result_of(facts, failures)
        for key, failures in facts.failures.items()
    }
    order = list(TITLES)
    keys = sorted(
        (key for key in words if words[key] in TITLES), key=lambda key: order.index(words[key])
    )
    room = LARGEST_TEXTS // max(sum(len(facts.failures[key]) for key in keys[:MOST_ENTRIES]), 1)
    longest = min(room, LONGEST_SHOWN) if room >= LEAST_SHOWN else 0
    spans = Spans(columns)
    verdicts = facts.promise_verdicts
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
            facts=tuple(stands(facts.decision, verdicts.get(key))),
            known_break=first.known_break,
            alike=alike(last_error(first.message, first.text), first.name),
            told=tuple(tell(facts, one, spans, longest, texts) for one in members),
            more=len(failures) - len(members),
            command=facts.command(failures[0].cells[0]),
            alone=facts.alone(failures[0].cells[0], first.name),
        )


def result_of(facts: RunFacts, failures: Sequence[Failure]) -> str:
    """What came of a promise without a verdict: where no cell is supported, nothing that counts."""
    cells = (cell for one in failures for cell in one.cells)
    alone = all(facts.outcomes[cell] is Outcome.UNSUPPORTED for cell in cells)
    return Outcome.UNSUPPORTED if alone else failures[0].finding.result


def tell(
    facts: RunFacts, failure: Failure, spans: Spans, longest: int, texts: dict[str, bytes]
) -> Told:
    said = failure.finding
    line = max(SHORTEST_LINE, min(longest, LONGEST_LINE))
    lines = tuple(cut(one, line) for one in reasons(said.message, said.text))
    text = shown(said.text, longest) if said.text else None
    if text and text.whole:
        texts[text.whole] = said.text.encode() + b"\n"
    return Told(spans.of(failure.core_refs), lines, text)


class Spans:
    """Core refs in words, as runs of neighbouring Cores that were tried, the newest first."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.order = {column.core_ref: place for place, column in enumerate(columns)}
        self.called = {column.core_ref: column.called for column in columns}
        self.of = cache(self.said)  # of which many promises have the same

    def said(self, core_refs: tuple[str, ...]) -> str:
        refs = sorted(core_refs, key=self.order.__getitem__)
        runs = []
        for _, members in groupby(enumerate(refs), key=lambda pair: self.order[pair[1]] - pair[0]):
            run = [self.called[ref] for _, ref in members]
            runs.append(run[0] if len(run) == 1 else f"{run[-1]} to {run[0]}")
        counted = number(len(refs), "Core")
        return f"on {counted}: {', '.join(runs)}"


def stands(decision: Decision | None, promise: PromiseVerdict | None) -> Iterator[str]:
    """What a decision says of a promise beside its verdict."""
    if decision and promise and promise.verdict in HOLDS:
        yield from now_and_then(decision, promise)
    elif promise and promise.verdict is Verdict.UNKNOWN:
        yield unsettled(promise)


def sections(facts: RunFacts, told: Iterable[Entry]) -> Iterator[Section]:
    for word, members in groupby(told, key=lambda entry: entry.word):
        found = tuple(members)
        few = len(found) <= FEW
        causes = facts.run.causes if word == Verdict.REGRESSED else ()
        keyed = {BrokenPromise(pack=one.pack, name=one.name): one for one in found}
        groups = (group(*under, few=few) for under in by_cause(causes, keyed))
        yield Section(TITLES[word], tuple(groups))


def group(cause: Cause, entries: Sequence[Entry], *, few: bool) -> Group:
    several, alone = ([], entries) if few else together(entries, lambda one: one.likeness)
    many = tuple(Many(tuple(one)) for one in several)
    return Group(cause.changes, cause.since, many, tuple(alone))
