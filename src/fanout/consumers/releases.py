"""The releases of a consumer, as the index has them, with what those of the last year declare."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from pydantic import AwareDatetime
from pypi_simple import DistributionPackage, PyPISimple

from fanout.consumers.declared import LARGEST_METADATA, Declared, declared
from fanout.core.index import DOWNLOADS_AT_ONCE, choose, client_of, kept_from, usable, yanked
from fanout.core.wheel import BROKEN_ARCHIVE, written
from fanout.model import Frozen

YEAR = timedelta(days=365)
CHUNK = 64 * 1024
METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
LARGEST_WHEEL = 64 * 1024 * 1024
Files = list[DistributionPackage]


class ConsumerRelease(Frozen):
    """One release of a consumer; what it declares is read for a year back from the newest."""

    version: str
    at: AwareDatetime | None = None  # when it was uploaded, where the index says so
    yanked: bool = False
    declared: Declared | None = None


def read_consumers(
    distributions: Sequence[str], root: Path, index: str, done: Callable[[int, int], None]
) -> dict[str, tuple[ConsumerRelease, ...]]:
    """The final releases of each consumer, by version.

    `done` is told how many of how many releases are read. Raises UnreachableIndex.
    """
    folder = kept_from(index, root)
    with client_of(index) as client, ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        listed = list_releases(client, index, distributions)
        wanted = [
            (name, version, files)
            for name, releases in listed.items()
            for version, files in of_last_year(releases).items()
        ]

        def read(one: tuple[str, str, Files]) -> Declared:
            name, version, files = one
            with usable(index, name):
                return read_declared(client, folder, name, version, files)

        found: dict[tuple[str, str], Declared] = {}
        for (name, version, _), said in zip(wanted, pool.map(read, wanted), strict=True):
            found[name, version] = said
            done(len(found), len(wanted))
    return {
        name: tuple(
            ConsumerRelease(
                version=version,
                at=uploaded(files),
                yanked=yanked(files),
                declared=found.get((name, version)),
            )
            for version, files in releases.items()
        )
        for name, releases in listed.items()
    }


def read_newest(distributions: Sequence[str], index: str) -> dict[str, str]:
    """The newest release of each consumer, of those that have any; raises UnreachableIndex."""
    with client_of(index) as client:
        listed = list_releases(client, index, distributions)
    there = {
        name: [version for version, files in releases.items() if not yanked(files)]
        for name, releases in listed.items()
    }
    return {name: versions[-1] for name, versions in there.items() if versions}


def list_releases(
    client: PyPISimple, index: str, distributions: Sequence[str]
) -> dict[str, dict[str, Files]]:
    """The files of each final release of each distribution, by version."""

    def ask(distribution: str) -> dict[str, Files]:
        with usable(index, distribution):
            found = choose(client.get_project_page(distribution, timeout=60).packages)
            return {str(files[0].version): files for files in found}

    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        return dict(zip(distributions, pool.map(ask, distributions), strict=True))


def of_last_year(
    releases: Mapping[str, Files],
) -> dict[str, Files]:
    """The releases of the year that ends with the newest that is not yanked."""
    there = [files for files in releases.values() if not yanked(files)]
    newest = uploaded(there[-1]) if there else None

    def recent(files: Files) -> bool:
        at = uploaded(files)
        return newest is None or at is None or at > newest - YEAR

    return {version: files for version, files in releases.items() if recent(files)}


def uploaded(files: Iterable[DistributionPackage]) -> AwareDatetime | None:
    """When the first file of a release was uploaded, where the index says so."""
    return min((file.upload_time for file in files if file.upload_time), default=None)


def read_declared(
    client: PyPISimple,
    folder: Path,
    distribution: str,
    version: str,
    files: Sequence[DistributionPackage],
) -> Declared:
    """What a release declares, from its metadata, which is downloaded once.

    An sdist is not read: what it will require is known only when it is built, which runs it.
    """
    wheel = files[0]
    if wheel.package_type != "wheel":
        return Declared(unreadable="it has no wheel")
    kept = folder / f"{Path(wheel.filename).name}.metadata"
    if kept.is_file():
        return declared(kept.read_bytes(), distribution, version)
    content = metadata_of(client, wheel)
    if content is None:
        return Declared(unreadable="its wheel cannot be read")
    with written(kept) as part:
        part.write_bytes(content)
    return declared(content, distribution, version)


def metadata_of(client: PyPISimple, wheel: DistributionPackage) -> bytes | None:
    """The metadata beside a wheel (PEP 658) where the index has it, or else in it."""
    if wheel.has_metadata:
        return downloaded(client, wheel.metadata_url, wheel.metadata_digests, LARGEST_METADATA)
    content = downloaded(client, wheel.url, wheel.digests, LARGEST_WHEEL)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if METADATA.fullmatch(name)]
            if len(names) != 1:
                return None
            with archive.open(names[0]) as file:
                return file.read(LARGEST_METADATA + 1)
    except BROKEN_ARCHIVE:
        return None


def downloaded(client: PyPISimple, url: str, digests: Mapping[str, str] | None, most: int) -> bytes:
    """A file of the index, or its beginning where it is larger; one that is not as told is none."""
    content = bytearray()
    with client.s.get(url, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_content(CHUNK):
            content += chunk
            if len(content) > most:
                return bytes(content)
    told = (digests or {}).get("sha256")
    if told and hashlib.sha256(content).hexdigest() != told:
        raise ValueError(f"'{url}' is not the file that it names")
    return bytes(content)
