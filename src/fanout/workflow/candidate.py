"""Where a candidate comes from: a ref of Core's repository or the package index, found once."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext, suppress

from packaging.version import InvalidVersion, Version

from fanout.cells.matrix import without_secrets
from fanout.core.index import serves
from fanout.core.resolve import COMMIT, git, release_at, released
from fanout.errors import InvalidCore
from fanout.git import credentials
from fanout.model import Core, Frozen, Matrix
from fanout.notify.announcement import Request
from fanout.workflow.event import HEAD

PAUSE = 20.0  # seconds between two looks


class Candidate(Frozen):
    """The Core of a request: a Core ref of the table, a release, or a commit of the repository.

    `address` is what `fanout wheel` makes one wheel of, and empty for a Core ref of the table,
    which `core_ref` then names.
    """

    named: str
    core_ref: str = "core_candidate"
    address: str = ""
    version: str = ""  # empty for a commit, which may hold any
    commit: str = ""

    @property
    def core(self) -> Core:
        """The Core ref in whose cells it runs; what it will be is not known yet."""
        core = release_at("candidate", self.version or "0", self.named)
        return core.model_copy(update={"core_ref": self.core_ref})


def find(
    request: Request,
    repository: str,
    matrix: Matrix,
    index: str,
    wait: float,
    say: Callable[[str], None],
    token: str = "",
) -> Candidate:
    """The candidate of a request; a version that is not there yet is waited for, `wait` seconds.

    Raises InvalidCore for what is not there, UnreachableIndex if the index does not say.
    """
    named = request.core_ref or request.commit
    if request.commit:
        return commit_of(named, request.commit, repository)
    if known := released(version_text(named), matrix) or released(named, matrix):
        return Candidate(named=named, core_ref=known.core_ref, version=known.version)
    version = version_text(named)
    end = time.monotonic() + wait
    while True:
        if version and serves(version, index):
            return Candidate(named=named, address=version, version=version)
        # For a version the index decides; a repository that gives no answer is no reason to stop.
        with suppress(InvalidCore) if version else nullcontext():
            if commit := resolved(named, repository, token):
                return commit_of(named, commit, repository)
        left = end - time.monotonic()
        if not version or left <= 0:
            break
        say(f"Core {version} is not on the index yet; waiting up to {left:.0f} seconds more")
        time.sleep(min(PAUSE, left))
    address = without_secrets(repository)
    late = f"Core {version} is not on the index after {wait:.0f} seconds, and " if version else ""
    raise InvalidCore(
        f"{late}'{address}' has no branch, tag or commit '{named}'",
        f"see `git ls-remote {address}` for its refs",
    )


def commit_of(named: str, commit: str, repository: str) -> Candidate:
    return Candidate(named=named, address=f"git+{repository}@{commit}", commit=commit)


def version_text(named: str) -> str:
    """The version that a text such as `v1.4.61` or `1.4.61` names; empty if it names none."""
    try:
        return str(Version(named))
    except InvalidVersion:
        return ""


def resolved(ref: str, repository: str, token: str = "") -> str:
    """The commit behind a branch, a tag or HEAD of a repository; empty if there is none."""
    if COMMIT.fullmatch(ref):
        return ref
    names = (HEAD,) if ref == HEAD else (f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}")
    listed = git(
        *("ls-remote", "--", repository, *names, f"refs/tags/{ref}"),
        named=repository,
        variables=credentials(repository, token),
    )
    pairs = (line.split("\t", 1) for line in listed.splitlines())
    found = {name: commit for commit, name in pairs}
    return next((found[name] for name in (*names, f"refs/tags/{ref}") if name in found), "")
