"""What changed since the last run, in plain lines, told once to those who read no report.

What was told is remembered, so that a job that is run again tells nobody the same twice. Format: a
folder with an empty file for each message, named by SHA-256 of what was told and to whom.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from fanout.core.given import shown_as
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
        core = shown_as(announcement.decision.candidate)
        said += [
            (verdict, cell.pack, one.says or one.name, core)
            for verdict in (Verdict.REGRESSED, Verdict.FIXED)
            for cell in announcement.decision.cells
            for one in cell.having(verdict)
        ]
    return [
        f"{verdict}: {name}: {says} ({core})"
        for verdict, name, says, core in said
        if pack in ("", name)
    ]


def short(text: str) -> str:
    return fitted(one_line(text), LONGEST)


def addresses(text: str) -> list[tuple[int, str, str]]:
    """Who is told: the number of a line, a pack, or nothing for all of them, and an address.

    Format: lines of an address alone, or of a pack and its address.
    """
    lines = [(at, line.split()) for at, line in enumerate(text.splitlines(), start=1)]
    return [(at, line[0] if len(line) > 1 else "", line[-1]) for at, line in lines if line]


class Told:
    """The memory of an announcement; without a folder it lasts as long as this process."""

    def __init__(self, announcement: Announcement, folder: Path | None = None) -> None:
        self.content = announcement.model_dump_json().encode()
        self.folder = folder
        self.keys: set[str] = set()

    def once(self, address: str, tell: Callable[[], None]) -> bool:
        """Tell an address, unless it was told; whether it was told now. No failure counts."""
        key = hashlib.sha256(self.content + b"\0" + address.encode()).hexdigest()
        if key in self.keys or (self.folder and (self.folder / key).exists()):
            return False
        tell()
        self.keys.add(key)
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / key).touch()
        return True
