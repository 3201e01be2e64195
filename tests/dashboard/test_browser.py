"""The dashboard in a real browser: by keys and by address, for anybody, calling nobody."""

from __future__ import annotations

import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, expect

from fanout.dashboard.build import build
from fanout.wording import printable
from tests.browser.visitor import PHONE, Visitor
from tests.worlds import scenes

PAGES = (
    "index.html",
    "cells/store-core_v131.html",
    "cells/pipeline-core_v121.html",
    "cells/store-core_v110.html",
    "refs/core_v130.html",
    "packs/store.html",
    "symbols/index.html",
    "symbols/telemetry.FeedbackEvent.html",
    "runs/index.html",
    f"runs/{'c' * 16}.html",
    f"runs/{2:016x}.html",
    "trends.html",
    "map.html",
    "consumers.html",
    "consumers/market-data-store.html",
    "consumers/market-data-pipeline.html",
    "badges/index.html",
    "schemas/index.html",
)
# What somebody would have to scroll sideways for; the bars of runs alone go on to the left.
CUT = """[...document.querySelectorAll(".scroll")]
    .filter((one) => one.scrollWidth > one.clientWidth && !one.closest(".runs"))
    .map((one) => one.getAttribute("aria-label"))"""
BUTTONS = "button:visible:not(.grid button)"  # in the matrix they are headings
AGE = re.compile(r"\b(ago|yesterday|last month|days left|expired)\b")
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of three packs on five Core refs, in a folder whose name has a space."""
    folder = tmp_path_factory.mktemp("dash board")
    history = scenes.tabled(scenes.checked(scenes.steady(folder / "history")), printable(HOSTILE))
    build(history, folder / "site", 24, lambda count, of: None)
    return folder / "site"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out(browser: Browser, site: Path, scheme: str) -> None:
    """axe finds no violation on any kind of page, light or dark."""
    found = []
    with Visitor(browser, site.as_uri(), color_scheme=scheme) as visitor:
        for path in PAGES:
            page = visitor.open(path)
            result = Axe().run(page, options={"preload": False})
            found += [
                f"{path}: {one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
                for one in result.response["violations"]
            ]
    assert not found, "\n".join(found)


def test_a_phone_shows_every_page(browser: Browser, site: Path) -> None:
    """At a phone's width no page scrolls sideways, nor any table on it."""
    with Visitor(browser, site.as_uri(), viewport=PHONE) as visitor:
        for path in PAGES:
            page = visitor.open(path)
            width = page.evaluate("document.scrollingElement.scrollWidth")
            assert width <= PHONE["width"], f"{path} is {width} pixels wide"
            assert page.evaluate(CUT) == [], path


def test_the_table_of_consumers_is_seen_whole(browser: Browser, site: Path) -> None:
    """Eleven contents of Core are beside each other at 1280 pixels, and what is said is text."""
    with Visitor(browser, site.as_uri()) as visitor:
        page = visitor.open("consumers/market-data-store.html")
        wide, seen = page.evaluate(
            "(([one]) => [one.scrollWidth, one.clientWidth])(document.querySelectorAll('.scroll'))"
        )
        assert wide <= seen
        expect(page.locator("thead th")).to_have_count(12)
        expect(page.locator("main img, main script")).to_have_count(0)
        expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)>")


def test_a_filter_is_an_address(browser: Browser, site: Path) -> None:
    """What is typed narrows the matrix and is in the URL, which brings it back by itself."""
    with Visitor(browser, site.as_uri()) as visitor:
        page = visitor.open()
        page.keyboard.press("/")
        page.keyboard.type("soften")
        expect(page.locator("#shown")).to_contain_text(re.compile(r"^8 of 17 cells"))
        address = page.url
        page.locator("a.box.regressed[href^=cells]").first.click()
        page.wait_for_url("**/cells/*.html")
        page.goto(address)
        expect(page.locator("#search")).to_have_value("soften")
        expect(page.locator("#shown")).to_contain_text(re.compile(r"^8 of 17 cells"))


def test_keys_lead_to_the_command(browser: Browser, site: Path) -> None:
    """By keys alone one comes from the matrix to the command that reproduces a cell, and back."""
    with Visitor(browser, site.as_uri()) as visitor:
        page = visitor.open()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        page.locator('#matrix [tabindex="0"]').focus()
        for _ in range(6):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")  # the candidate, whose cells are in its run
        page.keyboard.press("ArrowRight")
        cell = page.evaluate("document.activeElement.dataset.cell")
        assert re.fullmatch(r"\w+-core_v\d+", cell)
        expect(page.get_by_role("tooltip")).to_be_visible()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/cells/{cell}.html")
        expect(page.locator(".command code").first).to_have_text(f"tox run -e {cell}")
        page.go_back()
        page.wait_for_url("**/index.html")


