"""A stage: the harness and one pack side by side, in a folder made for them.

So a pack that stands in its consumer's repository runs as every pack does, on the Core that is
installed there. It prints as JSON what is to be run and what will have a verdict.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from evidence import without_secrets
from form import read_form
from guard import DISTRIBUTION, origin
from pack import HarnessError, Pack, holds, read_pack

HARNESS = Path(__file__).resolve().parent
REQUIREMENTS = "requirements.txt"
NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)


def main() -> None:
    folder, stage = map(Path, sys.argv[1:])
    try:
        said = describe(make(folder, stage))
    except HarnessError as error:
        said = {"refused": str(error)}
    sys.stdout.write(json.dumps(said))


def make(folder: Path, stage: Path) -> Path:
    """Copy the harness, and the pack in a folder, onto a stage; where the pack is on it."""
    if not NAME.fullmatch(folder.name):
        raise HarnessError(
            f"'{folder}' has no name for a pack: rename it; one is made of a-z, 0-9 and _, and"
            " begins with a letter"
        )
    packs = stage / "packs"
    pack = packs / folder.name
    try:
        shutil.copytree(folder, pack, ignore=lambda _, names: {*filter(is_left_out, names)})
        for file in (*HARNESS.glob("*.py"), HARNESS / REQUIREMENTS):
            shutil.copyfile(file, packs / file.name)
        # No file of settings above the stage is pytest's.
        (stage / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    except OSError as error:  # of which one that copies folders is a list
        raise HarnessError(f"'{folder}' cannot be copied: {error}") from error
    return pack


def is_left_out(name: str) -> bool:
    """Whether a file or folder is none of a pack's: what begins with a dot, or Python compiled."""
    return name[0] == "." or name == "__pycache__" or name.endswith(".pyc")


def describe(folder: Path) -> dict[str, object]:
    """The cells of a pack on the Core that is installed here, and its promises and facts."""
    pack = read_pack(folder / "pack.toml")
    drift = folder / "drift.py"
    lives = drift.is_file() and is_installed(pack.consumer)
    version, requirement = installed_core()
    released = RELEASE.fullmatch(version) and requirement == f"{DISTRIBUTION}=={version}"
    core_ref = f"core_v{version.replace('.', '')}" if released else "core_candidate"
    return {
        "cell": f"{folder.name}-{core_ref}",
        "live": f"{folder.name}_live-{core_ref}" if lives else "",
        "consumer": pack.consumer,
        "core": requirement,
        "supported": supports(pack, version),
        "promises": sorted(read_form(folder).promises),
        "facts": sorted(facts(drift)),
    }


def installed_core() -> tuple[str, str]:
    """The version of the Core that is installed here, and the requirement that asks for just that.

    Where there is none, the guard is to say so: any Core is asked for.
    """
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "", DISTRIBUTION
    address = without_secrets(origin(distribution))
    version = distribution.version
    return version, f"{DISTRIBUTION} @ {address}" if address else f"{DISTRIBUTION}=={version}"


def is_installed(consumer: str) -> bool:
    try:
        metadata.distribution(consumer)
    except metadata.PackageNotFoundError:
        return False
    return True


def supports(pack: Pack, version: str) -> bool:
    """Whether what is broken counts, as a cell of the pack has it."""
    try:
        return holds(pack.supports, version)
    except ValueError:  # no version, which the guard refuses
        return True


def facts(file: Path) -> Iterator[str]:
    """The facts of a file that says what the consumer's own classes do, if there is one."""
    try:
        body = ast.parse(file.read_bytes()).body if file.is_file() else []
    except (SyntaxError, ValueError) as error:
        raise HarnessError(f"'{file.name}' of the pack is not Python: {error}") from error
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
            yield f"{file.name}::{node.name}"


if __name__ == "__main__":
    main()
