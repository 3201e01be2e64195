"""Which drafted promises real Cores keep: a draft begins with all promises kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.version import Version

from fanout.draft.promise import Promise
from fanout.draft.text import file_names
from fanout.model import CellReport, Result

Kept = Mapping[str, frozenset[str]]  # the promises that were kept, by the version of Core


def kept_by(reports: Mapping[str, CellReport]) -> Kept:
    """The names of the promises that each Core keeps, or that are not about it."""
    return {
        version: frozenset(
            promise.name
            for result in (Result.KEPT, Result.NOT_APPLICABLE)
            for promise in report.promises(result)
        )
        for version, report in reports.items()
    }


def settled(
    drafts: Mapping[str, Sequence[Promise]], kept: Kept
) -> tuple[dict[str, list[Promise]], list[str]]:
    """The promises that the newest Core keeps, each from the Core on that began to keep it.

    Told besides, in a sentence each: what is left out, and what an older Core broke in between.
    """
    versions = sorted(kept, key=Version)
    names, found, left = file_names(drafts), dict[str, list[Promise]](), list[str]()
    for path, promises in drafts.items():
        found[path] = []
        for promise in promises:
            name = f"{names[path]}::test_{promise.name}"
            held = [version for version in versions if name in kept[version]]
            since = begin(versions, held)
            if since is None:
                left.append(f"Not kept by Core {versions[-1]}, and left out: {promise.says}")
                continue
            if since != versions[0]:
                promise = replace(promise, core=f">={since}")
            if held[0] != since:
                left.append(f"Kept by Core {held[0]}, and broken before {since}: {promise.says}")
            found[path].append(promise)
    return found, left


def begin(versions: Sequence[str], held: Sequence[str]) -> str | None:
    """The version from which on a promise is kept by all; none if the newest does not keep it."""
    since = None
    for version in reversed(versions):
        if version not in held:
            break
        since = version
    return since
