"""What a consumer says of its own pack, in `pack.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from digest import content_digest

LONGEST_RANGE = 1000  # characters
LOGIN = re.compile(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}", re.ASCII)


class HarnessError(Exception):
    """The cell cannot judge Core: its outcome is *errored*, for the reason given."""


def holds(core_range: str, version: str) -> bool:
    """Whether a range has the release that a version is, or will become.

    A range speaks of releases: an rc, dev or local build of 1.10 is 1.10, which is in `>=1.10` and
    not in `<1.10`, as 2.0rc1 is a 2.0 and not in `<2`. A post-release stays what it is.
    """
    if len(core_range) > LONGEST_RANGE:
        raise InvalidSpecifier(f"the Core range has more than {LONGEST_RANGE} characters")
    at = Version(version)
    release = at.base_version if at.post is None else f"{at.base_version}.post{at.post}"
    return SpecifierSet(core_range).contains(release)


def check(core_range: object, **texts: object) -> None:
    """Raise ValueError unless the range is a PEP 440 one, maybe empty, and each text is one."""
    if not isinstance(core_range, str):
        raise ValueError(f"the Core range {core_range!r} is not a text")
    holds(core_range, "1")
    for key, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{key} = {value!r} is not a text")


@dataclass(frozen=True)
class KnownBreak:
    """What Core breaks, and the pack lists: `core` says where, and `expires` until when.

    It is a promise, or else a module or the installation of the consumer, of which a cell judges
    nothing.
    """

    core: str
    reason: str
    link: str
    expires: date
    test: str | None = None
    module: str | None = None
    install: bool = False

    def __post_init__(self) -> None:
        named = {"test": self.test, "module": self.module}
        given = {key: value for key, value in named.items() if value is not None}
        check(self.core, reason=self.reason, link=self.link, **given)
        if type(self.install) is not bool:
            raise ValueError(f"install = {self.install!r} is not true")
        if len(given) + self.install != 1:
            raise ValueError("a known break names one of test, module and install = true")
        if not re.fullmatch(r"https?://[^/\s]+\S*", self.link):
            raise ValueError(f"link = {self.link!r} is not an address on the web")
        if type(self.expires) is not date:
            raise ValueError(f"expires = {self.expires!r} is not a date such as 2027-01-31")

    def excuses(self, promise: str, version: str, today: date) -> bool:
        return self.test == promise and holds(self.core, version) and self.expires >= today


@dataclass(frozen=True)
class Pack:
    """What `pack.toml` says; every key is required but `known_breaks` and `assignees`."""

    consumer: str
    release: str
    owner: str
    supports: str
    known_breaks: tuple[KnownBreak, ...] = ()
    assignees: Sequence[str] = ()  # logins on GitHub, for the issues about its promises

    def __post_init__(self) -> None:
        check(self.supports, consumer=self.consumer, release=self.release, owner=self.owner)
        if not isinstance(self.assignees, list | tuple):
            raise ValueError(f"assignees = {self.assignees!r} is not a list")
        for login in self.assignees:
            if not isinstance(login, str) or not LOGIN.fullmatch(login):
                raise ValueError(f"assignees has {login!r}, which is no login of GitHub")


def read_pack(path: Path) -> Pack:
    """The pack's own statement; raises HarnessError naming the file and what is wrong in it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for worth in ("strength", "coverage"):  # of which a cell knows nothing
            table.pop(worth, None)
        rows = table.pop("known_breaks", [])
        return Pack(**table, known_breaks=tuple(KnownBreak(**row) for row in rows))
    except FileNotFoundError as error:
        raise HarnessError(f"{path} is not there: every pack has one") from error
    except (InvalidSpecifier, TypeError, ValueError) as error:
        said = re.sub(r"^\w+\.__init__\(\)|^.*argument after \*\*", "", str(error)).strip()
        raise HarnessError(f"{path} is not a valid pack.toml: {said}") from error


def pack_digest(folder: Path) -> str:
    """SHA-256 over a pack's files and those that every pack shares: evidence is of this content.

    Every file in its folder is the pack's, but what Python compiled and what begins with a dot.
    """
    paths = [*folder.rglob("*"), *folder.parent.glob("*.py"), folder.parent / "requirements.txt"]
    named = ((path.relative_to(folder.parent), path) for path in paths if path.is_file())
    try:
        return content_digest(
            (name.as_posix(), path.read_bytes())
            for name, path in named
            if not any(part[0] == "." or part == "__pycache__" for part in name.parts)
            and path.suffix != ".pyc"
        )
    except OSError as error:
        raise HarnessError(f"'{error.filename}' cannot be read: {error.strerror}") from error
