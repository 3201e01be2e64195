"""What some tests need that no package of Python brings: looked for once, before any test runs.

Where it is missing those tests are not run, and the last lines say so. On CI nothing is left out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

import pytest

# What runs it, by the name of the package that brings it, on Debian and in Homebrew.
PROGRAMS = {
    "chromium": (
        "chromium",
        "chromium-browser",
        "google-chrome",
        "chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ),
    "curl": ("curl",),
    "jq": ("jq",),
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
    """The programs that are not there; raises UsageError for any of them on CI."""
    absent = frozenset(program for program in PROGRAMS if found(program) is None)
    if absent and os.environ.get("CI") == "true":
        raise pytest.UsageError(
            f"there is no {', '.join(sorted(absent))}, and on CI no test is left out;"
            f" {advice(absent)}"
        )
    return absent


def of(item: pytest.Item) -> frozenset[str]:
    """The programs that a test needs: those of its `needs` marker, and Chromium for a browser."""
    named = {str(name) for mark in item.iter_markers("needs") for name in mark.args}
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return frozenset(named | ({"chromium"} if "browser" in fixtures else set()))