def test_an_old_page_says_so(browser: Browser, site: Path) -> None:
    """An open page ages: ages stay true, and what is older than its schedule turns grey.

    The matrix ran two days after the first run, the candidate a day and a half later.
    """
    with Visitor(browser, site.as_uri()) as visitor:
        visitor.page.clock.install(time="2026-01-04T11:00:00Z")
        page = visitor.open()
        expect(page.locator("#stale")).to_be_hidden()
        newest = page.locator("#matrix-title ~ p.note time")
        before = newest.text_content()
        visitor.page.clock.fast_forward("20:00:00")
        expect(newest).not_to_have_text(before or "")
        expect(page.locator("#stale")).to_contain_text("Stale: the matrix last ran 43 hours ago")
        expect(page.locator(".released")).to_have_class(re.compile(r"\bold\b"))
        expect(page.locator(".next")).not_to_have_class(re.compile(r"\bold\b"))
        visitor.page.clock.fast_forward("20:00:00")
        expect(page.locator(".next")).to_have_class(re.compile(r"\bold\b"))
        expect(page.locator(".next .stale-only")).to_contain_text("tox run -e check -- ../core")


def test_paper_tells_dates(browser: Browser, site: Path) -> None:
    """What is printed of any page has no form, nothing to press, and dates in place of ages."""
    with Visitor(browser, site.as_uri()) as visitor:
        visitor.page.clock.install(time="2026-02-04T11:00:00Z")
        for path in PAGES:
            page = visitor.open(path)
            page.emulate_media(media="print")
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            assert page.locator(f"form:visible, {BUTTONS}").count() == 0, path
            printed = page.locator("body").inner_text()
            assert AGE.search(printed) is None, (path, AGE.search(printed))
            assert "Stale: the matrix last ran 2026-01-03 12:00 UTC" in printed
            page.emulate_media(media="screen")


def test_the_target_of_a_link_is_marked(browser: Browser, site: Path) -> None:
    """A link to a promise marks it among the others, also on the page of its pack."""
    outline = "getComputedStyle(document.querySelector({!r})).outlineStyle"
    with Visitor(browser, site.as_uri()) as visitor:
        for path in ("packs/store.html", "cells/store-core_v131.html"):
            page = visitor.open(path)
            one, other = (page.locator("article.promise[id]").nth(place) for place in (0, 1))
            ids = [str(found.get_attribute("id")) for found in (one, other)]
            page.goto(f"{page.url}#{ids[0]}")
            shown = [page.evaluate(outline.format(f'[id="{name}"]')) for name in ids]
            assert shown == ["solid", "none"], path


def test_without_scripts_the_answer_is_there(browser: Browser, site: Path) -> None:
    """Without scripts the answer, its table and the links to all else are there."""
    with Visitor(browser, site.as_uri(), java_script_enabled=False) as visitor:
        page = visitor.open()
        expect(page.locator(".answer .word")).to_be_visible()
        page.get_by_role("rowheader", name="store").get_by_role("link").first.click()
        expect(page.locator("h1")).to_contain_text("store")
        page.go_back()
        page.locator("noscript a.box.passed").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("passed")


def test_the_site_works_under_any_path(browser: Browser, site: Path) -> None:
    """Served under a path of its own, no page asks for anything outside it."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(site.parent))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with Visitor(browser, f"http://127.0.0.1:{server.server_port}/site") as visitor:
            for path in PAGES:
                visitor.open(path)
            page = visitor.open()
            page.locator("a.box[href^=cells]").first.click()
            expect(page.get_by_role("heading", level=1)).to_contain_text("Core 1.3.1")
        server.shutdown()


@pytest.mark.parametrize(
    ("scene", "page", "says"),
    [
        (lambda folder: folder, "index.html", "No run yet"),
        (scenes.single, "index.html", "small"),
        (scenes.cut_off, "index.html", "2 without evidence"),
        (scenes.vanished, "index.html", "renamed to store"),
        (scenes.vanished, "refs/core_v100.html", "no longer"),
        (scenes.vanished, "packs/ancient.html", "is called store now"),
    ],
)
def test_what_is_not_there_is_said(
    browser: Browser, tmp_path: Path, scene: scenes.Scene, page: str, says: str
) -> None:
    """An empty history, one run, a run cut off, a ref and a pack that are gone: pages say so."""
    history = scene(tmp_path / "history")
    build(history, tmp_path / "site", 24, lambda count, of: None)

    with Visitor(browser, (tmp_path / "site").as_uri()) as visitor:
        expect(visitor.open(page).locator("main")).to_contain_text(says)
