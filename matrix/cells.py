"""The cells, and what each Core ref installs.

A cell is a pack, which is a folder of `packs/` with a `pack.toml`, on a Core ref, which is a line
of `[cores]`; a live cell is a consumer, which is a line of `consumers.toml`, on one.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from configparser import ConfigParser, Error
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from packaging.version import VERSION_PATTERN

ROOT = Path(__file__).parents[1]
SLOTS = ("core_candidate", "core_baseline")
LABELS = ("history", "candidate", "yanked", "live")  # of cells of several packs
LIVE = "_live"  # what the name of a consumer ends with in that of its live cell
DISTRIBUTION = "market-data-core"
PACK_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
A_PYTHON = re.compile(r"\w*(py|python)\d*", re.ASCII)  # to tox, a factor that chooses one
CORE_REF = re.compile(r"core_v[0-9_]+", re.ASCII)
GIT_URL = re.compile(
    r"git\+(https|ssh|file)://([\w.:%-]+@)?[\w.:%-]*/[\w.~:/+%-]+@[\w.~/+%][\w.~/+%-]*", re.ASCII
)
VERSION = re.compile(VERSION_PATTERN, re.ASCII | re.IGNORECASE | re.VERBOSE)
HINT = (
    "set it to a version, a wheel, an sdist, a directory, or a git URL such as"
    " git+https://host/repository@ref"
)


class InvalidMatrix(Exception):
    """Of `tox.ini`, `packs/` and `consumers.toml` no matrix can be made; the text says why."""


class Cell(NamedTuple):
    """A pack on a Core ref; `named` is what the table, or else a variable, names as that Core."""

    pack: str
    core_ref: str
    named: str
    default: bool
    yanked: bool
    release: str = ""  # of a live cell: what it installs in place of a pack

    @property
    def variable(self) -> str:
        """The environment variable that names the Core of a slot, or another for a stand-in."""
        return "" if VERSION.fullmatch(self.named) else self.core_ref.upper()

    @property
    def asked(self) -> str:
        return os.environ.get(self.variable, "").strip() or self.named

    @property
    def description(self) -> str:
        if self.release:
            core = self.named or f"the Core that {self.variable} names"
            return f"whether {self.release} can be imported with {core}"
        if not self.named:
            return f"what {self.pack} needs of the Core that {self.variable} names"
        if not self.variable:
            return f"what {self.pack} needs of {DISTRIBUTION}=={self.named}"
        return (
            f"what {self.pack} needs of '{self.named}':"
            f" a stand-in, unless {self.variable} names the tag"
        )

    @property
    def labels(self) -> set[str]:
        if self.release:
            return {"live"} if self.default else set()
        if not self.named:
            return {"candidate"} & {self.core_ref.removeprefix("core_")}
        told = {"yanked": self.yanked, self.pack: self.default}
        return {"history"} | {label for label, said in told.items() if said}


@lru_cache
def packs() -> tuple[str, ...]:
    """The packs by name; a folder of `packs/` that is none, though it holds files, is an error."""
    found = []
    for folder in sorted(path for path in ROOT.glob("packs/[!.]*") if path.is_dir()):
        # Another commit may have had a pack there, of which a cache is left.
        if not any(path.is_file() and path.suffix != ".pyc" for path in folder.rglob("[!.]*")):
            continue
        if not (folder / "pack.toml").is_file():
            raise InvalidMatrix(f"the pack '{folder}' has no pack.toml; see packs/README.md")
        name = folder.name
        wrong = name in LABELS or name.endswith(LIVE) or A_PYTHON.fullmatch(name)
        if wrong or not PACK_NAME.fullmatch(name):
            raise InvalidMatrix(
                f"'{folder}' has no name for a pack: one is made of a-z, 0-9 and _, begins with a"
                f" letter, does not end with {LIVE}, names no Python such as py311, and is none of"
                f" {', '.join(LABELS)}"
            )
        found.append(folder.name)
    return tuple(found)


@lru_cache
def consumers() -> Mapping[str, str]:
    """The requirement of each release in consumers.toml, by what its live cells begin with."""
    import tomllib  # which an older Python lacks

    try:
        with (ROOT / "consumers.toml").open("rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidMatrix(f"consumers.toml cannot be read: {error}") from error
    found: dict[str, str] = {}
    for distribution, release in table.items():
        name = distribution.removeprefix("market-data-").replace("-", "_") + LIVE
        versioned = isinstance(release, str) and VERSION.fullmatch(release)
        if not versioned or not PACK_NAME.fullmatch(name) or name in found:
            raise InvalidMatrix(
                f"consumers.toml: '{distribution}' has no release, such as 1.2.0, or its live"
                f" cells would have no name of their own: '{name}'"
            )
        found[name] = f"{distribution}=={release}"
    return found


def section(name: str) -> Mapping[str, str]:
    """A section of tox.ini; one that is not there is empty."""
    return tox_ini()[name] if name in section_names() else {}


def section_names() -> list[str]:
    return tox_ini().sections()


@lru_cache
def tox_ini() -> ConfigParser:
    found = ConfigParser(interpolation=None)
    try:
        with (ROOT / "tox.ini").open(encoding="utf-8-sig") as file:
            found.read_file(file)
    except (OSError, ValueError, Error) as error:
        raise InvalidMatrix(f"tox.ini cannot be read: {error}") from error
    return found


@lru_cache
def cells() -> Mapping[str, Cell]:
    """Every cell by its name, pack by pack; a line of `[cores]` that is none is an error."""
    cores = dict(section("cores"))
    if not cores:
        raise InvalidMatrix("tox.ini has no '[cores]', the table of Core refs")
    yanked = [f"core_{factor}" for factor in cores.pop("yanked", "").split()]
    default = [f"core_{factor}" for factor in cores.pop("default", "").split()]
    for ref in (*cores, *default, *yanked):
        if ref not in cores or not CORE_REF.fullmatch(ref):
            raise InvalidMatrix(
                f"[cores] of tox.ini has no line for '{ref}', or that is no name of a Core ref,"
                " which is made like core_v1461"
            )
        if not VERSION.fullmatch(cores[ref]) and not (cores[ref] and (ROOT / cores[ref]).is_dir()):
            raise InvalidMatrix(
                f"[cores] of tox.ini: '{ref}' names no version and no folder: '{cores[ref]}'"
            )
    named = cores | dict.fromkeys(SLOTS, "")
    found = {
        f"{pack}-{ref}": Cell(pack, ref, core, ref in default and ref not in yanked, ref in yanked)
        for pack in packs()
        for ref, core in named.items()
    }
    # What repeats the content of a Core ref of the default matrix says nothing new of a consumer.
    return found | {
        f"{name}-{ref}": Cell(name, ref, named[ref], ref in default, ref in yanked, release)
        for name, release in consumers().items()
        for ref in (*default, *SLOTS)
    }


def by_default() -> list[str]:
    return [name for name, cell in cells().items() if cell.default and not cell.release]


def requirement(named: str, root: Path, variable: str = "CORE_CANDIDATE") -> str:
    """The PEP 508 requirement for a version, wheel, sdist, directory or git URL with a ref.

    Relative paths start at root. Raises ValueError, saying what to set `variable` to instead.
    """
    named = named.strip()
    if not named:
        raise ValueError(f"{variable} is not set; {HINT}")
    if GIT_URL.fullmatch(named):
        return f"{DISTRIBUTION} @ {named}"
    if VERSION.fullmatch(named):
        return f"{DISTRIBUTION}=={named}"
    if "://" in named:
        shown = re.sub(r"://\S*@(?=\S*/)", "://", named)
        raise ValueError(f"{variable} is no address of a git ref: {shown!r}; {HINT}")
    try:
        path = (root / Path(named).expanduser()).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{variable} names nothing that is there: {named!r}; {HINT}") from error
    return f"{DISTRIBUTION} @ {path.as_uri()}"


def installed(cell: Cell) -> str:
    """What a cell installs as its Core; empty if what is asked for can be none."""
    try:
        return requirement(cell.asked, ROOT, cell.variable)
    except ValueError:
        return ""


@lru_cache
def digest_of(cell: Cell) -> str:
    """The digest of a stand-in, and of what is asked for in its place."""
    found = hashlib.sha256(cell.asked.encode())
    stand_in = ROOT / cell.named
    for path in sorted(stand_in.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(stand_in)}\0{content}\n".encode())
    return found.hexdigest()
