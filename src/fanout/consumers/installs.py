"""Whether consumers can be installed with a Core: what a resolver makes of their requirements."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

from uv import find_uv_bin

from fanout.cells.matrix import without_secrets
from fanout.model import DISTRIBUTION, Frozen
from fanout.wording import cut, one_line

LONGEST_RESOLVE = 300  # seconds
NO_SET = "No solution found"  # what uv says where it is sure that there is none
LONGEST_WHY = 1000


class Found(StrEnum):
    """What a resolver found out."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Resolution(Frozen):
    """Whether there is a set of distributions to install, and how many, or why not."""

    found: Found
    distributions: int = 0
    why: str = ""


class Installs(Frozen):
    """Whether releases can be installed with a Core, as they declare, and whatever they declare."""

    releases: dict[str, str]  # by distribution
    declared: Resolution
    forced: Resolution

    def fine(self, *, forced: bool) -> bool:
        """Whether there is a set, as they declare or whatever they declare of Core."""
        return (self.forced if forced else self.declared).found is Found.YES


def installs(
    releases: Mapping[str, str], core: str, index: str, extras: Iterable[str] = ()
) -> Installs:
    """Ask the resolver for a set of these releases with exactly the Core of a requirement.

    `releases` are versions by distribution, `extras` those of Core that they ask for, which a
    forced requirement would leave out. Nothing is built or installed; what has no wheel for this
    Python cannot be in the set.
    """
    forcing = forced(core, extras)
    asked = [*(f"{name}=={version}" for name, version in releases.items()), core]
    with ThreadPoolExecutor(2) as pool:
        declared = pool.submit(resolution, asked, [], index)
        anyway = pool.submit(resolution, asked, [forcing], index)
        return Installs(releases=dict(releases), declared=declared.result(), forced=anyway.result())


def forced(core: str, extras: Iterable[str]) -> str:
    """The requirement of a Core that overrides any other, with the extras that this leaves out."""
    return core.replace(DISTRIBUTION, f"{DISTRIBUTION}[{','.join(extras)}]", 1)


def resolution(asked: Sequence[str], overrides: Sequence[str], index: str) -> Resolution:
    """What the resolver makes of requirements, some of which override whatever else is asked."""
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        files = {"asked.txt": asked, "overrides.txt": overrides}
        for name, lines in files.items():
            Path(folder, name).write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
        options = ("--quiet", "--color", "never", "--no-header", "--no-annotate")
        where = ("--index", index, "--only-binary", ":all:", "--python", sys.executable)
        compile_all = ("pip", "compile", "asked.txt", "--override", "overrides.txt")
        try:
            done = subprocess.run(
                [find_uv_bin(), *compile_all, *options, *where],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=LONGEST_RESOLVE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Resolution(found=Found.UNKNOWN, why=shortened(str(error)))
    if done.returncode:
        found = Found.NO if NO_SET in done.stderr else Found.UNKNOWN
        return Resolution(found=found, why=shortened(done.stderr))
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith(("#", " "))]
    return Resolution(found=Found.YES, distributions=len(lines))


def shortened(said: str) -> str:
    """The resolver's words on one line, from its reason on."""
    line = one_line(without_secrets(said))
    start = max(line.find("Because "), 0)
    return cut(line[start:], LONGEST_WHY)
