"""How strong each pack was when that was measured last, kept in the history.

Format: JSON, `strength/<pack>.json` in the folder of the history, one file a pack, the newest
alone. A file that this version would not have written is as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime

from fanout.history.kept import keep, read_kept
from fanout.model import Frozen
from fanout.strength.answer import Fate, Strength
from fanout.wording import number

FOLDER = "strength"
PACK = re.compile(r"[a-z0-9]+", re.ASCII)
# What nobody asks for again: a Core has hundreds of these.
LEFT_OUT = (Fate.NOT_MET, Fate.NOT_CHOSEN)


class KeptStrength(Frozen):
    """A measurement: when, and of which content of the pack."""

    schema_version: Literal[1] = 1
    measured: AwareDatetime
    pack_digest: str
    strength: Strength


def strength_file(history: Path, pack: str) -> Path:
    return history / FOLDER / f"{pack}.json"


def read_strength(history: Path, pack: str) -> KeptStrength | None:
    """The newest measurement of a pack, if there is one that can be read."""
    if not PACK.fullmatch(pack):
        return None
    kept = read_kept(strength_file(history, pack), KeptStrength)
    return kept if kept and kept.strength.pack == pack else None


def keep_strength(history: Path, found: Strength, pack_digest: str, measured: datetime) -> None:
    """Keep a measurement in the place of the one before. Raises UnusableHistory."""
    mutants = tuple(one for one in found.mutants if one.fate not in LEFT_OUT)
    kept = KeptStrength(
        measured=measured,
        pack_digest=pack_digest,
        strength=found.model_copy(update={"mutants": mutants}),
    )
    keep(strength_file(history, found.pack), kept)


class PackStrength(Frozen):
    """How strong a pack was when that was measured last; `earlier` if it was edited since."""

    pack: str
    core: str
    measured: AwareDatetime
    earlier: bool
    score: float  # percent
    floor: float  # percent, as pack.toml had it
    noticed: int
    counted: int  # breaking mutants that a use can meet
    survivors: tuple[str, ...]
    false_alarms: tuple[str, ...]

    @property
    def says(self) -> str:
        parts = [
            f"{self.score:g} %, {self.noticed} of {number(self.counted, 'breaking mutant')} of Core"
            f" {self.core} noticed",
            number(len(self.false_alarms), "false alarm"),
        ]
        if self.weak:
            parts.append(f"less than the {self.floor:g} % in pack.toml")
        if self.earlier:
            parts.append("measured before the pack was edited")
        return ", ".join(parts)

    @property
    def weak(self) -> bool:
        return self.score < self.floor


def strength_now(kept: KeptStrength, pack_digest: str) -> PackStrength:
    """What is told of a measurement, for a pack that has this content now."""
    found = kept.strength
    return PackStrength(
        pack=found.pack,
        core=found.core,
        measured=kept.measured,
        earlier=kept.pack_digest != pack_digest,
        score=found.score,
        floor=found.floor,
        noticed=found.noticed,
        counted=found.counted,
        survivors=tuple(one.id for one in found.having(Fate.SURVIVED)),
        false_alarms=tuple(one.id for one in found.having(Fate.REFUSED)),
    )


def strengths_now(history: Path, packs: Mapping[str, str]) -> tuple[PackStrength, ...]:
    """Of the packs, given with the digests of their contents, those that were ever measured."""
    found = ((read_strength(history, pack), digest) for pack, digest in packs.items())
    return tuple(strength_now(kept, digest) for kept, digest in found if kept)
