"""The guard: nothing but the Core that the cell asked for is judged."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import posixpath
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from digest import content_digest
from evidence import without_secrets
from pack import HarnessError

DISTRIBUTION = "market-data-core"
PACKAGE = "market_data_core"


@dataclass(frozen=True)
class Core:
    """The Core that is really installed: where it came from, its version and its content."""

    source: str
    version: str
    digest: str


def core_digest(distribution: metadata.Distribution) -> str:
    """The digest of the installed Core, as a wheel of the same files would have it."""
    if checkout(distribution) is None:
        return digest(distribution)
    folder = package_folder()
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return content_digest(
        (path.relative_to(folder.parent).as_posix(), path.read_bytes()) for path in files
    )


def digest(distribution: metadata.Distribution) -> str:
    """SHA-256 over the path and bytes of every installed file that is code or data.

    Raises HarnessError if a file is not as it was installed: its hash stands in RECORD.
    """
    files = []
    for file in distribution.files or ():
        if ".dist-info" in file.parts[0] or file.parts[0] == ".." or file.suffix == ".pyc":
            continue
        path = Path(str(file.locate()))
        content = path.read_bytes() if path.is_file() else b""
        found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        if file.hash and file.hash.mode == "sha256" and file.hash.value != found:
            raise HarnessError(
                f"'{path}' is not what Core's RECORD says: the env was changed after the install,"
                " or the wheel after its build; run the cell again with `tox run -r`, or build"
                " the wheel again"
            )
        files.append((file.as_posix(), content))
    return content_digest(files)


def origin(distribution: metadata.Distribution) -> str:
    """The address that an installer took a distribution from, by PEP 610; none for an index."""
    recorded = json.loads(distribution.read_text("direct_url.json") or "{}")
    if "vcs_info" not in recorded:
        return str(recorded.get("url", ""))
    revision = recorded["vcs_info"].get("requested_revision") or recorded["vcs_info"]["commit_id"]
    return f"git+{recorded['url']}@{revision}"


def checkout(distribution: metadata.Distribution) -> Path | None:
    """The folder that an editable installation is of; None for one that copied its files."""
    recorded = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not recorded.get("dir_info", {}).get("editable"):
        return None
    path = unquote(urlsplit(recorded["url"]).path)
    return Path(path.lstrip("/") if os.name == "nt" else path).resolve()


def source(distribution: metadata.Distribution) -> str:
    """In a word, where an installer got a distribution from."""
    if "stand-in" in (distribution.metadata["Keywords"] or ""):
        return "stand-in"
    found = origin(distribution)
    if found.startswith("git+"):
        return "git"
    return "path" if found else "pypi"


def guard(requirement: str, cell: str) -> Core:
    """The installed Core, if it is the one that the cell asked for; raises HarnessError."""
    asked = without_secrets(requirement)
    if not asked:
        raise HarnessError(
            "no Core was asked for: set CORE_CANDIDATE to a version, wheel, sdist, directory or"
            " git URL with a ref"
        )
    try:
        wanted = Requirement(asked)
        distribution = metadata.distribution(DISTRIBUTION)
    except InvalidRequirement as error:
        raise HarnessError(f"'{asked}' is not a requirement of '{DISTRIBUTION}'") from error
    except metadata.PackageNotFoundError as error:
        raise HarnessError(
            f"'{DISTRIBUTION}' is not installed, and '{asked}' was asked for"
        ) from error
    if canonicalize_name(wanted.name) != DISTRIBUTION:
        raise HarnessError(f"'{asked}' is not a requirement of '{DISTRIBUTION}'")
    version, found = distribution.version, without_secrets(origin(distribution))
    factor = re.search(r"-core_v([\d_]+)$", cell)
    digits = re.sub(r"\D", "", version)
    if factor and (re.sub(r"\D", "", factor[1]) != digits or "+" in version):
        raise HarnessError(
            f"the cell '{cell}' got '{DISTRIBUTION}' {version} by '{asked}': give each Core the"
            " cell of its own version, or run it as CORE_CANDIDATE"
        )
    if not asks_for(wanted.specifier, version) or address(found) != address(wanted.url or ""):
        raise HarnessError(
            f"the cell '{cell}' asked for '{asked}', but '{DISTRIBUTION}' {version}"
            f" {f'from {found} ' if found else ''}is installed; run it again with `tox run -r`"
        )
    check_python(distribution)
    check_import(distribution)
    check_startup(distribution)
    return Core(source(distribution), version, core_digest(distribution))


def check_unchanged(core: Core) -> None:
    """Raise HarnessError unless after a run what was imported is still the guarded Core."""
    module = sys.modules.get(PACKAGE)
    found = getattr(module, "__file__", None) if module else package_folder() / "__init__.py"
    if not found or Path(found).resolve() != package_folder() / "__init__.py":
        raise HarnessError(f"in the end '{PACKAGE}' was {found}, not the Core that is installed")
    if core_digest(metadata.distribution(DISTRIBUTION)) != core.digest:
        raise HarnessError("while the pack ran, the files of the installed Core were changed")


@cache
def package_folder() -> Path:
    """Where the installed Core's package is.

    Of an editable one only the import knows it: the guard asks before anything imports Core.
    """
    distribution = metadata.distribution(DISTRIBUTION)
    folder = checkout(distribution)
    if folder is None:
        return Path(str(distribution.locate_file(PACKAGE))).resolve()
    found = imported_from()
    inside = found and found.is_relative_to(folder)
    return found.parent if found and inside else folder / PACKAGE


def imported_from() -> Path | None:
    """The file that an import of Core's package would run."""
    spec = util.find_spec(PACKAGE)
    return Path(spec.origin).resolve() if spec and spec.origin else None


