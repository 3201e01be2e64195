"""What a cell would install, found out without its env: the Core itself, and all that comes along.

uv does both, as it does in a cell. A Core that was looked at once is kept, under what it was asked
for by; what comes along is resolved for each run.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict
from functools import partial
from importlib import metadata
from pathlib import Path
from threading import Lock

import sealed
from cell_key import CoreSeen, besides_core, is_core, reader
from guard import DISTRIBUTION, digest, source
from pack import HarnessError

LONGEST = 300  # seconds
OF_A_PYTHON = re.compile(r"UV_(NO_MANAGED_|MANAGED_)?(PYTHON|CACHE)")  # which a tox around may set
# What uv says where it is not told what an index has.
NO_ANSWER = re.compile(r"error sending request|timed out|[Ff]ailed to fetch|Could not connect")
HARNESS = hashlib.sha256(Path(__file__).with_name("cell_key.py").read_bytes()).hexdigest()


class Unresolved(Exception):
    """It cannot be said what a cell would install; the cell itself will say why."""


class Installer:
    """uv, with the environment that the cells give it, and a folder for what it found out."""

    # Each opens as many connections as it has questions, and where several do so at once, a name
    # server leaves some without an answer for seconds. What one has fetched, the next finds kept.
    of_the_index = Lock()
    away = False  # an index has given no answer, and is asked no more

    def __init__(
        self, uv: str, python: str, environment: Mapping[str, str], folder: Path, kept: Path
    ) -> None:
        self.uv, self.python, self.environment = uv, python, environment
        self.folder, self.kept = folder, kept
        self.seen: set[str] = set()  # distributions of which this run has asked an index
        self.releases: dict[str, str] = {}  # what it has of each, by its requirement
        # Where it finds what is installed, and how: elsewhere a version may be something else.
        told = {name: text for name, text in environment.items() if name.startswith("UV_")}
        self.uses = {name: text for name, text in told.items() if not OF_A_PYTHON.match(name)}

    def ask(self, *arguments: str, told: str = "", python: str = "") -> str:
        alone = nullcontext() if "--offline" in arguments else self.of_the_index
        try:
            with alone:
                if Installer.away and "--offline" not in arguments:
                    raise Unresolved("an index gave no answer before")
                done = subprocess.run(
                    (self.uv, "pip", *arguments, "--quiet", "--python", python or self.python),
                    env=self.environment,
                    cwd=self.folder,
                    input=told,
                    capture_output=True,
                    encoding="utf-8",
                    errors="replace",
                    timeout=LONGEST,
                    check=False,
                )
        except (OSError, subprocess.TimeoutExpired) as error:
            Installer.away |= isinstance(error, subprocess.TimeoutExpired)
            raise Unresolved(str(error)) from error
        if done.returncode:
            Installer.away |= bool(NO_ANSWER.search(done.stderr))
            raise Unresolved(done.stderr.strip())
        return done.stdout

    def core(self, requirement: str, content: str = "", *, anew: bool = False) -> CoreSeen:
        """The Core that a requirement names; `content` tells two of one name apart."""
        told = [requirement, content, self.uses, HARNESS]
        named = hashlib.sha256(sealed.canonical(told)).hexdigest()
        file = self.kept / f"{named}.json"
        # Where that is damaged, or cannot be read any more, it is found out again.
        with suppress(sealed.Damaged, TypeError, ValueError):
            if not anew and (found := sealed.read(file)):
                return CoreSeen(**found | {"requires": tuple(found["requires"])})
        with tempfile.TemporaryDirectory(prefix="core-") as folder:
            install = ("install", "--no-deps", "--prefix", folder, requirement)
            try:
                self.ask(*install, "--offline")  # what uv has already, it need not ask for
            except Unresolved:
                self.ask(*install)
            seen = look_at(Path(folder))
        with suppress(OSError):  # or else it is found out again
            sealed.write(file, asdict(seen))
        return seen

    def lock(self, requirements: Sequence[str], core: str = "") -> list[str]:
        """What is installed besides Core where all this is required, each as `name==version`.

        A Core that is given is taken, whatever anybody declares of it. All answers of a run are as
        of one moment: of a distribution, the index is asked once, and uv then has what it said.
        """
        how: tuple[str, ...] = ()
        with tempfile.TemporaryDirectory(prefix="lock-") as folder:
            if core:
                forced = Path(folder) / "core.txt"
                forced.write_text(f"{core}\n", "utf-8")
                requirements = (*requirements, core)
                how = ("--override", str(forced))
            return pins(self.resolved("\n".join(requirements), *how)) if requirements else []

    def release(self, requirement: str) -> str:
        """A release with the digests that its index has of its files, for who takes no other.

        Empty for a Core of a path, or where no digest is told; raises Unresolved.
        """
        if "@" in requirement:
            return ""
        if requirement not in self.releases:
            found = self.resolved(requirement, "--no-deps", "--generate-hashes")
            self.releases[requirement] = found if "--hash=" in found else ""
        return self.releases[requirement]

    def resolved(self, requirements: str, *how: str) -> str:
        """What uv resolves, of its cache alone if this run has asked an index of all that."""
        brief = ("--no-header", "--no-annotate", "--no-emit-index-url")
        ask = partial(self.ask, "compile", *brief, *how, "-", told=requirements)
        with suppress(Unresolved):
            if self.seen and names(found := ask("--offline")) <= self.seen:
                return found
        found = ask()
        self.seen |= names(found)
        return found


def pins(said: str) -> list[str]:
    """The distributions besides Core of what uv has resolved, each as `name==version`."""
    lines = (line.partition(";")[0].strip() for line in said.splitlines() if "==" in line)
    return [line for line in lines if not is_core(line)]


def names(said: str) -> set[str]:
    return {line.partition("==")[0] for line in said.splitlines() if "==" in line}


def installed(folder: Path) -> list[str]:
    """What is installed in a folder besides Core, each as `name==version`."""
    there = metadata.distributions(path=[str(folder)])
    return besides_core(f"{one.name}=={one.version}" for one in there)


def look_at(folder: Path) -> CoreSeen:
    """The Core that is installed in a folder; raises Unresolved if it is not there as it should."""
    there = [*folder.rglob("*.dist-info")]
    if len(there) != 1:
        raise Unresolved(f"'{DISTRIBUTION}' was not installed")
    core, site = metadata.Distribution.at(there[0]), there[0].parent
    reads = reader(sorted(site.rglob("*.py")))
    try:
        return CoreSeen(
            source=source(core),
            version=core.version,
            digest=digest(core),
            requires=tuple(core.requires or ()),
            requires_python=core.metadata["Requires-Python"] or "",
            entry_points=core.read_text("entry_points.txt") or "",
            reads=reads.relative_to(site).as_posix() if reads else "",
        )
    except (HarnessError, ValueError) as error:
        raise Unresolved(str(error)) from error
