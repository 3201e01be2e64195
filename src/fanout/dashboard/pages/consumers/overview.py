"""All consumers: who breaks, who gets the next Core, and which release goes with which Core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fanout.consumers.compatibility.answer import Content, Installs, OfConsumer
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.consumer import ConsumerNow
from fanout.dashboard.pages.consumers.fits import said
from fanout.dashboard.site import Part
from fanout.model import version_of

COMMAND = "fanout consumers --table"


class Best(NamedTuple):
    """The release that goes best with a Core: wholly, in part or not, and what is against it."""

    what: str
    release: str
    but: str


class Beside(NamedTuple):
    """A consumer beside every content of Core; None where nobody asked."""

    consumer: str
    places: tuple[Best | None, ...]


class Overview(NamedTuple):
    """All that the page of the consumers shows."""

    consumers: tuple[ConsumerNow, ...]
    candidate: str
    newest: str
    contents: tuple[Content, ...]
    rows: tuple[Beside, ...]
    command: str


def parts(edition: Edition) -> Iterator[Part]:
    found = overview(edition)
    yield edition.page("consumers.html", "consumers.html", found, found._asdict)


def overview(edition: Edition) -> Overview:
    tables = {name: kept.consumer for name, kept in edition.tables.items()}
    contents = contents_of(tables.values())
    newest = next(iter(edition.snapshot.known_refs), None)
    return Overview(
        consumers=edition.consumers.every,
        candidate=edition.next.name if edition.next else "",
        newest=newest.called if newest else "",
        contents=contents,
        rows=tuple(
            Beside(one.name, tuple(best(tables[one.name], content) for content in contents))
            for one in edition.consumers.every
            if one.name in tables
        ),
        command=COMMAND,
    )


def contents_of(tables: Iterable[OfConsumer]) -> tuple[Content, ...]:
    """Every content that any consumer was asked about, the newest first."""
    found: dict[str, Content] = {}
    for content in (content for table in tables for content in table.contents):
        longest = found.setdefault(content.digest, content)
        found[content.digest] = max(longest, content, key=lambda one: len(one.versions))
    ordered = sorted(found.values(), key=lambda one: version_of(one.versions[-1]), reverse=True)
    return tuple(ordered)


def best(table: OfConsumer, content: Content) -> Best | None:
    at = next((at for at, one in enumerate(table.contents) if one.digest == content.digest), None)
    run = None if at is None else table.nearest(at)
    if at is None or run is None:
        return None
    fit = run.fits[at]
    but = ", ".join(one.word for one in said(fit) if one.what != "yes")
    works = fit.importable and fit.installable is not Installs.NO
    return Best("yes" if fit.whole else "some" if works else "no", run.versions[-1], but)
