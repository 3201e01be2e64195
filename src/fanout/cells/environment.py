"""What a cell ran with besides Core: the other distributions in its env, and Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from packaging.utils import canonicalize_name

from fanout.model import Evidence, InstalledVersions
from fanout.wording import printable

CORE = "market-data-core"


def environment(evidence: Evidence | None) -> Mapping[str, str]:
    """The version of each distribution, and of Python; nothing where that is not known."""
    if evidence is None or not (evidence.python and evidence.distributions):
        return {}
    return installed(evidence.python, evidence.distributions)


def installed(python: str, distributions: Iterable[str]) -> Mapping[str, str]:
    """The version of each of these distributions but Core, written `name==version`."""
    found = (one.partition("==") for one in sorted(distributions))
    named = {canonicalize_name(name): version for name, _, version in found}
    return {name: version for name, version in named.items() if name != CORE} | {"Python": python}


def environment_digest(python: str, distributions: Iterable[str]) -> str:
    """What is equal where the environment is; empty where that is not known."""
    known = sorted(distributions)
    if not (python and known):
        return ""
    content = "\n".join("==".join(one) for one in sorted(installed(python, known).items()))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def differing(*environments: Mapping[str, str]) -> tuple[InstalledVersions, ...]:
    """What is not of one version in all of these; nothing if one of them is not known."""
    if not all(environments):
        return ()
    names = sorted(set().union(*environments), key=str.casefold)
    found = [(name, tuple(one.get(name, "") for one in environments)) for name in names]
    return tuple(
        InstalledVersions(name=printable(name), versions=tuple(map(printable, versions)))
        for name, versions in found
        if len(set(versions)) > 1
    )
