"""Pages of the dashboard as a reader meets them: their texts, links and elements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.site import Part, write_site
from fanout.history.query import History

HEADINGS = ("h1", "h2", "h3", "h4")
BLOCKS = (*HEADINGS, "p", "dt", "dd", "li", "pre", "summary", "td", "th", "caption", "button")
EMPTY = ("meta", "link", "br", "hr", "input", "img")


class Page(HTMLParser):
    """What is in a page: every element, and of its main part every block's text and every link."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.source = path.read_text("utf-8")
        self.blocks: list[tuple[str, str]] = []
        self.links: dict[str, str] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.href = ""
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in EMPTY:
            return
        self.open.append(tag)
        if "main" not in self.open:
            return
        if tag in BLOCKS:
            self.blocks.append((tag, ""))
        if tag == "a":
            self.href = dict(attrs).get("href") or ""
            self.links[self.href] = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{self.path}: {tag} at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if "main" in self.open and self.blocks:
            tag, text = self.blocks[-1]
            self.blocks[-1] = (tag, text + data)
        if "main" in self.open and "a" in self.open:
            self.links[self.href] += data

    def all(self, tag: str) -> list[str]:
        """The texts of every block of a kind."""
        return [" ".join(text.split()) for kind, text in self.blocks if kind == tag]

    @property
    def text(self) -> str:
        """Everything that is read, a block a line."""
        return "\n".join(" ".join(text.split()) for _, text in self.blocks)

    @property
    def facts(self) -> dict[str, str]:
        """What stands beside each term."""
        terms, values = self.all("dt"), self.all("dd")
        found: dict[str, str] = {}
        for term, value in zip(terms, values, strict=False):
            found.setdefault(term, value)
        return found

    def with_class(self, name: str) -> Iterable[dict[str, str | None]]:
        return [found for _, found in self.elements if name in (found.get("class") or "").split()]


def build(history: Path, site: Path, *kinds: Callable[[Edition], Iterator[Part]]) -> Path:
    """Bring these kinds of pages up to date, as a build of the whole site does."""
    with History(history) as runs:
        edition = Edition(Snapshot(runs), 24)
        write_site([part for kind in kinds for part in kind(edition)], site)
    return site
