"""What a consumer says of its own pack, in `pack.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet


class HarnessError(Exception):
    """The cell cannot judge Core: its outcome is *errored*, for the reason given."""


def holds(core_range: str, version: str) -> bool:
    return SpecifierSet(core_range).contains(version, prereleases=True)


@dataclass(frozen=True)
class KnownBreak:
    """A broken promise that the pack lists; `core` and `test` say where, `expires` until when."""

    core: str
    test: str
    reason: str
    link: str
    expires: date

    def excuses(self, promise: str, version: str) -> bool:
        return self.test == promise and holds(self.core, version) and self.expires >= date.today()


@dataclass(frozen=True)
class Pack:
    """What `pack.toml` says; every key is required but `known_breaks`."""

    consumer: str
    release: str
    owner: str
    supports: str
    known_breaks: tuple[KnownBreak, ...] = ()


def read_pack(path: Path) -> Pack:
    """The pack's own statement; raises HarnessError naming the file and what is wrong in it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = table.pop("known_breaks", [])
        pack = Pack(**table, known_breaks=tuple(KnownBreak(**row) for row in rows))
        for core_range in (pack.supports, *(known.core for known in pack.known_breaks)):
            SpecifierSet(core_range)
        for known in pack.known_breaks:
            if type(known.expires) is not date:
                raise ValueError(f"expires = {known.expires!r} is not a date such as 2027-01-31")
    except FileNotFoundError as error:
        raise HarnessError(f"{path} is not there: every pack has one") from error
    except (InvalidSpecifier, TypeError, ValueError, AttributeError) as error:
        said = re.sub(r"^\w+\.__init__\(\)", "", str(error)).strip()
        raise HarnessError(f"{path} is not a valid pack.toml: {said}") from error
    return pack
