"""The page of each consumer: how it stands, what it declares and uses, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fanout.consumers.coverage.answer import Judged
from fanout.dashboard.edition import Edition, slug
from fanout.dashboard.facts.candidate import Judged as Candidate
from fanout.dashboard.facts.consumer import ConsumerNow
from fanout.dashboard.facts.course import courses
from fanout.dashboard.facts.snapshot import CoreRef
from fanout.dashboard.pages.consumers.fits import Tabled, tabled
from fanout.dashboard.site import Part
from fanout.told.decision import affected
from fanout.told.decision.section import Entry

MOST_USED = 300  # symbols


class Used(NamedTuple):
    """A symbol that the release uses: in how many places, how, and how many nobody pins."""

    symbol: str
    page: bool
    uses: int
    how: str
    open: int
    at: str  # the first place


class ConsumerFacts(NamedTuple):
    """All that the page of a consumer shows; `run` judged the candidate."""

    now: ConsumerNow
    newest: CoreRef | None
    candidate: str
    run: str
    judged: tuple[tuple[str, Entry], ...]
    table: Tabled | None
    open: tuple[Used, ...]
    pinned: tuple[Used, ...]


def parts(edition: Edition) -> Iterator[Part]:
    named = frozenset(
        symbol
        for promises in courses(edition.snapshot).values()
        for one in promises
        for symbol in one.contract
    )
    for now in edition.consumers.every:
        found = facts(edition, now, named)
        path = f"consumers/{slug(now.name)}.html"
        yield edition.page(path, "consumer.html", found, found._asdict)


def facts(edition: Edition, now: ConsumerNow, named: frozenset[str]) -> ConsumerFacts:
    kept, following = edition.tables.get(now.name), edition.next
    told = edition.coverage(now.pack) if now.pack else None
    uses = tuple(used(told.coverage.uses, named)) if told else ()
    return ConsumerFacts(
        now=now,
        newest=next(iter(edition.snapshot.known_refs), None),
        candidate=following.name if following else "",
        run=following.head.id if following else "",
        judged=tuple(judged(now, following)) if following else (),
        table=tabled(kept.consumer, kept.made) if kept else None,
        open=tuple(one for one in uses if one.open)[:MOST_USED],
        pinned=tuple(one for one in uses if not one.open)[:MOST_USED],
    )


def judged(now: ConsumerNow, candidate: Candidate) -> Iterator[tuple[str, Entry]]:
    """What the candidate means for the consumer itself, each under its title."""
    decision, today = candidate.decision, candidate.head.started.date()
    shown = now.affected.shown if now.affected else ""
    for section in (*affected.first(decision), *affected.beside(decision, today)):
        for entry in section.groups[0].entries:
            if entry.pack == shown:
                yield section.title, entry


def used(uses: tuple[Judged, ...], named: frozenset[str]) -> Iterator[Used]:
    """The uses by symbol, what most uses are of first."""
    found: dict[str, list[Judged]] = {}
    for one in uses:
        found.setdefault(one.use.symbol, []).append(one)
    for symbol, members in sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        first = next((one for one in members if one.open), members[0]).use
        yield Used(
            symbol=symbol,
            page=symbol in named,
            uses=len(members),
            how=", ".join(dict.fromkeys(str(one.use.how) for one in members)),
            open=sum(one.open for one in members),
            at=f"{first.file}:{first.line}",
        )
