"""What the dashboard costs: to build, to bring up to date after one more run, and to open.

Two sizes: the full history of three packs on 72 Core refs, and 20 packs on 200 Core refs with
1,000 runs, as `worlds/forged.py` makes them. No time is ever asserted, and nothing stays but the
numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from fanout.dashboard.build import build
from tests.bench.history import enter, took
from tests.browser.visitor import launch
from tests.worlds.forged import RUNS_OF_ONE_CONTENT, Size, record

SIZES = {
    "3 packs, 72 refs, 100 runs": (Size(("pipeline", "store", "orchestrator"), 72), 100),
    "20 packs, 200 refs, 1,000 runs": (
        Size(tuple(f"pack{number:02}" for number in range(20)), 200),
        1_000,
    ),
}
LOADS = 5  # of the first page, of which the median counts
ROWS = {
    "database": "the history's database, made of all documents, in seconds",
    "build": "the site, made from nothing, in seconds",
    "nothing new": "the same once more, in seconds",
    "one more run": "after one more run of the same contents, its document read, in seconds",
    "new contents": "after one more run in which every pack has a new content, in seconds",
    "files": "files of the site",
    "megabytes": "the site without the database beside it, in MB",
    "first page": "what the browser loads to show the matrix, in kB",
    "interactive": "from the request to a matrix that takes keys, in ms, in Chromium",
}


def measure(
    size: Size, runs: int, folder: Path, browser: Browser, chance: random.Random
) -> dict[str, float]:
    """Every row; the history keeps one run back, and ends with a run of new contents."""
    history, site = folder / "history", folder / "site"
    for number in range(runs - 1):
        record(size, history, number, chance)

    def make() -> None:
        build(history, site, 24, lambda count, of: None)

    found = {"database": took(lambda: enter(history)), "build": took(make)}
    found["nothing new"] = took(make)
    record(size, history, runs - 1, chance)
    found["one more run"] = took(make)
    files = [path for path in site.rglob("*") if path.is_file()]
    found["files"] = len(files)
    found["megabytes"] = sum(p.stat().st_size for p in files if p.suffix != ".sqlite") / 1e6
    loads = [load(browser, site) for _ in range(LOADS)]
    found["first page"] = loads[0][0] / 1e3
    found["interactive"] = median(milliseconds for _, milliseconds in loads)
    record(size, history, runs + RUNS_OF_ONE_CONTENT, chance)
    found["new contents"] = took(make)
    return found


def load(browser: Browser, site: Path) -> tuple[int, float]:
    """The bytes that the first page needs, and when its scripts have run and it is painted."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "index.html").as_uri(), wait_until="load")
    page.get_by_role("table").first.wait_for()
    milliseconds = page.evaluate(
        "Math.max(performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd,"
        " ...performance.getEntriesByType('paint').map((paint) => paint.startTime))"
    )
    page.close()
    loaded = {site / url.partition(site.as_uri() + "/")[2].partition("?")[0] for url in asked}
    return sum(path.stat().st_size for path in loaded), float(milliseconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="tox run -e bench --")
    parser.add_argument("--quick", action="store_true", help="only the smaller size")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="PATH")
    # The other options are those of `bench.cells`, which takes the same command line.
    options, _ = parser.parse_known_args()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    found: dict[str, dict[str, float]] = {}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name, (size, runs) in list(SIZES.items())[: 1 if options.quick else None]:
            console.print(f"a dashboard of {name}")
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                chance = random.Random(1)  # noqa: S311 - the same runs every time
                found[name] = measure(size, runs, Path(folder), browser, chance)
        version = browser.version
        browser.close()
    report = json.loads(options.json.read_text("utf-8")) if options.json.is_file() else {}
    report["dashboard"] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()},
        "platform": [platform.platform(), f"Chromium {version}"],
        "meanings": ROWS,
        "sizes": found,
    }
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    table = Table("what", *found, title="a dashboard")
    for what, meaning in ROWS.items():
        table.add_row(meaning, *(f"{rows[what]:,.2f}" for rows in found.values()))
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
