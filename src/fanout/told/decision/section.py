"""What is told of an answer below its first lines: sections, in which entries have one cause."""

from __future__ import annotations

from collections.abc import Iterable

from fanout.model import Frozen
from fanout.surface.change import Change


class Entry(Frozen):
    """One thing to tell of one pack: a promise, or a cell without a verdict."""

    pack: str  # or the release of a consumer, which has no owner
    says: str
    owner: str = ""
    facts: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()  # the first lines of why
    command: str = ""


class Group(Frozen):
    """Entries with one cause, which is the change in Core if one is known."""

    changes: tuple[Change, ...] = ()
    since: str = ""  # the version of Core from which on they are told
    entries: tuple[Entry, ...]


class Section(Frozen):
    """What has one verdict."""

    title: str
    groups: tuple[Group, ...]


def section(title: str, found: Iterable[Entry]) -> Section:
    return Section(title=title, groups=(Group(entries=tuple(found)),))
