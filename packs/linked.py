"""What cells install besides Core: installed and compiled once, and linked into each new env.

A cell's own env holds the same files then as if it had installed them itself. Nothing runs in the
folder that they are linked from, so what a cell leaves behind in its env is in no other's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import sealed
from resolution import LONGEST, Installer, Unresolved


class Linked:
    """The folders of what was installed, one for each list of distributions."""

    def __init__(self, folder: Path, uv: Installer) -> None:
        self.folder, self.uv = folder, uv
        self.making = Lock()

    def into(self, site: Path, lock: Sequence[str]) -> None:
        """Link all that a lock names into an env that holds nothing yet.

        Where that cannot be, the env stays as it was: its installer will do it, or say why not.
        """
        named = hashlib.sha256(sealed.canonical([*lock, sys.version])).hexdigest()
        whole = self.folder / named
        try:
            with self.making:
                if not whole.is_dir():
                    self.make(whole, lock)
            shutil.copytree(whole, site, copy_function=link, dirs_exist_ok=True)
        except (OSError, Unresolved):
            for path in whole.glob("*"):
                remove(site / path.name)

    def make(self, whole: Path, lock: Sequence[str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as part:
            made = Path(part) / "site-packages"
            self.uv.ask("install", "--no-deps", "--target", str(made), *lock)
            for of_no_env in ("bin", ".lock"):
                remove(made / of_no_env)
            compiling = (sys.executable, "-Im", "compileall", "-q", str(made))
            subprocess.run(compiling, capture_output=True, timeout=LONGEST, check=False)
            made.replace(whole)


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def link(source: str, target: str) -> None:
    """Link a file, or copy it to another disk; with its time, by which Python knows its source."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
