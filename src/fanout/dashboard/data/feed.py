"""The Atom feed of what is new, as RFC 4287 says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from fanout.cause.failure import last_error
from fanout.dashboard.data.latest import documents
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.news import ANSWER, Entry, Turn, entries
from fanout.dashboard.facts.run import RunFacts
from fanout.dashboard.facts.said import Sayings
from fanout.dashboard.facts.snapshot import RunHead, Snapshot
from fanout.dashboard.site import Part
from fanout.history.tables import EPOCH
from fanout.model import Answer, Verdict
from fanout.told.decision.headline import headline
from fanout.wording import moment, number, printable

PATH = "feed.xml"
ATOM = "http://www.w3.org/2005/Atom"
OURS = UUID("5a3ee4d5-39a1-4f0b-b5d4-7d2f2a0a5f3c")  # of no meaning but to be ours
TITLE = "Core contracts: regressions and fixes"
MOST_TOLD = 20  # promises of an entry, and Core refs of a promise
LONGEST = 300  # characters of a promise's words


def parts(edition: Edition) -> Iterator[Part]:
    snapshot = edition.snapshot
    key = (documents(snapshot), edition.url)
    yield edition.file(PATH, key, lambda: feed(snapshot, edition.url, edition.sayings))


def feed(snapshot: Snapshot, url: str, sayings: Sayings) -> bytes:
    """The feed of a site; without its address, links are relative to the feed's own."""
    told = entries(snapshot)
    runs = {run.id: run for run in snapshot.runs}
    root = Element("feed", xmlns=ATOM)
    add(root, "title", TITLE)
    add(root, "id", uuid5(OURS, url).urn)
    add(root, "updated", moment(snapshot.newest or EPOCH))
    add(SubElement(root, "author"), "name", "Core contracts")
    SubElement(root, "link", rel="self", type="application/atom+xml", href=f"{url}{PATH}")
    SubElement(root, "link", rel="alternate", type="text/html", href=f"{url}index.html")
    for entry in told:
        root.append(element(entry, runs[entry.run], url, sayings))
    indent(root)
    content: bytes = tostring(root, "utf-8", xml_declaration=True)
    return content + b"\n"


def element(entry: Entry, run: RunHead, url: str, sayings: Sayings) -> Element:
    """One entry; its id is made of what it is about, so that it is the same in every edition."""
    made = Element("entry")
    add(made, "title", title(entry, run))
    add(made, "id", uuid5(OURS, f"{entry.run} {entry.kind} {entry.pack}").urn)
    add(made, "updated", moment(entry.at))
    page = f"{url}runs/{entry.run}.html"
    SubElement(made, "link", rel="alternate", type="text/html", href=page)
    SubElement(made, "category", term=str(run.answer) if entry.kind == ANSWER else entry.kind)
    add(made, "content", "\n".join(lines(entry, run, sayings)), type="text")
    return made


def add(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = printable(text)


def title(entry: Entry, run: RunHead) -> str:
    if entry.kind == ANSWER:
        return f"{run.answer}: Core {run.candidate} against {run.baseline}"[:LONGEST]
    promises = {turn.promise.name for turn in entry.turns}
    refs = list(dict.fromkeys(turn.core for turn in entry.turns))
    where = f"Core {refs[0]}" if len(refs) == 1 else number(len(refs), "Core")
    return f"{entry.kind}: {number(len(promises), 'promise')} of {entry.pack} on {where}"


def lines(entry: Entry, run: RunHead, sayings: Sayings) -> Iterator[str]:
    """What an entry tells: where each promise turned and why, or which run gave what answer."""
    if entry.kind == ANSWER:
        if run.answer is not Answer.RELEASE:
            yield from held(sayings.facts(run.document))
        yield f"The answer of the run {run.id}, a {run.command}, which ended at {moment(entry.at)}."
        return
    why = errors(sayings.facts(run.document)) if entry.kind == Verdict.REGRESSED else {}
    by_promise: dict[str, list[Turn]] = {}
    for turn in entry.turns:
        by_promise.setdefault(turn.promise.name, []).append(turn)
    for name in sorted(by_promise)[:MOST_TOLD]:
        says = by_promise[name][0].promise.says
        words = f"{says[:LONGEST]} ({name[:LONGEST]})" if says else name[:LONGEST]
        where = some([place(turn) for turn in by_promise[name]])
        yield f"{words}: {entry.kind} on Core {where}{why.get((entry.pack, name), '')}"
    if (more := len(by_promise) - MOST_TOLD) > 0:
        yield f"and {number(more, 'promise')} more"


def held(facts: RunFacts) -> Iterator[str]:
    """The first line of an answer, and what regressed with it."""
    if facts.decision:
        yield headline(facts.decision)
    why = errors(facts)
    found = [key for key, verdict in facts.verdicts.items() if verdict is Verdict.REGRESSED]
    for pack, name in found[:MOST_TOLD]:
        yield f"regressed: {name[:LONGEST]} of {pack}{why.get((pack, name), '')}"
    if (more := len(found) - MOST_TOLD) > 0:
        yield f"and {number(more, 'promise')} more"


def errors(facts: RunFacts) -> dict[tuple[str, str], str]:
    """What the failure of each promise of a run says last, by pack and name."""
    said = {
        key: last_error(failures[0].finding.message, failures[0].finding.text)
        for key, failures in facts.failures.items()
    }
    return {key: f": {error[:LONGEST]}" for key, error in said.items() if error}


def place(turn: Turn) -> str:
    return f"{turn.core}, compared with {turn.against}" if turn.against else turn.core


def some(places: Sequence[str]) -> str:
    left = len(places) - MOST_TOLD
    return "; ".join(places[:MOST_TOLD]) + (f"; and {left} more" if left > 0 else "")
