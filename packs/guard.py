"""The guard: nothing but the Core that the cell asked for is judged."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import traceback
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pack import HarnessError

DISTRIBUTION = "market-data-core"
PACKAGE = "market_data_core"


@dataclass(frozen=True)
class Core:
    """The Core that is really installed: where it came from, its version and its content."""

    source: str
    version: str
    digest: str


def digest(distribution: metadata.Distribution) -> str:
    """SHA-256 over the path and bytes of every installed file that is code or data."""
    files = sorted(
        (file.as_posix(), Path(str(file.locate())))
        for file in distribution.files or ()
        if ".dist-info" not in file.parts[0] and file.parts[0] != ".." and file.suffix != ".pyc"
    )
    total = hashlib.sha256()
    for name, path in files:
        total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def source(distribution: metadata.Distribution) -> str:
    """Where an installer got a distribution from, by its `direct_url.json` (PEP 610)."""
    if "stand-in" in (distribution.metadata["Keywords"] or ""):
        return "stand-in"
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if "vcs_info" in origin:
        return "git"
    return "path" if origin else "pypi"


def without_secrets(requirement: str) -> str:
    """The requirement without the user name and token that a URL may carry."""
    return re.sub(r"://[^/@\s]+@", "://", requirement)


def guard(requirement: str, cell: str) -> Core:
    """The installed Core, if it is the one that the cell asked for; raises HarnessError."""
    asked = without_secrets(requirement)
    if not asked:
        raise HarnessError(
            "no Core was asked for: set CORE_CANDIDATE to a version, wheel, sdist, directory or"
            " git URL with a ref"
        )
    try:
        # A URL with a space in it installs, but is no requirement to packaging.
        wanted = Requirement(asked.partition(" @ ")[0])
        distribution = metadata.distribution(DISTRIBUTION)
    except InvalidRequirement as error:
        raise HarnessError(f"'{asked}' is not a requirement of '{DISTRIBUTION}'") from error
    except metadata.PackageNotFoundError as error:
        raise HarnessError(f"'{asked}' did not install '{DISTRIBUTION}'") from error
    if canonicalize_name(wanted.name) != DISTRIBUTION:
        raise HarnessError(f"'{asked}' is not a requirement of '{DISTRIBUTION}'")
    version = distribution.version
    factor = re.search(r"-core_v([\d_]+)$", cell)
    if not wanted.specifier.contains(version, prereleases=True) or (
        factor and re.sub(r"\D", "", factor[1]) != re.sub(r"\D", "", version)
    ):
        raise HarnessError(
            f"the cell '{cell}' asked for '{asked}', but '{DISTRIBUTION}' {version} is installed;"
            " run it again with `tox run -r`"
        )
    check_origin(distribution)
    return Core(source(distribution), version, digest(distribution))


def check_origin(distribution: metadata.Distribution) -> None:
    """Raise HarnessError unless the import finds the files of this distribution, in this env."""
    spec = util.find_spec(PACKAGE)
    found = Path(spec.origin).resolve() if spec and spec.origin else None
    expected = Path(str(distribution.locate_file(f"{PACKAGE}/__init__.py"))).resolve()
    if found != expected or not expected.is_relative_to(Path(sys.prefix).resolve()):
        raise HarnessError(f"'{PACKAGE}' would be imported from {found}, not from {expected}")


def forget_half_imported() -> None:
    """Drop what a failed import of Core left behind, or the next promise would import that."""
    for name in [name for name in sys.modules if name.startswith(f"{PACKAGE}.")]:
        if name.rpartition(".")[0] not in sys.modules:
            del sys.modules[name]


def out_of_core(error: BaseException) -> bool:
    """Whether an exception came out of Core's code, or out of looking for a name that it lacks."""
    lacking = error.name if isinstance(error, ImportError) else None
    if isinstance(error, AttributeError):
        owner = error.obj if isinstance(error.obj, ModuleType | type) else type(error.obj)
        lacking = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
    if (lacking or "").partition(".")[0] == PACKAGE:
        return True
    frames = traceback.walk_tb(error.__traceback__)
    return any(PACKAGE in Path(frame.f_code.co_filename).parts for frame, _ in frames)


def broken_harness(error: BaseException) -> bool:
    """Whether a promise's test stopped for a reason that says nothing about Core."""
    # An asyncio timeout is an OSError too, but without the number of a system error.
    system = isinstance(error, OSError) and error.errno is not None
    reasons = (ImportError, pytest.FixtureLookupError)
    return (system or isinstance(error, reasons)) and not out_of_core(error)
