"""A Core as a user names it, resolved once: every cell then installs the same bytes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

from packaging.utils import parse_wheel_filename
from packaging.version import InvalidVersion, Version

from fanout.cells.matrix import named_version, version, without_secrets
from fanout.core.requirement import GIT_URL, requirement
from fanout.core.wheel import build, keep
from fanout.errors import InvalidCore
from fanout.git import NOTHING, credentials, run
from fanout.model import DISTRIBUTION, Cell, Core, Matrix
from fanout.wording import one_line, printable

COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
SDISTS = (".tar.gz", ".zip")
LONGEST_CLONE = 600
HINT = (
    "name a version, a Core ref of tox.ini, a wheel, an sdist, a directory, or a git URL with a"
    " ref such as git+https://host/repository@ref"
)


def resolve(named: str, slot: str, root: Path, matrix: Matrix) -> Core:
    """The Core that a text names; `slot` is the Core ref of what tox.ini has no name for.

    A Core ref of the matrix or its version (`core_v1461`, `v1.4.61`, `1.4.61`) runs in its own
    cells, any other version in those of the slot. What must be built, or lies in a git
    repository, becomes one wheel. Raises InvalidCore for a text that names no Core.
    """
    named = named.strip()
    if not named:
        raise InvalidCore("no Core is named: the text is empty", HINT)
    shown = without_secrets(named)
    if found := released(named, matrix):
        return found
    if git := GIT_URL.fullmatch(named):
        return from_git(git["url"], git["ref"], slot, root)
    with suppress(InvalidVersion):
        return release_at(slot, str(Version(named)), named)
    if "://" in named:
        raise InvalidCore(f"'{shown}' is no address of a git ref", HINT)
    try:
        path = Path(named).expanduser()
        # As it is given, unless that is something else where the commands for it are typed.
        here = (root / path).resolve() == path.resolve()
        address = named if here else str(path.resolve())
        if path.is_dir():
            return from_wheel(build(path, root), named, slot, "path", address=address)
        if path.suffix == ".whl" and path.is_file():
            return from_wheel(keep(path, root), named, slot, "path", address=address)
        if path.name.endswith(SDISTS) and path.is_file():
            wheel = build(path.resolve(), root)
            return from_wheel(wheel, named, slot, "path", address=address)
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidCore(f"'{printable(shown)}' cannot be read: {error}", HINT) from error
    raise InvalidCore(f"'{shown}' is no version, and no folder, wheel or sdist", HINT)


def release_at(slot: str, version: str, named: str = "") -> Core:
    """A release that runs in the cells of a slot."""
    return Core(
        named=named or version,
        core_ref=f"core_{slot}",
        requirement=f"{DISTRIBUTION}=={version}",
        source="pypi",
        version=version,
    )


def released(named: str, matrix: Matrix) -> Core | None:
    """The Core ref of the matrix with this name or version."""
    for cell in matrix.cells:
        at = named_version(cell)
        if at is None or not cell.core_ref.startswith("core_v"):
            continue
        try:
            same = named == cell.core_ref or Version(named) == at
        except InvalidVersion:
            same = False
        if same:
            source = (
                "pypi" if "==" in cell.core else "stand-in" if "/cores/" in cell.core else "git"
            )
            return Core(
                named=named,
                core_ref=cell.core_ref,
                requirement=cell.core,
                source=source,
                version=str(at),
            )
    return None


def newest(matrix: Matrix, before: Core) -> Core:
    """The baseline unless told: the newest release in the matrix before the candidate.

    A tree or a git ref may not have its new version yet, so there a release of the same version
    counts too. Where nothing is older, it is the newest release there is. A yanked one is none.
    """
    limit = Version(before.version)
    versions = {cell.core_ref: named_version(cell) or limit for cell in of_releases(matrix)}
    older = [
        core_ref
        for core_ref, at in versions.items()
        if at < limit or (at == limit and before.wheel)
    ]
    for core_ref in (*older[-1:], *list(versions)[-1:]):
        if found := released(core_ref, matrix):
            return found
    raise InvalidCore("tox.ini names no release that could be the baseline", "give --baseline")


def newest_release(matrix: Matrix) -> Core:
    """The newest release in the matrix; raises InvalidCore if there is none."""
    for cell in reversed(of_releases(matrix)):
        if found := released(cell.core_ref, matrix):
            return found
    raise InvalidCore("tox.ini names no release of Core", "name one with --core")


def of_releases(matrix: Matrix) -> list[Cell]:
    """The cells on Core's releases, the oldest first; none on a yanked one."""
    there = (cell for cell in matrix.cells if cell.core_ref not in matrix.yanked)
    return sorted((cell for cell in there if "==" in cell.core), key=version)


