"""Mutants of Core run both ways: in a warm child, and for real, in a cell that tox makes.

Each is compared promise for promise. It ends with 1 if the two differ anywhere, and names where.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from fanout.cells.matrix import read_matrix
from fanout.cells.run import PackInMatrix, alone, find_pack
from fanout.core.resolve import resolve
from fanout.model import Result
from fanout.strength.changes.mutation import Mutant
from fanout.strength.crew import crew_of
from fanout.strength.trial import Trial, sampled
from tests import ROOT


class Said(NamedTuple):
    """What a pack said of one Core, and how long that took."""

    broken: frozenset[str]
    errored: frozenset[str]
    seconds: float

    @property
    def verdict(self) -> str:
        return "killed" if self.broken else "errored" if self.errored else "survived"


class Pair(NamedTuple):
    """One mutant, and what was said of it in a warm child and in a cell of its own."""

    pack: str
    mutant: Mutant
    warm: Said
    real: Said

    @property
    def differing(self) -> frozenset[str]:
        """The promises of which the two say something else."""
        return (self.warm.broken ^ self.real.broken) | (self.warm.errored ^ self.real.errored)


def compared(pack: PackInMatrix, named: str, index: str, size: int, seed: int) -> Iterator[Pair]:
    """Some mutants for a pack, of as many kinds as there are, each run both ways."""
    core = resolve(named, "candidate", pack.root, pack.matrix)
    trial = Trial(pack, core, index)
    mutants = {one.id: one for one in trial.mutants if one.met or not one.breaking}
    changing = (one for one in mutants.values() if trial.files(one))
    with crew_of(trial.installed) as crew, tempfile.TemporaryDirectory() as folder:
        crew.number = 1
        crew.begin()
        for name in sampled(changing, size, seed):
            mutant = mutants[name]
            tried = crew.run(trial.files(mutant), mutant.change.hidden)
            warm = Said(frozenset(tried.broken), frozenset(tried.errored), tried.seconds)
            wheel = trial.keep(mutant, Path(folder))
            yield Pair(pack.name, mutant, warm, for_real(pack, wheel, Path(folder, "evidence")))


def for_real(pack: PackInMatrix, wheel: Path, folder: Path) -> Said:
    """What the pack says of a wheel, in an env that tox makes for it."""
    began = time.monotonic()
    (report,) = pack.run([resolve(str(wheel), "candidate", pack.root, pack.matrix)], folder)
    promises = report.evidence.promises if report.evidence else ()
    broken, errored = (
        frozenset(one.name for one in promises if one.result in results)
        for results in ((Result.BROKEN,), (Result.ERRORED, Result.LISTED_BUT_KEPT))
    )
    return Said(
        broken, errored if promises else frozenset({report.reason}), time.monotonic() - began
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--core", default="1.4.61")
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--index", default="https://pypi.org/simple/")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    packs = [find_pack(name, ROOT) for name in asked.packs or read_matrix(ROOT).packs]
    size = -(-asked.mutants // len(packs))

    def run(pack: PackInMatrix) -> list[Pair]:
        return list(compared(pack, asked.core, asked.index, size, asked.seed))

    with alone(ROOT), ThreadPoolExecutor(len(packs)) as pool:
        pairs = list(chain.from_iterable(pool.map(run, packs)))[: asked.mutants]
    if asked.json:
        rows = [{"pack": one.pack, "id": one.mutant.id, **as_data(one)} for one in pairs]
        asked.json.write_text(json.dumps(rows, indent=1), "utf-8")
    show(pairs)
    return int(any(pair.differing for pair in pairs))


def as_data(pair: Pair) -> dict[str, object]:
    return {
        way: {"verdict": said.verdict, "broken": sorted(said.broken), "seconds": said.seconds}
        for way, said in (("warm", pair.warm), ("real", pair.real))
    }


def show(pairs: list[Pair]) -> None:
    table = Table("pack", "kinds", "mutants", "warm", "real", "alike", "s warm", "s real")
    for pack in dict.fromkeys(pair.pack for pair in pairs):
        mine = [pair for pair in pairs if pair.pack == pack]
        verdicts = (
            Counter(said.verdict for said in way)
            for way in zip(*(p[2:] for p in mine), strict=True)
        )
        table.add_row(
            pack,
            str(len({pair.mutant.kind for pair in mine})),
            str(len(mine)),
            *(
                ", ".join(f"{count} {name}" for name, count in sorted(one.items()))
                for one in verdicts
            ),
            str(sum(not pair.differing for pair in mine)),
            f"{sum(pair.warm.seconds for pair in mine):.0f}",
            f"{sum(pair.real.seconds for pair in mine):.0f}",
        )
    console = Console()
    console.print(table)
    for pair in pairs:
        if names := sorted(pair.differing):
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            console.print(f"{pair.pack}: {pair.mutant.id}: not alike in {names[0]}{more}")


if __name__ == "__main__":
    sys.exit(main())
