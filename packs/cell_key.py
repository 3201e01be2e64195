"""The key of a cell: cells with one key can say nothing but the same of their promises.

Format `cell-key/1`: SHA-256, in hexadecimal, over the parts as JSON in ASCII, sorted, without
spaces. The parts are all that a cell can see, but the version of Core: of that they hold what every
range of the pack makes of it. No part is of one machine: a key is the same on each of its kind.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import re
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TypedDict

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier
from packaging.utils import canonicalize_name

from guard import DISTRIBUTION
from pack import HarnessError, KnownBreak, holds, pack_digest, read_pack
from sealed import canonical

FORMAT = "cell-key/1"
# Variables that tox hands down whatever tox.ini says; see `environment_in` of the runner.
SEEN = {"LANG", "LANGUAGE", "PYTHON_GIL", "LD_LIBRARY_PATH", "FORCE_COLOR", "NO_COLOR", "NETRC"}
SEEN |= {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
SEEN |= {"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
# Core's distribution, as an installer takes its name, and what of Core is found by the same one.
ITS_NAME = r"market[-_.]data[-_.]core"
NO_READER = {"import_module", "find_spec", "__import__", "importorskip", "getLogger"}
# Without which no file reads a version.
NAMING = re.compile(rb"metadata|pkg_resources|dist-info|[\"']%s[\"']" % ITS_NAME.encode(), re.I)
METADATA = ("importlib.metadata", "importlib_metadata", "pkg_resources")
# What is in a Core's metadata that the key has.
IN_THE_KEY = {"requires", "entry_points", "PackageNotFoundError"}
TELLS_THE_CELL = {"__version__", "environ", "environb", "getenv", "argv", "orig_argv"}
TELLS_THE_CELL |= {"getoption", "invocation_params"}  # of pytest
# Of Python, and of modules, which are in its env, which is named like it.
TELLS_THE_CELL |= {"executable", "exec_prefix", "__spec__", "getfile", "getsourcefile"}
TELL_THE_CELL = {"site", "sysconfig"}  # modules
OF_SYS = {"prefix", "path"}
RUNS = {"exec", "eval"}  # what no reader knows
# By which a name is had from a text, wherever that stands.
BY_TEXT = {"getattr", "attrgetter", "methodcaller", "vars", "__dict__", "__getattribute__"}
BY_TEXT |= {"getattr_static", "getmembers", "globals", "builtins", "__builtins__"}
A_RANGE = re.compile(r"\s*(===?|~=|!=|<=?|>=?)")

# CPython before 3.11.8 counts the recursion of all parsers at once (python/cpython#106905).
PARSING = Lock()


class Parts(TypedDict):
    """What a key is made of."""

    format: str
    pack: str  # the digest of its files and of those that all packs share, as evidence has it
    cell: str  # the digest of how tox runs it
    core: str  # the digest of what is installed of it
    requires: list[str]
    requires_python: str
    entry_points: str
    ranges: dict[str, bool]  # of the pack, and whether the version is in them
    known_breaks: list[str]  # that have not expired
    distributions: list[str]  # that are installed besides Core
    python: str
    implementation: str
    platform: str
    environment: dict[str, str]


@dataclass(frozen=True)
class CoreSeen:
    """All of an installed Core that a cell can see; `reads` names a file that reads its version."""

    source: str
    version: str
    digest: str
    requires: tuple[str, ...]
    requires_python: str
    entry_points: str
    reads: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError if what it requires cannot be read: uv reads more than the standard."""
        for text in self.requires:
            applies(text)

    @property
    def required(self) -> tuple[str, ...]:
        """What it requires here, without an extra."""
        return tuple(sorted(text for text in self.requires if applies(text)))


def applies(requirement: str) -> bool:
    marker = Requirement(requirement).marker
    return marker is None or marker.evaluate({"extra": ""})


@dataclass(frozen=True)
class PackSeen:
    """What of a pack the keys of its cells need; `reads` is as that of a Core."""

    name: str
    digest: str
    known_breaks: tuple[KnownBreak, ...]
    ranges: tuple[str, ...]
    reads: str = ""


def read_pack_seen(folder: Path, *, live: bool = False) -> PackSeen:
    """The pack in a folder; raises HarnessError if it is none, or has files that no digest has.

    For the live cells of a consumer, which judge no promise, it need not be there.
    """
    if linked := next((path for path in folder.rglob("*") if links_to_folder(path)), None):
        raise HarnessError(f"'{linked}' is a link to a folder, whose files are in no digest")
    files = (file for file in sorted(folder.rglob("*.py")) if file.is_file())
    trees = {file.name: tree_of(file.read_bytes()) for file in files}
    says = None if live else read_pack(folder / "pack.toml")
    breaks = says.known_breaks if says else ()
    ranges = {says.supports, *(known.core for known in breaks)} if says else set[str]()
    ranges |= {text for tree in trees.values() for text in ranges_in(tree)}
    reads = next((name for name, tree in trees.items() if reads_version(tree, of_pack=True)), "")
    return PackSeen(folder.name, pack_digest(folder), breaks, tuple(sorted(ranges)), reads)


def links_to_folder(path: Path) -> bool:
    return path.is_symlink() and path.is_dir()


