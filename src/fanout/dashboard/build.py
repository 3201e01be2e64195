"""The build: every part of the site, from the history to its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from fanout.dashboard.data import badge, database_copy, feed, latest, pack_summary, schemas
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.pages import cell as cell_page
from fanout.dashboard.pages import core_map as map_page
from fanout.dashboard.pages import pack as pack_page
from fanout.dashboard.pages import ref as ref_page
from fanout.dashboard.pages import run as run_page
from fanout.dashboard.pages import runs as run_list
from fanout.dashboard.pages import strips
from fanout.dashboard.pages import symbol as symbol_page
from fanout.dashboard.pages.consumers import overview as consumers_page
from fanout.dashboard.pages.consumers import page as consumer_page
from fanout.dashboard.pages.first import page as first_page
from fanout.dashboard.pages.first import promise_index
from fanout.dashboard.site import (
    Part,
    Written,
    alone,
    read_manifest,
    unwritable,
    write_site,
)
from fanout.errors import UnusableOutput
from fanout.history.query import History

KINDS: tuple[Callable[[Edition], Iterator[Part]], ...] = (
    first_page.parts,
    latest.parts,
    pack_summary.parts,
    promise_index.parts,
    badge.parts,
    feed.parts,
    schemas.parts,
    database_copy.parts,
    strips.parts,
    pack_page.parts,
    symbol_page.parts,
    map_page.parts,
    consumers_page.parts,
    consumer_page.parts,
    cell_page.parts,
    ref_page.parts,
    run_list.parts,
    run_page.parts,
)


def build(
    history: Path,
    folder: Path,
    every: float,
    done: Callable[[int, int], None],
    *,
    url: str = "",
    waiting: Callable[[], None] = lambda: None,
) -> Written:
    """Build the site of a history in a folder, or bring up to date the one that is there.

    `every` is how many hours may pass between two runs, `url` the address of the site with a
    slash at its end, if that is known. `waiting` is called if another build has to end first.
    Raises UnreadableDocument, UnusableHistory or UnusableOutput; the site that was there stays
    until a page is replaced.
    """
    usable(history, folder)
    # The database is up to date before anything is written, so that a document that cannot be
    # read leaves the site as it was.
    with History(history) as runs, alone(folder, waiting):
        edition = Edition(Snapshot(runs), every, url)
        parts = [part for kind in (assets, *KINDS) for part in kind(edition)]
        return write_site(parts, folder, done)


def usable(history: Path, folder: Path) -> None:
    """Raise UnusableOutput for a folder that is of something else, or of the documents."""
    if folder.resolve().is_relative_to(history.resolve()):
        raise UnusableOutput(
            f"'{folder}' is in the folder of the history, '{history}'",
            "name a folder outside of it with --output",
        )
    with unwritable(folder):
        read_manifest(folder)


def assets(edition: Edition) -> Iterator[Part]:
    """The style, the scripts and the icon, as they are."""
    for asset in files("fanout.dashboard").joinpath("assets").iterdir():
        yield edition.file(f"assets/{asset.name}", (), asset.read_bytes)
