"""Cells over jobs: every cell exactly once, within what GitHub allows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout.workflow.shards import (
    ALONE,
    LARGEST_MATRIX,
    LONGEST_JOB,
    MOST_JOBS,
    TooManyCells,
    shard,
)

LIMIT_OF_OUTPUTS = 1_000_000 // 2  # characters: GitHub counts two bytes for each
LIMIT_OF_A_VARIABLE = 128 * 1024  # bytes


def cells(number: int) -> list[str]:
    return [f"orchestrator_{at % 97}-core_v{at}" for at in range(number)]


@pytest.mark.parametrize("number", [0, 1, 3, 4, 33, 36, 216, 256, 257, 10_000])
def test_every_cell_is_in_exactly_one_job(number: int) -> None:
    """However many cells there are, each runs once, in at most 256 jobs."""
    planned = cells(number)

    jobs = shard(planned, {})

    assert sorted(cell for job in jobs for cell in job) == sorted(planned)
    assert len(jobs) <= MOST_JOBS
    assert all(jobs) or not number
    matrix = json.dumps(
        [{"name": f"shard-{at}", "cells": ",".join(job)} for at, job in enumerate(jobs)]
    )
    assert len(matrix) < min(LARGEST_MATRIX, LIMIT_OF_OUTPUTS)
    assert all(len(",".join(job)) < LIMIT_OF_A_VARIABLE for job in jobs)


@given(st.lists(st.floats(0, 60), max_size=300), st.integers(1, MOST_JOBS))
def test_no_job_has_much_more_to_do_than_another(seconds: list[float], most: int) -> None:
    """The longest job is at most one cell longer than the shortest, whatever the cells take."""
    planned = cells(len(seconds))
    took = dict(zip(planned, seconds, strict=True))

    jobs = shard(planned, took, most=most) if sum(seconds) < 1800 * most else ()

    loads = [sum(took[cell] + 1 for cell in job) for job in jobs]
    if len(planned) > min(ALONE, most) and jobs:
        assert max(loads) - min(loads) <= max(seconds) + 1.001
    assert sorted(cell for job in jobs for cell in job) == (sorted(planned) if jobs else [])


def test_few_cells_have_a_job_each() -> None:
    """A candidate's cells on three packs are three jobs, each named for its cell."""
    assert shard(cells(3), {}) == tuple((cell,) for cell in cells(3))


def test_a_job_is_filled_before_there_is_another() -> None:
    """The cells of the default matrix, of about two seconds each, share two jobs."""
    planned = cells(36)

    assert len(shard(planned, dict.fromkeys(planned, 1.2))) == 2
    assert len(shard(planned, dict.fromkeys(planned, 20.0))) > 10


def test_the_same_cells_give_the_same_jobs() -> None:
    """Two plans of one matrix are equal, so a rerun finds what the first run left."""
    assert shard(cells(300), {}) == shard(cells(300), {})


@pytest.mark.parametrize(
    ("planned", "took"),
    [
        (["a-core_v1", "a-core_v1"], 1.0),
        (cells(10_000), 600.0),
        ([f"{'p' * 90}{at}-core_v1" for at in range(20_000)], 1.0),
    ],
    ids=["twice", "too-long", "too-large"],
)
def test_no_cell_is_dropped_to_make_the_others_fit(planned: list[str], took: float) -> None:
    """Cells that cannot all be run are refused, with what to do."""
    with pytest.raises(TooManyCells) as refused:
        shard(planned, dict.fromkeys(planned, took))

    assert refused.value.hint


def test_cells_of_one_content_share_a_job() -> None:
    """Of 216 cells of 12 contents 36 run, which fill three jobs; if nothing is known, eleven do."""
    planned = [f"{pack}-core_v{at}" for pack in ("a", "b", "c") for at in range(72)]
    contents = {cell: str(int(cell.partition("_v")[2]) % 12) for cell in planned}

    jobs = shard(planned, {}, contents)

    assert (len(jobs), len(shard(planned, {}))) == (3, 11)
    assert sorted(cell for job in jobs for cell in job) == sorted(planned)
    of_job = {cell: at for at, job in enumerate(jobs) for cell in job}
    groups: dict[tuple[str, str], set[int]] = {}
    for cell in planned:
        groups.setdefault((cell[0], contents[cell]), set()).add(of_job[cell])
    assert {len(found) for found in groups.values()} == {1}


def test_cells_that_may_all_have_to_run_do_so_in_time() -> None:
    """A thousand cells of one content, of forty seconds each, are not one job."""
    planned = cells(1000)
    jobs = shard(planned, dict.fromkeys(planned, 40.0), dict.fromkeys(planned, "a"))

    assert sorted(cell for job in jobs for cell in job) == sorted(planned)
    assert max(41 * len(job) / 2 for job in jobs) < LONGEST_JOB
