"""The consumers: how each stands, who gets the next Core, and which release goes with which."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanout.consumers.affected import Affected, Lost
from fanout.consumers.compatibility.answer import Compatibility, Content, Fit, OfConsumer, Share
from fanout.consumers.compatibility.answer import Run as Releases
from fanout.consumers.takes import Takes
from fanout.dashboard.build import build
from fanout.history.compatibilities import keep_compatibility
from fanout.history.document import read_run, write_run
from tests.browser.pages import Page
from tests.worlds import coverages, scenes, strengths
from tests.worlds.runs import START, cell, record

SMALL = "market-data-small"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return scenes.checked(scenes.steady(tmp_path / "history"))


def site(history: Path) -> Path:
    build(history, history.parent / "site", 24, lambda count, of: None)
    return history.parent / "site"


def declaring(history: Path, consumer: str, declares: str) -> None:
    """Keep a table of one release of a consumer, which asks for this range."""
    release = Releases(versions=("0.5",), declares=(declares,), fits=(Fit(declared=Share.ALL),))
    content = Content(digest="a" * 64, versions=("1.3.1",))
    found = OfConsumer(consumer=consumer, contents=(content,), runs=(release,))
    keep_compatibility(history, Compatibility(consumers=(found,), made=START))


def test_every_consumer_has_a_page(history: Path) -> None:
    """Each pack's consumer is on the page of all, and one of its own says how it stands."""
    folder = site(history)
    overview = Page(folder / "consumers.html")
    for pack in ("pipeline", "store", "narrow"):
        assert f"consumers/market-data-{pack}.html" in overview.links
        page = Page(folder / f"packs/{pack}.html")
        assert f"../consumers/market-data-{pack}.html" in page.links
    page = Page(folder / "consumers/market-data-store.html")
    assert page.all("h1") == ["market-data-store ✗ failed 1"]
    assert page.facts["Pack"] == "store, owned by store team"
    assert "../cells/store-core_v131.html" in page.links


@pytest.mark.parametrize(
    ("declares", "gets"),
    [
        (">=1.3,<2", "at once"),
        ("==1.3.1", "with its next release"),
        ("<1.2", "with its next release"),
        (">=2", "never"),
        ("any; extra == 'x'", "not known"),
        ("", "not known"),
    ],
)
def test_who_gets_the_next_core(history: Path, declares: str, gets: str) -> None:
    """Without a candidate it is told by the range of the newest release, for what comes after."""
    next(history.glob(f"*{'c' * 16}.json")).unlink()
    declaring(history, "market-data-store", declares)
    page = Page(site(history) / "consumers/market-data-store.html")
    assert page.facts["Gets the next Core"] == gets
    assert page.facts["Newest release"] == "0.5"


def test_what_the_candidate_means(history: Path) -> None:
    """A consumer that the candidate breaks comes first, says so, and what it would lose."""
    run = read_run(next(history.glob(f"*{'c' * 16}.json")))
    lost = Lost(name="Bar", file="bus.py", line=3, uses=1)
    breaks = Affected(consumer="a-reader", release="9.1", takes=Takes.AT_ONCE, lost=(lost,))
    later = Affected(consumer="market-data-store", release="0.1", pack="store", takes=Takes.LATER)
    write_run(run.model_copy(update={"consumers": (later, breaks), "id": "d" * 16}), history)
    folder = site(history)
    overview = Page(folder / "consumers.html")
    assert overview.all("th")[4:6] == ["The first of it", "a-reader 9.1"]
    page = Page(folder / "consumers/a-reader.html")
    assert page.all("h1") == ["a-reader ✗ breaks"]
    assert "It gets the candidate at once." in page.text
    assert "Bar is gone, and used without a guard in bus.py:3" in page.text
    store = Page(folder / "consumers/market-data-store.html")
    assert store.facts["Gets the next Core"] == "with its next release"
    assert "consumers/a-reader.html" in Page(folder / "index.html").links


def test_uses_coverage_and_strength(tmp_path: Path) -> None:
    """What nobody pins comes first, with its place; coverage and strength lead to the pack."""
    history = tmp_path / "history"
    record(history, cell("1.3.0"))
    coverages.keep(
        history,
        coverages.judged("telemetry.Event", pinned_by=("t.py::one",)),
        coverages.judged("telemetry.Level", lacks="a promise"),
        digest="",
    )
    strengths.keep(history, digest="")
    folder = site(history)
    consumer = next((folder / "consumers").glob("*.html"))
    page = Page(consumer)
    assert page.facts["Coverage"] == "1 of 2"
    assert "Strength" in page.facts
    assert "../packs/small.html#coverage" in page.links
    assert page.text.index("telemetry.Level") < page.text.index("telemetry.Event")
    assert coverages.MARKUP not in consumer.read_text("utf-8")


def test_hostile_names(history: Path) -> None:
    """The name and the range of a consumer stay text, and lead nowhere else."""
    run = read_run(next(history.glob(f"*{'c' * 16}.json")))
    name = "../../<img src=x onerror=alert(1)>"
    hostile = Affected(consumer=name, release="<b>", takes=Takes.AT_ONCE)
    write_run(run.model_copy(update={"consumers": (hostile,), "id": "d" * 16}), history)
    folder = site(history)
    (page,) = (folder / "consumers").glob("-*.html")
    for path in (page, folder / "consumers.html", folder / "index.html"):
        assert "<img src=x" not in path.read_text("utf-8")
