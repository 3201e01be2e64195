"""The documents of the history: one immutable JSON file for each run.

Format: JSON as `run.schema.json` says, named `<started>-<run id>.json`, so that runs on different
machines never conflict. A document is there whole or not at all, and nothing ever replaces it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from fanout.cause.fewest import Cause
from fanout.consumers.affected import Affected
from fanout.errors import UnreadableDocument, UnusableHistory
from fanout.files import put, sync_names
from fanout.history.gather import Gathered, ended, utc
from fanout.history.run import (
    SCHEMA_VERSION,
    CellDecision,
    MatrixInRun,
    PackInRun,
    PromiseDecision,
    Run,
)
from fanout.model import Answer, CellReport, CellVerdict, Core, Matrix, PackOnDisk, Verdict
from fanout.wording import printable

LARGEST_DOCUMENT = 64 * 1024 * 1024
UNSAID = frozenset({Verdict.PASSING, Verdict.NOT_APPLICABLE})
HINT = "restore it from where it was written, or move it out of the folder"


class Head(BaseModel):
    """What documents of every schema version begin with."""

    schema_version: int


def make_run(
    command: str,
    started: datetime,
    attempts: Sequence[Sequence[CellReport]],
    packs: Mapping[str, PackOnDisk],
    *,
    matrix: Matrix | None = None,
    candidate: Core | None = None,
    baseline: Core | None = None,
    answer: Answer | None = None,
    only_new: bool = False,
    verdicts: Sequence[CellVerdict] = (),
    causes: Sequence[Cause] = (),
    consumers: Sequence[Affected] = (),
) -> Run:
    """The run with a fresh id; `attempts` holds the first attempt at every cell, then the others.

    It finished when its last cell did. Of findings that are equal in all but their text the first
    text is held, whole up to LONGEST_WHOLE_TEXT. Once the texts fill LARGEST_TEXTS together, and
    in every other field, one longer than LONGEST_TEXT loses its middle.
    """
    gathered = Gathered()
    tried = tuple(
        gathered.attempt(report, number)
        for number, reports in enumerate(attempts, 1)
        for report in reports
    )
    began = utc(started)
    return Run(
        schema_version=1,
        id=secrets.token_hex(8),
        command=command,
        started=began,
        finished=max((ended(began, attempt) for attempt in tried), default=began),
        candidate=candidate,
        baseline=baseline,
        answer=answer,
        only_new=only_new,
        packs={name: pack_in_run(pack) for name, pack in packs.items()},
        matrix=matrix_in_run(matrix) if matrix else None,
        attempts=tried,
        verdicts=tuple(map(cell_decision, verdicts)),
        causes=tuple(causes),
        consumers=tuple(consumers),
        results=tuple(gathered.results.seen),
        findings=gathered.findings,
        environments=tuple(gathered.environments.seen),
        distributions=tuple(gathered.distributions.seen),
    )


def reported(
    cells: Sequence[CellReport], packs: Mapping[str, PackOnDisk], matrix: Matrix
) -> Run | None:
    """The run that left the evidence of cells; None without any evidence: then there was none.

    It began when its first cell did. The same evidence reported again is the same document.
    """
    started = [utc(cell.evidence.started) for cell in cells if cell.evidence]
    if not started:
        return None
    return repeatable(make_run("report", min(started), (cells,), packs, matrix=matrix))


def repeatable(run: Run) -> Run:
    """The run with an id made of its content: recorded again, it is the same document."""
    content = to_json(run.model_copy(update={"id": "0" * 12}))
    return run.model_copy(update={"id": hashlib.sha256(content).hexdigest()[:16]})


def pack_in_run(pack: PackOnDisk) -> PackInRun:
    return PackInRun(digest=pack.digest, **pack.says.model_dump(exclude={"assignees"}))


def matrix_in_run(matrix: Matrix) -> MatrixInRun:
    refs = (cell.core_ref for cell in matrix.cells)
    return MatrixInRun(
        packs=matrix.packs,
        core_refs=tuple(dict.fromkeys(ref for ref in refs if ref.startswith("core_v"))),
    )


def cell_decision(cell: CellVerdict) -> CellDecision:
    return CellDecision(
        cell=cell.cell,
        baseline=cell.baseline,
        verdict=cell.verdict,
        reason=cell.reason,
        promises=tuple(
            PromiseDecision(name=promise.name, verdict=promise.verdict, flaky=promise.flaky)
            for promise in cell.promises
            if promise.verdict not in UNSAID
        ),
    )


def document_name(run: Run) -> str:
    return f"{utc(run.started):%Y%m%dT%H%M%SZ}-{run.id}.json"


def to_json(run: Run) -> bytes:
    return run.model_dump_json(exclude_defaults=True).encode() + b"\n"


def schema() -> str:
    """The JSON Schema of a document, as it is published."""
    return json.dumps(Run.model_json_schema(), indent=2) + "\n"


def document_names(folder: Path) -> frozenset[str]:
    """The documents in a folder, none if it is not there; one being written is not among them."""
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries)
            return frozenset(name for name in names if name.endswith(".json") and name[0] != ".")
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        raise UnusableHistory(
            f"'{folder}' cannot be read: {error.strerror}", "name a folder that can be read"
        ) from error


def write_run(run: Run, folder: Path) -> Path:
    """Write the document of a run, whole or not at all; an equal one that is there stays.

    Raises UnusableHistory if it cannot be written.
    """
    path, content = folder / document_name(run), to_json(run)
    if len(content) > LARGEST_DOCUMENT:
        raise UnusableHistory(
            f"the document of this run would be larger than {LARGEST_DOCUMENT} bytes",
            "see the evidence for what is so large",
        )
    if write_whole(path, content) != content:
        raise UnusableHistory(
            f"'{path}' is there, and is another document", "move it out of the folder"
        )
    return path


def write_whole(path: Path, content: bytes, *, replace: bool = False) -> bytes:
    """Write a file of a history, whole or not at all, and give what the file then holds.

    One that is there stays as it is, unless it is to be replaced. Raises UnusableHistory.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_through(part, content)
            if replace:
                put(part, path)
            else:
                # Unlike a rename, a link never replaces a file.
                with suppress(FileExistsError):
                    os.link(part, path)
            sync_names(path.parent)
        finally:
            part.unlink(missing_ok=True)
        return path.read_bytes()
    except OSError as error:
        raise UnusableHistory(
            f"'{path}' cannot be written: {error.strerror}",
            "make room, or name a folder that can be written; every earlier run is still there",
        ) from error


