"""What all pages are told of the newest run: which it is, and how old it may become."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.dashboard.edition import Edition, moment, script
from fanout.dashboard.site import Part


def parts(edition: Edition) -> Iterator[Part]:
    runs = edition.snapshot.runs
    value = {
        "run": runs[0].id if runs else "",
        "newest": moment(max(run.finished for run in runs)) if runs else "",
        "every": edition.every,
    }
    yield edition.file("data/latest.js", value, lambda: script("latest", value))
