"""A command line, as it is typed in the shell of this system."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping

# PowerShell takes each of these for the end of a text in single quotes.
QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def line(
    command: str, variables: Mapping[str, str], *, windows: bool = sys.platform == "win32"
) -> str:
    """The command with variables in its environment, for PowerShell on Windows, else for sh."""
    if windows:
        doubled = {name: QUOTES.sub(r"\1\1", value) for name, value in variables.items()}
        said = [f"$env:{name}='{value}';" for name, value in doubled.items()]
    else:
        said = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    return " ".join((*said, command))


def quoted(word: str, *, windows: bool = sys.platform == "win32") -> str:
    """A word of a command, in quotes if it needs any."""
    plain = shlex.quote(word)
    return "'" + QUOTES.sub(r"\1\1", word) + "'" if windows and plain != word else plain
