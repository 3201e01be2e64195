"""The database of the history, published for those who want to query it.

Its rows are numbered anew, by what they say, so that the same documents give the same file in
whatever order they came. A large one is published as it is: to number it would take too long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from shutil import copyfile

from fanout.dashboard.data.latest import documents
from fanout.dashboard.edition import Edition
from fanout.dashboard.site import Content, Part
from fanout.history.database import FILE, made
from fanout.history.query import History

LARGE = 16 * 1024 * 1024  # bytes
# Each table with the number that a row gets; `old` is the database of the history.
NUMBERS = """
CREATE TEMP TABLE document_as AS
SELECT id AS old, row_number() OVER (ORDER BY name) AS new FROM old.document;
CREATE TEMP TABLE cell_as AS
SELECT id AS old, row_number() OVER (ORDER BY name) AS new FROM old.cell
WHERE id IN (SELECT cell FROM old.evidence);
CREATE TEMP TABLE content_as AS
SELECT id AS old,
    row_number() OVER (ORDER BY pack_digest, digest, asked, version, source, environment) AS new
FROM old.content WHERE id IN (SELECT content FROM old.evidence);
CREATE TEMP TABLE results_as AS
SELECT id AS old, row_number() OVER (ORDER BY digest) AS new FROM old.results
WHERE id IN (SELECT results FROM old.evidence);
CREATE TEMP TABLE promise_as AS
SELECT id AS old, row_number() OVER (ORDER BY pack, name, says, contract, core) AS new
FROM old.promise WHERE id IN (
    SELECT promise FROM old.result WHERE results IN (SELECT old FROM results_as));
CREATE TEMP TABLE evidence_as AS
SELECT id AS old, row_number() OVER (
    ORDER BY cell_as.new, content_as.new, results_as.new, outcome, reason, supported) AS new
FROM old.evidence JOIN cell_as ON cell_as.old = cell
JOIN content_as ON content_as.old = content JOIN results_as ON results_as.old = results;
"""
ROWS = """
INSERT INTO document
SELECT new, name, run, command, started, finished, answer, candidate, baseline, packs, matrix
FROM old.document JOIN document_as ON old = id ORDER BY new;
INSERT INTO cell SELECT new, name, pack, core_ref
FROM old.cell JOIN cell_as ON old = id ORDER BY new;
INSERT INTO content SELECT new, asked, source, version, digest, pack_digest, environment
FROM old.content JOIN content_as ON old = id ORDER BY new;
INSERT INTO results SELECT new, digest FROM old.results JOIN results_as ON old = id ORDER BY new;
INSERT INTO promise SELECT new, pack, name, says, contract, core
FROM old.promise JOIN promise_as ON old = id ORDER BY new;
INSERT INTO result SELECT results_as.new, promise_as.new, result
FROM old.result JOIN results_as ON results_as.old = results
JOIN promise_as ON promise_as.old = promise ORDER BY 1, 2;
INSERT INTO evidence
SELECT evidence_as.new, cell_as.new, content_as.new, results_as.new, outcome, reason, supported,
    first, newest
FROM old.evidence JOIN evidence_as ON evidence_as.old = id JOIN cell_as ON cell_as.old = cell
JOIN content_as ON content_as.old = content JOIN results_as ON results_as.old = results
ORDER BY 1;
INSERT INTO attempt SELECT evidence_as.new, started, took, document_as.new, ran_as, ran
FROM old.attempt JOIN evidence_as ON evidence_as.old = evidence
JOIN document_as ON document_as.old = document ORDER BY 1, 2, 3, 4;
"""


def parts(edition: Edition) -> Iterator[Part]:
    history = edition.snapshot.history
    yield edition.part(FILE, documents(edition.snapshot), lambda: {FILE: published(history)})


def published(history: History) -> Content:
    """The file of a history's database."""
    path = history.folder / FILE
    if not path.is_file():
        return history.database.serialize()
    if path.stat().st_size > LARGE:
        return partial(copied, history.database, path)
    with closing(made(sqlite3.connect(":memory:"))) as database:
        database.execute("ATTACH ? AS old", (str(path),))
        database.executescript(f"BEGIN; {NUMBERS} {ROWS} COMMIT;")
        return database.serialize()


def copied(database: sqlite3.Connection, path: Path, to: Path) -> None:
    """Copy the database; whoever adds a run meanwhile waits until the copy is whole."""
    database.execute("BEGIN")
    try:
        database.execute("SELECT count(*) FROM document").fetchone()
        copyfile(path, to)
    finally:
        database.rollback()
