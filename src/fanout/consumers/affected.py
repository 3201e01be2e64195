"""What a candidate means for one consumer, beside the promises of its pack."""

from __future__ import annotations

from datetime import date

from fanout.cells.live import Imported
from fanout.consumers.installs import Found
from fanout.consumers.takes import Takes
from fanout.model import Frozen, TakenOver

GRAVEST = tuple(Imported)


class Lost(Frozen):
    """A public name that is gone, and the first place that uses it without a guard."""

    name: str
    file: str
    line: int
    uses: int


class Excuse(Frozen):
    """A known break that the pack lists of its consumer itself: reason, link and last day."""

    known_break: str
    expires: date


class Fault(Frozen):
    """A module that cannot be imported with the candidate, or what else a live cell found."""

    name: str
    imported: Imported
    message: str = ""
    before: Imported | None = None  # with the baseline; none where nobody knows
    excuse: Excuse | None = None
    holds: bool = False

    @property
    def worse(self) -> bool:
        """Whether it is new with the candidate, as far as that is known."""
        if self.imported is Imported.ERRORED:
            return False
        if self.before is None:
            return self.imported is Imported.BROKEN
        return GRAVEST.index(self.imported) < GRAVEST.index(self.before)


class Affected(Frozen):
    """A consumer's release: when it gets the candidate, and what it cannot have from it."""

    consumer: str
    release: str
    pack: str = ""  # empty if it has none
    takes: Takes = Takes.UNKNOWN
    installs: Found | None = None  # none where nobody was asked
    breaks: bool = False  # it gets the candidate at once, and cannot be installed with it
    excuse: Excuse | None = None  # of that
    imports: Imported | None = None  # none where it was not asked
    taken_over: TakenOver | None = None  # what came of that
    faults: tuple[Fault, ...] = ()  # of its import
    lost: tuple[Lost, ...] = ()  # what it uses unguarded, and no broken promise names
    unread: str = ""  # why nobody knows what it uses
    unimported: str = ""  # why nobody knows of all of it whether it can be imported
    why: str = ""  # the resolver's words, where it found no set
    command: str = ""  # that imports it again
    wrong: tuple[str, ...] = ()  # known breaks of it that excuse nothing

    @property
    def holding(self) -> tuple[Fault, ...]:
        return tuple(one for one in self.faults if one.holds)

    @property
    def excused(self) -> tuple[Fault, ...]:
        return tuple(one for one in self.faults if one.excuse)

    @property
    def worse(self) -> tuple[Fault, ...]:
        """What is new with the candidate, and holds nothing."""
        return tuple(one for one in self.faults if one.worse and not (one.holds or one.excuse))

    @property
    def unjudged(self) -> tuple[Fault, ...]:
        """What it can import with the baseline, gets at once, and gives no verdict on now."""
        known = (None, Imported.ERRORED, Imported.BROKEN, Imported.OWN)
        found = (one for one in self.faults if one.imported is Imported.ERRORED)
        return tuple(
            one for one in found if self.takes is Takes.AT_ONCE and one.before not in known
        )

    @property
    def holds(self) -> bool:
        return self.breaks or bool(self.lost or self.holding)

    @property
    def shown(self) -> str:
        return f"{self.consumer} {self.release}"
