"""The matrix as tox knows it; nothing else reads which cells there are."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.version import Version

from fanout.cells.tox import read_config
from fanout.errors import InvalidMatrix
from fanout.model import LIVE_CELL, Cell, Matrix

CELL = re.compile(r"(?P<pack>[a-z][a-z0-9_]*)-(?P<core_ref>core_(?:candidate|baseline|v[0-9_]+))")
YANKED = "yanked"  # the label of the cells on a Core ref that the table says is withdrawn
VERSION = re.compile(r"(?<===)\S+$|[0-9]+(\.[0-9]+)+$")


def read_matrix(root: Path, label: str | None = None) -> Matrix:
    """The cells of a `tox.ini`; expected are those of the label, or else of its env list.

    Expected cells come pack by pack, and by the version of Core.

    Raises InvalidMatrix if tox fails, knows no cell, none of a pack, or none with that label.
    """
    config = read_config(root)
    cells = {}
    live = frozenset(name for name in config.env if LIVE_CELL.fullmatch(name))
    for name, env in config.env.items():
        if name in live:
            continue
        if match := CELL.fullmatch(name):
            core = without_secrets(env.set_env.get("CORE", ""))
            cells[name] = Cell(name=name, core=core, **match.groupdict())
        elif "-core_" in name:
            raise InvalidMatrix(
                f"'{name}' is no name of a cell",
                "name a pack with a-z, 0-9 and _ alone, and see `tox list`",
            )
    there = {path.parent.name for path in root.glob("packs/*/pack.toml")}
    if forgotten := there - {cell.pack for cell in cells.values()}:
        raise InvalidMatrix(
            f"'packs/{min(forgotten)}' has no cell in the tox.ini of '{root}'",
            "put this repository's toxfile.py and matrix/ beside it, which make every pack's cells",
        )
    if label is None:
        expected = [name for name in config.tox.env_list if name in cells]
    else:
        expected = [name for name in cells if label in config.env[name].labels]
    packs = list(dict.fromkeys(cell.pack for cell in cells.values()))
    expected.sort(key=lambda name: (packs.index(cells[name].pack), version(cells[name])))
    if not expected:
        raise InvalidMatrix(
            f"no cell has the label '{label}'" if label else "tox's env list has no cell",
            "see `tox list` for the cells and `tox.ini` for their labels",
        )
    yanked = (cell.core_ref for cell in cells.values() if YANKED in config.env[cell.name].labels)
    return Matrix(
        cells=tuple(cells.values()),
        expected=tuple(expected),
        yanked=frozenset(yanked),
        live=live,
    )


def without_secrets(requirement: str) -> str:
    """The requirement without the token that a URL may carry; by ssh one needs the user's name."""
    named = re.sub(r"(ssh://[^/:@\s]+):[^/\s]*@", r"\1@", requirement)
    return re.sub(r"(?<!ssh)://[^/\s]+@", "://", named)


def version(cell: Cell) -> tuple[bool, Version]:
    """A key that sorts Core refs by the version that their requirement ends in, if any."""
    return (not cell.core_ref.startswith("core_v"), named_version(cell) or Version("0"))


def named_version(cell: Cell) -> Version | None:
    """The version that a cell's requirement ends in, if it does."""
    named = VERSION.search(cell.core)
    return Version(named[0]) if named else None
