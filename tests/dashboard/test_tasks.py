"""Five questions of somebody who looks at the first screen: each answered in two clicks or fewer.

With `-s` each says how many clicks and seconds it took.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.visitor import PHONE, Visitor

MOST_CLICKS = 2


class Task:
    """A question that is asked of the first screen, with the clicks and the time that it takes."""

    def __init__(self, visitor: Visitor) -> None:
        self.began = perf_counter()
        self.page = visitor.open()
        self.clicks = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def reads(self, *said: str | re.Pattern[str]) -> None:
        for one in said:
            expect(self.page.get_by_role("main")).to_contain_text(one, use_inner_text=True)


@pytest.fixture
def task(browser: Browser, site: Path, request: pytest.FixtureRequest) -> Iterator[Task]:
    with Visitor(browser, site.as_uri()) as visitor:
        asked = Task(visitor)
        yield asked
        clicks, seconds = asked.clicks, perf_counter() - asked.began
        name = request.node.name.removeprefix("test_").replace("_", " ")
        sys.stdout.write(f"\n{name}: {clicks} clicks, {seconds:.2f} s\n")
        assert clicks <= MOST_CLICKS


def test_may_we_release_and_why(task: Task) -> None:
    """The answer and its cause are on the first screen without a click, also of a phone."""
    for viewport in (PHONE, {"width": 1280, "height": 900}):
        task.page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
        expect(task.page.locator(".next .answer .word")).to_be_in_viewport()
        expect(task.page.get_by_text("telemetry.Return is gone")).to_be_in_viewport()
        expect(
            task.page.locator(".next dd", has_text="pipeline and store break")
        ).to_be_in_viewport()


def test_who_broke_my_pack_and_when(task: Task) -> None:
    """One click on a broken cell: the Core that kept it last, and the one that broke it."""
    task.click(task.page.locator('a.box[href="cells/store-core_v131.html"]'))
    task.reads("Last kept on Core 1.2.1, broken since Core 1.3.0", "what changed in Core 1.3.0")


def test_what_would_this_change_in_core_break(task: Task) -> None:
    """Symbols, then the symbol: every promise that relies on it, of every pack."""
    task.click(task.page.get_by_role("link", name="Symbols"))
    task.click(task.page.get_by_role("link", name="telemetry.Return", exact=True).first)
    task.reads("3 promises of 3 packs rely on it", "An event that is published can return.")


def test_which_promise_is_flaky(task: Task) -> None:
    """Trends name the cell whose attempts disagreed, and the cell the promise."""
    task.click(task.page.get_by_role("link", name="Trends"))
    task.click(task.page.get_by_role("link", name="store on Core 1.2.1").first)
    task.reads(re.compile("1 of 3 attempts at the same contents disagree on .*return"))


def test_which_release_runs_with_a_core(task: Task) -> None:
    """Consumers: the release that goes best with each content of Core, and then every release."""
    task.click(task.page.get_by_role("link", name="Consumers"))
    expect(task.page.locator(".fits thead th").nth(1)).to_contain_text("1.4.")
    expect(task.page.locator(".fits tbody td").first).to_contain_text("✓ 0.9.12")
    task.click(task.page.get_by_role("link", name="market-data-store").first)
    expect(task.page.get_by_role("rowheader", name=re.compile("0.8.95"))).to_be_visible()
