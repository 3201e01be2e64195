"""The browser of the tests: the system's Chromium, which talks to nobody but the site."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",  # the tests may run as root, and the pages are our own
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
)


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium; raises FileNotFoundError, saying what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise FileNotFoundError(
            f"none of {', '.join(NAMES)} is on the PATH: the tests of the dashboard need a browser;"
            " on Debian, `apt-get install chromium`"
        )
    return playwright.chromium.launch(executable_path=found, args=list(QUIET))