def parts_of(
    pack: PackSeen, core: CoreSeen, distributions: Iterable[str], how: str, today: date
) -> Parts:
    """The parts of the key of a pack's cell; `how` says how tox runs it."""
    # An expired one is an error on every Core; `ranges` has of which Cores the others are.
    in_force = (
        f"{known.test} {known.core}"
        for known in pack.known_breaks
        if known.test and known.expires >= today
    )
    return {
        "format": FORMAT,
        "pack": pack.digest,
        "cell": hashlib.sha256(how.encode()).hexdigest(),
        "core": core.digest,
        "requires": sorted(core.requires),
        "requires_python": core.requires_python,
        "entry_points": core.entry_points,
        "ranges": {text: holds(text, core.version) for text in pack.ranges},
        "known_breaks": sorted(in_force),
        "distributions": sorted(map(normalised, distributions)),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": sysconfig.get_platform(),
        "environment": {name: os.environ[name] for name in SEEN if name in os.environ},
    }


def key_of(parts: Parts) -> str:
    return hashlib.sha256(canonical(parts)).hexdigest()


def normalised(distribution: str) -> str:
    """`Name==version` as every installer would write it."""
    name, _, version = distribution.partition("==")
    return f"{canonicalize_name(name)}=={version}"


def besides_core(distributions: Iterable[str]) -> list[str]:
    """All of these but Core, sorted, each as every installer would write it."""
    return sorted({one for one in map(normalised, distributions) if not is_core(one)})


def is_core(distribution: str) -> bool:
    return normalised(distribution).partition("==")[0] == DISTRIBUTION


def tree_of(source: bytes) -> ast.Module | None:
    """The syntax of a file; None for one that is not Python."""
    try:
        with PARSING:
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def ranges_in(tree: ast.Module | None) -> Iterator[str]:
    """Every text in a file that is a range of versions."""
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_range(node.value):
            yield node.value


@lru_cache
def is_range(text: str) -> bool:
    if not A_RANGE.match(text):
        return False
    try:
        holds(text, "1")
    except InvalidSpecifier:
        return False
    return True


def reader(files: Iterable[Path]) -> Path | None:
    """The first of some files of Python that may read which version of Core is installed."""
    code = ((path, path.read_bytes()) for path in files)
    named = ((path, text) for path, text in code if NAMING.search(text))
    return next((path for path, text in named if reads_version(tree_of(text))), None)


def reads_version(tree: ast.Module | None, *, of_pack: bool = False) -> bool:
    """Whether a file may read which version of Core is installed, or else cannot be read.

    In metadata it may look at what the key has; a pack, at nothing that tells it its cell.
    """
    if tree is None:
        return True
    modules = {alias for node in ast.walk(tree) for alias in metadata_names(node)}
    harmless = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in IN_THE_KEY
    }
    system = {alias for node in ast.walk(tree) for alias in names_of_sys(node)}
    by_text = not BY_TEXT.isdisjoint(names_in(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                named = {one.name for one in names}
                if of_metadata(node) and named - IN_THE_KEY - {*METADATA[:2]}:
                    return True
                module = node.module if isinstance(node, ast.ImportFrom) else None
                telling = TELLS_THE_CELL | (OF_SYS if module == "sys" else set())
                if of_pack and (named & telling or {module, *named} & TELL_THE_CELL):
                    return True
            # Of a module of Core; a pack may find its own files.
            case ast.Attribute(attr="__file__" | "__path__") if of_pack:
                return True
            case ast.Attribute(value=ast.Name(name), attr=attr) if of_pack and name in system:
                if attr in OF_SYS | TELLS_THE_CELL:
                    return True
            case ast.Attribute(
                attr="option", value=ast.Name("pytestconfig") | ast.Attribute(attr="config")
            ) if of_pack:
                return True
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if modules and ast.unparse(node) in modules and id(node) not in harmless:
                    return True
                if of_pack and name in TELLS_THE_CELL:
                    return True
                # Core, and many a library, have methods that are called so.
                if of_pack and name in RUNS and (by_text or isinstance(node, ast.Name)):
                    return True
            # Whoever's function it is may look at the version.
            case ast.Call() if asks_about_core(node):
                return True
            # As an argument of what imports or opens it, and not in a sentence.
            case ast.Constant(value=str(text)):
                if text in METADATA or ".dist-info" in text:
                    return True
                if of_pack and by_text and text in TELLS_THE_CELL | RUNS:
                    return True
    return False


def names_in(tree: ast.Module) -> Iterator[str]:
    """Every name in a file, of attributes and of what it imports as well."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                yield name


def asks_about_core(call: ast.Call) -> bool:
    """Whether a function is given the name of Core's distribution, but one that looks for code."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    texts = (one.value for one in call.args if isinstance(one, ast.Constant))
    named = (isinstance(text, str) and re.fullmatch(ITS_NAME, text, re.I) for text in texts)
    return function not in NO_READER | IN_THE_KEY and any(named)


def names_of_sys(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.asname or one.name for one in node.names if one.name == "sys")


def of_metadata(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import is of a module that reads the metadata of distributions."""
    if isinstance(node, ast.ImportFrom):
        return node.module in METADATA
    return any(one.name in METADATA for one in node.names)


def metadata_names(node: ast.AST) -> Iterator[str]:
    """The names under which an import makes the metadata of distributions known."""
    match node:
        case ast.Import(names=names):
            yield from (one.asname or one.name for one in names if one.name in METADATA)
            # Which has its `metadata` as soon as anything, such as pydantic, imports that.
            whole = [one for one in names if one.name.partition(".")[0] == "importlib"]
            yield from (f"{one.asname or 'importlib'}.metadata" for one in whole)
        case ast.ImportFrom(module="importlib", names=names):
            yield from (one.asname or one.name for one in names if one.name == "metadata")
