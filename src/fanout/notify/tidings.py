"""What changed since the last run, in plain lines, for those who read no report."""

from __future__ import annotations

from fanout.model import Answer, Verdict
from fanout.notify.announcement import Announcement
from fanout.wording import fitted, one_line

MOST = 20  # promises that are listed
LONGEST = 300  # characters of a line


def tidings(announcement: Announcement, pack: str = "") -> list[str]:
    """A line for each promise that turned, of one pack or of all; none if there is no news.

    A run without an answer is news to everybody.
    """
    found = list(turned(announcement, pack))
    lines = found[:MOST]
    if len(found) > MOST:
        lines.append(f"and {len(found) - MOST} more")
    if announcement.answer is Answer.UNKNOWN and not lines:
        lines.append(announcement.problem or "some cells have no verdict")
    return [short(line) for line in lines]


def turned(announcement: Announcement, pack: str) -> list[str]:
    said = [
        (turn.verdict, turn.pack, turn.says or turn.promise, turn.core_ref)
        for turn in announcement.turned
    ]
    if announcement.decision:
        core = announcement.decision.candidate.named
        said += [
            (verdict, cell.pack, one.says or one.name, core)
            for verdict in (Verdict.REGRESSED, Verdict.FIXED)
            for cell in announcement.decision.cells
            if not cell.pending
            for one in cell.having(verdict)
        ]
    return [
        f"{verdict}: {name}: {says} ({core})"
        for verdict, name, says, core in said
        if pack in ("", name)
    ]


def short(text: str) -> str:
    return fitted(one_line(text), LONGEST)


def addresses(text: str) -> list[tuple[str, str]]:
    """Who is told: pairs of a pack, or nothing for all of them, and an address.

    Format: an address alone, or lines of a pack and its address.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return [(line[0] if len(line) > 1 else "", line[-1]) for line in lines]
