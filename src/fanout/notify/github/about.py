"""What an issue of ours is about, hidden at its end, where the next run reads it.

Format: an HTML comment that holds JSON, the last of its kind in the text. A promise is told by the
beginning of a SHA-256, so that hundreds fit and none can end the comment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Annotated, NamedTuple

from packaging.version import InvalidVersion, Version
from pydantic import Field, ValidationError

from fanout.model import Frozen, version_of
from fanout.notify.announcement import Commit

MARKER = re.compile(r"<!-- contracts (\{.*?\}) -->")
MOST = 3000  # promises; GitHub takes 65,536 characters in all
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
# Whether the second of two commits of Core has the first among its ancestors.
Descends = Callable[[str, str], bool]


class Judged(Frozen):
    """A Core that a run judged: its version, its commit unless it is a release, the run's id."""

    version: str = ""
    commit: Commit = ""
    run: Annotated[int, Field(ge=0)] = 0

    @property
    def line(self) -> str:
        """The minor line, as 1.4; nothing for what has no version."""
        try:
            return ".".join(map(str, Version(self.version).release[:2]))
        except InvalidVersion:
            return ""

    def follows(self, other: Judged, descends: Descends) -> bool:
        """Whether it is the same Core or a later one in the same line, and judged no earlier.

        A commit and a release of one version are not known to follow each other.
        """
        if self.run < other.run or not self.line or self.line != other.line:
            return False
        mine, theirs = version_of(self.version), version_of(other.version)
        if mine != theirs or self.commit == other.commit:
            return mine >= theirs
        return bool(self.commit and other.commit) and descends(other.commit, self.commit)


class About(Frozen):
    """The cause that an issue is about, Core and promises, of which `more` are not named."""

    cause: Digest
    core: Judged
    promises: tuple[Digest, ...]
    more: int = 0

    @classmethod
    def of(cls, cause: str, core: Judged, promises: Iterable[str], more: int = 0) -> About:
        every = tuple(dict.fromkeys(promises))
        return cls(cause=cause, core=core, promises=every[:MOST], more=more + len(every[MOST:]))

    @property
    def key(self) -> tuple[str, str]:
        return (self.cause, self.core.line)

    @property
    def marker(self) -> str:
        said = self.model_dump_json().replace("<", "\\u003c").replace(">", "\\u003e")
        return f"<!-- contracts {said} -->"


class Mended(NamedTuple):
    """The Cores that keep each promise now, by its digest, and how their commits are ordered."""

    kept: Mapping[str, Collection[Judged]]
    descends: Descends

    def since(self, core: Judged, promise: str) -> bool:
        """Whether a Core that follows another keeps a promise."""
        return any(one.follows(core, self.descends) for one in self.kept.get(promise, ()))

    def renewed(self, was: About, now: About) -> About:
        """What an issue is about after a run: what broke now, and what did and is not mended."""
        left = [one for one in was.promises if not self.since(was.core, one)]
        core = now.core if now.core.follows(was.core, self.descends) else was.core
        return About.of(
            now.cause,
            core.model_copy(update={"run": now.core.run}),
            (*now.promises, *left),
            max(now.more, was.more),
        )


def read(body: str) -> About | None:
    """What an issue says that it is about; None if it is not of this form."""
    # What a promise says stands before ours.
    found = MARKER.findall(body)
    try:
        return About.model_validate_json(found[-1]) if found else None
    except ValidationError:
        return None


def digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]
