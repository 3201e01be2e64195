"""Cells of the matrix, run and judged: of one pack, or of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from fanout.cells.evidence import read_folder
from fanout.cells.matrix import read_matrix
from fanout.cells.outcome import founded, judge
from fanout.cells.packs import chosen, read_packs
from fanout.cells.tox import MINUTES, run_cells
from fanout.errors import Busy, InvalidMatrix
from fanout.model import Cell, CellReport, Core, Frozen, Matrix, PackOnDisk


def today() -> date:
    return datetime.now(UTC).date()


def cell_of(pack: str, core: Core, matrix: Matrix) -> Cell:
    """A pack's cell for a Core; raises InvalidMatrix if tox knows none."""
    name = f"{pack}-{core.core_ref}"
    if all(cell.name != name for cell in matrix.cells):
        raise InvalidMatrix(f"tox knows no cell '{name}'", "see `tox list`")
    return Cell(name=name, pack=pack, core_ref=core.core_ref, core=core.requirement)


def variables(cores: Iterable[Core]) -> dict[str, str]:
    """What tox must be told in its environment to install these Cores."""
    return {name: value for core in cores for name, value in core.variables.items()}


def read_cells(
    cells: Iterable[Cell],
    matrix: Matrix,
    packs: Mapping[str, PackOnDisk],
    folder: Path,
    today: date,
) -> dict[str, CellReport]:
    """What the evidence in a folder says of each cell, by its name."""
    found = read_folder(folder, matrix.names)
    judged = (judge(cell, found.get(cell.name), packs[cell.pack], today) for cell in cells)
    return {one.cell.name: founded(one, packs[one.cell.pack]) for one in judged}


def run_and_read(
    cells: Sequence[Cell],
    cores: Iterable[Core],
    matrix: Matrix,
    packs: Mapping[str, PackOnDisk],
    root: Path,
    folder: Path,
    today: date,
    *,
    fresh: bool = False,
    minutes: float = MINUTES,
    finished: Callable[[str], None] = lambda cell: None,
) -> dict[str, CellReport]:
    """Run cells in parallel, evidence in a folder, and say why one left none."""
    names = [cell.name for cell in cells]
    reasons = run_cells(
        root, names, folder, variables(cores), fresh=fresh, minutes=minutes, finished=finished
    )
    found = read_cells(cells, matrix, packs, folder, today)
    return {name: one.because(reasons.get(name, "")) for name, one in found.items()}


class PackInMatrix(Frozen):
    """A pack by its name, as it is on disk, and the matrix that has its cells."""

    root: Path
    matrix: Matrix
    name: str
    pack: PackOnDisk

    @property
    def packs(self) -> dict[str, PackOnDisk]:
        return {self.name: self.pack}

    def cells(self, cores: Iterable[Core]) -> list[Cell]:
        return [cell_of(self.name, core, self.matrix) for core in cores]

    def read(self, cores: Sequence[Core], folder: Path) -> tuple[CellReport, ...]:
        """What the evidence in a folder says of each Core."""
        found = read_cells(self.cells(cores), self.matrix, self.packs, folder, today())
        return tuple(found.values())

    def run(self, cores: Sequence[Core], folder: Path) -> tuple[CellReport, ...]:
        """What the pack says of each Core, its cells run in parallel, evidence in a folder."""
        cells = self.cells(cores)
        found = run_and_read(cells, cores, self.matrix, self.packs, self.root, folder, today())
        return tuple(found.values())


def find_pack(named: str, root: Path) -> PackInMatrix:
    """The pack with this name, or the one that a cell's name begins with.

    Raises UnknownPack if the matrix has neither, InvalidPack and InvalidMatrix as they are read.
    """
    matrix = read_matrix(root)
    cells = {cell.name: cell.pack for cell in matrix.cells}
    (name,) = chosen([cells.get(named, named)], matrix)
    packs = read_packs(root, [name])
    return PackInMatrix(root=root, matrix=matrix, name=name, pack=packs[name])


def run_folder(root: Path, started: datetime) -> Path:
    """A new folder for the evidence of one run, which nothing else writes to."""
    return root / "runs" / f"{started:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """A block in which no other run of this tool uses the envs of this checkout."""
    (root / ".tox").mkdir(exist_ok=True)
    try:
        with FileLock(root / ".tox/fanout.lock", timeout=0):
            yield
    except Timeout as error:
        raise Busy(
            f"another check or bisect is running in '{root}'",
            "wait until it has ended, or use another clone",
        ) from error
