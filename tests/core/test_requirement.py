"""The requirement of a Core: from a path on any system and back, and what runs a cell again."""

from __future__ import annotations

from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest
from packaging.requirements import Requirement

from fanout.core.requirement import named, path_of, requirement, run_again

HERE = PurePosixPath("/srv/my core/Köre#1?x=%20;y@z.whl")
PATHS = [
    (HERE, "file:///srv/my%20core/K%C3%B6re%231%3Fx%3D%2520%3By%40z.whl"),
    (PureWindowsPath(r"C:\Users\Zoë\a core.whl"), "file:///C:/Users/Zo%C3%AB/a%20core.whl"),
    (PureWindowsPath(r"\\server\share\core.whl"), "file://server/share/core.whl"),
]


@pytest.mark.parametrize(("path", "url"), PATHS)
def test_path(path: PurePath, url: str) -> None:
    """A path of any system is a URL in a requirement, and the same path again when it is read."""
    made = requirement(path)
    assert Requirement(made).url == url
    assert path_of(made, type(path)) == path


@pytest.mark.parametrize(
    "asked",
    [
        "market-data-core==1.4.61",
        "market-data-core @ https://example.org/core.whl",
        "market-data-core @ git+file:///srv/core@main",
        "market-data-core",
        "",
    ],
)
def test_no_path(asked: str) -> None:
    """What names no file has no path."""
    assert path_of(asked, Path) is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("market-data-core==1.5.0rc1", "1.5.0rc1"),
        ("market-data-core @ git+https://h/core@v1", "git+https://h/core@v1"),
        ("market-data-core @ file:///a/my%20core", "/a/my core"),
        ("market-data-core @ file:///a/%0Aevil", ""),
        ("market-data-core @ git+https://h/$(rm x)@v1", ""),
        ("market-data-core", ""),
    ],
)
def test_named(asked: str, said: str) -> None:
    """A requirement is read back as what a user types, unless nobody should type that."""
    assert named(asked) == said


@pytest.mark.parametrize(
    ("cell", "asked", "source", "given"),
    [
        ("small-core_v1461", "market-data-core==1.4.61", "pypi", ""),
        ("small-core_v110", "market-data-core @ file:///a/cores/v1.1.0", "stand-in", ""),
        ("small-core_v110", "market-data-core @ file:///a/core", "path", "CORE_V110=/a/core "),
        ("small-core_candidate", "market-data-core==1.5.0", "pypi", "CORE_CANDIDATE=1.5.0 "),
        ("small-core_candidate", "market-data-core @ file:///a", "stand-in", "CORE_CANDIDATE=/a "),
        ("small-core_baseline", "market-data-core==1.4", "", "CORE_BASELINE=1.4 "),
        ("small-core_candidate", "", "", ""),
    ],
)
def test_run_again(cell: str, asked: str, source: str, given: str) -> None:
    """The command names the Core, unless the cell finds the same one in tox.ini."""
    assert run_again(cell, asked, source) == f"{given}tox run -e {cell}"
