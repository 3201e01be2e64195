"""What a cell and the matrix cost: whole commands by the wall clock, beside plain tox with pip.

Everything runs in a temporary copy of the files that git tracks; no time is ever asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from tests import ROOT

Cells = Sequence[str]
CELLS = ("pipeline-core_v110", "pipeline-core_v1461")
# What tox or a caller sets must not reach the commands measured, such as the outer TOX_WORK_DIR.
OUTER = ("CORE_", "EVIDENCE", "GITHUB_ACTIONS", "HISTORY", "PYTEST", "PYTHON", "TOX", "VIRTUAL_ENV")
ROWS = {
    "provisioning": "the first `tox list` of the newest tox, which installs the required tox",
    "cell cold": "`tox run -e <cell>` without that environment; the provisioned tox is kept",
    "cell warm": "`tox run -e <cell>` again, by the newest tox, which calls the required tox",
    "cell warm, required tox": "the same by the required tox itself",
    "cell by hand": "the command line that this cell runs, in its environment",
    "matrix cold": "`tox p` without any environment; the provisioned tox is kept",
    "matrix warm": "`tox p` again",
    "plain tox run": "`tox run --runner virtualenv`: the matrix cold without tox-uv and uv, so by"
    " the required tox with pip, one environment after the other",
    "plain tox p": "the same by `tox p --runner virtualenv`",
}
# What is divided by what, run by run.
RATIOS = {
    "cell warm": "cell by hand",
    "cell warm, required tox": "cell by hand",
    "plain tox run": "matrix cold",
    "plain tox p": "matrix cold",
}
CACHES = "warm for uv, virtualenv and, if the index lets it keep files, pip; bytecode is not kept"
SCRIPTS = ("newest tox", "required tox", "cell", "plain cell")
VERSIONS = """import importlib.metadata, json
print(json.dumps({found.name: found.version for found in importlib.metadata.distributions()}))"""


class Step(NamedTuple):
    """A few commands, with the seconds that two quiet cores need for them."""

    name: str
    expected: float
    act: Callable[[], object]


class Bench:
    """The two copies of the tree, the three toxes, and the seconds measured."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.plain = folder / "ours", folder / "plain"
        self.newest, self.without_uv = folder / "newest/bin/tox", folder / "without-uv/bin/tox"
        self.required = self.ours / ".tox/.tox/bin/tox"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(OUTER)}
        self.seconds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

    def run(self, folder: Path, *command: str | Path, row: str = "", cells: Cells = ()) -> str:
        """Run a command, under the clock if it is for a row, and see that all its cells ran."""
        shutil.rmtree(folder / "evidence", ignore_errors=True)
        began = time.perf_counter()
        said = subprocess.run(
            command, cwd=folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if row:
            cell = cells[0] if row.startswith("cell") else ""
            self.seconds[row, cell].append(time.perf_counter() - began)
        # A broken promise ends with 1; so does `tox p`, whatever its environments end with.
        codes = {said.returncode, *map(int, re.findall(r"FAIL code (-?\d+)", said.stdout))}
        lost = set(cells) - {path.stem for path in (folder / "evidence").glob("*.xml")}
        if codes - {0, 1} or lost or (said.returncode and not cells):
            line, why = shlex.join(map(str, command)), f"exit codes {sorted(codes)}"
            why += f", no evidence of {sorted(lost)}" if lost else ""
            sys.exit(f"error: `{line}`: {why}; it said:\n{(said.stdout + said.stderr)[-2000:]}")
        return said.stdout

    def set_up(self) -> None:
        """Copy the tree twice, the second time without tox-uv, and install the newest tox."""
        copy_tree(self.ours)
        shutil.copytree(self.ours, self.plain)
        for file in (self.plain / "tox.ini", self.plain / "pyproject.toml"):
            file.write_text(re.sub(r".*tox-uv.*\n", "", file.read_text("utf-8")), "utf-8")
        self.install(self.newest, "tox")

    def install(self, tox: Path, *requirements: str) -> None:
        self.run(self.ours, sys.executable, "-m", "venv", tox.parents[1])
        self.run(self.ours, tox.with_name("pip"), "install", "--quiet", *requirements)

    def make_plain_tox(self) -> None:
        same = self.versions(self.required)
        self.install(self.without_uv, *(f"{k}=={same[k]}" for k in ("tox", "tox-gh-actions")))

    def versions(self, script: Path) -> Any:
        return json.loads(self.run(self.ours, script.with_name("python"), "-c", VERSIONS))

    def config(self) -> Any:
        options = shlex.split("-qq --colored no config -e ALL --format json -k commands env_list")
        return json.loads(self.run(self.ours, self.required, *options))

    def cell(self, row: str, cell: str, tox: Path) -> None:
        self.run(self.ours, tox, "run", "-e", cell, row=row, cells=[cell])

    def cold_cell(self, cell: str) -> None:
        shutil.rmtree(self.ours / ".tox" / cell)
        self.cell("cell cold", cell, self.newest)

    def warm_cell(self, cell: str) -> None:
        """Run tox and the cell in turn, so that what else the machine does meets both alike."""
        line, *_ = self.config()["env"][cell]["commands"]
        python, *options = shlex.split(line)
        path = self.ours / ".tox" / cell / "bin" / python
        self.cell("cell warm", cell, self.newest)
        self.run(self.ours, path, *options, row="cell by hand", cells=[cell])
        self.cell("cell warm, required tox", cell, self.required)

    def fill_cache(self, folder: Path, tox: Path, *options: str) -> None:
        """Install the cells of one pack, since those of the others install the same."""
        envs = self.config()["tox"]["env_list"]
        some = [env for env in envs if env.startswith("pipeline-") or "-core_" not in env]
        self.run(folder, tox, "p", "--notest", "-e", ",".join(some), *options)

    def matrix(self, row: str, folder: Path, tox: Path, *options: str) -> None:
        if row != "matrix warm":
            for path in (folder / ".tox").iterdir():
                if path.is_dir() and path.name != ".tox":
                    shutil.rmtree(path)
        cells = [env for env in self.config()["tox"]["env_list"] if "-core_" in env]
        self.run(folder, tox, *options, row=row, cells=cells)

    def steps(self, cells: Cells, runs: int, matrix_runs: int) -> list[Step]:
        ours, plain = (self.ours, self.newest), (self.plain, self.without_uv)
        pip, run = ("--runner", "virtualenv"), self.matrix
        provision = partial(self.run, *ours, "list", row="provisioning")
        steps = [Step("set-up", 12, self.set_up), Step("provisioning", 6, provision)]
        for cell in cells:
            steps.append(Step(f"{cell} once", 4, partial(self.cell, "", cell, self.newest)))
            steps += [Step(f"{cell} cold", 4, partial(self.cold_cell, cell))] * runs
            steps += [Step(f"{cell} warm", 6, partial(self.warm_cell, cell))] * runs
        if not matrix_runs:
            return steps
        steps.append(Step("plain tox", 12, self.make_plain_tox))
        steps.append(Step("the cache of uv", 10, partial(self.fill_cache, *ours)))
        steps.append(Step("the cache of pip", 60, partial(self.fill_cache, *plain, *pip)))
        turn = [
            Step("matrix cold", 40, partial(run, "matrix cold", *ours, "p")),
            Step("matrix warm", 25, partial(run, "matrix warm", *ours, "p")),
            Step("plain tox run", 240, partial(run, "plain tox run", *plain, "run", *pip)),
            Step("plain tox p", 150, partial(run, "plain tox p", *plain, "p", *pip)),
        ]
        return steps + turn * matrix_runs

    def result(self) -> dict[str, Any]:
        rows, ratios = [], []
        for (row, cell), seconds in self.seconds.items():
            rows.append({"name": row, "cell": cell, **spread(seconds)})
            if below := RATIOS.get(row):
                values = list(map(truediv, seconds, self.seconds[below, cell]))
                ratios.append({"name": f"{row} / {below}", "cell": cell, **spread(values)})
        cells = [tree / ".tox" / CELLS[0] / "bin/pytest" for tree in (self.ours, self.plain)]
        scripts = zip(SCRIPTS, (self.newest, self.required, *cells), strict=True)
        return {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"cores": os.cpu_count(), "load": os.getloadavg()},
            "platform": [platform.platform(), f"Python {platform.python_version()}"],
            "versions": {k: self.versions(v) for k, v in scripts if v.exists()},
            "caches": CACHES,
            "meanings": ROWS,
            "rows": rows,
            "ratios": ratios,
        }


