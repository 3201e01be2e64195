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
    form = "$env:{}={};" if windows else "{}={}"
    said = [form.format(name, quoted(one, windows=windows)) for name, one in variables.items()]
    return " ".join((*said, command))


def quoted(text: str, *, windows: bool = sys.platform == "win32") -> str:
    """A text as one word of a command line."""
    if not windows:
        return shlex.quote(text)
    doubled = QUOTES.sub(r"\1\1", text)
    return f"'{doubled}'"
