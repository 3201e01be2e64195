"""Small documents in a history of which the newest alone is kept, such as a measurement.

Format: JSON, one model a file. A file that this version would not have written is as if it were
not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from fanout.errors import UnreadableDocument
from fanout.history.document import is_printable, read_whole, write_whole

LARGEST = 4 * 1024 * 1024  # bytes
M = TypeVar("M", bound=BaseModel)


def read_kept(file: Path, model: type[M]) -> M | None:
    """What a file holds, if there is one that can be read."""
    try:
        return model.model_validate_json(read_whole(file, LARGEST))
    except (UnreadableDocument, ValueError):
        return None


def read_printable(file: Path, model: type[M]) -> M | None:
    """The same, unless a text in it could fool a reader."""
    kept = read_kept(file, model)
    return kept if kept and is_printable(kept.model_dump(mode="json")) else None


def keep(file: Path, kept: BaseModel) -> None:
    """Keep it in the place of the one before, unless it is too large. Raises UnusableHistory."""
    content = kept.model_dump_json(round_trip=True, exclude_defaults=True).encode() + b"\n"
    if len(content) <= LARGEST:
        write_whole(file, content, replace=True)