@cache
def is_of_core(file: str) -> bool:
    """Whether a file of code belongs to the installed Core."""
    # A name that is no path, such as `<string>`, would be sought in a folder that may be gone.
    inside = os.path.join(package_folder(), "")
    return os.path.isabs(file) and os.path.realpath(file).startswith(inside)


def check_python(distribution: metadata.Distribution) -> None:
    """Raise HarnessError unless Core is for this Python: uv passes over its upper bound."""
    # As pip does it: a release candidate of Python is that Python.
    found = ".".join(map(str, sys.version_info[:3]))
    needed = distribution.metadata["Requires-Python"] or ""
    try:
        fits = SpecifierSet(needed).contains(found, prereleases=True)
    except InvalidSpecifier:
        fits = False
    if not fits:
        raise HarnessError(
            f"Core requires Python '{needed}', and this is Python {found}: pip would not install it"
        )


def check_startup(distribution: metadata.Distribution) -> None:
    """Raise HarnessError if the distribution runs code whenever Python starts.

    An editable one may: what links it to its checkout is the installer's, and can be code.
    """
    if checkout(distribution) is not None:
        return
    for file in distribution.files or ():
        name = file.parts[0]
        if name.partition(".")[0] in ("sitecustomize", "usercustomize"):
            runs = True
        else:
            path = Path(str(file.locate()))
            runs = name.endswith(".pth") and path.is_file() and runs_code(path)
        if runs:
            raise HarnessError(
                f"Core's distribution brings '{name}', which runs code in every Python of the env,"
                " the harness too: nothing can judge it; build Core without"
            )


def runs_code(path: Path) -> bool:
    """Whether a `.pth` file does more than name folders."""
    lines = path.read_bytes().splitlines()
    return any(line.startswith((b"import ", b"import\t")) for line in lines)


def asks_for(specifier: SpecifierSet, version: str) -> bool:
    """Whether a version is asked for; `==1.4.61` asks for that alone, and not for 1.4.61+local."""
    exact = (one.version for one in specifier if one.operator == "==" and "*" not in one.version)
    try:
        at = Version(version)
        return specifier.contains(at, prereleases=True) and all(at == Version(one) for one in exact)
    except InvalidVersion:
        return False


def address(url: str) -> tuple[str, ...]:
    """The parts of an address that tell two places apart, as an installer may rewrite the rest."""
    parts = urlsplit(url)
    host = "" if parts.hostname == "localhost" else parts.hostname or ""
    port = "" if parts.port == 443 else str(parts.port or "")
    path = posixpath.normpath(unquote(parts.path))
    # Windows knows one path by several names.
    return (parts.scheme, host, port, os.path.normcase(path) if parts.scheme == "file" else path)


def check_import(distribution: metadata.Distribution) -> None:
    """Raise HarnessError unless the import finds the files of this distribution, in this env."""
    found, expected = imported_from(), (package_folder() / "__init__.py").resolve()
    if found != expected:
        raise HarnessError(f"'{PACKAGE}' would be imported from {found}, not from {expected}")
    inside = checkout(distribution) or Path(sys.prefix).resolve()
    if not expected.is_relative_to(inside):
        raise HarnessError(
            f"'{PACKAGE}' is at {expected}, outside '{inside}': install it in this environment"
        )
