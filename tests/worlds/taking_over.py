"""Cores of which some are alike, made up, and `tox p` on them; pytest comes from an index."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from fanout.cells.evidence import read_file
from fanout.model import Evidence
from tests.worlds.checkout import OURS
from tests.worlds.small import SmallWorld

SAME = "number = 1\n"
RELEASES = {"1.9.0": SAME, "1.9.1": SAME, "1.9.2": SAME, "1.9.3": "number = 2\n"}
EVERY = [f"v{version.replace('.', '')}" for version in RELEASES]
KEPT = "from market_data_core import number\nassert number"
ONE = "from market_data_core import number\nassert number == 1"


class World(SmallWorld):
    """A pack on four Cores, three of them with the same content."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, RELEASES)
        before, cell = (root / "tox.ini").read_text("utf-8").split("[cell]")
        cell = re.sub(r" +(PYTHONPATH|UV_NO_INDEX) = .*\n", "", cell)
        cell = cell.replace("deps = ", "deps =\n    -r packs/requirements.txt\n    ")
        self.project.write("tox.ini", f"{before}[cell]{cell}")
        self.project.write("packs/requirements.txt", "pytest>=9.0\npytest-asyncio>=1.3\n")
        self.promises(kept=KEPT)

    def tox(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """What `tox p` ends with, and all that it says."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith((*OURS, "FRESH"))}
        done = subprocess.run(
            [sys.executable, "-m", "tox", "p", "--parallel-no-spinner", *arguments],
            cwd=self.root,
            env=clean | {"UV_FIND_LINKS": str(self.root / "releases")} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def evidence(self) -> dict[str, Evidence]:
        """The evidence of every cell by the end of its name, as the tool reads it."""
        files = sorted((self.root / "evidence").glob("*.xml"))
        return {file.stem.removeprefix("small-core_"): read_file(file) for file in files}

    def ran(self) -> list[str]:
        """The cells that really ran."""
        return [name for name, one in self.evidence().items() if one.taken_over is None]

    def results(self) -> dict[str, list[tuple[str, str, str]]]:
        return {
            name: [(one.name, one.result, one.message) for one in found.promises]
            for name, found in self.evidence().items()
        }
