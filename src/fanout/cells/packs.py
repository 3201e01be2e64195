"""The packs on disk: `packs/<consumer>/pack.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from fanout.cells.promises import read_promises
from fanout.digest import content_digest
from fanout.errors import InvalidPack, UnknownPack
from fanout.model import Matrix, Pack, PackOnDisk
from fanout.wording import one_line


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
    """SHA-256 over a pack's files and those that every pack shares, as its evidence gives it."""
    own = (path for path in folder.rglob("*") if path.suffix in (".py", ".toml"))
    paths = [*own, *folder.parent.glob("*.py"), folder.parent / "requirements.txt"]
    return content_digest(
        (path.relative_to(folder.parent).as_posix(), path.read_bytes())
        for path in paths
        if path.is_file() and path.name[0] != "."
    )


def read_pack(file: Path) -> Pack:
    hint = "see 'Add a pack' in packs/README.md for the keys of a pack.toml"
    try:
        return Pack.model_validate(on_one_line(tomllib.loads(file.read_text(encoding="utf-8"))))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise InvalidPack(f"'{file}' is not a valid pack.toml: {wrong}", hint) from error
    except OSError as error:
        raise InvalidPack(f"'{file}' cannot be read: {error.strerror}", hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidPack(f"'{file}' is not TOML: {error}", hint) from error


def on_one_line(value: object) -> object:
    """The value with each of its texts on one line, without what could fool a reader."""
    if isinstance(value, dict):
        return {key: on_one_line(item) for key, item in value.items()}
    if isinstance(value, list):
        return [on_one_line(item) for item in value]
    return one_line(value) if isinstance(value, str) else value
