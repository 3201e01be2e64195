"""What some tests need that no package of Python brings: looked for once, before any test runs.

Where it is missing those tests are not run, and the last lines say so. On CI nothing is left out.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable

# What runs it, by the name of the package that brings it, on Debian and in Homebrew.
PROGRAMS = {
    "chromium": (
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ),
}
NOT_RUN = "not run: there is no "


def found(program: str) -> str | None:
    """Where a program is, or None."""
    return next((path for name in PROGRAMS[program] if (path := shutil.which(name))), None)


def advice(absent: Iterable[str]) -> str:
    """What to do about programs that are not there."""
    named = " ".join(sorted(absent))
    return f"install them: `apt-get install {named}` on Debian, `brew install {named}` on macOS"


def missing() -> frozenset[str]:
    """The programs that are not there."""
    return frozenset(program for program in PROGRAMS if found(program) is None)
