"""git, as this tool calls it: alone with the repository that it is given."""

from __future__ import annotations

import os

# What a shell or a hook may have said of another repository.
ELSEWHERE = ("DIR", "WORK_TREE", "INDEX_FILE", "OBJECT_DIRECTORY", "COMMON_DIR", "PREFIX")


def command(*arguments: str) -> list[str]:
    # A hook of the user's, run on a checkout, could touch anything.
    return ["git", "-c", f"core.hooksPath={os.devnull}", *arguments]


def environment() -> dict[str, str]:
    """The environment in which git asks for no password, and knows of no other repository."""
    elsewhere = {f"GIT_{name}" for name in ELSEWHERE}
    here = {name: value for name, value in os.environ.items() if name not in elsewhere}
    return here | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
