"""The requirement that installs a Core: made of its path, and read back as what a user names."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath, PureWindowsPath
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from fanout import shell
from fanout.model import DISTRIBUTION, SLOTS

GIT_URL = re.compile(
    r"git\+(?P<url>(?:https|ssh|file)://(?:[\w.:%-]+@)?[\w.:%-]*/[\w.~:/+%-]+)"
    r"@(?P<ref>[\w.~/+%][\w.~/+%-]*)",
    re.ASCII,
)
FILE_URL = re.compile(r"file://(?P<host>[^/]*)(?P<path>/.*)")
DRIVE = re.compile(r"/[A-Za-z]:(?=/|$)")
EXACT = re.compile(rf"{DISTRIBUTION}==(?P<version>[\w.+!-]+)", re.ASCII)
TEST = re.compile(r"\S+::\S+(\[.*\])?", re.DOTALL)
AnyPath = TypeVar("AnyPath", bound=PurePath)


def requirement(path: PurePath) -> str:
    """The PEP 508 requirement for a wheel or a folder, whose path begins at the root."""
    return f"{DISTRIBUTION} @ {path.as_uri()}"


def address(requirement: str) -> str:
    """The URL that a requirement names; empty if it names none."""
    return requirement.partition(" @ ")[2]


def path_of(requirement: str, kind: type[AnyPath]) -> AnyPath | None:
    """The path that a requirement names, as a system writes it; None if it names none."""
    url = FILE_URL.fullmatch(address(requirement))
    if url is None:
        return None
    path = os.fsdecode(unquote_to_bytes(url["path"]))
    if issubclass(type(kind()), PureWindowsPath):
        shared = url["host"] not in ("", "localhost")
        path = f"//{url['host']}{path}" if shared else path[1:] if DRIVE.match(path) else path
    return kind(path)


def named(requirement: str) -> str:
    """What a user names to get this requirement; empty if that cannot be typed."""
    if exact := EXACT.fullmatch(requirement):
        return exact["version"]
    if GIT_URL.fullmatch(address(requirement)):
        return address(requirement)
    path = str(path_of(requirement, Path) or "")
    return path if path.isprintable() else ""


def run_again(cell: str, requirement: str, source: str = "") -> str:
    """The command that runs a cell on the same Core again.

    A cell of a release or a stand-in finds that in tox.ini; any other must be told.
    """
    core_ref = cell.partition("-")[2]
    told = core_ref.removeprefix("core_") in SLOTS or source in ("git", "path")
    value = named(requirement) if told else ""
    return shell.line(f"tox run -e {cell}", {core_ref.upper(): value} if value else {})


def ask_again(pack: str, core: str, promise: str) -> str:
    """The command that judges one promise of a pack alone, on a Core as a user names it.

    Empty for what is no test: a file that cannot be imported, or an entry of `pack.toml`.
    """
    if not TEST.fullmatch(promise):
        return ""
    words = (pack, core, "--promise", promise)
    return f"fanout probe {' '.join(map(shell.quoted, words))}"
