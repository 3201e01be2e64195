"""The Atom feed of the dashboard: regressions, fixes and answers, each once and for good."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from fanout.history.document import make_run, write_run
from fanout.model import Answer, Core, Outcome
from tests.worlds.project import Project
from tests.worlds.runs import (
    BROKEN,
    ERRORED,
    KEPT,
    NAME,
    PACKS,
    START,
    cell,
    missing,
    promise,
    record,
)
from tests.worlds.scenes import checked

ATOM = "{http://www.w3.org/2005/Atom}"
SECOND = "test_event.py::test_second"


def feed(project: Project, *options: str) -> Element:
    """The feed of the history of a project, read as XML."""
    done = project.fanout("dashboard", "--offline", *options)
    assert done.exit_code == 0, done.output
    read: Element = fromstring((project.root / "dashboard/feed.xml").read_bytes())
    return read


def text(element: Element, tag: str) -> str:
    found = element.findtext(f"{ATOM}{tag}")
    assert found is not None
    return found


def entries(project: Project, *options: str) -> list[Element]:
    return feed(project, *options).findall(f"{ATOM}entry")


def titles(project: Project) -> list[str]:
    return [text(entry, "title") for entry in entries(project)]


@pytest.fixture
def history(project: Project) -> Path:
    return project.root / "history"


def test_a_feed_is_atom(project: Project, history: Path) -> None:
    """The feed and each entry have what RFC 4287 requires, and ids that differ."""
    record(history, cell("1.2.0"))
    record(history, cell("1.2.0", BROKEN, day=1), day=1)
    read = feed(project)
    (entry,) = read.findall(f"{ATOM}entry")
    assert read.tag == f"{ATOM}feed"
    assert read.findtext(f"{ATOM}author/{ATOM}name")
    assert text(read, "updated") == text(entry, "updated") == "2026-01-02T12:00:01Z"
    for element in (read, entry):
        assert text(element, "title")
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", text(element, "id"))
    assert text(read, "id") != text(entry, "id")
    told = text(entry, "content")
    assert told == f"An event has a source. ({NAME}): regressed on Core 1.2.0"
    run = next(path for path in history.glob("20260102*")).stem.rpartition("-")[2]
    links = [link.get("href") for link in entry.findall(f"{ATOM}link")]
    assert links == [f"runs/{run}.html"]


def test_an_entry_says_why(project: Project, history: Path) -> None:
    """What regressed is told with the last line of its failure, and an answer with its headline."""
    broken = promise(result=BROKEN, message="assert 1\nValueError: no source")
    record(history, cell("1.2.0"))
    record(history, cell("1.2.0", promises=(broken,), day=1), day=1)
    checked(history, day=2)
    told = [text(entry, "content") for entry in entries(project)]
    (regressed,) = (one for one in told if one.startswith("An event has a source."))
    assert (
        regressed
        == f"An event has a source. ({NAME}): regressed on Core 1.2.0: ValueError: no source"
    )
    (answer,) = (one for one in told if one.startswith("hold: "))
    assert answer.splitlines()[0] == (
        "hold: Core 1.4.0 (path) breaks 3 promises of pipeline, store, of which 1.3.1 breaks 2 too"
    )
    said = "regressed: test_queue.py::test_return of store: AssertionError: assert 'soft' == 'hard'"
    assert said in answer.splitlines()


def test_an_empty_feed(project: Project) -> None:
    """A history without runs has a feed without entries, which is Atom all the same."""
    read = feed(project)
    assert read.findall(f"{ATOM}entry") == []
    assert datetime.fromisoformat(text(read, "updated"))


def test_what_turns_in_time(project: Project, history: Path) -> None:
    """A promise that breaks is a regression once, and a fix once when it is mended."""
    for day, result in enumerate((KEPT, KEPT, BROKEN, BROKEN, ERRORED, BROKEN, KEPT)):
        record(history, cell("1.2.0", result, day=day), day=day)
    assert titles(project) == [
        "fixed: 1 promise of small on Core 1.2.0",
        "regressed: 1 promise of small on Core 1.2.0",
    ]


@pytest.mark.parametrize("between", [missing(), cell("1.2.0", outcome=Outcome.UNSUPPORTED, day=1)])
def test_what_has_no_verdict_turns_nothing(
    project: Project, history: Path, between: object
) -> None:
    """A cell that is missing or unsupported between two that are kept is no news."""
    for day, one in enumerate((cell("1.2.0"), between, cell("1.2.0", day=2))):
        record(history, one, day=day)  # type: ignore[arg-type]
    assert titles(project) == []


def test_a_promise_that_is_new(project: Project, history: Path) -> None:
    """A new promise that is broken at once is a regression, as at the gate; a kept one is not."""
    record(history, cell("1.2.0"))
    record(history, cell("1.2.0", {NAME: KEPT, SECOND: KEPT}, day=1), day=1)
    assert titles(project) == []
    third = "test_event.py::test_third"
    record(history, cell("1.2.0", {NAME: KEPT, SECOND: KEPT, third: BROKEN}, day=2), day=2)
    (entry,) = entries(project)
    assert third in text(entry, "content")


def test_a_file_that_cannot_be_imported(project: Project, history: Path) -> None:
    """A file stands for its promises: it regresses, and they are fixed."""
    record(history, cell("1.2.0"))
    record(history, cell("1.2.0", {"test_event.py": BROKEN}, day=1), day=1)
    record(history, cell("1.2.0", day=2), day=2)
    assert [title.partition(":")[0] for title in titles(project)] == ["fixed", "regressed"]


def test_one_entry_for_a_run_a_pack_and_a_direction(project: Project, history: Path) -> None:
    """What one run turned of one pack is told together, with every Core ref."""
    refs = ("1.2.0", "1.3.0", "1.4.0")
    both = {NAME: KEPT, SECOND: BROKEN}
    record(history, *(cell(ref, both) for ref in refs))
    turned = {NAME: BROKEN, SECOND: KEPT}
    record(history, *(cell(ref, turned if ref != "1.3.0" else both, day=1) for ref in refs), day=1)
    assert (
        titles(project)
        == [
            "regressed: 1 promise of small on 2 Cores",
            "fixed: 1 promise of small on 2 Cores",
            "regressed: 1 promise of small on Core 1.2.0",
        ][:2]
    )
    regressed, fixed = entries(project)[:2]
    assert text(regressed, "content").endswith("regressed on Core 1.2.0; 1.4.0")
    assert SECOND in text(fixed, "content")


def test_a_new_core_ref(project: Project, history: Path) -> None:
    """A Core ref that is judged for the first time is compared with the one before it."""
    record(history, cell("1.2.0"))
    record(history, cell("1.2.0", day=1), cell("1.10.0", BROKEN, day=1), day=1)
    record(history, cell("1.11.0", KEPT, day=2), day=2)
    fixed, regressed = entries(project)
    told = "regressed on Core 1.10.0, compared with 1.2.0"
    assert text(regressed, "content").endswith(told)
    assert text(regressed, "updated") == "2026-01-02T12:00:01Z"
    assert text(fixed, "content").endswith("fixed on Core 1.11.0, compared with 1.10.0")


def test_a_new_core_ref_is_compared_as_it_was_then(project: Project, history: Path) -> None:
    """What the Core ref before it says later does not change what was new then."""
    record(history, cell("1.2.0"))
    record(history, cell("1.3.0", BROKEN, day=1), day=1)
    before = [text(entry, "id") for entry in entries(project)]
    record(history, cell("1.2.0", BROKEN, day=2), day=2)
    ids = [text(entry, "id") for entry in entries(project)]
    assert len(ids) == 2
    assert ids[1:] == before


def test_answers(project: Project, history: Path) -> None:
    """A run with an answer is an entry: candidate against baseline, whatever it answered."""
    core = Core(
        named="1.5.0", core_ref="core_v150", requirement="r", source="pypi", version="1.5.0"
    )
    baseline = core.model_copy(update={"version": "1.4.0"})
    for answer in Answer:
        run = make_run(
            "gate", START, ((cell(),),), PACKS, candidate=core, baseline=baseline, answer=answer
        )
        write_run(run, history)
    assert sorted(titles(project)) == [
        f"{answer}: Core 1.5.0 against 1.4.0" for answer in ("hold", "release", "unknown")
    ]


def test_ids_stay(project: Project, history: Path) -> None:
    """An entry keeps its id, its moment and its words as runs come, and in any other site."""
    record(history, cell("1.2.0"))
    record(history, cell("1.2.0", BROKEN, day=1), day=1)
    (before,) = entries(project)
    record(history, cell("1.2.0", KEPT, day=2), day=2)
    after = entries(project, "--url", "https://example.org/core")[1]
    for tag in ("id", "updated", "title", "content"):
        assert text(after, tag) == text(before, tag)


def test_the_newest_come_first_and_not_too_many(project: Project, history: Path) -> None:
    """The feed has the newest 50 entries at most, newest first."""
    core = Core(
        named="1.5.0", core_ref="core_v150", requirement="r", source="pypi", version="1.5.0"
    )
    for day in range(60):
        at = cell(day=day)
        run = make_run(
            "gate",
            at.evidence.started if at.evidence else START,
            ((at,),),
            PACKS,
            candidate=core,
            baseline=core,
            answer=Answer.HOLD,
        )
        write_run(run, history)
    moments = [text(entry, "updated") for entry in entries(project)]
    assert len(moments) == 50
    assert moments == sorted(moments, reverse=True)
    assert moments[0] == "2026-03-01T12:00:01Z"


def test_an_address_makes_links_absolute(project: Project, history: Path) -> None:
    """With `--url` every link is absolute; without it, relative to the feed."""
    record(history, cell("1.2.0"))
    record(history, cell("1.2.0", BROKEN, day=1), day=1)
    for url in ("https://example.org/core", "https://example.org/core/"):
        read = feed(project, "--url", url)
        links = [str(link.get("href")) for link in read.iter(f"{ATOM}link")]
        assert len(links) == 3
        assert all(link.startswith("https://example.org/core/") for link in links)
    badges = (project.root / "dashboard/badges/index.html").read_text()
    assert "(https://example.org/core/badges/small.svg)](https://example.org/core/packs/" in badges
    latest = json.loads((project.root / "dashboard/latest.json").read_text())
    assert latest.pop("url") == "https://example.org/core/"
    assert "example.org" not in json.dumps(latest)
    links = [str(link.get("href")) for link in feed(project).iter(f"{ATOM}link")]
    assert not any("://" in link for link in links)


@pytest.mark.parametrize(
    "url",
    [
        "example.org",
        "javascript:alert(1)",
        "https://",
        "https://example.org/?a=b",
        "ftp://a/b",
        "https://[a",
    ],
)
def test_an_address_that_is_none(project: Project, url: str) -> None:
    """What is no address of a site is refused."""
    done = project.fanout("dashboard", "--offline", "--url", url)
    assert done.exit_code == 2
    assert "is no address" in done.stderr


def test_hostile_words_are_text(project: Project, history: Path) -> None:
    """Markup, control characters and a very long text stay text, cut, in well-formed XML."""
    hostile = "<b>]]>&amp;\x00\x0b\ud800\ufffe\u202e" + "long " * 100_000
    record(history, cell("1.2.0"))
    said = (promise(SECOND, BROKEN, says=hostile),)
    record(history, cell("1.2.0", promises=said, day=1), day=1)
    (entry,) = entries(project)
    told = text(entry, "content")
    assert told.startswith("<b>]]>&amp;")
    assert len(told) < 1000
    assert told.replace("\ufffd", "").isprintable()
    assert not list(entry.find(f"{ATOM}content") or ())
