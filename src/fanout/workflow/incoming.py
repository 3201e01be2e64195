"""Evidence as it comes from jobs that ran foreign code: taken only where it is as was planned.

Format: one folder `evidence-<shard>` for each job, in it one folder for each attempt, `1` first,
and in that `<cell>.xml`, as an artifact of the job was unpacked. GitHub's action may leave out the
outer folder where it found one artifact only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from fanout.cells.evidence import LARGEST_FILE
from fanout.workflow.plan import Plan, Shard

PREFIX = "evidence-"


class Refused(Exception):
    """A job left something else than evidence of its cells."""


def take(incoming: Path, plan: Plan, target: Path) -> dict[str, str]:
    """Copy the evidence of every job into `target`, a folder an attempt; why cells have none.

    A job that left anything but evidence of its own cells is refused as a whole.
    """
    for number in range(1, plan.attempts + 1):
        (target / str(number)).mkdir(parents=True)
    reasons: dict[str, str] = {}
    for shard in plan.shards:
        try:
            found = list(files(place(incoming, shard), shard, plan.attempts))
        except Refused as error:
            reasons |= dict.fromkeys(shard.cells, f"its job's evidence is refused: {error}")
            continue
        for attempt, file in found:
            shutil.copyfile(file, target / attempt / file.name, follow_symlinks=False)
        left = {file.stem for attempt, file in found if attempt == "1"}
        why = "its job left evidence, but none of it" if left else "its job left no evidence"
        reasons |= dict.fromkeys((cell for cell in shard.cells if cell not in left), why)
    return reasons


def place(incoming: Path, shard: Shard) -> Path:
    """Where a job's evidence is: in a folder of its own, or in that of all if it is alone."""
    own = incoming / f"{PREFIX}{shard.name}"
    alone = any((incoming / "1" / f"{cell}.xml").exists() for cell in shard.cells)
    return incoming if alone and not own.exists() else own


def files(folder: Path, shard: Shard, attempts: int) -> Iterator[tuple[str, Path]]:
    """Each file of evidence with its attempt; raises Refused for whatever else is there."""
    expected = {str(number) for number in range(1, attempts + 1)}
    names = {f"{cell}.xml" for cell in shard.cells}
    for attempt in entries(folder, expected):
        if not attempt.is_dir(follow_symlinks=False):
            raise Refused(f"'{attempt.name}' is no folder")
        for file in entries(Path(attempt.path), names):
            if not file.is_file(follow_symlinks=False):
                raise Refused(f"'{file.name}' is no regular file")
            if file.stat(follow_symlinks=False).st_size > LARGEST_FILE:
                raise Refused(f"'{file.name}' is larger than {LARGEST_FILE} bytes")
            yield attempt.name, Path(file.path)


def entries(folder: Path, allowed: set[str]) -> Iterator[os.DirEntry[str]]:
    """What is in a folder; the first name that is not allowed ends it, however many follow."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as found:
        for entry in found:
            if entry.name not in allowed:
                raise Refused(f"'{entry.name[:100]!r}' is not among its cells and attempts")
            yield entry
