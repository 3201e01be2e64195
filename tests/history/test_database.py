"""The database of a history: made of the documents, at any time, whatever happened to it."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from fanout import processes
from fanout.errors import UnreadableDocument, UnusableHistory
from fanout.history import database
from fanout.history.database import FILE
from fanout.history.document import read_run
from fanout.history.past import Past
from fanout.history.query import History
from tests.worlds.runs import BROKEN, NAME, START, cell, missing, record

NOW = START + timedelta(days=30)


def past(folder: Path) -> Past:
    with History(folder) as history:
        return history.past(NOW)


def fill(folder: Path, runs: int = 3) -> Past:
    """A few runs, and what their history says."""
    for day in range(runs):
        record(folder, cell(day=day), cell("1.3.0", BROKEN, day=day), missing(), day=day)
    return past(folder)


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents that the database reads from now on."""
    seen: list[str] = []

    def read(path: Path) -> object:
        seen.append(path.name)
        return read_run(path)

    monkeypatch.setattr(database, "read_run", read)
    return seen


def test_only_new_documents_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look reads nothing, a new run one document, one that came late as well."""
    fill(tmp_path)
    seen = reads(monkeypatch)
    assert past(tmp_path).runs == 3
    assert seen == []
    new = [record(tmp_path, cell(day=day), day=day).name for day in (9, -9)]
    assert past(tmp_path).runs == 5
    assert sorted(seen) == sorted(new)


def test_order_of_arrival_makes_no_difference(tmp_path: Path) -> None:
    """The same documents, read one by one in any order, give the same history."""
    whole = tmp_path / "whole"
    expected = fill(whole)
    for order in (1, -1):
        folder = tmp_path / str(order)
        folder.mkdir()
        for path in sorted(whole.glob("*.json"))[::order]:
            (folder / path.name).write_bytes(path.read_bytes())
            last = past(folder)
        assert last == expected


def said(folder: Path) -> list[str]:
    """Every statement that makes the database of a folder."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return list(connection.iterdump())


def test_processes_that_read_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents that other processes read give the same database, and one that is bad stops all."""
    expected = fill(tmp_path, runs=8)
    alone = said(tmp_path)
    (tmp_path / FILE).unlink()
    monkeypatch.setattr(processes, "WORTHWHILE", 0.0)
    seen = reads(monkeypatch)
    assert past(tmp_path) == expected
    assert said(tmp_path) == alone
    assert len(seen) == 1  # the others were read elsewhere
    (tmp_path / FILE).unlink()
    bad = tmp_path / "20260105T000000Z-0123456789ab.json"
    bad.write_text("{")
    with pytest.raises(UnreadableDocument, match=bad.name) as raised:
        past(tmp_path)
    assert raised.value.hint.startswith("restore it")


def test_documents_that_are_gone_are_dropped(tmp_path: Path) -> None:
    """What only a removed document said is gone; what another says as well stays."""
    expected = fill(tmp_path)
    twin = record(tmp_path, cell(day=0), day=0)
    alone = record(tmp_path, cell("1.4.0", BROKEN, day=5), day=5)
    with History(tmp_path) as history:
        assert "core_v140" in {one.core_ref for one in history.judgements("small", NAME)}
    alone.unlink()
    twin.unlink()
    assert past(tmp_path) == expected
    with History(tmp_path) as history:
        assert "core_v140" not in {one.core_ref for one in history.judgements("small", NAME)}


def absent(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def not_sqlite(file: Path) -> None:
    file.write_text("not a database", encoding="utf-8")


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: 3 * 4096 + 100])


def overwritten(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:8192] + os.urandom(len(content) - 8192))


def other_version(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("DELETE FROM attempt")


def other_tables(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE attempt RENAME TO other")


def index_damaged(file: Path) -> None:
    """A damage of the pages that only queries read, not the list of documents."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'attempt'")


@pytest.mark.parametrize(
    "damage",
    [absent, empty, not_sqlite, cut_off, overwritten, other_version, other_tables, index_damaged],
)
def test_a_damaged_database_is_made_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Whatever became of the database, the documents give it back, without a word."""
    expected = fill(tmp_path)
    damage(tmp_path / FILE)
    assert past(tmp_path) == expected
    record(tmp_path, cell(day=8), day=8)
    assert past(tmp_path).runs == 4


def test_a_journal_that_is_left(tmp_path: Path) -> None:
    """The journal of a process that was killed does not get into a database made after it."""
    expected = fill(tmp_path)
    journal = tmp_path / f"{FILE}-journal"
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("UPDATE document SET name = name || 'x'")
        connection.execute("CREATE TABLE other AS SELECT * FROM document, attempt, result")
        left = journal.read_bytes()
    assert len(left) > 4096
    (tmp_path / FILE).unlink()
    journal.write_bytes(left)
    assert past(tmp_path) == expected
    assert not journal.exists()


def test_a_document_that_cannot_be_read_stops(tmp_path: Path) -> None:
    """One bad document is named; once it is out of the way, every other run is there."""
    expected = fill(tmp_path)
    bad = tmp_path / "20270101T000000Z-0123456789ab.json"
    bad.write_text("{")
    for _ in range(2):
        with pytest.raises(UnreadableDocument, match=bad.name):
            past(tmp_path)
    bad.unlink()
    assert past(tmp_path) == expected


def test_no_history_leaves_no_trace(tmp_path: Path) -> None:
    """A folder that is absent or empty is an empty history, and stays as it is."""
    for folder in (tmp_path / "absent", tmp_path):
        with History(folder) as history:
            assert not list(history.judgements("small", NAME))
            assert history.seconds("small-core_v120") is None
            assert history.results("small", "") == {}
            assert history.past(NOW) == Past(runs=0, promises=(), cells=())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(tmp_path: Path) -> None:
    """Where the database does not fit, the error says so, and the documents stay."""
    record(tmp_path, cell())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(UnusableHistory, match="cannot be written") as raised:
            past(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.exit_code == 3
    assert past(tmp_path).runs == 1


LOOK = """
import sys
from pathlib import Path
from fanout.history.query import History
print("ready", flush=True)
sys.stdin.readline()
with History(Path(sys.argv[1])) as history:
    print(history.rows("SELECT count(*) FROM document")[0][0], flush=True)
"""


def look(folder: Path) -> subprocess.Popen[bytes]:
    """A process that says ready, and at a word fills the database and counts the documents."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOOK, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return process


def start(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()


def test_kill_while_filling(tmp_path: Path) -> None:
    """A process killed at any point of filling leaves a database that the next one completes."""
    for number in range(350):
        record(tmp_path, cell(day=number), missing(), day=number)
    for wait in (0.0, 0.01, 0.03, 0.06, 0.1):
        (tmp_path / FILE).unlink(missing_ok=True)
        process = look(tmp_path)
        start(process)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert past(tmp_path).runs == 350
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM attempt").fetchone() == (700,)


def test_two_processes_at_once(tmp_path: Path) -> None:
    """Three processes fill one database together, and each one sees every run once."""
    for number in range(150):
        record(tmp_path, cell(day=number), day=number)
    processes = [look(tmp_path) for _ in range(3)]
    start(*processes)
    for process in processes:
        said, _ = process.communicate(timeout=60)
        assert (said, process.returncode) == (b"150\n", 0)
    assert past(tmp_path).cells[0].runs == 150
