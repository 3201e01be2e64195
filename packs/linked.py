"""What cells install besides Core: installed and compiled once, and linked into each new env.

A cell's own env holds the same files then as if it had installed them itself. Nothing runs in the
folder that they come from. What uv is told to copy into each env is copied.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import sealed
from resolution import Installer, Unresolved

HERE = os.name == "posix"  # elsewhere a script is a program that has its env's path in it
SCRIPTS = "bin"
LINKS = ("", "hardlink")  # ways in which uv installs, of which the first is its own choice


class Linked:
    """The folders of what was installed, one for each list of distributions."""

    def __init__(self, folder: Path, uv: Installer) -> None:
        self.folder, self.uv = folder, uv
        self.making = Lock()

    def into(self, site: Path, lock: Sequence[str]) -> bool:
        """Give an env that holds nothing yet all that a lock names; whether it has that now.

        Where that cannot be, it holds nothing still: its installer will do it, or say why not.
        """
        told = [*lock, sys.version, self.uv.uses]
        whole = self.folder / hashlib.sha256(sealed.canonical(told)).hexdigest()
        before = {*site.glob("*")}
        try:
            with self.making:
                if not whole.is_dir():
                    self.make(whole, lock)
            self.copy(whole, site.parents[2])
        except (OSError, Unresolved):
            for path in {*site.glob("*")} - before:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            return False
        return True

    def make(self, whole: Path, lock: Sequence[str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as part:
            made = Path(part) / "made"
            env, scripts = made / "env", made / SCRIPTS
            self.uv.ask("install", "--no-deps", "--compile-bytecode", "--prefix", str(env), *lock)
            scripts.mkdir()
            if (env / SCRIPTS).is_dir():
                (env / SCRIPTS).rename(scripts)
            made.rename(whole)

    def copy(self, whole: Path, env: Path) -> None:
        how = link if self.uv.uses.get("UV_LINK_MODE", "") in LINKS else shutil.copy2
        shutil.copytree(whole / "env", env, copy_function=how, dirs_exist_ok=True)
        here, there = os.fsencode(self.uv.python), os.fsencode(env / SCRIPTS / "python")
        for script in (whole / SCRIPTS).iterdir():
            made = env / SCRIPTS / script.name
            made.write_bytes(script.read_bytes().replace(here, there, 1))
            made.chmod(script.stat().st_mode)


def link(source: str, target: str) -> None:
    """Link a file, or copy it to another disk; with its time, by which Python knows its source."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
