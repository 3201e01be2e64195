"""What a history costs as it grows: the database, and each question asked of it.

A run has 216 cells of 43 promises each, as `worlds/forged.py` makes them. No time is ever asserted,
and nothing stays but the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from fanout.gate.check import Comparison, never_kept
from fanout.history.database import FILE
from fanout.history.query import History
from fanout.model import Core, Matrix
from tests.worlds.forged import START, Size, cells, packs, promises, record

SIZES = (100, 1_000, 10_000)
SIZE = Size(("pipeline", "store", "orchestrator"), 72)
TIMES = 5  # that a question is asked, of which the median counts
ROWS = {
    "build": "the database, made of all documents",
    "nothing new": "a history entered with nothing new in the folder",
    "one more run": "the same after one more document",
    "judgements": "all that was said of one promise of each of three packs",
    "one decision": "verdicts and answer for three packs, the history and its entering included",
    "fanout history": "everything that `fanout history` shows, without printing it",
}


def took(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def asked(act: Callable[[], object]) -> float:
    return median(took(act) for _ in range(TIMES))


def enter(folder: Path) -> None:
    with History(folder):
        pass


def look(folder: Path) -> None:
    with History(folder) as history:
        history.past(START)


def judgements(history: History) -> None:
    """All that was said of one promise of each pack."""
    for pack in SIZE.packs:
        list(history.judgements(pack, promises(pack, 0, flaky=False)[0].name))


def comparison(number: int) -> Comparison:
    """Every pack on the newest Core ref and the one before it, as if their cells had just run."""
    found = {report.cell.name: report for report in cells(SIZE, number, flaky=False)}
    refs = tuple(SIZE.core_ref(SIZE.core_refs - back) for back in (1, 2))
    candidate, baseline = (
        Core(named=ref, core_ref=ref, requirement="market-data-core", source="pypi") for ref in refs
    )
    names = tuple(promise.name for promise in promises("pipeline", 0, flaky=False))
    here = {f"{pack}-{ref}" for pack in SIZE.packs for ref in refs}
    return Comparison(
        root=Path(),
        matrix=Matrix(cells=tuple(report.cell for report in found.values()), expected=tuple(found)),
        packs={
            name: pack.model_copy(update={"promises": names})
            for name, pack in packs(SIZE, number).items()
        },
        candidate=candidate,
        baseline=baseline,
        today=START.date(),
        attempts=[{name: report for name, report in found.items() if name in here}],
    )


def decision(folder: Path, compared: Comparison) -> None:
    """What `fanout gate` does between reading its evidence and keeping its run."""
    with History(folder) as history:
        compared.decide(never_kept(compared, history))


def measure(folder: Path, runs: int, chance: random.Random) -> dict[str, float]:
    """Every row, with a history of that many runs; `folder` may hold fewer already."""
    for number in range(len(list(folder.glob("*.json"))), runs - 1):
        record(SIZE, folder, number, chance)
    (folder / FILE).unlink(missing_ok=True)
    found = {"build": took(lambda: enter(folder))}
    record(SIZE, folder, runs - 1, chance)
    found["one more run"] = took(lambda: enter(folder))
    found["nothing new"] = asked(lambda: enter(folder))
    with History(folder) as history:
        found["judgements"] = asked(lambda: judgements(history))
    compared = comparison(runs - 1)
    found["one decision"] = asked(lambda: decision(folder, compared))
    found["fanout history"] = took(lambda: look(folder))
    return found


def megabytes(folder: Path, pattern: str) -> float:
    return sum(path.stat().st_size for path in folder.glob(pattern)) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="tox run -e bench --")
    parser.add_argument("--quick", action="store_true", help=f"no more than {SIZES[0]} runs")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="PATH")
    # The other options are those of `bench.cells`, which takes the same command line.
    options, _ = parser.parse_known_args()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, chance = Path(name), random.Random(1)  # noqa: S311 - the same runs every time
        for runs in SIZES[:1] if options.quick else SIZES:
            console.print(f"a history of {runs} runs, about {runs / 50 / 60:.1f} minutes")
            seconds = measure(folder, runs, chance)
            documents, database = megabytes(folder, "*.json"), megabytes(folder, FILE)
            rows.append(
                {"runs": runs, "cells": runs * len(SIZE.packs) * SIZE.core_refs, "seconds": seconds}
                | {"megabytes": {"documents": documents, "database": database}}
            )
    report = json.loads(options.json.read_text("utf-8")) if options.json.is_file() else {}
    report["history"] = {"date": datetime.now(UTC).isoformat(timespec="seconds")}
    report["history"] |= {"machine": {"cores": os.cpu_count(), "load": os.getloadavg()}}
    report["history"] |= {"platform": [platform.platform(), f"SQLite {sqlite3.sqlite_version}"]}
    report["history"] |= {"meanings": ROWS, "rows": rows}
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    table = Table("what", *(f"{row['runs']} runs" for row in rows), title="a history, in seconds")
    for what in ROWS:
        table.add_row(what, *(f"{row['seconds'][what]:.3f}" for row in rows))
    for what in ("documents", "database"):
        table.add_row(f"{what}, in MB", *(f"{row['megabytes'][what]:.1f}" for row in rows))
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
