"""The repository's documents as their readers see them: blocks, links, headings, code in a line."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests import ROOT

# README.md is read first, and a pack is added last: every cell of before is then of the same packs.
ORDER = ("README.md", "docs/", "", "packs/")


@dataclass(frozen=True)
class Block:
    """A fenced block; `file` is what it is the content of, if its first line names one."""

    document: str
    line: int
    language: str
    file: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True)
class Document:
    """A Markdown file of this repository."""

    name: str
    text: str

    @cached_property
    def tokens(self) -> list[Token]:
        return MarkdownIt().enable("table").parse(self.text)

    @cached_property
    def inline(self) -> list[Token]:
        return [child for token in self.tokens for child in token.children or ()]

    @property
    def blocks(self) -> Iterator[Block]:
        for token in self.tokens:
            if token.type in ("fence", "code_block"):
                language, _, file = token.info.partition(" ")
                line = (token.map or [0])[0] + 1
                yield Block(self.name, line, language, file.strip(), token.content)

    @property
    def links(self) -> Iterator[str]:
        for token in self.inline:
            if target := token.attrGet("href") or token.attrGet("src"):
                yield str(target)

    @property
    def anchors(self) -> set[str]:
        """The names by which GitHub reaches each heading."""
        titles = (
            "".join(child.content for child in inline.children or ())
            for heading, inline in zip(self.tokens, self.tokens[1:], strict=False)
            if heading.type == "heading_open"
        )
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

    @property
    def code(self) -> Iterator[str]:
        """Each command, or piece of one, in a block or within a sentence."""
        yield from (token.content for token in self.inline if token.type == "code_inline")
        yield from (line for block in self.blocks for line in block.text.splitlines())


def read_documents() -> dict[str, Document]:
    """Every document that git tracks or would, in the order in which they can be followed."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    names = {name for name in done.stdout.splitlines() if not name.startswith("tests/")}
    there = [name for name in names if (ROOT / name).is_file()]
    there.sort(key=lambda name: (place(name), name))
    return {name: Document(name, Path(ROOT, name).read_text(encoding="utf-8")) for name in there}


def place(name: str) -> int:
    found = [ORDER.index(start) for start in ORDER if start and name.startswith(start)]
    return found[0] if found else ORDER.index("")
