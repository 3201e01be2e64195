"""What was told already, so that a job that is run again tells nobody the same twice.

Format: a folder with an empty file for each message, named by SHA-256 of what was told and to whom.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from fanout.notify.announcement import Announcement


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
