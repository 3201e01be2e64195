"""Cores made from a released one by a small edit, and what every pack says of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from functools import cached_property
from pathlib import Path
from zipfile import ZipFile

from filelock import FileLock
from pydantic import Field

from fanout.cells.evidence import read_folder
from fanout.model import Frozen, Result
from tests import PACKS, ROOT

RELEASE = "1.4.61"
CELLS = {f"{pack}-core_candidate": pack for pack in PACKS}
NAME = "market-data-core"
PACKAGE = "market_data_core"
METADATA = f"{PACKAGE}-{RELEASE}.dist-info"
# Each pack is a process of its own, made from one that has imported what all of them need; what the
# runner of a cell makes of how it ends is made of it here.
RUN_PACKS = """
import gc, os, runpy, sys
from pathlib import Path
import pydantic, pytest
gc.freeze()  # what is imported is not looked through again after each broken promise
sys.path[:0] = [os.getcwd(), "packs"]
from ending import results_of, trouble_of
from evidence import Evidence
from journal import Reader
from runner import OPTIONS
core, folder, *cells = sys.argv[1:]
os.makedirs(folder)
for cell in cells:
    journal = Path(folder, cell + ".journal")
    journal.touch()
    if not os.fork():
        sys.argv = ["pytest", "packs/" + cell.partition("-")[0], *OPTIONS]
        sys.argv += ["--cell=" + cell, "--core=" + core, "--journal=" + str(journal)]
        runpy.run_module("pytest", run_name="__main__")
    code = os.waitstatus_to_exitcode(os.wait()[1])
    told = Reader(journal).read()
    said = {"cell": cell, "asked": core} | told.about
    results = results_of(told, trouble_of(told, code, False))
    Evidence(Path(folder, cell + ".xml"), said).write(results)
"""
Edits = dict[str, tuple[tuple[str, str], ...]]  # pairs of old and new text, by file
Promises = dict[str, dict[str, tuple[str, ...]]]  # by pack and file, all without `test_`


class PatchedCore(Frozen):
    """One row of a table of Cores: what it changes, how, and the promises that this breaks."""

    kind: str
    change: str
    edits: Edits
    breaks: Promises = Field(default_factory=dict)
    breaks_all_but: Promises = Field(default_factory=dict)


def read_table(file: str) -> dict[str, PatchedCore]:
    """The rows of a TOML table beside this module, by kind and name: `import-error-root`."""
    table = tomllib.loads((Path(__file__).parent / file).read_text(encoding="utf-8"))
    return {
        f"{kind}-{name}": PatchedCore.model_validate(row | {"kind": kind})
        for kind, rows in table.items()
        for name, row in rows.items()
    }


def full_names(named: Promises) -> set[str]:
    """The names that evidence gives to a table's promises, each after its pack."""
    return {
        f"{pack}/test_{file}.py::test_{name}"
        for pack, files in named.items()
        for file, names in files.items()
        for name in names
    }


class Workbench:
    """A release of Core, unpacked, and an env with what packs run with: copies of both are used.

    All processes of a run share a folder, and what one of them has made in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.release = folder / "release"
        self.env = folder / "env"
        self.variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "PYTHON", "VIRTUAL_ENV"))
        }
        self.variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        folder.mkdir(exist_ok=True)
        with FileLock(folder / "made.lock"):
            if not (folder / "made").exists():
                self.make()
                (folder / "made").touch()
        # Wrong Cores do not belong in the user's cache.
        self.variables["UV_CACHE_DIR"] = str(folder / "cache")

    def make(self) -> None:
        self.uv("pip", "install", "--no-deps", "--target", self.release, f"{NAME}=={RELEASE}")
        self.uv("venv", "--python", sys.executable, self.env)
        self.install(self.env, "--compile-bytecode")

    def uv(self, *arguments: str | Path) -> None:
        command = [sys.executable, "-m", "uv", "--quiet", *arguments]
        subprocess.run(command, env=self.variables, check=True)

    def install(self, env: Path, *arguments: str) -> None:
        requirements = ROOT / "packs" / "requirements.txt"
        self.uv("pip", "install", "--python", env, "--requirements", requirements, *arguments)

    def edited(self, edits: Edits) -> dict[str, bytes]:
        """The files of the release after the edits; ValueError if one does not match once."""
        content = self.content.copy()
        for file, pairs in edits.items():
            path = f"{METADATA if file == 'METADATA' else PACKAGE}/{file}"
            for old, new in pairs:
                text = content.get(path, b"")
                if text.count(old.encode()) != 1:
                    raise ValueError(f"is in '{path}' {text.count(old.encode())} times: {old!r}")
                content[path] = text.replace(old.encode(), new.encode())
        return content

    @cached_property
    def content(self) -> dict[str, bytes]:
        return {
            file.relative_to(self.release).as_posix(): file.read_bytes()
            for part in (PACKAGE, METADATA)
            for file in (self.release / part).rglob("*")
            if file.is_file() and file.suffix != ".pyc"
        }

    def wheel(self, folder: Path, edits: Edits) -> Path:
        """The release as a wheel again, after the edits; ValueError if one does not match once."""
        content = self.edited(edits)
        content[f"{METADATA}/RECORD"] = "".join(f"{path},,\n" for path in content).encode()
        folder.mkdir()
        wheel = folder / f"{PACKAGE}-{RELEASE}-py3-none-any.whl"
        with ZipFile(wheel, "w") as archive:
            for path, data in content.items():
                archive.writestr(path, data)
        return wheel

    def results(self, name: str, edits: Edits) -> dict[str, Result]:
        """What every promise of every pack comes to on the release with these edits.

        One name always stands for the same edits.
        """
        folder = self.folder / name
        with FileLock(self.folder / f"{name}.lock"):
            if not folder.exists():
                self.run(folder, edits)
        results: dict[str, Result] = {}
        for cell, evidence in read_folder(folder / "evidence", frozenset(CELLS)).items():
            assert not isinstance(evidence, str), evidence
            for promise in evidence.promises:
                results[f"{CELLS[cell]}/{promise.name}"] = promise.result
        return results

    def run(self, folder: Path, edits: Edits) -> None:
        core = f"{NAME} @ {self.wheel(folder, edits).as_uri()}"
        env = folder / "env"
        shutil.copytree(self.env, env, symlinks=True, copy_function=os.link)
        self.install(env, core)
        command = [str(env / "bin/python"), "-c", RUN_PACKS, core, str(folder / "evidence")]
        subprocess.run(
            [*command, *CELLS], cwd=ROOT, env=self.variables, capture_output=True, check=True
        )
