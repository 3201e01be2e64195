"""Files that are written whole: put in place at once, and there after the power has failed."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PAUSES = (0.01, 0.05, 0.2, 0.7, 2.0)  # seconds


def put(part: Path, path: Path) -> None:
    """Rename a file to a name that another one may have: a reader sees all of the one or the other.

    Windows refuses that while somebody reads the old one, so there it is tried again for a while.
    """
    for pause in PAUSES:
        try:
            part.replace(path)
            return
        except PermissionError:
            if sys.platform != "win32":
                raise
        time.sleep(pause)
    part.replace(path)


def sync_names(folder: Path) -> None:
    """Return when the names of a folder's files are on the disk itself."""
    if sys.platform == "win32":
        return  # it opens no folder, and writes names as it will
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
