"""A fresh copy of this repository, as a clone would give it, and the commands run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import ROOT

# What the outer tox and pytest say of themselves must not reach the inner ones.
OF_TESTS = ("TOX", "PYTEST", "COV", "GITHUB", "VIRTUAL_ENV", "UV_PYTHON")
OURS = (*OF_TESTS, "CORE", "EVIDENCE", "HISTORY", "FANOUT")


def copy_plugin(root: Path) -> None:
    """Give a project the plugin of tox that makes its cells."""
    shutil.copytree(ROOT / "matrix", root / "matrix", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "toxfile.py", root)


class Checkout:
    """A folder with what git tracks here, and nothing that a run has left."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
        for name in filter(None, done.stdout.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, root / name)

    def run(
        self, *command: str, path: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command here; its output is one text, as a terminal would show it."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return subprocess.run(
            command,
            cwd=self.root,
            env=clean | {"PATH": path or clean["PATH"], "NO_COLOR": "1"} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def tox(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the tox that is installed beside these tests."""
        return self.run(sys.executable, "-m", "tox", *arguments, **variables)
