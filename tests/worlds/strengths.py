"""Measured strengths of packs, as `fanout strength` would have kept them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fanout.history.strengths import keep_strength
from fanout.strength.answer import Fate, MutantReport, Strength, UseAt

MEASURED = datetime(2026, 1, 2, tzinfo=UTC)
RAISES = "function-raises:events.Bus.publish"
MARKUP = "<script>alert(1)</script>"


def mutant(name: str, fate: Fate) -> MutantReport:
    """A mutant that a hostile line of the consumer would meet."""
    return MutantReport(
        id=name,
        kind=name.partition(":")[0],
        breaking=fate not in (Fate.REFUSED, Fate.ACCEPTED),
        symbol="events.Bus.publish",
        fate=fate,
        use=UseAt(by="consumer", file="small/bus.py", line=3, text=MARKUP),
        diff=f"-    {MARKUP}\n+    raise RuntimeError",
    )


def keep(history: Path, *mutants: MutantReport, digest: str, floor: float = 50.0) -> None:
    """Keep a measurement of the pack `small`, of this content."""
    found = Strength(
        pack="small",
        consumer="market-data-small",
        release="0.1.0",
        core="1.3.0",
        processes="forked",
        floor=floor,
        mutants=mutants,
    )
    keep_strength(history, found, digest, MEASURED)
