"""The packs on disk: `packs/<consumer>/pack.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from fanout.errors import InvalidPack
from fanout.model import Pack


def read_packs(root: Path, names: Iterable[str]) -> dict[str, Pack]:
    """The packs' own statements, by name. Raises InvalidPack, naming file and key."""
    return {name: read_pack(root / "packs" / name / "pack.toml") for name in names}


def read_pack(file: Path) -> Pack:
    hint = "see 'Add a pack' in README.md for the keys of a pack.toml"
    try:
        return Pack.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise InvalidPack(f"'{file}' is not a valid pack.toml: {wrong}", hint) from error
    except OSError as error:
        raise InvalidPack(f"'{file}' cannot be read: {error.strerror}", hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidPack(f"'{file}' is not TOML: {error}", hint) from error
