"""Files of JSON that are kept with the digest of what they hold, so that damage is noticed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

LARGEST = 64 * 1024 * 1024  # bytes


class Damaged(Exception):
    """A file is not as it was written."""


def canonical(value: object) -> bytes:
    """A value as the one JSON that it has here."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def seal(name: str, value: object) -> str:
    return hashlib.sha256(canonical([name, value])).hexdigest()


def write(file: Path, value: object) -> None:
    """Keep a value under the name of its file."""
    put(file, canonical({"sha256": seal(file.stem, value), "holds": value}))


def put(file: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(file)


def read(file: Path) -> Any:
    """What a file holds, or None if it is not there; raises Damaged."""
    try:
        if file.stat().st_size > LARGEST:
            raise Damaged(f"'{file}' is larger than {LARGEST} bytes")
        whole = json.loads(file.read_bytes())
        value = whole["holds"]
        same = whole["sha256"] == seal(file.stem, value)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(f"'{file}' cannot be read: {error}") from error
    if not same:
        raise Damaged(f"'{file}' does not hold what was written: its digest is another")
    return value
