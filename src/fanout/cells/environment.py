"""What a cell ran with besides Core: the other distributions in its env, and Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache

from packaging.utils import canonicalize_name

from fanout.model import DISTRIBUTION, Evidence, InstalledVersions
from fanout.wording import fitted, printable

MOST = 10_000  # environments, of which a run may have one for each Core ref
LONGEST = 60  # characters of a name, or of a version, that are told


def environment(evidence: Evidence | None) -> Mapping[str, str]:
    """The version of each distribution, and of Python; nothing where that is not known."""
    return installed(evidence.python, evidence.distributions) if evidence else {}


def installed(python: str, distributions: Iterable[str]) -> Mapping[str, str]:
    """The version of each of these distributions but Core, written `name==version`."""
    split = (one.partition("==") for one in sorted(distributions))
    found = {canonicalize_name(name): version for name, _, version in split}
    beside = {name: version for name, version in found.items() if name != DISTRIBUTION}
    return beside | {"Python": python} if python and found else {}


@lru_cache(MOST)  # most runs have the environments of the one before
def environment_digest(python: str, distributions: tuple[str, ...]) -> str:
    """What is equal where the environment is; empty where that is not known."""
    known = sorted(installed(python, distributions).items())
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16] if known else ""


def differing(*environments: Mapping[str, str]) -> tuple[InstalledVersions, ...]:
    """What is not of one version in all of these; nothing if one of them is not known."""
    if not all(environments):
        return ()
    names = sorted(set().union(*environments), key=str.casefold)
    found = [(name, tuple(one.get(name, "") for one in environments)) for name in names]
    return tuple(
        InstalledVersions(name=shown(name), versions=tuple(map(shown, versions)))
        for name, versions in found
        if len(set(versions)) > 1
    )


def shown(text: str) -> str:
    return fitted(printable(text), LONGEST)
