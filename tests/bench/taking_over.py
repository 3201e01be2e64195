"""What taking over saves, and whether it says the same: every release, with and without it.

Whole commands by the wall clock, in a temporary copy of the files that git tracks, with the memory
that all their processes hold at once. Plain tox with pip is measured on the cells of one pack, and
extended to all. No time is ever asserted; that every result is the same is.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from fanout.cells.evidence import read_file
from fanout.model import LIVE_CELL, Evidence
from tests.bench.cells import Bench

PACK = "store"  # that is changed, and whose cells plain tox runs
ROWS = {
    "cold": "`tox p -m history` without any env, and nothing kept",
    "again": "the same with nothing changed",
    "one pack": "after an edit of one pack",
    "one Core": "after one more Core, of a content that is known",
    "fresh": "`FRESH=1 tox p -m history`: every cell runs",
    "default cold": "`tox p` without any env, and nothing kept",
    "default warm": "`tox p` again, every cell run: `FRESH=1`",
    "default again": "`tox p` with nothing changed",
    "check": "`tox run -e check` of the newest release, on which nothing ran yet",
    "check again": "the same again",
    "plain": f"plain tox with pip, two at a time: the cells of {PACK} in the default matrix",
}
FRESH = ("fresh", "default warm")
PAUSE = 0.2  # seconds between two looks at the memory
Results = dict[tuple[str, str], tuple[str, str]]


class Row(NamedTuple):
    """Seconds, cells, those of them that ran, and the most megabytes that were held at once."""

    seconds: float
    cells: int
    ran: int
    megabytes: float


class Measured(Bench):
    """The copies of the tree, and what each row took."""

    def __init__(self, folder: Path, console: Console) -> None:
        super().__init__(folder)
        self.console = console
        self.rows: dict[str, Row] = {}

    def measure(self, row: str, *command: str, folder: Path | None = None) -> None:
        """Take a row; ends if the command ends otherwise than green or red."""
        self.console.print(f"{row}: {ROWS[row]}")
        where = folder or self.ours
        for name in ("evidence", "runs"):
            shutil.rmtree(where / name, ignore_errors=True)
        variables = self.environment | {"FRESH": "1" if row in FRESH else ""}
        began = time.perf_counter()
        with most_memory() as most:
            done = subprocess.run(
                command, cwd=where, env=variables, capture_output=True, text=True, check=False
            )
        seconds = time.perf_counter() - began
        if done.returncode not in (0, 1):
            sys.exit(f"error: `{shlex.join(command)}`: {(done.stdout + done.stderr)[-2000:]}")
        found = self.evidence(where)
        ran = sum(one.taken_over is None for one in found)
        self.rows[row] = Row(seconds, len(found), ran, most[0] / 2**20)

    def evidence(self, folder: Path) -> list[Evidence]:
        files = [*folder.glob("evidence/*.xml"), *folder.glob("runs/*/**/*.xml")]
        return [read_file(file) for file in files if not LIVE_CELL.fullmatch(file.stem)]

    def results(self) -> Results:
        return {
            (found.cell, promise.name): (promise.result, promise.message)
            for found in self.evidence(self.ours)
            for promise in found.promises
        }

    def forget(self) -> None:
        """Remove every env, but that of tox itself, and all that is kept."""
        for path in (self.ours / ".tox").iterdir():
            if path.is_dir() and path.name != ".tox":
                shutil.rmtree(path)
        for name in ("history", "dashboard"):
            shutil.rmtree(self.ours / name, ignore_errors=True)


@contextmanager
def most_memory() -> Iterator[list[int]]:
    """The most bytes that all that this process started hold at once, while a block runs."""
    most, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(PAUSE):
            most[0] = max(most[0], held())

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield most
    finally:
        over.set()
        watch.join()


def held() -> int:
    """The bytes that the descendants of this process hold now, as Linux counts them."""
    parents, pages = dict[int, int](), dict[int, int]()
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # of one that has ended
            said = file.read_text("utf-8", "replace").rpartition(")")[2].split()
            parents[int(file.parent.name)] = int(said[1])
            pages[int(file.parent.name)] = int(said[21])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sum(pages.get(pid, 0) for pid in found - {os.getpid()}) * os.sysconf("SC_PAGE_SIZE")


def measure(bench: Measured) -> tuple[Results, Results]:
    """Take every row; the results with taking over, and without."""
    tox, plain_tox = str(bench.newest), str(bench.without_uv)
    bench.set_up()
    table = bench.ours / "tox.ini"
    whole = table.read_text("utf-8")
    *_, known, newest = re.findall(r"^core_(v14\d+) = ([\d.]+)$", whole, re.M)
    history = (tox, "p", "-m", "history")
    check = (tox, "run", "-e", "check", "--", newest[1])
    plain = (plain_tox, "p", "--runner", "virtualenv", "-m", PACK)

    bench.run(bench.ours, tox, "list")
    bench.make_plain_tox()
    for command in ((*plain, "--notest"), plain):  # the first fills the cache of pip
        bench.measure("plain", *command, folder=bench.plain)
        shutil.rmtree(bench.plain / ".tox")
    bench.run(bench.ours, tox, "p", "--notest", "-m", PACK)  # and this that of uv

    for rows in (("check", "check again"), ("default cold", "default again", "default warm")):
        bench.forget()
        for row in rows:
            bench.measure(row, *(check if "check" in row else (tox, "p")))
    bench.forget()
    table.write_text(whole.replace(f"core_{known[0]} = {known[1]}\n", ""), "utf-8")
    bench.measure("cold", *history)
    bench.measure("again", *history)
    table.write_text(whole, "utf-8")
    bench.measure("one Core", *history)
    with (bench.ours / f"packs/{PACK}/README.md").open("a", encoding="utf-8") as file:
        file.write("\n")
    bench.measure("one pack", *history)
    taken = bench.results()
    bench.measure("fresh", *history)
    return taken, bench.results()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.bench.taking_over")
    parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Measured(Path(folder).resolve(), Console(stderr=True, soft_wrap=True))
        taken, fresh = measure(bench)
    shown = Table("what", "seconds", "cells", "ran", "MB")
    for name, row in bench.rows.items():
        numbers = (f"{row.seconds:.1f}", f"{row.cells}", f"{row.ran}", f"{row.megabytes:.0f}")
        shown.add_row(name, *numbers)
    console.print(shown)
    plain, cold = bench.rows["plain"], bench.rows["cold"]
    extended = plain.seconds / plain.cells * bench.rows["fresh"].cells
    console.print(f"plain tox, extended to every cell: {extended:.0f} s")
    console.print(f"which is {extended / cold.seconds:.1f} times `tox p -m history` cold")
    differ = sorted(one for one in taken | fresh if taken.get(one) != fresh.get(one))
    console.print(f"{len(fresh)} results, of which {len(differ)} differ where a cell took over")
    for cell, promise in differ:
        console.print(f"  {cell}: {promise}")
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
