"""The table of Core refs in `tox.ini`: read, and rewritten without touching anything else.

Three places name the refs: the env list, the section header of the cells, and one line
`core_<factor>: CORE = market-data-core==<version>` for each ref.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from fanout.core.refs import CoreRef, default_refs
from fanout.errors import InvalidTable
from fanout.files import put

LINE = re.compile(
    r"^([ \t]+)core_(v[\d_]+):([ \t]+CORE = market-data-core==)([\d.]+(?:post\d+)?)[ \t]*\r?\n",
    re.M,
)
STAND_IN = re.compile(r"^[ \t]+core_(v[\d_]+):[ \t]+CORE = .*/cores/v([\d.]+)\}[ \t]*\r?$", re.M)
ENV_LIST = re.compile(r"^([ \t]+\{[a-z0-9_,]+\}-core_\{)([^}\r\n]*)(\})", re.M)
HEADER = re.compile(r"^(\[testenv:\{[a-z0-9_,]+\}-core_\{)(v[^}\r\n]*)(\}\])", re.M)


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
        for name, pattern in (("env list", ENV_LIST), ("header of the cells", HEADER)):
            if len(pattern.findall(self.text)) != 1:
                raise self.invalid(f"its {name} is not there exactly once")
        if not self.lines or any(
            before.end() != after.start()
            for before, after in zip(self.lines, self.lines[1:], strict=False)
        ):
            raise self.invalid("its lines 'core_…: CORE = market-data-core==…' are not one block")

    def invalid(self, what: str) -> InvalidTable:
        return InvalidTable(
            f"'{self.path}' does not hold the table of Core refs: {what}",
            "restore the table from version control, then run `fanout cores --update`",
        )

    @property
    def known(self) -> dict[str, str]:
        """The factor in use for each version, those of stand-ins included."""
        return {match[4]: match[2] for match in self.lines} | self.stand_ins

    def with_refs(self, refs: Sequence[CoreRef]) -> str:
        """The text with these refs in the three places, and every other byte as it was."""
        stand_ins = list(self.stand_ins.values())
        released = [ref for ref in refs if ref.version not in self.stand_ins]
        first, last = self.lines[0], self.lines[-1]
        newline = "\r\n" if first[0].endswith("\r\n") else "\n"
        block = "".join(
            f"{first[1]}core_{ref.factor}:{first[3]}{ref.version}{newline}" for ref in released
        )
        text = self.text[: first.start()] + block + self.text[last.end() :]
        default = [ref.factor for ref in default_refs(released)]
        text = replace(ENV_LIST, text, [*stand_ins, *default])
        return replace(HEADER, text, [*stand_ins, *(ref.factor for ref in released)])

    def write(self, text: str) -> None:
        """Replace the file in one step; an interrupted write leaves the old one."""
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(text.encode())
            part.chmod(self.path.stat().st_mode)
            put(part, self.path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InvalidTable(
                f"'{self.path}' cannot be written and is as it was: {error.strerror}",
                "make room, or get the right to write there, and run it again",
            ) from error


def replace(pattern: re.Pattern[str], text: str, factors: Sequence[str]) -> str:
    return pattern.sub(lambda match: match[1] + ",".join(factors) + match[3], text)
