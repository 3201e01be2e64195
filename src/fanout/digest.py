"""The digest of a content: the same names and bytes, the same digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def content_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256 over `name NUL sha256(bytes) LF` for each file, by name: as the packs write it."""
    total = hashlib.sha256()
    for name, content in sorted(files):
        line = f"{name}\0{hashlib.sha256(content).hexdigest()}\n"
        total.update(line.encode(errors="surrogateescape"))  # a name need not be UTF-8
    return total.hexdigest()
