"""The trends: how steady, how quick and how green every cell was in the last runs.

The page is a frame that stays as it is; a script draws it from the strips of every pack.
"""

from __future__ import annotations

from collections.abc import Iterator

from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.course import pack_names
from fanout.dashboard.facts.snapshot import WINDOW
from fanout.dashboard.site import Part


def parts(edition: Edition) -> Iterator[Part]:
    context = {"packs": pack_names(edition.snapshot), "window": WINDOW}
    yield edition.page("trends.html", "trends.html", context, lambda: context)
