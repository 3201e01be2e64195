"""Pictures of the dashboard that was built last: those of the documents, or every kind of page.

Without a folder it writes those in docs/. With one it writes every kind of page there, as wide as a
large screen, a small one and a phone, light and dark, of that dashboard and of a forged large one.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from fanout.dashboard.build import build
from tests import ROOT
from tests.browser.visitor import launch
from tests.worlds import forged

SITE = ROOT / "dashboard"
# What is shown in the documents, and as much of the page as shows it.
DOCUMENTS: Mapping[str, tuple[str, int, int]] = {
    "dashboard.png": ("index.html", 1440, 840),
    "cell.png": ("cells/pipeline-core_v1461.html", 1280, 900),
    "consumers.png": ("consumers.html", 1280, 900),
}
WIDTHS = (1440, 1280, 390)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TALLEST = 3000
ALONE = (
    "index.html",
    "trends.html",
    "map.html",
    "consumers.html",
    "symbols/index.html",
    "runs/index.html",
    "badges/index.html",
    "schemas/index.html",
)
FOLDERS = ("cells", "refs", "packs", "symbols", "consumers", "runs")
LARGE = forged.Size(tuple(f"pack{number:02}" for number in range(20)), 200)
LARGE_RUNS = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="tox run -e pictures --")
    parser.add_argument("folder", type=Path, nargs="?", help="where every kind of page goes")
    folder = parser.parse_args().folder
    if not (SITE / "index.html").is_file():
        raise SystemExit(f"'{SITE}' has no page: `tox p` makes it")
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except FileNotFoundError as error:
            raise SystemExit(str(error)) from error
        for path in every_kind(browser, folder) if folder else documents(browser):
            sys.stdout.write(f"{path}\n")
        browser.close()


def documents(browser: Browser) -> Iterator[Path]:
    for name, (page, width, height) in DOCUMENTS.items():
        yield take(browser, SITE / page, ROOT / "docs" / name, width, height)


def every_kind(browser: Browser, folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pictures-") as temporary:
        for name, site in (("real", SITE), ("large", large(Path(temporary)))):
            for page in kinds(site):
                for width in WIDTHS:
                    for scheme in SCHEMES:
                        kind = page.removesuffix(".html").replace("/", "-")
                        path = folder / name / f"{kind}-{width}-{scheme}.png"
                        yield take(browser, site / page, path, width, 0, scheme)


def kinds(site: Path) -> Iterator[str]:
    """A page of each kind: of many the one that says most."""
    yield from ALONE
    for folder in FOLDERS:
        pages = [path for path in (site / folder).glob("*.html") if path.name != "index.html"]
        if pages:
            largest = max(pages, key=lambda path: (path.stat().st_size, path.name))
            yield f"{folder}/{largest.name}"


def large(folder: Path) -> Path:
    """The site of twenty packs on two hundred Cores."""
    chance = random.Random(1)  # noqa: S311 - the same runs every time
    for number in range(LARGE_RUNS):
        forged.record(LARGE, folder / "history", number, chance)
    build(folder / "history", folder / "site", 24, lambda count, of: None)
    return folder / "site"


def take(
    browser: Browser,
    page: Path,
    path: Path,
    width: int,
    height: int,
    scheme: Literal["light", "dark"] = "light",
) -> Path:
    """Write the picture of a page; without a height, of all of it that somebody would scroll."""
    seen = browser.new_page(viewport={"width": width, "height": height or 900}, color_scheme=scheme)
    seen.goto(page.as_uri())
    tall = height or min(int(seen.evaluate("document.scrollingElement.scrollHeight")), TALLEST)
    path.parent.mkdir(parents=True, exist_ok=True)
    seen.screenshot(
        path=path, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": tall}
    )
    seen.close()
    return path


if __name__ == "__main__":
    main()
