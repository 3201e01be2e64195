"""What an issue of ours is about, hidden at its end, where the next run reads it.

Format: an HTML comment with JSON, the last one in the text. A promise is told by the beginning of a
SHA-256 of its pack and name, so that thousands fit and none can end the comment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Annotated

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

    def is_after(self, other: Judged, descends: Descends) -> bool:
        """Whether it is known to be later than another in the same line."""
        if not self.line or self.line != other.line:
            return False
        mine, theirs = version_of(self.version), version_of(other.version)
        if mine != theirs or not (self.commit and other.commit) or self.commit == other.commit:
            return mine > theirs
        return descends(other.commit, self.commit)

    def follows(self, other: Judged, descends: Descends) -> bool:
        """Whether it is the same Core or a later one in the line, and was judged no earlier."""
        same = self.line != "" and self.model_copy(update={"run": other.run}) == other
        return self.run >= other.run and (same or self.is_after(other, descends))

    def or_newer(self, now: Judged, descends: Descends) -> Judged:
        """Another Core, unless this is known to be later, or the commit of two of one version."""
        commit = self.commit and not now.commit and self.version == now.version
        kept = self if commit or self.is_after(now, descends) else now
        return kept.model_copy(update={"run": now.run})


class About(Frozen):
    """The cause that an issue is about, the Core, and the first MOST of the promises."""

    cause: Digest
    core: Judged
    promises: tuple[Digest, ...]

    @property
    def key(self) -> tuple[str, str]:
        return (self.cause, self.core.line)

    @property
    def marker(self) -> str:
        said = self.model_copy(update={"promises": self.promises[:MOST]}).model_dump_json()
        # A version may be anything, also what would end the comment.
        said = said.replace("<", "\\u003c").replace(">", "\\u003e")
        return f"<!-- contracts {said} -->"


def read(body: str) -> About | None:
    """What an issue says that it is about; None if it is not of this form."""
    found = MARKER.findall(body)
    try:
        return About.model_validate_json(found[-1]) if found else None
    except ValidationError:
        return None


def digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]
