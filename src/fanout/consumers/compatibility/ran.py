"""What live cells have said of releases with contents of Core: the newest evidence of each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from fanout.cells.evidence import UnreadableEvidence
from fanout.cells.live import Imported, Live, read_live
from fanout.consumers.imports import Imports

EVIDENCE = "*_live-core_*.xml"


class Tried(NamedTuple):
    """A release of a consumer, and the digest of the Core that it was imported with."""

    consumer: str
    release: str
    digest: str


def evidence_folders(root: Path) -> Iterator[Path]:
    """The folders in which live cells left evidence: of `tox run`, and of each run of this tool."""
    yield Path(os.environ.get("EVIDENCE") or root / "evidence")
    yield from sorted(root.glob("runs/*/"))


def read_tried(folders: Iterable[Path]) -> Mapping[Tried, Live]:
    """The newest live evidence of each in some folders; what cannot be read is passed over.

    What has no verdict of all modules says nothing.
    """
    found: dict[Tried, Live] = {}
    for file in (file for folder in folders for file in sorted(folder.glob(EVIDENCE))):
        try:
            live = read_live(file)
        except UnreadableEvidence:
            continue
        key = Tried(live.consumer, live.release, live.digest)
        newer = key not in found or found[key].started < live.started
        if newer and imports(live).found is not Imported.ERRORED:
            found[key] = live
    return found


def imports(live: Live) -> Imports:
    return Imports(cell=live.cell, release=live.release, modules=live.modules)
