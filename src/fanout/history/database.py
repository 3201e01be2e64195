"""The database of a history: what its documents say, in a form that answers at once.

It is made of the documents alone and holds nothing else, so it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from itertools import islice
from pathlib import Path

from filelock import FileLock, Timeout

from fanout.errors import UnusableHistory
from fanout.history.document import document_names, read_run
from fanout.history.rows import Rows, Words, rows_of
from fanout.history.tables import ADD, ADD_DOCUMENT, FIND, FIND_WHOLE, SPAN, TABLES, VERSION
from fanout.processes import each

FILE = "history.sqlite"
LONGEST_WAIT = 600  # seconds, for another process that is filling the same database
AT_ONCE = 100  # documents, so that a process that is stopped has not worked for nothing
# What says that a database is whole, and its surroundings are not.
OUTSIDE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
CACHE = "PRAGMA cache_size = -65536"  # 64 MiB, so that filling does not wait for the disk
NOTHING: Words = ("",) * 5  # was installed


class Damaged(Exception):
    """The database is not one, or not of these tables, and must be made again."""


def current(folder: Path) -> sqlite3.Connection:
    """The database of a folder, with every document that is there and with no other.

    It reads only what it has not read before; it is made from nothing if it is absent, damaged
    or of another version. A folder without documents has an empty one, in memory. Raises
    UnreadableDocument or UnusableHistory; what was read by then stays.
    """
    names = document_names(folder)
    if not names:
        return made(sqlite3.connect(":memory:"))
    with outside_errors(folder):
        try:
            database = opened(folder)
            with damage(), closing_on_error(database):
                if known(database) == names:
                    return database
            database.close()
        except Damaged:
            pass  # what is damaged is made again under the lock
        return updated(folder)


def rebuilt(folder: Path) -> sqlite3.Connection:
    """The database of a folder, made again because the one that is there is damaged."""
    with outside_errors(folder):
        return updated(folder, again=True)


def updated(folder: Path, again: bool = False) -> sqlite3.Connection:
    """The database with what it lacked; one process at a time does this."""
    with FileLock(folder / f"{FILE}.lock", timeout=LONGEST_WAIT):
        try:
            if again:
                raise Damaged
            return filled(opened(folder), folder)
        except Damaged:
            (folder / FILE).unlink(missing_ok=True)
            database = sqlite3.connect(folder / FILE, timeout=LONGEST_WAIT)
            return filled(made(database), folder)


def opened(folder: Path) -> sqlite3.Connection:
    """The database that is there; raises Damaged if there is none of this version."""
    if not (folder / FILE).is_file():
        raise Damaged
    database = sqlite3.connect(folder / FILE, timeout=LONGEST_WAIT)
    with damage(), closing_on_error(database):
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            raise Damaged
    return database


def made(database: sqlite3.Connection) -> sqlite3.Connection:
    """A new database with these tables, all or none of them."""
    database.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
    return database


def known(database: sqlite3.Connection) -> frozenset[str]:
    return frozenset(name for (name,) in database.execute("SELECT name FROM document"))


def filled(database: sqlite3.Connection, folder: Path) -> sqlite3.Connection:
    """The database with the documents that are new, and without what only those gone said."""
    with damage(), closing_on_error(database):
        database.execute(CACHE)
        names, there = document_names(folder), known(database)
        if gone := there - names:
            with database:
                drop(database, gone)
        new = sorted(names - there)
        with closing(each(read, [folder / name for name in new])) as read_now:
            left = iter(new)
            while batch := list(islice(left, AT_ONCE)):
                with database:
                    writer = Writer(database)
                    for name, rows in zip(batch, read_now, strict=False):
                        writer.add(name, rows)
                    writer.finish()
    return database


def read(document: Path) -> Rows:
    return rows_of(read_run(document))


def drop(database: sqlite3.Connection, gone: frozenset[str]) -> None:
    database.executemany("DELETE FROM document WHERE name = ?", ((name,) for name in gone))
    database.execute("DELETE FROM attempt WHERE document NOT IN (SELECT id FROM document)")
    database.execute("DELETE FROM evidence WHERE id NOT IN (SELECT evidence FROM attempt)")
    database.execute(SPAN)


@contextmanager
def closing_on_error(database: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


@contextmanager
def damage() -> Iterator[None]:
    """Errors of SQLite that say that the database itself is damaged, as Damaged."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        if code & 0xFF in OUTSIDE:
            raise
        raise Damaged(str(error)) from error


@contextmanager
def outside_errors(folder: Path) -> Iterator[None]:
    """Errors that another folder or more room would mend, as UnusableHistory."""
    try:
        yield
    except (OSError, sqlite3.Error, Damaged) as error:
        why = "another process holds it" if isinstance(error, Timeout) else error
        raise UnusableHistory(
            f"the database '{folder / FILE}' cannot be written: {why}",
            "make room, or see that the folder can be written; the documents are as they were",
        ) from error


class Writer:
    """Writes documents into the database, every distinct thing once."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        # Most of a run is as it was in the one before, and known by now.
        self.id = cache(self.found_id)
        self.results = cache(self.found_results)
        self.evidence = cache(self.found_evidence)
        self.touched: set[int] = set()

    def add(self, name: str, rows: Rows) -> None:
        """Write a document; there is none of this name yet."""
        document = self.database.execute(ADD_DOCUMENT, (name, *rows.document)).lastrowid
        cores = {None: NOTHING} | dict(enumerate(rows.cores))
        told = {None: (None, "")} | {
            at: (self.results(said), pack_digest)
            for at, (said, pack_digest) in enumerate(rows.results)
        }
        attempts = [
            (self.evidence(cores[core], *told[results], *said), at, took, document, ran_as, ran)
            for core, results, *said, at, took, ran_as, ran in rows.attempts
        ]
        self.database.executemany(
            "INSERT OR IGNORE INTO attempt VALUES (?, ?, ?, ?, ?, ?)", attempts
        )
        self.touched.update(evidence for evidence, *_ in attempts)

    def finish(self) -> None:
        """Say of the evidence that was seen again when it was."""
        seen = ((evidence,) for evidence in sorted(self.touched))
        self.database.executemany(f"{SPAN} WHERE id = ?", seen)

    def found_evidence(
        self, core: Words, results: int | None, pack_digest: str, cell: str, *came: str | int
    ) -> int:
        """The id of the evidence of a cell, which is written if it is new."""
        results = self.results(()) if results is None else results
        whole = (cell, *core, results, pack_digest, *came)
        if known := self.database.execute(FIND_WHOLE, whole).fetchone():
            return int(known[0])
        pack, _, core_ref = cell.partition("-")
        *of_core, environment = core
        return self.id(
            "evidence",
            self.id("cell", cell, pack, core_ref),
            self.id("content", *of_core, pack_digest, environment),
            results,
            *came,
        )

    def found_results(self, said: tuple[Words, ...]) -> int:
        """The id of these results, which are written if they are new."""
        distinct = {one[:2]: one for one in said}.values()
        digest = hashlib.sha256(json.dumps(sorted(distinct)).encode()).digest()[:16]
        number = self.id("results", digest)
        self.database.executemany(
            "INSERT OR IGNORE INTO result VALUES (?, ?, ?)",
            [(number, self.id("promise", *promise), result) for *promise, result in distinct],
        )
        return number

    def found_id(self, table: str, *values: str | int | bytes) -> int:
        """The id of the row with these values, which is written if it is new."""
        found = self.database.execute(FIND[table], values).fetchone()
        if found is None:
            self.database.execute(ADD[table], values)
            found = self.database.execute(FIND[table], values).fetchone()
        return int(found[0])
