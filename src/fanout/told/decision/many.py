"""Many promises that fail alike, told once."""

from __future__ import annotations

from collections.abc import Sequence

from fanout.cause.failure import alike
from fanout.told.decision.section import Entry, Group, Many, Section
from fanout.wording import number

FEW = 5  # promises that are told one by one


def folded(section: Section) -> Section:
    """The section, in which what fails alike is told together if there are many promises."""
    if section.promises <= FEW:
        return section
    return section.model_copy(update={"groups": tuple(map(together, section.groups))})


def together(group: Group) -> Group:
    """The group with the promises that have the same facts, and fail alike, as one each."""
    found: dict[tuple[object, ...], list[Entry]] = {}
    for entry in group.entries:
        # What is no promise, such as a cell without a verdict, is like nothing else.
        key = (
            (entry.facts, alike(entry.error, entry.names[0])) if len(entry.names) == 1 else (entry,)
        )
        found.setdefault(key, []).append(entry)
    several = [members for members in found.values() if len(members) > 1]
    several.sort(key=len, reverse=True)
    alone = [members[0] for members in found.values() if len(members) == 1]
    return group.model_copy(update={"many": tuple(map(many, several)), "entries": tuple(alone)})


def many(members: Sequence[Entry]) -> Many:
    """Entries that are alike as one, with the names and the command of each pack."""
    packs: dict[tuple[str, str], list[Entry]] = {}
    for one in members:
        packs.setdefault((one.pack, one.owner), []).append(one)
    first = members[0]
    return Many(
        facts=first.facts,
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
