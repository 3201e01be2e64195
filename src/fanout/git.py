"""git, as this tool calls it: alone with the repository that it is given."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Mapping
from types import MappingProxyType

from fanout.errors import NoGit

# What a shell or a hook may have said of another repository.
ELSEWHERE = ("DIR", "WORK_TREE", "INDEX_FILE", "OBJECT_DIRECTORY", "COMMON_DIR", "PREFIX")
NOTHING: Mapping[str, str] = MappingProxyType({})


def run(
    *arguments: str, variables: Mapping[str, str] = NOTHING, seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    """How git ended, and what it printed; raises NoGit where there is none.

    `variables` come on top of its environment; after so many seconds it is stopped, which raises
    subprocess.TimeoutExpired.
    """
    try:
        return subprocess.run(
            command(*arguments),
            env=environment() | dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise NoGit(
            "there is no git on this machine, or not on its PATH",
            "install git, and see that `git --version` answers",
        ) from error


def credentials(repository: str, token: str) -> dict[str, str]:
    """A token of GitHub for one repository, as variables: other processes could see arguments."""
    if not token:
        return {}
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{repository}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }


def command(*arguments: str) -> list[str]:
    # A hook of the user's, run on a checkout, could touch anything.
    return ["git", "-c", f"core.hooksPath={os.devnull}", *arguments]


def environment() -> dict[str, str]:
    """The environment in which git asks for no password, and knows of no other repository."""
    elsewhere = {f"GIT_{name}" for name in ELSEWHERE}
    here = {name: value for name, value in os.environ.items() if name not in elsewhere}
    return here | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
