"""The Core that a cell's env holds: its files, its RECORD, and the wheel of it after a change."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from fanout.cells.tox import clean_environment, make_env
from fanout.core.wheel import written
from fanout.errors import InvalidCore
from fanout.model import PACKAGE, Cell, Core

OF_AN_INSTALLER = ("INSTALLER", "REQUESTED", "direct_url.json", "RECORD", "uv_cache.json")
OLDEST = (1980, 1, 1, 0, 0, 0)  # in a zip file


class Installed:
    """A Core in the env of one cell, which tox has made."""

    def __init__(self, root: Path, cell: Cell, core: Core) -> None:
        self.root = root
        self.cell = cell
        self.core = core
        make_env(root, cell.name, core.variables)
        self.env = root / ".tox" / cell.name
        folder = "Scripts" if sys.platform == "win32" else "bin"
        self.python = self.env / folder / "python"
        # Asking its Python would run what Core installs.
        packages = ("lib/python3*/site-packages", "Lib/site-packages")
        found = [path for pattern in packages for path in self.env.glob(pattern)]
        if not found or not (found[0] / PACKAGE / "__init__.py").is_file():
            raise InvalidCore(
                f"the env '{self.env}' has no '{PACKAGE}'",
                f"see what `tox run -r -e {cell.name}` says",
            )
        self.site = found[0]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The content of each file of Core, by its path in a wheel."""
        folders = (self.site / PACKAGE, *self.site.glob(f"{PACKAGE}-*.dist-info"))
        return {
            path.relative_to(self.site).as_posix(): path.read_bytes()
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".pyc"
        }

    @cached_property
    def info(self) -> str:
        """The folder of Core's metadata."""
        return next(path.partition("/")[0] for path in self.files if ".dist-info/" in path)

    def recorded(self, files: Mapping[str, str | None]) -> dict[str, str | None]:
        """The changed files, and the RECORD that speaks of them as an installer's would."""
        name = f"{self.info}/RECORD"
        rows = {row[0]: row for row in csv.reader(io.StringIO(self.files[name].decode())) if row}
        for path, text in files.items():
            rows.pop(path, None)
            if text is not None:
                rows[path] = row_of(path, text.encode())
        return {**files, name: as_csv(rows)}

    def keep(self, folder: Path, files: Mapping[str, str | None]) -> Path:
        """The wheel of this Core with some files changed, written into a folder."""
        content = {
            path: data
            for path, data in self.files.items()
            if path.rpartition("/")[2] not in OF_AN_INSTALLER
        }
        for path, text in files.items():
            if text is None:
                content.pop(path, None)
            else:
                content[path] = text.encode()
        name = f"{self.info}/RECORD"
        rows = {path: row_of(path, data) for path, data in content.items()}
        content[name] = as_csv({**rows, name: [name, "", ""]}).encode()
        version = self.info.removeprefix(f"{PACKAGE}-").removesuffix(".dist-info")
        wheel = folder / f"{PACKAGE}-{version}-py3-none-any.whl"
        with written(wheel) as part, ZipFile(part, "w", ZIP_DEFLATED) as archive:
            for path in sorted(content):
                archive.writestr(ZipInfo(path, OLDEST), content[path])
        return wheel

    def warm(self, number: int) -> subprocess.Popen[str]:
        """A warm process, with a place of its own beside the env's packages."""
        script = Path(__file__).with_name("warm.py")
        place = self.env / "strength" / str(number)
        named = (self.root / "packs", self.site, place, self.cell.name, self.core.requirement)
        clean = clean_environment().items()
        environment = {
            name: text for name, text in clean if not name.startswith(("PYTEST", "PYTHONPATH"))
        }
        return subprocess.Popen(
            [self.python, "-P", script, *named],
            cwd=self.root,
            env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        )


def row_of(path: str, content: bytes) -> list[str]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return [path, f"sha256={digest}", str(len(content))]


def as_csv(rows: Mapping[str, list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows.values())
    return text.getvalue()
