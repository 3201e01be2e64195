"""The rooms of `src/fanout`: what stands in one knows nothing of the rooms above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests import ROOT

PACKAGE = ROOT / "src/fanout"
MOST_MODULES = 15  # in one folder
# From the top to the ground; rooms of one line are side by side.
ROOMS = (
    ("__main__", "cli", "commands"),
    ("workflow",),
    ("notify",),
    ("dashboard.build", "dashboard.serve"),
    ("dashboard.pages",),
    ("dashboard.data",),
    ("dashboard.edition", "dashboard.site"),
    ("dashboard.facts",),
    ("bisect",),
    ("told",),
    ("gate",),
    ("history",),
    ("cause",),
    ("strength", "draft"),
    ("consumers",),
    ("surface",),
    ("core",),
    ("cells",),
    ("model", "errors", "wording", "digest", "files", "shell", "git", "processes"),
)
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__init__.py"
}
FOLDERS = sorted({path.parent for path in PACKAGE.rglob("*.py")})


def floor(module: str) -> int:
    """How far below the top a module stands."""
    found = [
        number
        for number, rooms in enumerate(ROOMS)
        for room in rooms
        if f"{module}.".startswith(f"{room}.")
    ]
    assert len(found) == 1, f"'{module}' stands in no room: add it to the table, or move it"
    return found[0]


def imported(path: Path) -> Iterator[str]:
    """The modules of the tool that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(level=0, module=str(start), names=names):
                found = [start, *(f"{start}.{alias.name}" for alias in names)]
            case ast.ImportFrom():
                raise AssertionError(f"'{path}' imports by a relative path")
            case _:
                continue
        names_here = (name.removeprefix("fanout.") for name in found if name.startswith("fanout."))
        yield from (name for name in names_here if name in MODULES)


IMPORTS = {module: sorted(set(imported(path))) for module, path in MODULES.items()}


def test_no_import_runs_upwards() -> None:
    """Every module has a room, and imports from it and from those below it."""
    floors = {module: floor(module) for module in MODULES}
    upwards = [
        f"{module} -> {other}"
        for module, others in IMPORTS.items()
        for other in others
        if floors[other] < floors[module]
    ]
    assert not upwards


def test_there_is_no_circle() -> None:
    """No module leads back to itself by what it imports."""
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_room(folder: Path) -> None:
    """A room says in one line what it is for, is not crowded, and names none of its own again."""
    said = (folder / "__init__.py").read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(said))
    assert len(said.splitlines()) == 1, "an __init__.py holds its docstring alone, in one line"
    names = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    assert len(names) <= MOST_MODULES, f"{len(names)} modules: part the room"
    assert not [name for name in names if folder.name in name.split("_")]
