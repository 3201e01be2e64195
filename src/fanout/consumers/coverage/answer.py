"""How much of what a consumer's release uses of Core the promises of its pack pin."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import computed_field

from fanout.consumers.coverage.pin import Pins
from fanout.consumers.needs.usage import How, Usage, UsedAt
from fanout.errors import ExitCode
from fanout.model import CoverageAsked, Frozen, NotPinned, Text


class Judged(Frozen):
    """A use that counts: the promises that pin it, or what no promise does, and the excuse."""

    use: UsedAt
    pinned_by: tuple[str, ...] = ()
    lacks: str = ""
    reason: str = ""  # of the pack, why nobody need pin it

    @property
    def open(self) -> bool:
        return not self.pinned_by and not self.reason


class OfKind(Frozen):
    """All uses of one kind."""

    how: How
    uses: int
    pinned: int
    excused: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def percent(self) -> float:
        """Of the uses that nobody excused, rounded down."""
        counted = self.uses - self.excused
        return int(1000 * self.pinned / counted) / 10 if counted else 100.0


class Idle(Frozen):
    """A promise that pins no use of the release, and the symbols that it names."""

    promise: Text
    contract: tuple[str, ...] = ()


class Coverage(Frozen):
    """What a pack pins of a release on one Core.

    What the release does without, and what only an annotation names, is counted aside.
    """

    pack: Text
    consumer: Text
    release: Text
    core: Text
    uses: tuple[Judged, ...]
    guarded: int = 0
    annotations: int = 0
    not_followed: int = 0
    idle: tuple[Idle, ...] = ()
    complaints: tuple[str, ...] = ()  # about `[coverage]` in pack.toml

    @computed_field  # type: ignore[prop-decorator]
    @property
    def pinned(self) -> int:
        return sum(bool(one.pinned_by) for one in self.uses)

    @property
    def excused(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.uses if one.reason)

    @property
    def open(self) -> tuple[Judged, ...]:
        """The uses that nobody pins or excuses."""
        return tuple(one for one in self.uses if one.open)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kinds(self) -> tuple[OfKind, ...]:
        return tuple(
            OfKind(
                how=how,
                uses=len(mine),
                pinned=sum(bool(one.pinned_by) for one in mine),
                excused=sum(bool(one.reason) for one in mine),
            )
            for how in How
            if (mine := [one for one in self.uses if one.use.how is how])
        )


class Coverages(Frozen):
    """The coverage of several packs on one Core."""

    packs: tuple[Coverage, ...]

    @property
    def exit_code(self) -> ExitCode:
        wrong = any(one.open or one.complaints for one in self.packs)
        return ExitCode.BROKEN if wrong else ExitCode.FINE


def coverage(pack: str, used: Usage, pins: Pins, asked: CoverageAsked) -> Coverage:
    """What the promises of a pack pin of the uses of a release."""
    reasons = {one.symbol: one.reason for one in asked.not_pinned}
    found: list[Judged] = []
    busy: set[str] = set()
    guarded = annotations = 0
    for use in used.uses:
        promises_of, lacks = pins.of(use)
        busy |= promises_of
        if use.how is How.ANNOTATION:
            annotations += 1
        elif use.guard:
            guarded += 1
        else:
            reason = "" if promises_of else reasons.get(use.symbol) or reasons.get(use.path, "")
            found.append(
                Judged(use=use, pinned_by=tuple(sorted(promises_of)), lacks=lacks, reason=reason)
            )
    return Coverage(
        pack=pack,
        consumer=used.consumer,
        release=used.release,
        core=used.core,
        uses=tuple(found),
        guarded=guarded,
        annotations=annotations,
        not_followed=len(used.not_followed),
        idle=tuple(
            Idle(promise=one.name, contract=one.contract)
            for one in pins.promises
            if one.name not in busy
        ),
        complaints=complaints(asked.not_pinned, found),
    )


def complaints(excuses: Iterable[NotPinned], found: Iterable[Judged]) -> tuple[str, ...]:
    """What is wrong in the list of uses that a pack need not pin."""
    names = [one.symbol for one in excuses]
    excused = {name for one in found if one.reason for name in (one.use.symbol, one.use.path)}
    wrong = [
        f"pack.toml says why '{name}' is not pinned, and no use of it is open: remove the entry"
        for name in dict.fromkeys(names)
        if name not in excused
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    wrong += [f"pack.toml says twice why '{name}' is not pinned: remove one" for name in twice]
    return tuple(wrong)
