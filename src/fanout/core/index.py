"""The package index: which releases of Core it serves, and what is in their wheels.

Format: the simple repository API (PEP 503, PEP 691), wheels as in PEP 427.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from fanout.cells.matrix import without_secrets
from fanout.core.refs import Release
from fanout.core.requirement import GIT_URL, address, path_of, requirement
from fanout.core.resolve import from_git
from fanout.core.wheel import KEPT, build, wheel_digest, wheel_requires, written
from fanout.errors import InvalidCore, UnreachableIndex
from fanout.model import DISTRIBUTION, SLOTS, Core

if TYPE_CHECKING:
    from pypi_simple import DistributionPackage, PyPISimple

FINAL_RELEASE = re.compile(r"\d+(\.\d+)*(\.post\d+)?", re.ASCII)
DOWNLOADS_AT_ONCE = 8
SLOT_REFS = frozenset(f"core_{slot}" for slot in SLOTS)


def read_releases(index: str, done: Callable[[int, int], None]) -> tuple[Release, ...]:
    """Every final release of Core, each with the digest of its wheel's content.

    `done` is told how many of how many releases are read. Raises UnreachableIndex.
    """
    with asking(index) as client, tempfile.TemporaryDirectory() as folder:
        found = choose(client.get_project_page(DISTRIBUTION, timeout=60).packages)
        if not found:
            raise ValueError("it serves no release")
        releases = []
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            read = partial(read_release, client, Path(folder))
            for release in pool.map(read, found):
                releases.append(release)
                done(len(releases), len(found))
    return tuple(releases)


@contextmanager
def asking(index: str, distribution: str = DISTRIBUTION) -> Iterator[PyPISimple]:
    """A client of the index, in a block that may end as UnreachableIndex."""
    with usable(index, distribution), client_of(index) as client:
        yield client


def client_of(index: str) -> PyPISimple:
    """A client that asks again, twice, where a name server or the index gives it no answer."""
    from pypi_simple import PyPISimple  # takes longer to import than all else, and few ask
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    # When to come again is not for an index to say.
    again = Retry(2, read=False, backoff_factor=0.5, respect_retry_after_header=False)
    client = PyPISimple(index)
    for scheme in ("https://", "http://"):
        client.s.mount(scheme, HTTPAdapter(max_retries=again))
    return client


@contextmanager
def usable(index: str, distribution: str = DISTRIBUTION) -> Iterator[None]:
    """A block in which whatever the index does wrong ends as UnreachableIndex."""
    from pypi_simple import errors  # as above
    from requests import RequestException

    try:
        yield
    except (
        RequestException,
        errors.NoSuchProjectError,
        errors.UnsupportedContentTypeError,
        errors.UnsupportedRepoVersionError,
        errors.DigestMismatchError,
        ValueError,
        OSError,
    ) as error:
        raise UnreachableIndex(
            f"the index '{without_secrets(index)}' gave no usable answer for '{distribution}':"
            f" {without_secrets(str(error))}",
            "check the network, or name another index with --index",
        ) from error


def exact(core: Core, root: Path, index: str) -> str:
    """A requirement that nothing but this Core meets, and that a resolver need not build."""
    return core.requirement if core.source == "pypi" else requirement(wheel_of(core, root, index))


def wheel_of(core: Core, root: Path, index: str) -> Path:
    """The wheel of a Core: the one it has, or one that is built or fetched, and then kept.

    Raises InvalidCore if there is no such Core, UnreachableIndex if the index does not say.
    """
    if core.wheel:
        return Path(core.wheel)
    if git := GIT_URL.fullmatch(address(core.requirement)):
        return Path(from_git(git["url"], git["ref"], core.core_ref, root).wheel)
    if path := path_of(core.requirement, Path):
        return build(path, root)
    return fetch(core.version, root, index)


def serves(version: str, index: str) -> bool:
    """Whether the index has a release; raises UnreachableIndex if it does not say."""
    return any(same_version(package.version, version) for package in listed(index))


def check_served(cores: Iterable[Core], index: str) -> None:
    """Raise InvalidCore for a version that the index lacks, before anybody waits for its cells.

    The index is not asked about what the table names or what has a wheel already. Raises
    UnreachableIndex if it does not say.
    """
    asked = [core for core in cores if core.source == "pypi" and core.core_ref in SLOT_REFS]
    packages = listed(index) if asked else []
    for core in asked:
        if not any(same_version(package.version, core.version) for package in packages):
            raise InvalidCore(
                f"the index '{without_secrets(index)}' has no '{DISTRIBUTION}' {core.version}"
                f"{newest_of(packages)}",
                "see `fanout cores` for its releases, or name another index with --index",
            )


def newest_of(packages: Sequence[DistributionPackage]) -> str:
    """Which release is the newest, in words to follow others; none if there is none."""
    versions = [str(one[0].version) for one in choose(packages) if not yanked(one)]
    return f"; the newest is {versions[-1]}" if versions else ""


def listed(index: str) -> list[DistributionPackage]:
    """Every file of Core that the index names; raises UnreachableIndex."""
    with asking(index) as client:
        return client.get_project_page(DISTRIBUTION, timeout=60).packages


def kept_from(index: str, root: Path) -> Path:
    """The folder of what was downloaded from an index."""
    return root / KEPT / f"index-{hashlib.sha256(index.encode()).hexdigest()[:16]}"


def fetch(version: str, root: Path, index: str, distribution: str = DISTRIBUTION) -> Path:
    """The wheel of a release, from the index once, and from then on as it was kept.

    Of Core alone a wheel is built where the index has none.
    """
    folder = kept_from(index, root)
    stem = canonicalize_name(distribution).replace("-", "_")
    for path in folder.glob(f"{stem}-{Version(version)}-*.whl"):
        return path.resolve()
    with asking(index, distribution) as client:
        packages = client.get_project_page(distribution, timeout=60).packages
        found = [package for package in packages if same_version(package.version, version)]
        if distribution != DISTRIBUTION:
            found = [package for package in found if package.package_type == "wheel"]
        found.sort(key=lambda package: package.package_type != "wheel")
        if not found:
            raise InvalidCore(
                f"the index '{without_secrets(index)}' has no '{distribution}' {version}",
                "see `fanout cores` for its releases, or name another index with --index"
                if distribution == DISTRIBUTION
                else "correct `consumer` and `release` in pack.toml, or name another --index",
            )
        path = folder / Path(found[0].filename).name
        with written(path) as part:
            client.download_package(found[0], part, timeout=60)
    path = path.resolve()
    return path if path.suffix == ".whl" else build(path, root)


def same_version(found: str | None, asked: str) -> bool:
    try:
        return Version(found or "") == Version(asked)
    except InvalidVersion:
        return False


def choose(packages: Sequence[DistributionPackage]) -> list[list[DistributionPackage]]:
    """The files of each final release, by version, its wheels first."""
    found: dict[str, list[DistributionPackage]] = {}
    for package in packages:
        if FINAL_RELEASE.fullmatch(package.version or ""):
            found.setdefault(str(package.version), []).append(package)
    for files in found.values():
        files.sort(key=lambda package: package.package_type != "wheel")
    return [found[version] for version in sorted(found, key=Version)]


def yanked(files: Iterable[DistributionPackage]) -> bool:
    """Whether a release is withdrawn: every file of it is."""
    return all(file.is_yanked for file in files)


def read_release(client: PyPISimple, folder: Path, files: list[DistributionPackage]) -> Release:
    package, version = files[0], str(files[0].version)
    if package.package_type != "wheel":
        return Release(version=version, yanked=yanked(files))
    path = folder / f"{version}.whl"
    client.download_package(package, path, timeout=60)
    try:
        return Release(
            version=version,
            digest=wheel_digest(path),
            requires=wheel_requires(path),
            yanked=yanked(files),
        )
    except InvalidCore as error:
        raise ValueError(error.what) from error
