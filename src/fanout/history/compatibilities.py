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
from fanout.history.kept import keep, read_printable
from fanout.model import Frozen

FOLDER = "compatibility"


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
        kept = read_printable(file, KeptCompatibility)
        if kept and kept.consumer.consumer == file.stem:
            yield kept


def keep_compatibility(history: Path, found: Compatibility) -> None:
    """Keep what was found in the place of what was found before. Raises UnusableHistory."""
    for one in found.consumers:
        kept = KeptCompatibility(made=found.made, consumer=one)
        keep(compatibility_file(history, one.consumer), kept)
