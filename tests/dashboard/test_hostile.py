"""What a pack, a Core and its neighbours say reaches the page as text, whatever it says.

Everything here is real: pytest runs the pack, its evidence is reported, the history of that becomes
the site, and Chromium opens every page.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visitor import PHONE, Visitor
from tests.worlds.project import PACK_TOML, Project, make_python

SCRIPT = "</script><script>window.hacked = 1; alert(1)</script>"
IMAGE = "<img src=x onerror=alert(2)>"
TEMPLATE = "{{ 7 * 6 }}{% include 'x' %}${alert(3)}"
TURNED = "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{LEFT-TO-RIGHT ISOLATE}"
CONTROL = "\x1b[31m\x07\x00\x9b2J"
HOSTILE = f"{SCRIPT}{IMAGE}\"'&<b>{TEMPLATE}"
MEGABYTE = 1024 * 1024
PACK = f"""
import pytest

class Boom(Exception):
    def __str__(self):
        return {HOSTILE!r} + {TURNED!r} + {CONTROL!r}

@pytest.mark.contract({HOSTILE!r}, "javascript:alert(4)")
@pytest.mark.parametrize("of", [1], ids=[{IMAGE!r}])
def test_name(of):
    {HOSTILE + TURNED!r}
    raise Boom

@pytest.mark.contract("telemetry.Event")
def test_long():
    {"word" * 20_000!r}
    lines = ({HOSTILE!r} + "\\n") * ({MEGABYTE} // {len(HOSTILE)})
    pytest.fail("x" * {MEGABYTE // 4} + lines + "THE VERY END")

@pytest.mark.contract("javascript:alert(5)")
def test_listed():
    "[A link](javascript:alert(6)) is no link."
    assert {TURNED!r} == {HOSTILE!r}
"""
LISTED = f"""
[[known_breaks]]
core = ">=1.0"
test = "test_hostile.py::test_listed"
reason = '''{HOSTILE}'''
link = "https://example.org/?q=%3Cscript%3E#{"a" * 1500}"
expires = 2099-01-01
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a pack that says only what is hostile, on a Core beside a hostile neighbour."""
    project = Project(tmp_path_factory.mktemp("project"))
    python = make_python(tmp_path_factory.mktemp("python"), "1.2.0")
    stranger = python.parents[1] / "lib/python3.11/site-packages/stranger-1.0.dist-info/METADATA"
    stranger.parent.mkdir()
    stranger.write_text(f"Metadata-Version: 2.1\nName: stranger{HOSTILE}\nVersion: {IMAGE}\n")
    owner = PACK_TOML.replace('"small team"', f"'''{HOSTILE}'''")
    project.write("packs/small/pack.toml", owner + LISTED)
    project.write("packs/small/test_hostile.py", PACK)
    project.write("packs/other/test_other.py", PACK)
    for cell in ("small-core_v120", "other-core_v120"):
        ran = project.cell(python, cell)
        assert ran.returncode == 1, ran.stdout + ran.stderr
    broken = project.write("evidence/other-core_v110.xml", f"<{HOSTILE}")
    assert broken.is_file()
    history = str(project.root / "history")
    done = project.fanout("report", "--history", history)
    assert done.exit_code in (1, 3), done.output
    made = project.root / "site"
    done = project.fanout("dashboard", "--history", history, "--output", str(made), "--offline")
    assert done.exit_code == 0, done.output
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_and_nothing_breaks(browser: Browser, site: Path, scheme: str) -> None:
    """On no page anything hostile runs, becomes an element or a link, or is wider than a phone."""
    paths = sorted(str(path.relative_to(site)) for path in site.rglob("*.html"))
    assert len(paths) > 10
    with Visitor(browser, site.as_uri(), viewport=PHONE, color_scheme=scheme) as visitor:
        for path in paths:
            page = visitor.open(path.replace("%", "%25"))
            width = page.evaluate("document.scrollingElement.scrollWidth")
            assert width <= PHONE["width"], f"'{path}' is {width} pixels wide"
            assert page.evaluate("window.hacked") is None
            found = page.locator('img[src="x"], [href^="javascript:" i], main script:not([type]) b')
            assert found.count() == 0, path
            text = page.locator("body").inner_text()
            assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
            assert "\x1b" not in text


def test_words_of_a_promise_are_words(browser: Browser, site: Path) -> None:
    """What a promise says of itself stands on its cell's page, markup and all."""
    with Visitor(browser, site.as_uri()) as visitor:
        page = visitor.open("cells/small-core_v120.html")
        expect(page.locator("main")).to_contain_text(HOSTILE)


def test_a_megabyte_is_cut_and_one_click_away(browser: Browser, site: Path) -> None:
    """Of a failure of more than a megabyte a part is shown, and a link leads to all of it."""
    page_file = site / "cells/small-core_v120.html"
    assert page_file.stat().st_size < 100_000
    with Visitor(browser, site.as_uri()) as visitor:
        page = visitor.open("cells/small-core_v120.html")
        page.get_by_role("link", name="the full text").first.click()
        page.wait_for_url("**/texts/*.txt")
        whole = page.locator("body").inner_text()
    assert len(whole) > MEGABYTE
    assert "THE VERY END" in whole
