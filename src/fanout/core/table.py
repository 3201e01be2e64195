"""The table of Core refs in `tox.ini`: read, and rewritten without touching anything else.

It is the section `[cores]`: `default` names those of the default matrix, and `yanked`, if there
are any, those that the index has withdrawn. Each other line is a Core ref,
`core_<factor> = <version>`, or a stand-in, `core_<factor> = cores/v<version>`.
Documents name the newest release in their examples, and follow it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from fanout.core.refs import CoreRef, default_refs
from fanout.errors import InvalidTable
from fanout.files import put

LINE = re.compile(r"^core_(v[\d_]+) = ([\d.]+(?:post\d+)?)[ \t]*\r?\n", re.M)
STAND_IN = re.compile(r"^core_(v[\d_]+) = cores/v([\d.]+)[ \t]*\r?$", re.M)
DOCUMENTS = ("README.md", "docs/*.md", "packs/README.md", "src/fanout/README.md")
DEFAULT = re.compile(r"^(default = )([v\d_ ]*)", re.M)
YANKED = re.compile(r"^yanked = ([v\d_ ]*)\r?\n", re.M)


class Table:
    """The text of a `tox.ini` and the Core refs that it names."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises InvalidTable if it does not hold the table."""
        self.path = path
        try:
            self.text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidTable(f"'{path}' cannot be read: {error}", "give --root") from error
        self.lines = list(LINE.finditer(self.text))
        self.yanked = frozenset(" ".join(YANKED.findall(self.text)).split())
        self.stand_ins = {match[2]: match[1] for match in STAND_IN.finditer(self.text)}
        if len(DEFAULT.findall(self.text)) != 1:
            raise self.invalid("its line 'default = …' is not there exactly once")
        if not self.lines or any(
            before.end() != after.start()
            for before, after in zip(self.lines, self.lines[1:], strict=False)
        ):
            raise self.invalid("its lines 'core_… = <version>' are not one block")

    def invalid(self, what: str) -> InvalidTable:
        return InvalidTable(
            f"'{self.path}' does not hold the table of Core refs: {what}",
            "restore the table from version control, then run `fanout cores --update`",
        )

    @property
    def known(self) -> dict[str, str]:
        """The factor in use for each version, those of stand-ins included."""
        return {match[2]: match[1] for match in self.lines} | self.stand_ins

    def renewed(self, refs: Sequence[CoreRef]) -> dict[Path, str]:
        """The text of each file that changes with these refs, every other byte as it was.

        Those are `tox.ini`, and the documents in which another release is the newest now.
        """
        stand_ins = list(self.stand_ins.values())
        released = [ref for ref in refs if ref.version not in self.stand_ins]
        first, last = self.lines[0], self.lines[-1]
        old = [(line[1], line[2]) for line in self.lines if line[1] not in self.yanked]
        new = [(ref.factor, ref.version) for ref in released if not ref.yanked]
        newline = "\r\n" if first[0].endswith("\r\n") else "\n"
        block = "".join(f"core_{ref.factor} = {ref.version}{newline}" for ref in released)
        text = self.text[: first.start()] + block + self.text[last.end() :]
        default = " ".join([*stand_ins, *(ref.factor for ref in default_refs(released))])
        yanked = " ".join(ref.factor for ref in refs if ref.yanked)
        below = f"{newline}yanked = {yanked}" if yanked else ""
        text = YANKED.sub("", text)
        texts = {self.path: DEFAULT.sub(lambda match: match[1] + default + below, text)}
        # Where every release is yanked, none is the newest, and there is nothing to renew.
        newest = list(zip(old[-1:], new[-1:], strict=False))
        for pattern in DOCUMENTS:
            for path in sorted(self.path.parent.glob(pattern)):
                texts[path] = path.read_bytes().decode()
                for before, now in (pair for both in newest for pair in zip(*both, strict=True)):
                    # `==` is what a consumer asks for, which no release of Core changes.
                    whole = rf"(?<![\d.=]){re.escape(before)}(?!\.?\d)"
                    texts[path] = re.sub(whole, now, texts[path])
        return {path: text for path, text in texts.items() if path.read_bytes() != text.encode()}


def write(texts: Mapping[Path, str]) -> None:
    """Replace files, each in one step; an interrupted write leaves the old one."""
    for path, text in texts.items():
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(text.encode())
            part.chmod(path.stat().st_mode)
            put(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InvalidTable(
                f"'{path}' cannot be written and is as it was: {error.strerror}",
                "make room, or get the right to write there, and run it again",
            ) from error
