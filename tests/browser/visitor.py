"""The browser of the tests: the system's Chromium, and a visitor who notes what goes wrong."""

from __future__ import annotations

import shutil
from types import TracebackType
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Playwright, Request

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",  # the tests may run as root, and the pages are our own
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def chromium() -> str | None:
    """The path of the system's Chromium, if it has one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium; raises FileNotFoundError, saying what to install."""
    if (found := chromium()) is None:
        raise FileNotFoundError(
            f"none of {', '.join(NAMES)} is on the PATH: the tests of the dashboard need a browser;"
            " on Debian, `apt-get install chromium`"
        )
    return playwright.chromium.launch(executable_path=found, args=list(QUIET))


class Visitor:
    """Somebody who looks at one site, and leaves content.

    On leaving it fails for every request to anywhere but the site, every error or warning in the
    console, every exception and every dialog that a page opened.
    """

    def __init__(self, browser: Browser, site: str, **options: Any) -> None:
        self.site = site.rstrip("/")
        self.problems: list[str] = []
        self.context = browser.new_context(**{"viewport": DESKTOP} | options)
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.page.on("request", self.asked)
        self.page.on("console", self.said)
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("dialog", self.interrupted)

    def asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site}/", "data:image/")):
            self.problems.append(f"asked for {request.url}")

    def said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text} ({message.location['url']})")

    def interrupted(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path: str = "index.html") -> Page:
        self.page.goto(f"{self.site}/{path}")
        return self.page

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.context.close()
        if error is None:
            assert not self.problems, self.problems
