"""The Core refs: what the index serves, how contents repeat, and which factor names which."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from packaging.version import Version

from fanout.model import Frozen


class Release(Frozen):
    """One release of Core on the index; `digest` is empty where there is no wheel to read."""

    version: str
    digest: str = ""
    yanked: bool = False  # withdrawn: the index still serves it, to whoever asks for it by name


class CoreRef(Frozen):
    """One line of the table: a Core ref, and the earlier release that has the same content."""

    factor: str
    version: str
    digest: str = ""
    same_as: str = ""
    in_table: bool
    on_index: bool
    yanked: bool = False


def core_refs(
    releases: Sequence[Release], known: Mapping[str, str], yanked: Collection[str] = ()
) -> tuple[CoreRef, ...]:
    """Every Core ref of table and index, by version; `known` maps versions to factors in use.

    A ref that the index no longer serves, or never did, stays as it is, be it one of the factors
    that were `yanked`: nothing is lost by an update.
    """
    factors = dict(known)
    digests = {release.version: release.digest for release in releases}
    withdrawn = {release.version for release in releases if release.yanked}
    withdrawn |= {at for at, factor in known.items() if factor in yanked and at not in digests}
    first_with: dict[str, str] = {}
    found = []
    for version in sorted(digests.keys() | known.keys(), key=Version):
        digest = digests.get(version, "")
        same_as = first_with.setdefault(digest or version, version)
        found.append(
            CoreRef(
                factor=factors.setdefault(version, new_factor(version, factors.values())),
                version=version,
                digest=digest,
                same_as="" if same_as == version else same_as,
                in_table=version in known,
                on_index=version in digests,
                yanked=version in withdrawn,
            )
        )
    return tuple(found)


def new_factor(version: str, taken: Iterable[str]) -> str:
    """`v1461` for 1.4.61, or `v1_46_1` where another version has that name already."""
    short = "v" + re.sub(r"\D", "", version)
    return "v" + re.sub(r"\D", "_", version) if short in set(taken) else short


def default_refs(refs: Iterable[CoreRef]) -> tuple[CoreRef, ...]:
    """Of what the index serves, the first release of each content, and the newest; none yanked."""
    served = [ref for ref in refs if ref.on_index and not ref.yanked]
    first = {ref.digest or ref.version: ref for ref in reversed(served)}
    chosen = (*first.values(), *served[-1:])
    return tuple(ref for ref in served if ref in chosen)
