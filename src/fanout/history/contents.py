"""The contents of Core that tox.ini names, each with what it looks like from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fanout.core.index import wheel_of
from fanout.core.resolve import released
from fanout.core.wheel import wheel_digest
from fanout.history.surfaces import surface_of
from fanout.model import Core, Matrix, version_of
from fanout.surface.shape import Shapes

Contents = dict[str, tuple[tuple[str, ...], Shapes]]


def cores_in(matrix: Matrix) -> list[Core]:
    """The Cores of the matrix that have a version, the oldest first."""
    refs = dict.fromkeys(cell.core_ref for cell in matrix.cells)
    cores = [core for ref in refs if (core := released(ref, matrix))]
    return sorted(cores, key=lambda core: version_of(core.version))


def contents_of(
    cores: Sequence[Core], root: Path, history: Path, index: str, done: Callable[[int, int], None]
) -> Contents:
    """Each content of some Cores, by digest, with the versions that have it.

    `done` is told how many of how many Cores are read.
    """
    found: Contents = {}
    for number, core in enumerate(cores, 1):
        wheel = wheel_of(core, root, index)
        digest = wheel_digest(wheel)
        versions, shapes = found.get(digest) or ((), Shapes(surface_of(wheel, history)))
        found[digest] = ((*versions, core.version), shapes)
        done(number, len(cores))
    return found