def copy_tree(target: Path) -> None:
    """Copy the files that git tracks, or without git all but what tox and the cells leave."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(".tox", "evidence"))
        return
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def spread(values: list[float]) -> dict[str, Any]:
    low, high = min(values), max(values)
    return {"median": median(values), "minimum": low, "maximum": high, "runs": values}


def take(steps: list[Step], console: Console) -> None:
    """Take the steps, saying what is left at the pace of those that are done."""
    began = time.monotonic()
    for number, step in enumerate(steps):
        done, left = (sum(s.expected for s in part) for part in (steps[:number], steps[number:]))
        minutes = left / 60 * ((time.monotonic() - began) / done if done else 1)
        console.print(f"{number + 1}/{len(steps)} {step.name}; about {minutes:.1f} minutes left")
        step.act()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="tox run -e bench --")
    parser.add_argument("--runs", type=int, default=3, help="of each cell (3)")
    parser.add_argument("--matrix-runs", type=int, default=1, help="of each matrix (1)")
    parser.add_argument("--quick", action="store_true", help="measure one cell and no matrix")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="PATH")
    options = parser.parse_args()
    if min(options.runs, options.matrix_runs) < 1:
        parser.error("--runs and --matrix-runs are at least 1")
    if options.json.is_dir() or not options.json.absolute().parent.is_dir():
        parser.error(f"--json is not a file in a folder that is there: '{options.json}'")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder).resolve())
        cells = CELLS[:1] if options.quick else CELLS
        steps = bench.steps(cells, options.runs, 0 if options.quick else options.matrix_runs)
        take(steps, Console(stderr=True, highlight=False, soft_wrap=True))
        result = bench.result()
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for key, title in (("rows", "seconds"), ("ratios", "ratios, run by run")):
        table = Table("what", "median", "minimum", "maximum", "runs", title=title)
        for row in result[key]:
            numbers = (f"{row[name]:.2f}" for name in ("median", "minimum", "maximum"))
            table.add_row(f"{row['name']}\n{row['cell']}".strip(), *numbers, str(len(row["runs"])))
        Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
