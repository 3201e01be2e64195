"""Wheels of Core for tests: tiny ones from source texts, and real releases from the index."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from zipfile import ZipFile

from pypi_simple import PYPI_SIMPLE_ENDPOINT

from fanout.core.index import fetch
from fanout.surface.change import Change, changes
from fanout.surface.reader import surface
from fanout.surface.symbol import Surface

INFO = "market_data_core-1.0.dist-info"
METADATA = "Metadata-Version: 2.1\nName: market-data-core\nVersion: 1.0\n"


def make_wheel(folder: Path, files: dict[str, str], *, requires: str = "") -> Path:
    """A wheel with these files of `market_data_core`, and these lines in its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "market_data_core-1.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for name, text in ({"__init__.py": ""} | files).items():
            archive.writestr(f"market_data_core/{name}", text)
        archive.writestr(f"{INFO}/METADATA", METADATA + requires)
        archive.writestr(f"{INFO}/RECORD", "")
    return path


def changed(folder: Path, old: dict[str, str], new: dict[str, str]) -> tuple[Change, ...]:
    """The changes from a Core with the old files to one with the new ones."""
    before, after = (
        surface(make_wheel(folder / side, files)) for side, files in (("old", old), ("new", new))
    )
    return changes(before, after)


@cache
def released(version: str) -> Surface:
    """The surface of a real release; needs the network."""
    with tempfile.TemporaryDirectory() as folder:
        return surface(fetch(version, Path(folder), PYPI_SIMPLE_ENDPOINT))