def write_through(part: Path, content: bytes) -> None:
    """Write a new file, and return when it is on the disk itself."""
    with part.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_run(path: Path) -> Run:
    """The run in a document; raises UnreadableDocument with what to do."""
    content = read_whole(path, LARGEST_DOCUMENT)
    try:
        return Run.model_validate_json(content)
    except ValidationError as error:
        raise refusal(path, content, error) from error


def read_whole(path: Path, largest: int) -> bytes:
    """The content of a file of a history; raises UnreadableDocument if it has more bytes."""
    try:
        if not path.is_file():
            raise UnreadableDocument(f"'{path}' is not a regular file", HINT)
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise UnreadableDocument(f"'{path}' cannot be read: {error.strerror}", HINT) from error
    if len(content) > largest:
        raise UnreadableDocument(f"'{path}' is larger than {largest} bytes", HINT)
    return content


def is_printable(value: object) -> bool:
    """Whether no text in the data of a document could fool a reader."""
    match value:
        case str():
            return printable(value) == value
        case dict():
            return all(map(is_printable, (*value, *value.values())))
        case list():
            return all(map(is_printable, value))
    return True


def refusal(path: Path, content: bytes, error: ValidationError) -> UnreadableDocument:
    """Why a document was refused, and what to do about it."""
    try:
        version = Head.model_validate_json(content).schema_version
    except ValidationError:
        version = 0
    if version > SCHEMA_VERSION:
        return UnreadableDocument(
            f"'{path}' has schema version {version}, and this fanout reads up to {SCHEMA_VERSION}",
            "upgrade fanout to the release that wrote it",
        )
    first = error.errors(include_url=False, include_input=False)[0]
    where = printable(".".join(map(str, first["loc"])))
    if first["type"] == "json_invalid":
        return UnreadableDocument(f"'{path}' is cut off or not JSON: {first['msg']}", HINT)
    return UnreadableDocument(
        f"'{path}' is not the document of a run: {where}: {first['msg']}", HINT
    )
