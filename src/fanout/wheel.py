"""One wheel of a Core: built, fetched or given, and kept under the digest of its bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from uv import find_uv_bin

from fanout.errors import InvalidCore

DISTRIBUTION = "market-data-core"
KEPT = Path(".tox/wheels")
LONGEST_BUILD = 600
# What a build or an editor leaves in a tree is no part of its source.
LEFT_BEHIND = shutil.ignore_patterns(
    ".tox", ".venv", "__pycache__", "*.egg-info", ".*_cache", "node_modules"
)


def keep(wheel: Path, root: Path) -> Path:
    """A copy of a wheel in a folder named for its SHA-256, so that its path says its bytes."""
    try:
        name, *_ = parse_wheel_filename(wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            damaged = archive.testzip()
        content = wheel.read_bytes()
    except (InvalidWheelFilename, zipfile.BadZipFile, OSError) as error:
        raise InvalidCore(f"'{wheel}' is not a wheel: {error}", "build it again") from error
    if damaged:
        raise InvalidCore(f"'{wheel}' is damaged at '{damaged}'", "build it again")
    if canonicalize_name(name) != DISTRIBUTION:
        raise InvalidCore(
            f"'{wheel}' is a wheel of '{name}', not of '{DISTRIBUTION}'", "name a Core"
        )
    path = root / KEPT / hashlib.sha256(content).hexdigest()[:16] / wheel.name
    if not path.is_file() or path.read_bytes() != content:
        part = path.with_name(f"{wheel.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InvalidCore(
                f"'{path}' cannot be written: {error.strerror}", "make room, and run it again"
            ) from error
    return path.resolve()


def build(source: Path, root: Path) -> Path:
    """The wheel of a directory or an sdist, kept; the source stays as it was.

    The same source gives the same bytes wherever its build backend allows it. Raises
    InvalidCore with what the build said last.
    """
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        built, config = Path(folder, "wheel"), Path(folder, "setuptools.cfg")
        tree = source
        try:
            if source.is_dir():
                tree = Path(folder, "source")
                shutil.copytree(source, tree, symlinks=True, ignore=LEFT_BEHIND)
            # setuptools takes up `build/` again, with files that the source has no more.
            config.write_text(f"[build]\nbuild_base = {folder}/build\n", encoding="utf-8")
            done = subprocess.run(
                [find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", built, tree],
                env=os.environ
                | {"DIST_EXTRA_CONFIG": str(config), "SOURCE_DATE_EPOCH": "315532800"},
                capture_output=True,
                text=True,
                timeout=LONGEST_BUILD,
                check=False,
            )
        except (OSError, shutil.Error, subprocess.TimeoutExpired) as error:
            raise InvalidCore(f"'{source}' cannot be built: {error}", "build it by hand") from error
        wheels = list(built.glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            said = done.stderr.strip().replace(str(tree), str(source)) or "it gave no wheel"
            raise InvalidCore(
                f"'{source}' cannot be built: {said}",
                f"see that `python -m pip wheel --no-deps '{source}'` works",
            )
        return keep(wheels[0], root)
