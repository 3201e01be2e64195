"""What changed in Core for each promise that regressed, from the sources of both sides."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path

from fanout.cause.fewest import causes
from fanout.cells.matrix import named_version, version
from fanout.core.index import wheel_of
from fanout.core.resolve import released
from fanout.gate.decision import Decision
from fanout.history.surfaces import surface_of
from fanout.model import Core, Matrix, PromiseVerdict, Standing, Verdict, in_range
from fanout.surface.symbol import Surface


def explained(
    decision: Decision, matrix: Matrix, root: Path, index: str, history: Path
) -> Decision:
    """The decision with the causes of what regressed; raises UnreachableIndex, InvalidCore.

    A promise that is not applicable on the baseline is explained by what changed since the
    first release that it holds for.
    """
    broken = [
        (start(promise, decision.baseline, matrix), cell.pack, promise)
        for cell in decision.cells
        for promise in cell.having(Verdict.REGRESSED)
    ]
    broken.sort(key=lambda one: (one[0].core_ref != decision.baseline.core_ref, one[0].core_ref))

    if not broken:
        return decision

    @cache
    def read(core: Core) -> Surface:
        return surface_of(wheel_of(core, root, index), history)

    found = [
        cause.model_copy(update={"since": core.version})
        for core, members in groupby(broken, key=lambda one: one[0])
        for cause in causes(
            [(pack, promise) for _, pack, promise in members],
            read(core),
            read(decision.candidate),
        )
    ]
    return decision.model_copy(update={"causes": tuple(found)})


def start(promise: PromiseVerdict, baseline: Core, matrix: Matrix) -> Core:
    """The Core from which on a change may have broken the promise."""
    if promise.baseline.standing is not Standing.NOT_APPLICABLE:
        return baseline
    for cell in sorted((cell for cell in matrix.cells if "==" in cell.core), key=version):
        at = named_version(cell)
        if at is not None and in_range(str(at), promise.core):
            return released(cell.core_ref, matrix) or baseline
    return baseline
