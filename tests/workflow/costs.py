"""What each kind of run costs, as the workflow's document says it."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests import ROOT

DOCUMENT = (ROOT / ".github/workflows/README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (\d+) \|", re.MULTILINE)
CELLS = re.compile(r"(\d+) of cells")


class Costs(NamedTuple):
    """A row of the table: the jobs beside those of cells, the jobs of cells, and the minutes."""

    jobs: set[str]
    cells: int
    minutes: int


def costs(*said: str) -> Costs:
    """The one row whose kind of run says all of this."""
    ((jobs, minutes),) = [
        (jobs, minutes)
        for kind, jobs, minutes in ROW.findall(DOCUMENT)
        if all(one in kind for one in said)
    ]
    cells = CELLS.search(jobs)
    beside = {name for name in jobs.split(", ") if not CELLS.fullmatch(name)}
    return Costs(beside, int(cells[1]) if cells else 0, int(minutes))
