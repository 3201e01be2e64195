"""Which run has answered a plan already, so that a night need not ask again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from fanout.cells.packs import read_packs
from fanout.history.document import write_run
from fanout.model import Answer, Core
from fanout.notify.announcement import Request
from fanout.workflow.candidate import Candidate
from fanout.workflow.plan import Plan, answered
from tests.worlds.project import PACK_TOML
from tests.worlds.runs import START, cell, run

COMMIT, OTHER = "a" * 40, "b" * 40
DAY = timedelta(days=1)


def core(slot: str, commit: str = "") -> Core:
    return Core(
        named=slot,
        core_ref=f"core_{slot}",
        requirement="x",
        source="git",
        version="1.2.0",
        commit=commit,
    )


def found(
    folder: Path, changed: Mapping[str, object], days: float = 1, commit: str = COMMIT
) -> str:
    """What is found for a plan, `days` after a run that was like it but for what has `changed`."""
    file = folder / "packs/small/pack.toml"
    file.parent.mkdir(parents=True)
    file.write_text(PACK_TOML)
    made = run(cell(), cell("1.2.0", name="small-core_candidate"))
    digest = read_packs(folder, ("small",))["small"].digest
    packs = {"small": made.packs["small"].model_copy(update={"digest": digest})}
    same = {
        "answer": Answer.HOLD,
        "candidate": core("candidate", COMMIT),
        "baseline": core("v120"),
        "packs": packs,
    }
    write_run(made.model_copy(update={**same, **changed}), folder / "history")
    plan = Plan(
        request=Request(),
        candidate=Candidate(named="HEAD", address="x", commit=commit),
        baseline="1.2.0",
        packs=("small",),
    )
    return answered(plan, folder, folder / "history", START + days * DAY)


def test_the_same_question_is_not_asked_twice_in_a_week(tmp_path: Path) -> None:
    """A run of the last week, of the same commit, packs and baseline, has answered it."""
    assert found(tmp_path, {}, days=6.9).endswith(" of 2026-01-01")


@pytest.mark.parametrize(
    ("changed", "days", "commit"),
    [
        ({}, 7.1, COMMIT),
        ({}, 1, OTHER),
        ({"answer": Answer.UNKNOWN}, 1, COMMIT),
        ({"baseline": core("v120").model_copy(update={"version": "1.1.0"})}, 1, COMMIT),
        ({"packs": {}}, 1, COMMIT),
    ],
    ids=["a week ago", "commit", "unknown", "baseline", "packs"],
)
def test_what_differs_is_asked(
    tmp_path: Path, changed: dict[str, object], days: float, commit: str
) -> None:
    """Another commit, pack or baseline is new, and so is what nobody has answered of late."""
    assert found(tmp_path, changed, days, commit) == ""
