"""The packs on disk: `packs/<consumer>/pack.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from fanout.cells.matrix import named_version
from fanout.cells.promises import read_promises
from fanout.digest import content_digest
from fanout.errors import InvalidPack, UnknownPack
from fanout.model import CoverageAsked, Frozen, Matrix, Pack, PackOnDisk, StrengthAsked, in_range
from fanout.wording import one_line

HINT = "see 'Add a pack' in packs/README.md for the keys of a pack.toml"
WORTH = ("strength", "coverage")  # tables about the pack, of which a cell knows nothing
M = TypeVar("M", bound=Frozen)


def read_packs(root: Path, names: Iterable[str]) -> dict[str, PackOnDisk]:
    """The packs by name, as they are now. Raises InvalidPack, naming file and key."""
    folders = {name: root / "packs" / name for name in names}
    return {
        name: PackOnDisk(
            says=read_pack(folder / "pack.toml"),
            digest=pack_digest(folder),
            promises=promise_names(folder),
        )
        for name, folder in folders.items()
    }


def check_ranges(packs: Mapping[str, PackOnDisk], matrix: Matrix, judged: Iterable[str]) -> None:
    """Raise InvalidPack if no Core ref is in the range of a pack, or of one of its known breaks.

    A version that is `judged` now, and is none of the table, counts as one.
    """
    there = (named_version(cell) for cell in matrix.cells if cell.core_ref.startswith("core_v"))
    table = {str(at) for at in there if at is not None}
    versions = table | set(judged)
    for name, pack in packs.items() if table else ():
        ranges = [("what it supports", pack.says.supports)]
        ranges += [(f"its known break of {one.of}", one.core) for one in pack.says.known_breaks]
        for what, text in ranges:
            if not any(in_range(version, text) for version in versions):
                raise InvalidPack(
                    f"no Core ref of tox.ini is in '{text}', which the pack '{name}' gives for"
                    f" {what}",
                    f"correct 'packs/{name}/pack.toml', or see `tox list` for the Core refs",
                )


def chosen(names: Iterable[str], matrix: Matrix) -> tuple[str, ...]:
    """The packs with these names, or all of the matrix without any; raises UnknownPack."""
    found = tuple(dict.fromkeys(names))
    for name in found:
        if name not in matrix.packs:
            known = ", ".join(matrix.packs)
            raise UnknownPack(f"there is no pack '{name}'", f"name one of {known}")
    return found or matrix.packs


def promise_names(folder: Path) -> tuple[str, ...]:
    """What a pack's evidence must speak of: its promises, or its files if one is not Python."""
    try:
        return tuple(promise.name for promise in read_promises(folder))
    except InvalidPack:
        files = sorted(folder.rglob("test_*.py"))
        return tuple(file.relative_to(folder).as_posix() for file in files)


def pack_digest(folder: Path) -> str:
    """SHA-256 over a pack's files and those that every pack shares, as its evidence gives it.

    Every file in its folder is the pack's, but what Python compiled and what begins with a dot.
    """
    paths = [*folder.rglob("*"), *folder.parent.glob("*.py"), folder.parent / "requirements.txt"]
    named = ((path.relative_to(folder.parent), path) for path in paths if path.is_file())
    try:
        return content_digest(
            (name.as_posix(), path.read_bytes())
            for name, path in named
            if not any(part[0] == "." or part == "__pycache__" for part in name.parts)
            and path.suffix != ".pyc"
        )
    except OSError as error:
        what = f"'{error.filename}' cannot be read: {error.strerror}"
        raise InvalidPack(what, "mend it, or remove it from the pack") from error


def read_pack(file: Path) -> Pack:
    """What a `pack.toml` says of its pack, but for what it is worth; raises InvalidPack."""
    table = {key: value for key, value in read_table(file).items() if key not in WORTH}
    return checked(Pack, table, file)


def read_strength(file: Path) -> StrengthAsked:
    """What a `pack.toml` says of the strength of its pack; raises InvalidPack."""
    return checked(StrengthAsked, read_table(file).get("strength", {}), file)


def read_coverage(file: Path) -> CoverageAsked:
    """What a `pack.toml` says of the coverage of its pack; raises InvalidPack."""
    return checked(CoverageAsked, read_table(file).get("coverage", {}), file)


def read_table(file: Path) -> dict[str, object]:
    try:
        return {
            key: on_one_line(value)
            for key, value in tomllib.loads(file.read_text(encoding="utf-8")).items()
        }
    except OSError as error:
        raise InvalidPack(f"'{file}' cannot be read: {error.strerror}", HINT) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidPack(f"'{file}' is not TOML: {error}", HINT) from error


def checked(model: type[M], value: object, file: Path) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise InvalidPack(f"'{file}' is not a valid pack.toml: {wrong}", HINT) from error


def on_one_line(value: object) -> object:
    """The value with each of its texts on one line, without what could fool a reader."""
    if isinstance(value, dict):
        return {key: on_one_line(item) for key, item in value.items()}
    if isinstance(value, list):
        return [on_one_line(item) for item in value]
    return one_line(value) if isinstance(value, str) else value
