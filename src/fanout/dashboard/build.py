"""The build: every part of the site, from the history to its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from fanout.dashboard import latest
from fanout.dashboard.edition import Edition
from fanout.dashboard.site import Part, Written, write_site
from fanout.dashboard.snapshot import Snapshot
from fanout.history import History

KINDS: tuple[Callable[[Edition], Iterator[Part]], ...] = (latest.parts,)


def build(history: Path, folder: Path, every: float, done: Callable[[int, int], None]) -> Written:
    """Build the site of a history in a folder, or bring up to date the one that is there.

    `every` is how many hours may pass between two runs. Raises UnreadableDocument,
    UnusableHistory or UnusableOutput; the site that was there stays until a page is replaced.
    """
    with History(history) as runs:
        edition = Edition(Snapshot(runs), every)
        parts = [part for kind in (assets, *KINDS) for part in kind(edition)]
        return write_site(parts, folder, done)


def assets(edition: Edition) -> Iterator[Part]:
    """The style, the scripts and the icon, as they are."""
    for asset in files("fanout.dashboard").joinpath("assets").iterdir():
        yield edition.file(f"assets/{asset.name}", (), asset.read_bytes)
