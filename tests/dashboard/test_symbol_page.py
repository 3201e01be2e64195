"""The pages of Core's symbols: who relies on each, by which promises, and what is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanout.dashboard.pages import symbol as symbol_page
from fanout.dashboard.pages.symbol import module
from fanout.model import CellReport, Promise, Result
from tests.browser.pages import Page, build
from tests.worlds.runs import BROKEN, ERRORED, KEPT, cell, record

EVENT, LEVEL = "telemetry.Event", "telemetry.Level"


def page(history: Path, name: str) -> Page:
    return Page(build(history, history.parent / "site", symbol_page.parts) / f"symbols/{name}.html")


def relying(
    version: str, *said: tuple[str, Result, tuple[str, ...]], pack: str = "small"
) -> CellReport:
    """A cell of a pack whose promises, by a word, name these symbols."""
    promises = (
        Promise(name=f"test_x.py::test_{word}", says=f"It can {word}.", contract=names, result=said)
        for word, said, names in said
    )
    name = f"{pack}-core_v{version.replace('.', '')}"
    return cell(version, name=name, promises=tuple(promises))


def listed(history: Path) -> list[list[str]]:
    """The rows of the list of symbols, each without its name."""
    cells = page(history, "index").all("td")
    return [cells[at : at + 4] for at in range(0, len(cells), 4)]


def test_who_relies_on_a_symbol(tmp_path: Path) -> None:
    """Every pack and promise that names a symbol is on its page, and no other."""
    history = tmp_path / "history"
    record(
        history,
        relying("1.2.0", ("run", KEPT, (EVENT, LEVEL)), ("walk", KEPT, (LEVEL,))),
        relying("1.2.0", ("fly", KEPT, (EVENT,)), pack="other"),
    )
    event = page(history, EVENT)
    assert event.all("h1") == [f"{EVENT} ✓ kept"]
    assert event.all("h3") == ["It can run.", "It can fly."]
    assert event.all("td") == ["small team", "1", "1", "0", "nobody is stated", "1", "1", "0"]
    assert "2 promises of 2 packs rely on it." in event.text
    assert page(history, LEVEL).all("h3") == ["It can run.", "It can walk."]


def test_what_is_broken_and_since_when(tmp_path: Path) -> None:
    """What is broken comes first, with the Core refs between which it broke."""
    history = tmp_path / "history"
    for version, result in {"1.2.0": KEPT, "1.3.0": BROKEN, "1.4.0": BROKEN}.items():
        record(history, relying(version, ("run", KEPT, (EVENT,)), ("walk", result, (EVENT,))))
    event = page(history, EVENT)
    assert event.all("h1") == [f"{EVENT} ✗ broken"]
    assert event.all("h3") == ["It can walk.", "It can run."]
    assert "Last green on 1.2.0, first red on 1.3.0." in event.text
    assert "Broken on 1.3.0 to 1.4.0 (2 Cores)." in event.text
    assert "of 2 promises" not in event.text
    assert listed(history) == [["✗ broken", "1", "2", "small"]]


def test_a_symbol_that_is_mended_is_kept(tmp_path: Path) -> None:
    """It is the newest known Core ref that counts, not the newest run."""
    history = tmp_path / "history"
    record(history, relying("1.4.0", ("run", KEPT, (EVENT,))))
    record(history, relying("1.3.0", ("run", BROKEN, (EVENT,))), day=1)
    assert listed(history) == [["✓ kept", "none", "1", "small"]]
    assert "Broken on 1.3.0." in page(history, EVENT).text


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ((KEPT, BROKEN, ERRORED), "✗ broken"),
        ((KEPT, ERRORED, Result.KNOWN_BREAK), "? unknown"),
        ((KEPT, Result.KNOWN_BREAK), "~ known break"),
        ((KEPT, Result.NOT_APPLICABLE), "✓ kept"),
        ((Result.NOT_APPLICABLE,), "· not applicable"),
    ],
)
def test_the_gravest_is_said_of_a_symbol(
    tmp_path: Path, said: tuple[Result, ...], word: str
) -> None:
    """A symbol is kept only if none of its promises is broken or unknown."""
    history = tmp_path / "history"
    told = ((str(number), one, (EVENT,)) for number, one in enumerate(said))
    record(history, relying("1.2.0", *told, ("judge", KEPT, ("zone.Zone",))))
    assert listed(history)[0][0] == word


def test_symbols_are_listed_by_module(tmp_path: Path) -> None:
    """Each module of Core has its symbols; what names none is listed apart."""
    history = tmp_path / "history"
    record(
        history,
        relying(
            "1.2.0",
            ("run", KEPT, ("telemetry.Level", "load_config")),
            ("walk", KEPT, ("telemetry.Event.source",)),
            ("fly", BROKEN, ()),
        ),
    )
    index = page(history, "index")
    heads = ["Symbol", "Now", "Broken", "Promises", "Packs"]
    assert index.all("th") == [
        *heads,
        "market_data_core",
        "load_config",
        "telemetry",
        "telemetry.Event.source",
        "telemetry.Level",
    ]
    assert index.all("li") == ["small: It can fly. ✗ broken"]
    assert "telemetry.Level.html" in "".join(index.links)


@pytest.mark.parametrize(
    ("symbol", "found"),
    [
        ("load_config", ""),
        ("Event", ""),
        ("telemetry.Event", "telemetry"),
        ("events.envelope.EventMeta.schema_id", "events.envelope"),
        ("Event.source", ""),
        ("events.create_event_bus", "events"),
        ("", ""),
    ],
)
def test_module(symbol: str, found: str) -> None:
    """A symbol's module is all before the class or the function in its name."""
    assert module(symbol) == found


def test_the_list_can_be_searched(tmp_path: Path) -> None:
    """Every symbol has its name and its packs in small letters, for the search field."""
    history = tmp_path / "history"
    record(history, relying("1.2.0", ("run", KEPT, (EVENT,))))
    index = page(history, "index")
    told = [one["data-search"] for _, one in index.elements if "data-search" in one]
    assert told == ["telemetry.event small"]
    assert ("input", "search") in [(tag, one.get("type")) for tag, one in index.elements]


def test_hostile_symbols_are_texts(tmp_path: Path) -> None:
    """A symbol may be any text: its page has a safe name, and the list stays where it is."""
    history = tmp_path / "history"
    names = ("<script>alert(1)</script>", "../../escaped", "", "x" * 3000)
    record(history, relying("1.2.0", ("run", KEPT, names)))
    index = page(history, "index")
    assert "<script>alert" not in index.source
    assert index.all("h1") == ["Symbols of Core"]
    for href in index.links:
        if "/" not in href.removeprefix("../symbols/"):
            assert (index.path.parent / href).is_file()
    assert not list(tmp_path.rglob("escaped*"))
    assert len(list(index.path.parent.iterdir())) == len(names) + 1


def test_no_run(tmp_path: Path) -> None:
    """An empty history has a list that says that it is empty."""
    index = page(tmp_path / "history", "index")
    assert "No promise names a symbol of Core yet." in index.text
