"""The page of the map: who pins and who uses each public symbol of a Core."""

from __future__ import annotations

from pathlib import Path

from fanout.dashboard.pages import core_map as map_page
from tests.browser.pages import Page, build
from tests.worlds.coverages import MARKUP, map_of
from tests.worlds.runs import cell, record


def page(history: Path) -> Page:
    return Page(build(history, history.parent / "site", map_page.parts) / "map.html")


def test_map(tmp_path: Path) -> None:
    """Each state has its symbols by module, with who pins or uses them; nothing runs of it."""
    history = tmp_path / "history"
    record(history, cell("1.3.0"))
    assert "Nobody made the map yet" in page(history).text
    map_of(history)
    found = page(history)
    titles = ["Used, and pinned by nobody: 1", "Pinned: 1", "Used by nobody: 1"]
    assert [one for one in found.all("h2") if ":" in one] == titles
    assert found.all("li") == [f"Level, used by {MARKUP}", "Event, pinned by small", "Free"]
    assert "packs/small.html" in found.links
    assert "Of 3 public symbols of Core 1.3.0" in found.text
    assert MARKUP not in (history.parent / "site/map.html").read_text()
