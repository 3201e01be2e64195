"""The answer over the table of Core refs: what is broken there holds, be it new or not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fanout.history.document import reported
from fanout.model import Answer, Matrix, Result, Verdict
from fanout.told.report import make_report
from fanout.workflow.conclusion import turned, weighed
from tests.worlds.runs import BROKEN, ERRORED, KEPT, PACKS, cell, record

OLD = "hold: Core breaks 1 promise of small, none of which regressed since the last run; "
NEW = "hold: Core breaks 1 promise of small, 1 of which regressed since the last run; "


@pytest.mark.parametrize("before", [None, KEPT, BROKEN])
@pytest.mark.parametrize(
    ("result", "answer", "said"),
    [
        (BROKEN, Answer.HOLD, "hold: Core breaks 1 promise of small, "),
        (ERRORED, Answer.UNKNOWN, "unknown: 1 cells: 1 errored; small-core_v120: errored: "),
        (Result.KNOWN_BREAK, Answer.RELEASE, "release: no promise is broken that nobody has"),
        (KEPT, Answer.RELEASE, "release: no promise is broken; 1 cells: 1 passed"),
    ],
)
def test_the_answer(
    tmp_path: Path, result: Result, before: Result | None, answer: Answer, said: str
) -> None:
    """It is the same whatever the history says, and without any; that tells what is new."""
    if before:
        record(tmp_path, cell(results=before))
    now = cell(results=result, day=1)
    matrix = Matrix(cells=(now.cell,), expected=(now.cell.name,))
    assert now.evidence is not None
    report = make_report(matrix, {now.cell.name: now.evidence}, PACKS, date(2026, 1, 2))
    run = reported(report.cells, PACKS, matrix)
    assert run is not None

    turns = turned(run, tmp_path)
    found, headline = weighed(report, turns)

    assert found is answer
    assert headline.startswith(said)
    new = [turn for turn in turns if turn.verdict is Verdict.REGRESSED]
    assert bool(new) is (before is KEPT and result is BROKEN)
    if answer is Answer.HOLD:
        assert headline.startswith(NEW if new else OLD)
