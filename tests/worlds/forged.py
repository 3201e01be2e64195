"""Runs for the benchmarks, as `make_run` makes them, of any number of packs and Core refs.

Contents repeat as they do in fact: one of Core over seven refs, a new one of a pack every 100
runs, some flaky promises, texts for what is broken.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from fanout.history.document import make_run, write_run
from fanout.history.run import Run
from fanout.model import (
    Cell,
    CellReport,
    Evidence,
    Matrix,
    Outcome,
    Pack,
    PackOnDisk,
    Promise,
    Result,
)

PROMISES = 43
RUNS_OF_ONE_CONTENT = 100
REFS_OF_A_LINE = 40
FLAKY = 0.002  # of the cells of a run
START = datetime(2026, 1, 1, tzinfo=UTC)


class Size(NamedTuple):
    """How large a run is."""

    packs: tuple[str, ...]
    core_refs: int

    def version(self, ref: int) -> str:
        return f"1.{ref // REFS_OF_A_LINE}.{ref % REFS_OF_A_LINE}"

    def core_ref(self, ref: int) -> str:
        return f"core_v{self.version(ref).replace('.', '_')}"


def pack_digest(pack: str, number: int) -> str:
    return f"{pack}{number // RUNS_OF_ONE_CONTENT}".ljust(64, "0")


def promises(pack: str, ref: int, flaky: bool) -> tuple[Promise, ...]:
    """What a pack says of a Core ref: three promises broken from some ref on, others kept."""
    found = []
    for number in range(PROMISES):
        broken = (number < 3 and ref > 10 * (number + 1)) or (flaky and number == 7)
        found.append(
            Promise(
                name=f"test_topic_{number // 8}.py::test_promise_{number}",
                says=f"Promise {number} of {pack} says what it needs in about so many words.",
                contract=(f"telemetry.Symbol{number}",),
                result=Result.BROKEN if broken else Result.KEPT,
                message="AssertionError: assert 'soft' == 'hard'" if broken else "",
                text=f"packs/{pack}/test_topic.py:12: in test\n{'E   assert' * 30}" * broken,
            )
        )
    return tuple(found)


def cells(size: Size, number: int, flaky: bool) -> Iterator[CellReport]:
    for pack in size.packs:
        for ref in range(size.core_refs):
            name = f"{pack}-{size.core_ref(ref)}"
            version = size.version(ref)
            asked = f"market-data-core=={version}"
            evidence = Evidence(
                cell=name,
                started=START,
                seconds=0.5,
                asked=asked,
                source="pypi",
                version=version,
                digest=f"content {ref // 7}".ljust(64, "0"),
                python="3.11.7",
                distributions=(asked, *(f"distribution-{n}==1.2.{n}" for n in range(14))),
                supports=">=1.1,<2",
                pack_digest=pack_digest(pack, number),
                promises=promises(pack, ref, flaky),
            )
            yield CellReport(
                cell=Cell(name=name, pack=pack, core_ref=size.core_ref(ref), core=asked),
                outcome=Outcome.FAILED if flaky or ref > 10 else Outcome.PASSED,
                evidence=evidence,
            )


def packs(size: Size, number: int) -> dict[str, PackOnDisk]:
    return {
        pack: PackOnDisk(
            says=Pack(consumer=pack, release="1", owner=f"{pack} team", supports=">=1.1,<2"),
            digest=pack_digest(pack, number),
        )
        for pack in size.packs
    }


@lru_cache(maxsize=1)
def both_ways(size: Size, content: int) -> Run:
    """A run of one content of the packs, in which every cell is steady first, and then flaky."""
    number = content * RUNS_OF_ONE_CONTENT
    attempts = tuple(tuple(cells(size, number, flaky)) for flaky in (False, True))
    known = tuple(report.cell for report in attempts[0])
    matrix = Matrix(cells=known, expected=tuple(cell.name for cell in known))
    return make_run("report", START, attempts, packs(size, number), matrix=matrix)


def record(size: Size, folder: Path, number: int, chance: random.Random) -> None:
    """One more run: every cell at a time and with a duration of its own, some of them flaky."""
    whole, started = both_ways(size, number // RUNS_OF_ONE_CONTENT), START + timedelta(hours=number)
    steady, flaky = ([one for one in whole.attempts if one.number == attempt] for attempt in (1, 2))
    attempts = tuple(
        (odd if chance.random() < FLAKY else even).model_copy(
            update={
                "number": 1,
                "started": started + timedelta(seconds=chance.randrange(600)),
                "seconds": round(chance.uniform(0.4, 0.8), 3),
            }
        )
        for even, odd in zip(steady, flaky, strict=True)
    )
    of_run = {"id": f"{number:016x}", "started": started, "finished": started}
    write_run(whole.model_copy(update=of_run | {"attempts": attempts}), folder)
