"""What a matrix costs past one machine: a simulation of the jobs that GitHub starts for it.

The jobs are those of `fanout workflow plan`, really planned and timed; how long a cell takes and a
job needs to start was measured, and the limits are GitHub's. Nothing is run.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from fanout.model import Cell, Matrix
from fanout.notify.announcement import Request
from fanout.workflow.plan import plan
from fanout.workflow.shards import MAKING, SECONDS, TooManyCells

PACKS, REFS, PYTHONS = (3, 20, 100), (72, 500, 2_000), 3
CONTENTS = 12  # of Core, whatever the number of its refs: 71 releases have ten
AT_ONCE = (20, 500)  # jobs that run at once: of a free account, and of the largest
START = 20.0  # seconds until a job runs its first cell
ABREAST = 2  # cells that a job runs at a time
COLUMNS = ("cells", "jobs", "plan, s", *(f"min, {most} at once" for most in AT_ONCE), "billed min")


class Cost(NamedTuple):
    """What one matrix costs: `runs` of the workflow one after the other, and their jobs."""

    cells: int
    runs: int
    jobs: int
    planning: float  # seconds of the planning function, measured
    wall: tuple[float, ...]  # seconds, by AT_ONCE
    billed: int  # minutes

    @property
    def row(self) -> tuple[str, ...]:
        jobs = f"{self.jobs:,}" + (f" in {self.runs} runs" if self.runs > 1 else "")
        walls = (f"{seconds / 60:,.0f}" for seconds in self.wall)
        return (f"{self.cells:,}", jobs, f"{self.planning:.2f}", *walls, f"{self.billed:,}")


def matrix(packs: int, refs: int) -> Matrix:
    cells = tuple(
        Cell(name=f"pack{pack}-core_v{ref}", pack=f"pack{pack}", core_ref=f"core_v{ref}", core="")
        for pack in range(packs)
        for ref in range(refs)
    )
    return Matrix(cells=cells, expected=tuple(cell.name for cell in cells))


def planned(packs: int, refs: int) -> list[list[float]]:
    """The seconds of each job, by run of the workflow; a matrix that is too large is halved."""
    try:
        made = plan(Request(), None, matrix(packs, refs), "", {})
    except TooManyCells:
        halves = (packs // 2, packs - packs // 2) if packs > 1 else ()
        if not halves:
            raise
        return [run for half in halves for run in planned(half, refs)]
    return [[START + length(len(job.cells)) for job in made.shards]]


def length(cells: int) -> float:
    return math.ceil(cells / ABREAST) * (MAKING + SECONDS)


def wall(jobs: Sequence[float], at_once: int) -> float:
    """When the last of some jobs ends, of which no more than so many run at once."""
    machines = [0.0] * min(at_once, len(jobs))
    for job in jobs:
        heapq.heapreplace(machines, machines[0] + job)
    return max(machines)


def cost(packs: int, refs: int) -> Cost:
    """A matrix on each Python: the jobs of all of them wait for the same machines."""
    began = time.process_time()
    runs = planned(packs, refs)
    took = time.process_time() - began
    together = [jobs * PYTHONS for jobs in runs]
    jobs = [job for run in together for job in run]
    return Cost(
        cells=packs * refs * PYTHONS,
        runs=len(runs),
        jobs=len(jobs),
        planning=took,
        wall=tuple(sum(wall(run, most) for run in together) for most in AT_ONCE),
        billed=sum(math.ceil(job / 60) for job in jobs),
    )


def costs() -> Iterable[tuple[str, Cost]]:
    for packs in PACKS:
        for refs in (CONTENTS, *REFS):
            name = f"{refs:,} refs" if refs in REFS else f"taken over: {CONTENTS} contents"
            yield f"{packs} packs, {name}", cost(packs, refs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="tox run -e bench --")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="PATH")
    # The other options are those of `bench.cells`, which takes the same command line.
    options, _ = parser.parse_known_args()
    table = Table("matrix", *COLUMNS, title=f"past one machine, on {PYTHONS} Pythons")
    found = {}
    for name, one in costs():
        table.add_row(name, *one.row)
        found[name] = one._asdict()
    report = json.loads(options.json.read_text("utf-8")) if options.json.is_file() else {}
    report["machines"] = {"start": START, "cell": MAKING + SECONDS, "abreast": ABREAST} | found
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
