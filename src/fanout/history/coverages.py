"""What packs pin of what their consumers use, and the map of a Core, as they were told last.

Format: JSON in the folder of the history, the newest alone: `coverage/<pack>.json`, one file a
pack, and `coverage/map/core.json`. A file that this version would not have written is as if it
were not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime

from fanout.consumers.coverage.answer import Coverage
from fanout.consumers.coverage.core_map import CoreMap
from fanout.history.kept import keep, read_printable
from fanout.history.strengths import PACK
from fanout.model import Frozen
from fanout.wording import number

FOLDER = "coverage"
MAP = "map/core"


class KeptCoverage(Frozen):
    """What was told of a pack: when, and of which content of it."""

    schema_version: Literal[1] = 1
    measured: AwareDatetime
    pack_digest: str
    coverage: Coverage


class KeptMap(Frozen):
    """The map of a Core, and when it was made."""

    schema_version: Literal[1] = 1
    measured: AwareDatetime
    map: CoreMap


def read_coverage(history: Path, pack: str) -> KeptCoverage | None:
    """What was told of a pack last, if that can be read."""
    if not PACK.fullmatch(pack):
        return None
    kept = read_printable(file_of(history, pack), KeptCoverage)
    return kept if kept and kept.coverage.pack == pack else None


def read_map(history: Path) -> KeptMap | None:
    """The map that was made last, if that can be read."""
    return read_printable(file_of(history, MAP), KeptMap)


def keep_coverage(history: Path, found: Coverage, pack_digest: str, measured: datetime) -> None:
    """Keep it in the place of the one before. Raises UnusableHistory."""
    kept = KeptCoverage(measured=measured, pack_digest=pack_digest, coverage=found)
    keep(file_of(history, found.pack), kept)


def keep_map(history: Path, found: CoreMap, measured: datetime) -> None:
    """Keep it in the place of the one before. Raises UnusableHistory."""
    keep(file_of(history, MAP), KeptMap(measured=measured, map=found))


def file_of(history: Path, name: str) -> Path:
    return history / FOLDER / f"{name}.json"


class PackCoverage(Frozen):
    """What is told of a pack's coverage; `earlier` if the pack was edited since."""

    pack: str
    release: str
    core: str
    measured: AwareDatetime
    earlier: bool
    uses: int
    pinned: int
    excused: int
    complaints: int

    @property
    def says(self) -> str:
        parts = [f"{self.pinned} of {number(self.uses, 'run-time use')} of {self.release} pinned"]
        if self.excused:
            parts.append(f"{self.excused} excused")
        if self.complaints:
            parts.append("pack.toml excuses what needs no excuse")
        parts.append(f"with Core {self.core} on {self.measured:%Y-%m-%d}")
        if self.earlier:
            parts.append("before the pack was edited")
        return ", ".join(parts)


def coverage_now(kept: KeptCoverage, pack_digest: str) -> PackCoverage:
    """What is told of it, for a pack that has this content now."""
    found = kept.coverage
    return PackCoverage(
        pack=found.pack,
        release=f"{found.consumer} {found.release}",
        core=found.core,
        measured=kept.measured,
        earlier=kept.pack_digest != pack_digest,
        uses=len(found.uses),
        pinned=found.pinned,
        excused=len(found.excused),
        complaints=len(found.complaints),
    )


def coverages_now(history: Path, packs: Mapping[str, str]) -> tuple[PackCoverage, ...]:
    """Of the packs, given with the digests of their contents, those of which it was ever told."""
    found = ((read_coverage(history, pack), digest) for pack, digest in packs.items())
    return tuple(coverage_now(kept, digest) for kept, digest in found if kept)
