"""The packs on disk: `packs/<consumer>/pack.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from fanout.errors import InvalidPack
from fanout.model import Pack


def read_packs(root: Path) -> dict[str, Pack]:
    """Every pack's own statement, by the pack's name. Raises InvalidPack, naming file and key."""
    return {file.parent.name: read_pack(file) for file in sorted(root.glob("packs/*/pack.toml"))}


def read_pack(file: Path) -> Pack:
    hint = "see 'Add a pack' in README.md for the keys of a pack.toml"
    try:
        return Pack.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise InvalidPack(f"'{file}' is not a valid pack.toml: {wrong}", hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidPack(f"'{file}' is not TOML: {error}", hint) from error
