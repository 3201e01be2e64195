"""What `?` says: every word and sign that any page has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from fanout.dashboard.build import build
from fanout.dashboard.facts.grid import NOT_RUN, PARTLY
from fanout.dashboard.pages.consumers.fits import DECLARED, IMPORTS, INSTALLS
from fanout.model import Answer, Outcome, Result, Standing, Verdict
from fanout.strength.answer import Fate
from fanout.surface.change import What
from fanout.wording import GLYPHS
from tests import ROOT
from tests.browser.visitor import Visitor
from tests.worlds import scenes

PAGES = (
    "index.html",
    "cells/store-core_v131.html",
    "cells/store-core_v110.html",
    "refs/core_v130.html",
    "packs/store.html",
    "symbols/telemetry.FeedbackEvent.html",
    f"runs/{'c' * 16}.html",
    "trends.html",
    "consumers.html",
    "consumers/market-data-store.html",
)
TOLD = (Answer, Outcome, Verdict, Standing, Result)
LITERAL = re.compile(r"""\b(?:parts|show)\.word\("([a-z -]+)\"""")
CLASSES = """[...document.querySelectorAll("main .word")]
    .flatMap((word) => [...word.classList].filter((name) => name !== "word").slice(0, 1))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("help")
    history = scenes.tabled(scenes.checked(scenes.steady(folder / "history")))
    build(history, folder / "site", 24, lambda count, of: None)
    return folder / "site"


def test_every_word_and_sign(browser: Browser, site: Path) -> None:
    """Each word that a model, a template or a page has is told, with the sign of elsewhere."""
    shown = {NOT_RUN, PARTLY, Fate.SURVIVED, Fate.REFUSED, What.ADDED}
    shown |= {str(one) for kind in TOLD for one in kind}
    for template in (ROOT / "src/fanout/dashboard/templates").glob("*.html"):
        shown |= {*LITERAL.findall(template.read_text("utf-8"))}
    with Visitor(browser, site.as_uri()) as visitor:
        for path in PAGES:
            classes = visitor.open(path).evaluate(CLASSES)
            shown |= {one.replace("-", " ") for one in classes if one not in shown}
        page = visitor.open()
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog")
        text = dialog.inner_text()
        words = {
            (one.get_attribute("class") or "").partition(" ")[2]: one.inner_text()
            for one in dialog.locator(".word").all()
        }
    slugs = {one.replace(" ", "-") for one in shown}
    assert {one for one in slugs if one not in words and f"“{one}”" not in text} == set()
    signs = {
        word: GLYPHS[word] for word in shown if word in GLYPHS and word.replace(" ", "-") in words
    }
    assert {word: words[word.replace(" ", "-")].partition(" ")[0] for word in signs} == signs
    for what in (DECLARED, INSTALLS, IMPORTS):
        for _, word in what.values():
            assert word in text, word
