"""What the document says that each kind of run costs, against the plans of this repository."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import yaml

from fanout.cells.matrix import read_matrix
from fanout.consumers.table import consumers_of
from fanout.notify.announcement import Request
from fanout.workflow.candidate import Candidate
from fanout.workflow.plan import RECENT, Plan, plan
from tests import PACKS, ROOT
from tests.workflow.costs import DOCUMENT, ROW, costs

COMMIT = Candidate(named="HEAD", address=f"git+https://h/r@{'0' * 40}", commit="0" * 40)
NIGHTS = 30


def planned(
    candidate: Candidate | None = None, label: str = "", packs: tuple[str, ...] = ()
) -> Plan:
    """What is planned here while no history tells how long a cell takes."""
    matrix = read_matrix(ROOT, label or None)
    consumers = consumers_of(ROOT, packs or matrix.packs, matrix.packs) if candidate else ()
    return plan(Request(packs=packs), candidate, matrix, label, {}, consumers)


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("a pull request of Core", partial(planned, COMMIT)),
        ("a night on which something is", partial(planned, COMMIT)),
        ("the default matrix", planned),
        ("every release", partial(planned, label="history")),
        *(("a pull request of one pack", partial(planned, packs=(pack,))) for pack in PACKS),
    ],
)
def test_cells_have_as_many_jobs_as_the_document_says(kind: str, made: partial[Plan]) -> None:
    """The table of costs has the number of jobs that a plan has."""
    assert costs(kind).cells == len(made().shards)


def test_the_document_counts_the_cells_of_the_default_matrix() -> None:
    """The number of cells beside the cost is that of tox.ini."""
    assert costs(f" {len(planned().cells)} cells").cells


def test_each_job_is_billed_a_minute() -> None:
    """The minutes of a fan-out are its jobs, none of which is expected to last a minute."""
    for kind, _, minutes in ROW.findall(DOCUMENT):
        said = costs(kind)
        if "plan" in said.jobs:
            assert int(minutes) == len(said.jobs) + said.cells, kind


def test_upkeep_has_the_jobs_that_the_document_says() -> None:
    """On Sundays every job of its file runs, and on other days those without a condition."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/upkeep.yml").read_text("utf-8"))["jobs"]
    assert costs("upkeep on Sundays").jobs == {*jobs}
    assert costs("upkeep from Monday").jobs == {name for name in jobs if "if" not in jobs[name]}


def test_a_month_without_a_push_is_the_sum_of_its_runs() -> None:
    """Each night one run, that asks again after a week; a Sunday a week; and upkeep every day."""
    kinds = ("is new", "something is", "every release", "upkeep from", "upkeep on")
    quiet, asked, sunday, day, measured = (costs(kind).minutes for kind in kinds)
    weeks = NIGHTS / (RECENT / timedelta(days=1))
    nights = (NIGHTS * quiet, weeks * (asked - quiet))
    rest = (weeks * sunday, (NIGHTS - weeks) * day + weeks * measured)
    parts = [round(one) for one in (*nights, *rest)]

    said = " + ".join(map(str, parts))
    about = round(sum(parts), -2)
    assert f"upkeep: {said}, about {about} minutes of the 2,000" in DOCUMENT
