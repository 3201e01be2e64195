"""What a candidate means for one consumer, beside the promises of its pack."""

from __future__ import annotations

from fanout.consumers.installs import Found
from fanout.consumers.takes import Takes
from fanout.model import Frozen


class Lost(Frozen):
    """A public name that is gone, and the first place that uses it without a guard."""

    name: str
    file: str
    line: int
    uses: int


class Affected(Frozen):
    """A consumer's release: when it gets the candidate, and what it cannot have from it."""

    consumer: str
    release: str
    pack: str = ""  # empty if it has none
    takes: Takes = Takes.UNKNOWN
    installs: Found | None = None  # none where nobody was asked
    breaks: bool = False  # it gets the candidate at once, and cannot be installed with it
    lost: tuple[Lost, ...] = ()  # what it uses unguarded, and no broken promise names
    unread: str = ""  # why nobody knows what it uses
    why: str = ""  # the resolver's words, where it found no set

    @property
    def holds(self) -> bool:
        return self.breaks or bool(self.lost)

    @property
    def shown(self) -> str:
        return f"{self.consumer} {self.release}"
