"""What a history costs as it grows: the database, and each question asked of it.

A run has 216 cells of 43 promises each. Contents repeat as they do in fact: a few of Core, a new
one of a pack every 100 runs, some flaky promises, texts for what is broken. No time is ever
asserted, and nothing stays but the numbers.
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
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from fanout.check import Comparison, pending
from fanout.database import FILE
from fanout.document import make_run, write_run
from fanout.history import History
from fanout.model import (
    Cell,
    CellReport,
    Core,
    Evidence,
    Matrix,
    Outcome,
    Pack,
    PackOnDisk,
    Promise,
    Result,
)
from fanout.run import Run

SIZES = (100, 1_000, 10_000)
PACKS = ("pipeline", "store", "orchestrator")
CORE_REFS = 72
PROMISES = 43
RUNS_OF_ONE_CONTENT = 100
FLAKY = 0.002  # of the cells of a run
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = 5  # that a question is asked, of which the median counts
ROWS = {
    "build": "the database, made of all documents",
    "nothing new": "a history entered with nothing new in the folder",
    "one more run": "the same after one more document",
    "green and judged": "for three packs, in a history that is entered",
    "one decision": "verdicts and answer for three packs, the history and its entering included",
    "fanout history": "everything that `fanout history` shows, without printing it",
}


def pack_digest(pack: str, number: int) -> str:
    return f"{pack}{number // RUNS_OF_ONE_CONTENT}".ljust(64, "0")


def promises(pack: str, ref: int, flaky: bool) -> tuple[Promise, ...]:
    """What a pack says of a Core ref: three promises broken from some ref on, others kept."""
    found = []
    for number in range(PROMISES):
        broken = (number < 3 and ref > 10 * (number + 1)) or (flaky and number == 7)
        found.append(
            Promise(
                name=f"test_topic_{number // 8}.py::test_promise_{number}",
                says=f"Promise {number} of {pack} says what it needs in about so many words.",
                contract=(f"telemetry.Symbol{number}",),
                result=Result.BROKEN if broken else Result.KEPT,
                message="AssertionError: assert 'soft' == 'hard'" if broken else "",
                text=f"packs/{pack}/test_topic.py:12: in test\n{'E   assert' * 30}" * broken,
            )
        )
    return tuple(found)


def cells(number: int, flaky: bool) -> Iterator[CellReport]:
    for pack in PACKS:
        for ref in range(CORE_REFS):
            name = f"{pack}-core_v1{ref}"
            asked = f"market-data-core==1.{ref}"
            evidence = Evidence(
                cell=name,
                started=START,
                seconds=0.5,
                asked=asked,
                source="pypi",
                version=f"1.{ref}",
                digest=f"content {ref // 7}".ljust(64, "0"),
                python="3.11.7",
                distributions=(asked, *(f"distribution-{n}==1.2.{n}" for n in range(14))),
                supports=">=1.1,<2",
                pack_digest=pack_digest(pack, number),
                promises=promises(pack, ref, flaky),
            )
            yield CellReport(
                cell=Cell(name=name, pack=pack, core_ref=f"core_v1{ref}", core=asked),
                outcome=Outcome.FAILED if flaky or ref > 10 else Outcome.PASSED,
                evidence=evidence,
            )


def packs(number: int) -> dict[str, PackOnDisk]:
    return {
        pack: PackOnDisk(
            says=Pack(consumer=pack, release="1", owner=f"{pack} team", supports=">=1.1,<2"),
            digest=pack_digest(pack, number),
        )
        for pack in PACKS
    }


@lru_cache(maxsize=1)
def both_ways(content: int) -> Run:
    """A run of one content of the packs, in which every cell is steady first, and then flaky."""
    number = content * RUNS_OF_ONE_CONTENT
    attempts = tuple(tuple(cells(number, flaky)) for flaky in (False, True))
    return make_run("report", START, attempts, packs(number))


def record(folder: Path, number: int, chance: random.Random) -> None:
    """One more run: every cell at a time and with a duration of its own, some of them flaky."""
    whole, started = both_ways(number // RUNS_OF_ONE_CONTENT), START + timedelta(hours=number)
    steady, flaky = ([one for one in whole.attempts if one.number == attempt] for attempt in (1, 2))
    attempts = tuple(
        (odd if chance.random() < FLAKY else even).model_copy(
            update={
                "number": 1,
                "started": started + timedelta(seconds=chance.randrange(600)),
                "seconds": round(chance.uniform(0.4, 0.8), 3),
            }
        )
        for even, odd in zip(steady, flaky, strict=True)
    )
    of_run = {"id": f"{number:016x}", "started": started, "finished": started}
    write_run(whole.model_copy(update=of_run | {"attempts": attempts}), folder)


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


def green_and_judged(history: History, number: int) -> None:
    for pack in PACKS:
        history.green(pack)
        history.judged(pack, pack_digest(pack, number))


def comparison(number: int) -> Comparison:
    """Every pack on the newest Core ref and the one before it, as if their cells had just run."""
    found = {report.cell.name: report for report in cells(number, flaky=False)}
    refs = (f"core_v1{CORE_REFS - 1}", f"core_v1{CORE_REFS - 2}")
    candidate, baseline = (
        Core(named=ref, core_ref=ref, requirement="market-data-core", source="pypi") for ref in refs
    )
    names = tuple(promise.name for promise in promises("pipeline", 0, flaky=False))
    here = {f"{pack}-{ref}" for pack in PACKS for ref in refs}
    return Comparison(
        root=Path(),
        matrix=Matrix(cells=tuple(report.cell for report in found.values()), expected=tuple(found)),
        packs={
            name: pack.model_copy(update={"promises": names})
            for name, pack in packs(number).items()
        },
        candidate=candidate,
        baseline=baseline,
        today=START.date(),
        attempts=[{name: report for name, report in found.items() if name in here}],
    )


def decision(folder: Path, compared: Comparison) -> None:
    """What `fanout gate` does between reading its evidence and keeping its run."""
    with History(folder) as history:
        compared.decide(pending(compared, history))


def measure(folder: Path, runs: int, chance: random.Random) -> dict[str, float]:
    """Every row, with a history of that many runs; `folder` may hold fewer already."""
    for number in range(len(list(folder.glob("*.json"))), runs - 1):
        record(folder, number, chance)
    (folder / FILE).unlink(missing_ok=True)
    found = {"build": took(lambda: enter(folder))}
    record(folder, runs - 1, chance)
    found["one more run"] = took(lambda: enter(folder))
    found["nothing new"] = asked(lambda: enter(folder))
    with History(folder) as history:
        found["green and judged"] = asked(lambda: green_and_judged(history, runs - 1))
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
    # The other options are those of bench.py, which takes the same command line.
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
                {"runs": runs, "cells": runs * len(PACKS) * CORE_REFS, "seconds": seconds}
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
