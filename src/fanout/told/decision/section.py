"""What is told of an answer below its first lines: sections, in which entries have one cause."""

from __future__ import annotations

from collections.abc import Iterable

from fanout.model import Frozen
from fanout.surface.change import Change
from fanout.wording import first_few, number

UNEXPLAINED = "What changed in Core for these is not known."


class Entry(Frozen):
    """One thing to tell of one pack: a promise, many that fail alike, or a cell without verdict."""

    pack: str  # or the release of a consumer, which has no owner
    says: str
    owner: str = ""
    names: tuple[str, ...] = ()  # of the promises
    pins: tuple[str, ...] = ()
    listed: str = ""  # as its pack lists it
    facts: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()  # the first lines of why
    error: str = ""  # what its failure says last
    command: str = ""

    @property
    def promises(self) -> int:
        """How many things it tells of."""
        return max(len(self.names), 1)

    @property
    def beside(self) -> tuple[str, ...]:
        """The facts, after how its pack lists it."""
        return (self.listed, *self.facts) if self.listed else self.facts

    @property
    def lines(self) -> tuple[str, ...]:
        """The facts, after the name of its one promise unless that is all that it says."""
        if len(self.names) != 1 or self.names[0] == self.says:
            return self.beside
        pins = f", pins {', '.join(self.pins)}" if self.pins else ""
        return (f"{self.names[0]}{pins}", *self.beside)


class Many(Frozen):
    """Promises that fail alike, in an entry for each pack; each fact is true of some of them."""

    facts: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    entries: tuple[Entry, ...]

    @property
    def promises(self) -> int:
        return sum(entry.promises for entry in self.entries)

    @property
    def says(self) -> str:
        packs = first_few(entry.pack for entry in self.entries)
        return f"{number(self.promises, 'promise')} of {packs}"


class Group(Frozen):
    """What has one cause, which is the change in Core if one is known."""

    changes: tuple[Change, ...] = ()
    since: str = ""  # the version of Core from which on they are told
    many: tuple[Many, ...] = ()  # those of most promises first
    entries: tuple[Entry, ...] = ()  # each told alone

    @property
    def promises(self) -> int:
        return sum(one.promises for one in (*self.many, Many(entries=self.entries)))


class Section(Frozen):
    """What has one verdict."""

    title: str
    groups: tuple[Group, ...]

    @property
    def promises(self) -> int:
        return sum(group.promises for group in self.groups)


def section(title: str, found: Iterable[Entry]) -> Section:
    return Section(title=title, groups=(Group(entries=tuple(found)),))
