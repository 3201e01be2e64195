"""Evidence from jobs that ran foreign code: nothing but what was planned is taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fanout.cells.evidence import LARGEST_FILE
from fanout.notify.announcement import Request
from fanout.workflow.incoming import take
from fanout.workflow.plan import Plan, Shard

CELL = "small-core_v120"
OTHER = "small-core_v130"
PLAN = Plan(
    request=Request(),
    shards=(Shard(name="shard-1", cells=(CELL,)), Shard(name="shard-2", cells=(OTHER,))),
)


def write(path: Path, content: bytes = b"<testsuites/>") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def good(incoming: Path) -> None:
    write(incoming / "evidence-shard-1" / "1" / f"{CELL}.xml")
    write(incoming / "evidence-shard-2" / "1" / f"{OTHER}.xml")


def taken(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.xml"))


def test_evidence_of_planned_cells_is_taken(tmp_path: Path) -> None:
    """Each job's evidence is copied, by attempt, and no reason is given."""
    good(tmp_path / "in")

    assert take(tmp_path / "in", PLAN, tmp_path / "out") == {}
    assert taken(tmp_path / "out") == [f"1/{CELL}.xml", f"1/{OTHER}.xml"]


def test_the_only_artifact_may_have_no_folder(tmp_path: Path) -> None:
    """Evidence of one job, unpacked without a folder of its own, is that job's."""
    write(tmp_path / "in/1" / f"{CELL}.xml")

    reasons = take(tmp_path / "in", PLAN, tmp_path / "out")

    assert reasons == {OTHER: "its job left no evidence"}
    assert taken(tmp_path / "out") == [f"1/{CELL}.xml"]


def test_a_job_without_evidence_is_named(tmp_path: Path) -> None:
    """Cells of a job that left nothing have no evidence, and the reason says so."""
    write(tmp_path / "in/evidence-shard-1/1" / f"{CELL}.xml")

    assert take(tmp_path / "in", PLAN, tmp_path / "out") == {OTHER: "its job left no evidence"}


def link(folder: Path) -> None:
    secret = write(folder.parents[1] / "secret.xml")
    (folder / "1" / f"{CELL}.xml").unlink()
    (folder / "1" / f"{CELL}.xml").symlink_to(secret)


def linked_folder(folder: Path) -> None:
    elsewhere = folder.parents[1] / "elsewhere"
    (folder / "1").rename(elsewhere)
    (folder / "1").symlink_to(elsewhere)


def pipe(folder: Path) -> None:
    (folder / "1" / f"{CELL}.xml").unlink()
    os.mkfifo(folder / "1" / f"{CELL}.xml")


def large(folder: Path) -> None:
    with (folder / "1" / f"{CELL}.xml").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "cell-of-another-job": lambda folder: write(folder / "1" / f"{OTHER}.xml"),
    "unknown-cell": lambda folder: write(folder / "1" / "evil-core_v1.xml"),
    "another-file": lambda folder: write(folder / "1" / "conftest.py"),
    "nested": lambda folder: write(folder / "1" / "deeper" / f"{CELL}.xml"),
    "another-attempt": lambda folder: write(folder / "2" / f"{CELL}.xml"),
    "hidden": lambda folder: write(folder / ".git" / "config"),
    "many": lambda folder: [write(folder / "1" / f"{at}.xml") for at in range(2000)],
    "link": link,
    "linked-folder": linked_folder,
    "pipe": pipe,
    "large": large,
    "file-for-folder": lambda folder: write(folder / "3"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_job_that_leaves_anything_else_is_refused(name: str, tmp_path: Path) -> None:
    """Nothing of such a job is taken, its cells say why, and other jobs are as they were."""
    good(tmp_path / "in")
    HOSTILE[name](tmp_path / "in/evidence-shard-1")

    reasons = take(tmp_path / "in", PLAN, tmp_path / "out")

    assert list(reasons) == [CELL]
    assert "refused" in reasons[CELL]
    assert taken(tmp_path / "out") == [f"1/{OTHER}.xml"]


def test_an_artifact_that_nobody_planned_is_left_aside(tmp_path: Path) -> None:
    """A folder under another name is not looked into."""
    good(tmp_path / "in")
    write(tmp_path / "in/evidence-shard-9/1" / f"{CELL}.xml", b"forged")

    assert take(tmp_path / "in", PLAN, tmp_path / "out") == {}
    assert (tmp_path / "out/1" / f"{CELL}.xml").read_bytes() == b"<testsuites/>"
