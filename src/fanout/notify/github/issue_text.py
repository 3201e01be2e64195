"""What an issue says: what broke on which Core and why, whose it is, and how to run it again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from fanout.notify.announcement import Announcement
from fanout.notify.github.about import About
from fanout.notify.github.broken import Broken
from fanout.told.report_markdown import code, escape
from fanout.wording import fitted, number, one_line

LONGEST_TITLE = 256  # characters that GitHub takes
LONGEST = 65_536  # and of a body


def title(found: Broken) -> str:
    """The promise if it is one, else how many of which packs, and why."""
    first, packs = found.promises[0], ", ".join(found.packs)
    said = first.says if len(found.promises) == 1 else f"{counted(found)}: {found.says}"
    return fitted(one_line(f"{packs}: {said}"), LONGEST_TITLE)


def counted(found: Broken) -> str:
    return number(len(found.promises), "promise")


def body(found: Broken, about: About, announcement: Announcement) -> str:
    """The text of an issue, as long as GitHub takes it."""
    newest = max(found.packs.values(), key=lambda one: one.core == found.core)
    head = [
        f"{counted(found)} regressed on Core {escape(newest.named)}.",
        *reasons(found),
        "Run it again:\n\n" + "\n".join(f"- {code(one.command)}" for one in found.packs.values()),
    ]
    earlier = len(about.promises) + about.more - len(found.promises)
    if earlier > 0:
        said = number(earlier, "more promise")
        head.append(f"{said}, not mended, broke before: the edits of this text tell.")
    tail = (
        f"[The newest run that saw it]({announcement.url}). This issue is closed when runs have"
        f" seen each promise kept on this Core or a later one of the line {about.core.line}.\n\n"
        f"{about.marker}"
    )
    room = LONGEST - sum(map(len, (*head, tail))) - 500
    return "\n\n".join((*head, listed(found, room), tail))


def reasons(found: Broken) -> Iterator[str]:
    """What changed in Core, where that is known, or what the first failure says."""
    first = found.promises[0]
    if first.changes:
        said = "\n".join(f"- {escape(change)}" for change in first.changes)
        yield f"What changed in Core since {escape(first.since)}:\n\n{said}"
    if first.quoted:
        yield "\n".join(f"> {escape(line.removeprefix('| '))}" for line in first.quoted)


def listed(found: Broken, room: int) -> str:
    """The promises, by pack with its owner, as many as there is room for."""
    lines = []
    for (pack, owner), members in groupby(
        sorted(found.promises, key=lambda one: (one.pack, one.owner)),
        key=lambda one: (one.pack, one.owner),
    ):
        lines.append(f"{escape(pack)}, owned by {escape(owner)}:\n")
        lines += [f"- **{escape(one.says)}**, {escape(one.promise)}" for one in members]
        lines.append("")
    for at, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return "\n".join((*lines[:at], f"and {number(len(lines) - at, 'more line')}"))
    return "\n".join(lines).rstrip()