def from_wheel(
    wheel: Path, named: str, slot: str, source: str, commit: str = "", address: str = ""
) -> Core:
    """The Core in a wheel; no secret of the URL that it is of is kept in it."""
    return Core(
        named=one_line(without_secrets(named)),
        core_ref=f"core_{slot}",
        requirement=requirement(wheel),
        source=source,
        version=str(parse_wheel_filename(wheel.name)[1]),
        commit=commit,
        wheel=str(wheel),
        address=without_secrets(address),
    )


def from_git(url: str, ref: str, slot: str, root: Path) -> Core:
    """The wheel of a git ref, which is resolved to its commit once."""
    named = f"git+{url}@{ref}"
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        tree = Path(folder, "repository")
        commit = clone(url, ref, tree)
        wheel = build(tree, root, without_secrets(named))
    return from_wheel(wheel, named, slot, "git", commit, f"git+{url}@{commit}")


def clone(url: str, ref: str, tree: Path, token: str = "") -> str:
    """Clone a repository of Core into a new folder, at a ref; its commit.

    `token` is of GitHub, where the repository needs one. Raises InvalidCore.
    """
    named, variables = f"git+{url}@{ref}", credentials(url, token)
    quiet = ("clone", "--quiet", "--no-checkout", "--", url, str(tree))
    git(*quiet, named=named, variables=variables)
    if COMMIT.fullmatch(ref):
        # A clone lacks what no branch holds, such as the head of a pull request.
        fetch = ("-C", str(tree), "fetch", "--quiet", "--", "origin", ref)
        git(*fetch, named=named, may_fail=True, variables=variables)
    commit = ""
    for name in (f"refs/remotes/origin/{ref}", f"refs/tags/{ref}", ref):
        verify = ("-C", str(tree), "rev-parse", "--quiet", "--verify", "--end-of-options")
        commit = git(*verify, f"{name}^{{commit}}", named=named, may_fail=True)
        if commit:
            break
    else:
        raise InvalidCore(
            f"'{without_secrets(url)}' has no branch, tag or commit '{ref}'",
            "see `git ls-remote` for its refs",
        )
    git("-C", str(tree), "checkout", "--quiet", "--detach", commit, named=named)
    # Without them Core would be built without what should be in it. From a repository on
    # this machine, its submodules may be here as well, which git refuses unless told.
    here = ("-c", "protocol.file.allow=always") if url.startswith("file:") else ()
    submodules = (*here, "-C", str(tree), "submodule", "--quiet", "update", "--init", "--recursive")
    git(*submodules, named=f"{named}, with its submodules", variables=variables)
    return commit


def git(
    *arguments: str, named: str, may_fail: bool = False, variables: Mapping[str, str] = NOTHING
) -> str:
    """What git prints; it never asks anybody for a password."""
    try:
        done = run(*arguments, variables=variables, seconds=LONGEST_CLONE)
    except (OSError, TimeoutExpired) as error:
        said = f"git cannot read '{without_secrets(named)}'"
        raise InvalidCore(f"{said}: {without_secrets(str(error))}", HINT) from error
    if done.returncode and not may_fail:
        said = without_secrets(done.stderr.strip())
        raise InvalidCore(
            f"git cannot read '{without_secrets(named)}': {said}",
            "check the address, the network, and that git may read it without a password",
        )
    return "" if done.returncode else done.stdout.strip()
