"""The picture of README.md: the first page of the built dashboard, down to the matrix's end."""

from __future__ import annotations

from playwright.sync_api import FloatRect, ViewportSize, sync_playwright

from tests import ROOT
from tests.browser.visitor import launch

PAGE = ROOT / "dashboard/index.html"
PICTURE = ROOT / "docs/dashboard.png"
SIZE = ViewportSize(width=1440, height=900)  # the whole matrix, without scrolling
MARGIN = 24


def main() -> None:
    if not PAGE.is_file():
        raise SystemExit(f"'{PAGE}' is not there: `tox p` makes it")
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except FileNotFoundError as error:
            raise SystemExit(str(error)) from error
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(PAGE.as_uri())
        matrix = page.locator("#matrix table").first.bounding_box()
        assert matrix is not None
        bottom = matrix["y"] + matrix["height"] + MARGIN
        shown = FloatRect(x=0, y=0, width=SIZE["width"], height=bottom)
        page.screenshot(path=PICTURE, clip=shown)
        browser.close()
    print(PICTURE)  # noqa: T201 - the command's output


if __name__ == "__main__":
    main()
