"""A Core as it was given: the name that people know it by, and what gets it on any machine."""

from __future__ import annotations

import re

from fanout.core.requirement import GIT_URL
from fanout.model import Core
from fanout.wording import one_line

PULL_REQUEST = re.compile(r"refs/pull/([0-9]{1,18})/(?:head|merge)", re.ASCII)
SHORT = 7  # characters of a commit


def known_as(core: Core) -> str:
    """The name without the commit, the same for every state of what it names: `pull request 12`."""
    url = GIT_URL.fullmatch(core.named)
    ref = url["ref"] if url else core.named
    if pull_request := PULL_REQUEST.fullmatch(ref):
        return f"pull request {pull_request[1]}"
    if core.commit and ref == core.commit:
        return f"commit {ref[:SHORT]}"
    return core.version if core.core_ref == core.named else one_line(ref)


def shown_as(core: Core) -> str:
    """The name with the commit that was tested: `pull request 12 at 3f2c91a`."""
    name = known_as(core)
    short = core.commit[:SHORT]
    return f"{name} at {short}" if short and short not in name else name


def place(core: Core) -> str:
    """The repository that it is of; empty for what is of none."""
    url = GIT_URL.fullmatch(core.named)
    return url["url"] if url else ""
