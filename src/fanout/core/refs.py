"""The Core refs: what the index serves, how contents repeat, and which factor names which."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from packaging.version import Version

from fanout.model import Frozen


class Release(Frozen):
    """One release of Core on the index; `digest` is empty where there is no wheel to read.

    `requires` is the digest of what its metadata requires, which changes without its content too.
    """

    version: str
    digest: str = ""
    requires: str = ""
    yanked: bool = False  # withdrawn: the index still serves it, to whoever asks for it by name


class CoreRef(Frozen):
    """One line of the table: a Core ref, and the earlier release that is the same to every cell."""

    factor: str
    version: str
    digest: str = ""
    requires: str = ""
    same_as: str = ""
    in_table: bool
    on_index: bool
    yanked: bool = False

    @property
    def seen(self) -> tuple[str, ...]:
        """What is equal where cells can see no difference."""
        return (self.digest, self.requires) if self.digest else (self.version,)


def core_refs(
    releases: Sequence[Release], known: Mapping[str, str], yanked: Collection[str] = ()
) -> tuple[CoreRef, ...]:
    """Every Core ref of table and index, by version; `known` maps versions to factors in use.

    A ref that the index no longer serves, or never did, stays as it is, be it one of the factors
    that were `yanked`: nothing is lost by an update.
    """
    factors = dict(known)
    served = {release.version: release for release in releases}
    withdrawn = {release.version for release in releases if release.yanked}
    withdrawn |= {at for at, factor in known.items() if factor in yanked and at not in served}
    first_with: dict[tuple[str, ...], str] = {}
    found = []
    for version in sorted(served.keys() | known.keys(), key=Version):
        release = served.get(version, Release(version=version))
        ref = CoreRef(
            factor=factors.setdefault(version, new_factor(version, factors.values())),
            version=version,
            digest=release.digest,
            requires=release.requires,
            in_table=version in known,
            on_index=version in served,
            yanked=version in withdrawn,
        )
        same_as = first_with.setdefault(ref.seen, version)
        found.append(ref.model_copy(update={"same_as": "" if same_as == version else same_as}))
    return tuple(found)


def new_factor(version: str, taken: Iterable[str]) -> str:
    """`v1461` for 1.4.61, or `v1_46_1` where another version has that name already."""
    short = "v" + re.sub(r"\D", "", version)
    return "v" + re.sub(r"\D", "_", version) if short in set(taken) else short


def default_refs(refs: Iterable[CoreRef]) -> tuple[CoreRef, ...]:
    """Of what the index serves, the first of all that are alike, and the newest; none yanked."""
    served = [ref for ref in refs if ref.on_index and not ref.yanked]
    first = {ref.seen: ref for ref in reversed(served)}
    chosen = (*first.values(), *served[-1:])
    return tuple(ref for ref in served if ref in chosen)
