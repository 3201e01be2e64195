"""How the cells of a run are spread over the jobs of a workflow.

GitHub starts at most 256 jobs from one matrix, takes 1 MB of outputs from a job, two bytes for each
character, and bills each job in whole minutes: so a job is filled before there is another one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from heapq import heapreplace
from statistics import median
from types import MappingProxyType

from fanout.errors import UnusableInput

MOST_JOBS = 256
ALONE = 3  # up to so many cells have a job each
FULL = 60.0  # seconds of cells, two at a time, after which another job is worth its own start
LONGEST_JOB = 20 * 60.0  # seconds; an attempt at its cells is stopped after 25 minutes
SECONDS = 2.0  # that a cell takes of which no run has told yet
LONGEST_GROUP = 10 * 60.0  # seconds of cells of one content that share a job
TAKING = 0.05  # of the seconds of a cell that it takes to take over
MAKING = 1.0  # seconds that its env takes, which no run tells
LARGEST_MATRIX = 400 * 1024  # characters
LARGEST_JOB = 96 * 1024  # bytes of names: they are one variable of a process


class TooManyCells(UnusableInput):
    """Cells do not fit into the jobs that GitHub starts; none is left out to make them fit."""


def shard(
    cells: Sequence[str],
    seconds: Mapping[str, float],
    contents: Mapping[str, str] = MappingProxyType({}),
    *,
    most: int = MOST_JOBS,
) -> tuple[tuple[str, ...], ...]:
    """The cells of each job: every cell once, and at most `most` jobs.

    `seconds` is what cells took so far, and `contents` what of Core they met. A few cells have a
    job each; more are spread evenly over as few jobs as keep each one short, the longest first, to
    the job that has least to do. Cells of one pack and content share a job, in which one of them
    runs. Raises TooManyCells where that is impossible.
    """
    if len(set(cells)) < len(cells):
        raise TooManyCells("a cell is planned twice", "see `tox list` for the cells")
    if len(cells) <= min(ALONE, most):
        return tuple((cell,) for cell in cells)
    took = lengths(cells, seconds)
    alike = leaders(cells, contents, took)
    for cell, leader in alike.items():
        if cell != leader:
            took[leader] += TAKING * took.pop(cell)
    jobs = spread(alike, took, min(most, math.ceil(sum(took.values()) / FULL)))
    longest = max(sum(took.get(cell, 0) for cell in job) for job in jobs)
    largest = max(len(",".join(job)) for job in jobs)
    matrix = len(json.dumps(jobs)) + 64 * len(jobs)
    if longest > LONGEST_JOB or largest > LARGEST_JOB or matrix > LARGEST_MATRIX:
        raise TooManyCells(
            f"{len(cells)} cells do not fit into {most} jobs: one would take {longest:.0f} seconds",
            "run fewer packs, or fewer Core refs",
        )
    return jobs


def lengths(cells: Sequence[str], seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds that each cell is expected to take; one without a record is like most others."""
    known = [seconds[cell] for cell in cells if cell in seconds]
    usual = median(known) if known else SECONDS
    return {cell: MAKING + seconds.get(cell, usual) for cell in cells}


def leaders(
    cells: Sequence[str], contents: Mapping[str, str], took: Mapping[str, float]
) -> dict[str, str]:
    """For each cell the one that it shares a job with, maybe itself, as it met the same.

    Should none of them take over, they still end in time: no more share a job than do so.
    """
    found: dict[str, str] = {}
    newest: dict[tuple[str, str], tuple[str, float]] = {}
    for cell in cells:
        group = cell.partition("-")[0], contents.get(cell, cell)
        leader, whole = newest.get(group, (cell, 0.0))
        if whole + took[cell] > LONGEST_GROUP:
            leader, whole = cell, 0.0
        newest[group] = leader, whole + took[cell]
        found[cell] = leader
    return found


def spread(
    alike: Mapping[str, str], took: Mapping[str, float], number: int
) -> tuple[tuple[str, ...], ...]:
    """Jobs of cells; `alike` names for each the one whose job it shares, maybe itself."""
    leading = dict.fromkeys(alike.values())
    load = [(0.0, at) for at in range(min(number, len(leading)))]
    job_of = {}
    for cell in sorted(leading, key=took.__getitem__, reverse=True):
        least, job_of[cell] = load[0]
        heapreplace(load, (least + took[cell], job_of[cell]))
    jobs: list[list[str]] = [[] for _ in load]
    for cell, leader in alike.items():
        jobs[job_of[leader]].append(cell)
    return tuple(map(tuple, jobs))
