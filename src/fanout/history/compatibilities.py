"""Which releases of a consumer go with which Cores, as that was found last, kept in the history.

Format: JSON, `compatibility/<distribution>.json` in the folder of the history, one file a consumer,
the newest alone. A file that this version would not have written is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime

from fanout.consumers.compatibility.answer import Compatibility, OfConsumer
from fanout.errors import UnreadableDocument
from fanout.history.document import is_printable, read_whole, write_whole
from fanout.model import Frozen

FOLDER = "compatibility"
LARGEST = 4 * 1024 * 1024


class KeptCompatibility(Frozen):
    """What was found of one consumer, and when."""

    schema_version: Literal[1] = 1
    made: AwareDatetime
    consumer: OfConsumer


def compatibility_file(history: Path, consumer: str) -> Path:
    return history / FOLDER / f"{consumer}.json"


def read_compatibilities(history: Path) -> Iterator[KeptCompatibility]:
    """What is kept of each consumer, as far as it can be read, by name."""
    for file in sorted((history / FOLDER).glob("*.json")):
        try:
            kept = KeptCompatibility.model_validate_json(read_whole(file, LARGEST))
        except (UnreadableDocument, ValueError):
            continue
        if kept.consumer.consumer == file.stem and is_printable(kept.model_dump(mode="json")):
            yield kept


def keep_compatibility(history: Path, found: Compatibility) -> None:
    """Keep what was found in the place of what was found before. Raises UnusableHistory."""
    for one in found.consumers:
        kept = KeptCompatibility(made=found.made, consumer=one)
        content = kept.model_dump_json(round_trip=True, exclude_defaults=True).encode() + b"\n"
        if len(content) <= LARGEST:
            write_whole(compatibility_file(history, one.consumer), content, replace=True)
