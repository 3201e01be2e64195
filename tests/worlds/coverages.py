"""What packs pin, as `fanout uses --coverage` and `--map` would have kept it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fanout.consumers.coverage.answer import Coverage, Idle, Judged
from fanout.consumers.coverage.core_map import CoreMap, Mapped
from fanout.consumers.needs.usage import How, UsedAt
from fanout.history.coverages import keep_coverage, keep_map

MEASURED = datetime(2026, 1, 2, tzinfo=UTC)
MARKUP = "<script>alert(1)</script>"


def judged(symbol: str, how: How = How.READ, **said: object) -> Judged:
    """A use in a file with a hostile name."""
    use = UsedAt(how=how, symbol=symbol, path=symbol, file=f"small/{MARKUP}.py", line=3)
    return Judged.model_validate({"use": use, **said})


def keep(history: Path, *uses: Judged, digest: str, idle: str = "") -> None:
    """Keep what was told of the pack `small`, of this content."""
    found = Coverage(
        pack="small",
        consumer="market-data-small",
        release="0.1.0",
        core="1.3.0",
        uses=uses,
        idle=(Idle(promise=idle, contract=("telemetry.Idle",)),) if idle else (),
    )
    keep_coverage(history, found, digest, MEASURED)


def map_of(history: Path) -> None:
    """Keep a map of a Core with one symbol of each state."""
    found = {"Event": (("small",), ()), "Level": ((), (MARKUP,)), "Free": ((), ())}
    symbols = tuple(
        Mapped(
            symbol=name,
            path=f"telemetry.{name}",
            module="telemetry",
            kind="class",
            packs=packs,
            consumers=consumers,
        )
        for name, (packs, consumers) in found.items()
    )
    made = CoreMap(core="1.3.0", consumers=("market-data-small 0.1.0",), symbols=symbols)
    keep_map(history, made, MEASURED)
