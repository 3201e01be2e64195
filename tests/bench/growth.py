"""How each command grows with packs and with Core refs, in seconds of a processor.

The packs have one promise and Core refs repeat twelve contents, as real ones do. What other
programs do on the same machine does not count, and no time is ever asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fanout.cells.matrix import read_matrix
from fanout.dashboard.build import build
from fanout.errors import ExitCode
from tests import ROOT
from tests.worlds.checkout import copy_plugin
from tests.worlds.forged import Size, record
from tests.worlds.project import PACK_TOML, Case, Project

SIZES = ((3, 72), (3, 500), (3, 2_000), (20, 72), (100, 72))
CONTENTS = 12
PROMISE = 'def test_kept():\n    """An event has a source."""\n'
ROWS = {
    "list": "`tox list`",
    "config": "`tox config -e ALL`, in which tox makes every env",
    "matrix": "the matrix, as every command of the tool asks for it",
    "report": "`fanout report` on evidence of every cell",
    "gate": "`fanout gate` on a release against the one before it",
    "dashboard": "a dashboard of three runs, from nothing",
}


def spent() -> float:
    """Seconds of a processor that this process and those that it has waited for have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def took(act: Callable[[], object]) -> float:
    began = spent()
    act()
    return spent() - began


class World:
    """A project of so many packs and Core refs, in a folder."""

    def __init__(self, root: Path, packs: int, refs: int) -> None:
        self.project = Project(root)
        shutil.rmtree(root / "packs/small")
        shutil.rmtree(root / "packs/other")
        copy_plugin(root)
        shutil.copy(ROOT / "packs/requirements.txt", root / "packs")
        self.size = Size(tuple(f"pack{number}" for number in range(packs)), refs)
        for pack in self.size.packs:
            self.project.write(f"packs/{pack}/pack.toml", PACK_TOML)
            self.project.write(f"packs/{pack}/test_kept.py", PROMISE)
        self.project.write("tox.ini", self.tox_ini())

    def tox_ini(self) -> str:
        """That of this repository, with other Core refs."""
        refs = [self.size.core_ref(ref) for ref in range(self.size.core_refs)]
        default = " ".join(ref.removeprefix("core_") for ref in refs[:: len(refs) // CONTENTS])
        table = [f"{ref} = {self.size.version(at)}\n" for at, ref in enumerate(refs)]
        text = re.sub(r"default = .*", f"default = {default}", (ROOT / "tox.ini").read_text())
        text = re.sub(r"yanked = .*\n", "", text)
        return re.sub(r"(core_v\d+ = .+\n)+", "".join(table), text)

    def evidence(self) -> None:
        for ref in range(self.size.core_refs):
            version = self.size.version(ref)
            said = {"asked": f"market-data-core=={version}", "version": version}
            for pack in self.size.packs:
                cell = f"{pack}-{self.size.core_ref(ref)}"
                self.project.evidence(cell, Case(name="test_kept.py::test_kept"), **said)

    def tox(self, *arguments: str) -> None:
        run = [sys.executable, "-m", "tox", *arguments]
        clean = {name: one for name, one in os.environ.items() if not name.startswith("TOX")}
        subprocess.run(run, cwd=self.project.root, env=clean, capture_output=True, check=True)

    def fanout(self, *arguments: str) -> None:
        done = self.project.fanout(*arguments)
        if done.exit_code != ExitCode.FINE:
            sys.exit(f"error: `fanout {' '.join(arguments)}`: {done.output[-2000:]}")

    def gate(self) -> None:
        new, old = (self.size.version(self.size.core_refs - back) for back in (1, 2))
        folder = self.project.root / "evidence"
        self.fanout("gate", new, "--baseline", old, "--evidence", str(folder))

    def dashboard(self) -> None:
        root = self.project.root
        build(root / "forged", root / "site", 24, lambda count, of: None)

    def measure(self) -> Iterator[tuple[str, float]]:
        """Every row."""
        yield "list", took(lambda: self.tox("list"))
        yield "config", took(lambda: self.tox("config", "-e", "ALL", "-k", "set_env", "labels"))
        yield "matrix", took(lambda: read_matrix(self.project.root))
        self.evidence()
        yield "report", took(lambda: self.fanout("report", "--label", "history"))
        yield "gate", took(self.gate)
        chance = random.Random(1)  # noqa: S311 - the same runs every time
        for number in range(3):
            record(self.size, self.project.root / "forged", number, chance)
        yield "dashboard", took(self.dashboard)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="tox run -e bench --")
    parser.add_argument("--quick", action="store_true", help="only the smallest size")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="PATH")
    # The other options are those of `bench.cells`, which takes the same command line.
    options, _ = parser.parse_known_args()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    found: dict[str, dict[str, float]] = {}
    for packs, refs in SIZES[: 1 if options.quick else None]:
        name = f"{packs} packs, {refs:,} refs"
        console.print(f"commands with {name}")
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            found[name] = dict(World(Path(folder), packs, refs).measure())
    report = json.loads(options.json.read_text("utf-8")) if options.json.is_file() else {}
    report["growth"] = {"meanings": ROWS, "sizes": found}
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    table = Table("what", *found, title="growth, in seconds of a processor")
    for what, meaning in ROWS.items():
        table.add_row(meaning, *(f"{rows[what]:,.1f}" for rows in found.values()))
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
