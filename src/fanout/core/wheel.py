"""One wheel of a Core: built, fetched or given, and kept under the digest of its bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from uv import find_uv_bin

from fanout.digest import content_digest
from fanout.errors import InvalidCore
from fanout.files import put
from fanout.model import DISTRIBUTION
from fanout.wording import printable

KEPT = Path(".tox/wheels")
LONGEST_BUILD = 600
PROJECT_FILES = ("pyproject.toml", "setup.py")
LARGEST_CONTENT = 64 * 1024 * 1024
MOST_FILES = 10_000
# What reading an archive that is none, or not as it says, ends with.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
# What a build or an editor leaves in a tree is no part of its source.
LEFT_BEHIND = shutil.ignore_patterns(
    ".tox", ".venv", "__pycache__", "*.egg-info", ".*_cache", "node_modules"
)


def keep(wheel: Path, root: Path, named: str = "") -> Path:
    """A copy of a wheel in a folder named for its SHA-256, so that its path says its bytes.

    `named` is what the user named, where that is not the wheel. Raises InvalidCore.
    """
    shown = named or wheel
    try:
        name, *_ = parse_wheel_filename(wheel.name)
        read_files(wheel)
        content = wheel.read_bytes()
    except (InvalidWheelFilename, OSError) as error:
        raise InvalidCore(f"'{shown}' is not a wheel: {error}", "build it again") from error
    if canonicalize_name(name) != DISTRIBUTION:
        raise InvalidCore(f"'{shown}' is '{name}', not '{DISTRIBUTION}'", "name a Core")
    path = root / KEPT / hashlib.sha256(content).hexdigest()[:16] / wheel.name
    if not path.is_file() or path.read_bytes() != content:
        with written(path) as part:
            part.write_bytes(content)
    return path.resolve()


def check_wheel(path: Path, sha256: str) -> None:
    """Raise InvalidCore unless a wheel that another job made is the one that it told of."""
    try:
        same = hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        same = False
    if not same:
        raise InvalidCore(f"'{path}' is not the wheel that was built", "run all jobs again")


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A block that writes a file beside another, whose place it then takes; raises InvalidCore."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        put(part, path)
    except OSError as error:
        if error.errno is None:  # the network, and not the disk
            raise
        raise InvalidCore(
            f"'{path}' cannot be written: {error.strerror}",
            "make room, or get the right to write there, and run it again",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


def build(source: Path, root: Path, named: str = "") -> Path:
    """The wheel of a directory or an sdist, kept; the source stays as it was.

    The same source gives the same bytes wherever its build backend allows it. `named` is what
    the user named, where that is not the source. Raises InvalidCore with what the build said.
    """
    shown = named or str(source)
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        built, config = Path(folder, "wheel"), Path(folder, "setuptools.cfg")
        tree = source
        try:
            if source.is_dir():
                check_project(source, shown)
                tree = Path(folder, "source")
                shutil.copytree(source, tree, symlinks=True, ignore=LEFT_BEHIND)
            # setuptools takes up `build/` again, with files that the source has no more.
            config.write_text(f"[build]\nbuild_base = {folder}/build\n", encoding="utf-8")
            done = subprocess.run(
                [find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", built, tree],
                env=os.environ
                | {"DIST_EXTRA_CONFIG": str(config), "SOURCE_DATE_EPOCH": "315532800"},
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=LONGEST_BUILD,
                check=False,
            )
        except (OSError, shutil.Error, subprocess.TimeoutExpired) as error:
            raise InvalidCore(f"'{shown}' cannot be built: {error}", "build it by hand") from error
        wheels = list(built.glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            said = done.stderr.strip().replace(str(tree), shown) or "it gave no wheel"
            raise InvalidCore(
                f"'{shown}' cannot be built: {printable(said)}",
                "see that `python -m pip wheel --no-deps` of it works",
            )
        return keep(wheels[0], root, shown)


def check_project(folder: Path, shown: str) -> None:
    """Raise InvalidCore unless a folder is a Python project: anything else is never copied."""
    if not any((folder / name).is_file() for name in PROJECT_FILES):
        raise InvalidCore(
            f"'{shown}' is no Python project: it has no {' or '.join(PROJECT_FILES)}",
            "name the folder that has one",
        )


def read_files(wheel: Path) -> dict[str, bytes]:
    """The content of a wheel by path. Raises InvalidCore for one that is not safe to unpack."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            refuse(wheel, entries)
            return {entry.filename: archive.read(entry) for entry in entries}
    except BROKEN_ARCHIVE as error:
        raise InvalidCore(f"'{wheel}' is not a wheel: {error}", "build it again") from error


def wheel_digest(wheel: Path) -> str:
    """SHA-256 over the names and bytes of a wheel's files, its metadata aside.

    It equals the digest that a cell's evidence gives for the same release once installed. Raises
    InvalidCore for a wheel that is not safe to unpack.
    """
    files = read_files(wheel).items()
    return content_digest(
        (path, content) for path, content in files if ".dist-info" not in path.partition("/")[0]
    )


def wheel_requires(wheel: Path) -> str:
    """SHA-256 over what a wheel's metadata requires, and its entry points.

    Two releases alike in this and in their content are the same to every cell. Raises InvalidCore.
    """
    found = []
    for path, content in read_files(wheel).items():
        if path.endswith(".dist-info/METADATA"):
            head = content.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
            found += sorted(line for line in head.splitlines() if line.startswith(b"Requires-"))
        elif path.endswith(".dist-info/entry_points.txt"):
            found.append(content)
    return hashlib.sha256(b"\0".join(found)).hexdigest()


def refuse(wheel: Path, entries: list[zipfile.ZipInfo]) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > LARGEST_CONTENT or len(entries) > MOST_FILES:
        raise InvalidCore(f"'{wheel}' unpacks to {len(entries)} files, {size} bytes", "build less")
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        escapes = path.is_absolute() or ".." in path.parts or "\\" in entry.filename
        if escapes or stat.S_ISLNK(entry.external_attr >> 16) or str(path) in seen:
            raise InvalidCore(
                f"'{wheel}' holds '{printable(entry.filename)}', which is a link, is there twice,"
                " or lies outside",
                "build it again",
            )
        seen.add(str(path))
