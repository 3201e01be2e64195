"""Many promises that fail alike, told once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from fanout.cause.failure import alike, together
from fanout.told.decision.section import Entry, Group, Many, Section
from fanout.told.report import some
from fanout.wording import number

FEW = 5  # promises that are told one by one


def folded(section: Section) -> Section:
    """The section, in which what fails alike is told together if there are many promises."""
    if section.promises <= FEW:
        return section
    return section.model_copy(update={"groups": tuple(map(grouped, section.groups))})


def grouped(group: Group) -> Group:
    """The group, in which promises that fail alike are one."""
    several, alone = together(group.entries, likeness)
    return group.model_copy(update={"many": tuple(map(many, several)), "entries": tuple(alone)})


def likeness(entry: Entry) -> Hashable:
    """What entries that are told together have in common."""
    if len(entry.names) != 1:  # a cell without a verdict is like nothing else
        return entry
    return (entry.listed, alike(entry.error, entry.names[0]) or entry.facts)


def many(members: Sequence[Entry]) -> Many:
    """Entries that are alike as one, with the names and the command of each pack."""
    packs: dict[tuple[str, str], list[Entry]] = {}
    for one in members:
        packs.setdefault((one.pack, one.owner), []).append(one)
    first = members[0]
    return Many(
        facts=tuple(some(list(dict.fromkeys(fact for one in members for fact in one.beside)))),
        quoted=first.quoted,
        entries=tuple(
            Entry(
                pack=pack,
                owner=owner,
                says=number(len(found), "promise"),
                names=tuple(name for one in found for name in one.names),
                command=next((one.command for one in found if one.command), ""),
            )
            for (pack, owner), found in packs.items()
        ),
    )
