"""The tables of the database: what they hold, and how a row is found and added.

What a cell said is held once as evidence, however often it said so; an attempt is when it did.
Times are microseconds since 1970, durations milliseconds; `packs`, `matrix` and `contract` are
JSON. `environment` is a digest of Python and all distributions but Core, empty if not known.
`ran_as` is the cell that really ran, and `ran` when it did; NULL for a cell that ran itself.
`first` and `newest` are of the attempts with that evidence, so that nobody has to read them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

VERSION = 5  # of these tables; a database with other ones is made again
TABLES = """
CREATE TABLE document (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, run TEXT NOT NULL, command TEXT NOT NULL,
    started INTEGER NOT NULL, finished INTEGER NOT NULL, answer TEXT NOT NULL,
    candidate TEXT NOT NULL, baseline TEXT NOT NULL, packs TEXT NOT NULL, matrix TEXT NOT NULL);
CREATE TABLE cell (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, pack TEXT NOT NULL, core_ref TEXT NOT NULL);
CREATE INDEX cell_of_pack ON cell (pack);
CREATE TABLE content (
    id INTEGER PRIMARY KEY, asked TEXT NOT NULL, source TEXT NOT NULL, version TEXT NOT NULL,
    digest TEXT NOT NULL, pack_digest TEXT NOT NULL, environment TEXT NOT NULL,
    UNIQUE (pack_digest, digest, asked, version, source, environment));
CREATE TABLE promise (
    id INTEGER PRIMARY KEY, pack TEXT NOT NULL, name TEXT NOT NULL, says TEXT NOT NULL,
    contract TEXT NOT NULL, core TEXT NOT NULL, UNIQUE (pack, name, says, contract, core));
CREATE TABLE results (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
CREATE TABLE result (
    results INTEGER NOT NULL, promise INTEGER NOT NULL, result TEXT NOT NULL,
    PRIMARY KEY (results, promise)) WITHOUT ROWID;
CREATE INDEX result_of_promise ON result (promise, results);
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY, cell INTEGER NOT NULL, content INTEGER NOT NULL,
    results INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
    supported INTEGER NOT NULL, first INTEGER, newest INTEGER,
    UNIQUE (cell, content, results, outcome, reason, supported));
CREATE INDEX evidence_of_results ON evidence (results);
CREATE TABLE attempt (
    evidence INTEGER NOT NULL, started INTEGER NOT NULL, took INTEGER NOT NULL,
    document INTEGER NOT NULL, ran_as TEXT, ran INTEGER,
    PRIMARY KEY (evidence, started, took, document)) WITHOUT ROWID;
CREATE INDEX attempt_in_document ON attempt (document);
"""
FIND = {
    "cell": "SELECT id FROM cell WHERE name = ? AND pack = ? AND core_ref = ?",
    "content": "SELECT id FROM content WHERE asked = ? AND source = ? AND version = ?"
    " AND digest = ? AND pack_digest = ? AND environment = ?",
    "promise": "SELECT id FROM promise WHERE pack = ? AND name = ? AND says = ?"
    " AND contract = ? AND core = ?",
    "results": "SELECT id FROM results WHERE digest = ?",
    "evidence": "SELECT id FROM evidence WHERE cell = ? AND content = ? AND results = ?"
    " AND outcome = ? AND reason = ? AND supported = ?",
}
# Evidence that is there, by what its cell and its content are: one question in place of three.
FIND_WHOLE = """
SELECT evidence.id FROM cell JOIN content JOIN evidence
ON evidence.cell = cell.id AND evidence.content = content.id
WHERE name = ? AND asked = ? AND source = ? AND version = ? AND digest = ? AND environment = ?
AND results = ? AND pack_digest = ? AND outcome = ? AND reason = ? AND supported = ?"""
ADD = {
    "cell": "INSERT INTO cell VALUES (NULL, ?, ?, ?)",
    "content": "INSERT INTO content VALUES (NULL, ?, ?, ?, ?, ?, ?)",
    "promise": "INSERT INTO promise VALUES (NULL, ?, ?, ?, ?, ?)",
    "results": "INSERT INTO results VALUES (NULL, ?)",
    "evidence": "INSERT INTO evidence VALUES (NULL, ?, ?, ?, ?, ?, ?, NULL, NULL)",
}
ADD_DOCUMENT = "INSERT INTO document VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SPAN = """
UPDATE evidence SET
    first = (SELECT min(started) FROM attempt WHERE attempt.evidence = evidence.id),
    newest = (SELECT max(started) FROM attempt WHERE attempt.evidence = evidence.id)"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
