"""The table of Core refs in `tox.ini`: read, and rewritten without touching anything else.

It is the section `[cores]`: `default` names those of the default matrix, and each other line is
a Core ref, `core_<factor> = <version>`, or a stand-in, `core_<factor> = cores/v<version>`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from fanout.core.refs import CoreRef, default_refs
from fanout.errors import InvalidTable

LINE = re.compile(r"^core_(v[\d_]+) = ([\d.]+(?:post\d+)?)[ \t]*\r?\n", re.M)
STAND_IN = re.compile(r"^core_(v[\d_]+) = cores/v([\d.]+)[ \t]*\r?$", re.M)
DEFAULT = re.compile(r"^(default = )([v\d_ ]*)", re.M)


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

    def with_refs(self, refs: Sequence[CoreRef]) -> str:
        """The text with these refs in the table, and every other byte as it was."""
        released = [ref for ref in refs if ref.version not in self.stand_ins]
        first, last = self.lines[0], self.lines[-1]
        newline = "\r\n" if first[0].endswith("\r\n") else "\n"
        block = "".join(f"core_{ref.factor} = {ref.version}{newline}" for ref in released)
        text = self.text[: first.start()] + block + self.text[last.end() :]
        default = [*self.stand_ins.values(), *(ref.factor for ref in default_refs(released))]
        return DEFAULT.sub(lambda match: match[1] + " ".join(default), text)

    def write(self, text: str) -> None:
        """Replace the file in one step; an interrupted write leaves the old one."""
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(text.encode())
            part.chmod(self.path.stat().st_mode)
            part.replace(self.path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InvalidTable(
                f"'{self.path}' cannot be written and is as it was: {error.strerror}",
                "make room, or get the right to write there, and run it again",
            ) from error
