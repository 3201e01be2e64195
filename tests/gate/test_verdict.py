"""Verdicts: the table of every pair in docs/gate.md, its order of precedence, and whole cells."""

from __future__ import annotations

import re
from itertools import combinations, product

import pytest

from fanout.gate.verdict import roll_up, side, verdict
from fanout.model import (
    Cell,
    CellReport,
    Evidence,
    Outcome,
    Promise,
    Result,
    Standing,
    Verdict,
)
from tests import ROOT

DOCUMENT = (ROOT / "docs/gate.md").read_text(encoding="utf-8")
PRECEDENCE = "A cell has the first of these that any of its promises has: "
EVERY_PAIR = list(product(Standing, Standing))


def table() -> dict[tuple[str, str], str]:
    """Every cell of the document's table by candidate and baseline."""
    _, found, below = DOCUMENT.partition("\n| baseline \\ candidate |")
    assert found
    head, _, *rows = ("| baseline \\ candidate |" + below.partition("\n\n")[0]).splitlines()
    columns = words(head)[1:]
    return {
        (candidate, baseline): said
        for baseline, *cells in map(words, rows)
        for candidate, said in zip(columns, cells, strict=True)
    }


def words(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def precedence() -> list[str]:
    """The verdicts in the document's order."""
    found = re.search(
        r"A cell has the first of these that any of its promises has: ([^.]+)", DOCUMENT
    )
    assert found
    return [word.strip() for word in found[1].split(",")]


def test_table_is_complete() -> None:
    """The table has every pair of standings, each once, and no other."""
    assert set(table()) == {(str(one), str(other)) for one, other in EVERY_PAIR}


@pytest.mark.parametrize(("candidate", "baseline"), EVERY_PAIR)
def test_pair(candidate: Standing, baseline: Standing) -> None:
    """The verdict on a pair is the one in the table."""
    assert verdict(candidate, baseline) == table()[candidate, baseline]


def test_precedence_is_complete() -> None:
    """The order of precedence names every verdict once."""
    assert sorted(precedence()) == sorted(Verdict)


@pytest.mark.parametrize(("one", "other"), list(combinations(Verdict, 2)))
def test_precedence(one: Verdict, other: Verdict) -> None:
    """Of two verdicts in one cell, the one that the document has first counts, in any order."""
    first = min(one, other, key=precedence().index)
    assert roll_up([one, other, one]) is first
    assert roll_up([other, one]) is first


def test_no_promise() -> None:
    """A cell without a promise is unknown."""
    assert roll_up([]) is Verdict.UNKNOWN


def test_another_promise() -> None:
    """A cell that fails on both sides, but in another promise, has regressed."""
    now, then = (
        {"first": Standing.BROKEN, "second": Standing.KEPT},
        {"first": Standing.KEPT, "second": Standing.BROKEN},
    )
    assert roll_up(verdict(now[name], then[name]) for name in now) is Verdict.REGRESSED


def report(*results: Result, supports: str = ">=1", version: str = "1.2.0") -> CellReport:
    """A cell in which the first result is that of `test_a.py::test_a`."""
    cell = Cell(name="small-core_v120", pack="small", core_ref="core_v120", core="c")
    names = ("test_a.py::test_a", "test_a.py::test_b")
    evidence = Evidence.model_validate(
        {
            "cell": cell.name,
            "started": "2025-01-31T12:00:00+00:00",
            "seconds": 1,
            "asked": "market-data-core",
            "version": version,
            "supports": supports,
            "promises": [
                Promise(name=name, result=result)
                for name, result in zip(names, results, strict=False)
            ],
        }
    )
    return CellReport(cell=cell, outcome=Outcome.PASSED, evidence=evidence)


MISSING = report(Result.KEPT).model_copy(update={"evidence": None, "outcome": Outcome.MISSING})


@pytest.mark.parametrize(
    ("attempts", "expected", "flaky"),
    [
        ([report(Result.KEPT)] * 2, Standing.KEPT, False),
        ([report(Result.BROKEN)] * 3, Standing.BROKEN, False),
        ([report(Result.BROKEN), report(Result.KEPT)], Standing.UNKNOWN, True),
        ([report(Result.KEPT), report(Result.BROKEN)], Standing.UNKNOWN, True),
        ([report(Result.BROKEN), MISSING], Standing.UNKNOWN, False),
        ([report(Result.BROKEN), report(Result.ERRORED)], Standing.UNKNOWN, False),
        ([report(Result.LISTED_BUT_KEPT)], Standing.KEPT, False),
        ([report(Result.BROKEN, supports=">=2")], Standing.UNSUPPORTED, False),
        ([report(Result.KEPT, supports=">=2")], Standing.UNSUPPORTED, False),
        ([report(Result.NOT_APPLICABLE, Result.KEPT)], Standing.NOT_APPLICABLE, False),
        ([report(Result.NOT_APPLICABLE)], Standing.UNKNOWN, False),
        ([report(Result.KEPT, version="")], Standing.UNKNOWN, False),
        ([MISSING], Standing.UNKNOWN, False),
        ([], Standing.UNKNOWN, False),
    ],
)
def test_attempts(attempts: list[CellReport], expected: Standing, flaky: bool) -> None:
    """Attempts agree, or what they say is not known; only those that judged can be flaky."""
    found = side(attempts, "test_a.py::test_a", in_pack=True)
    assert (found.standing, found.flaky) == (expected, flaky)


def test_absent() -> None:
    """A promise that a whole cell does not speak of is absent, unless the pack has it."""
    found = [
        side([report(Result.KEPT)], "test_a.py::test_c", one).standing for one in (True, False)
    ]
    assert found == [Standing.UNKNOWN, Standing.ABSENT]
