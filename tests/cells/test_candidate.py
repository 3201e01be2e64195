"""CORE_CANDIDATE: what a user may name as the Core under judgement, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from matrix.cells import requirement
from tests import ROOT

GIT = "git+https://git.example/group/core.git"


def tox_config(candidate: str | None) -> str:
    """What tox would install for a candidate's cell of this repository."""
    environment = {k: v for k, v in os.environ.items() if k != "CORE_CANDIDATE"}
    if candidate is not None:
        environment["CORE_CANDIDATE"] = candidate
    command = [sys.executable, "-m", "tox", "-qq", "config", "-e", "store-core_candidate"]
    done = subprocess.run(
        [*command, "-k", "deps", "--format", "json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(done.stdout)["env"]["store-core_candidate"]["deps"])


@pytest.mark.parametrize("version", ["1.4.61", "1.5.0rc1", "2.0.0.dev3+local.1"])
def test_version(tmp_path: Path, version: str) -> None:
    """A version is that release of Core and no other."""
    found = Requirement(requirement(version, tmp_path))
    assert (found.name, str(found.specifier)) == ("market-data-core", f"=={version}")


def test_version_beats_a_file_of_that_name(tmp_path: Path) -> None:
    """What reads as a version is one, whatever files are there."""
    (tmp_path / "1.4.61").touch()
    assert requirement("1.4.61", tmp_path) == "market-data-core==1.4.61"


@pytest.mark.parametrize(
    "name",
    [
        "market_data_core-1.5.0-py3-none-any.whl",
        "market_data_core-1.5.0.tar.gz",
        "core",
        "a core with spaces",
        "a#core?x=1;b%20c",
        "b=core@v1",
        "Köre",
    ],
)
@pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])
def test_path(tmp_path: Path, name: str, relative: bool) -> None:
    """A wheel, an sdist or a directory, whatever its name, is that path as a URL."""
    path = tmp_path / "near" / name
    path.mkdir(parents=True)
    (tmp_path / "root").mkdir()
    candidate = f"../near/{name}" if relative else str(path)
    found = Requirement(requirement(candidate, tmp_path / "root"))
    assert (found.name, found.url) == ("market-data-core", path.as_uri())


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde is the home folder, where no shell has replaced it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "core").mkdir()
    assert requirement("~/core", Path("/")) == f"market-data-core @ file://{tmp_path}/core"


@pytest.mark.parametrize(
    "url",
    [
        f"{GIT}@v1.5.0",
        f"{GIT}@feature/events",
        f"{GIT}@0123456789abcdef0123456789abcdef01234567",
        "git+ssh://git@git.example/group/core@v1.5.0",
        "git+file:///srv/git/core@main",
    ],
)
def test_git_url(tmp_path: Path, url: str) -> None:
    """A git URL with a ref is installed from there."""
    found = Requirement(requirement(url, tmp_path))
    assert (found.name, found.url) == ("market-data-core", url)


@pytest.mark.parametrize("candidate", ["", "  "])
def test_unset(tmp_path: Path, candidate: str) -> None:
    """Nothing is not taken for the folder of tox.ini, or for the newest release."""
    with pytest.raises(ValueError, match="CORE_CANDIDATE is not set"):
        requirement(candidate, tmp_path)


@pytest.mark.parametrize(
    "candidate",
    [
        "../not/there",
        "~nobody-of-that-name/core",
        "x" * 300,
        "market-data-core",
        "v1.5.0-first",
        ">=1.4",
        "1.4.61\nredis",
        "1.4.61 --no-deps",
        "--index-url=http://e.example",
        "-r requirements.txt",
        "https://e.example/core.whl",
        f"{GIT}@v1\nredis",
        f"{GIT}@v1 --no-deps",
        f"{GIT}@v1 ; extra == 'x'",
        f"{GIT}@v1#egg=redis",
        "git+http://e.example/core@v1",
        "git+ext::sh -c touch% x",
        "git+https://",
    ],
)
def test_refused(tmp_path: Path, candidate: str) -> None:
    """What is none of these is refused, and the message shows it."""
    with pytest.raises(ValueError, match="CORE_CANDIDATE") as caught:
        requirement(candidate, tmp_path)
    assert repr(candidate) in str(caught.value)


@pytest.mark.parametrize("secret", ["t0ken", "t0/ken"])
def test_refusal_keeps_the_secret(tmp_path: Path, secret: str) -> None:
    """A refused git URL is shown without the token in it."""
    with pytest.raises(ValueError, match=r"git\.example") as caught:
        requirement(f"git+https://bot:{secret}@git.example/core @v1", tmp_path)
    assert "ken" not in str(caught.value)


def test_tox_installs_the_candidate(tmp_path: Path) -> None:
    """Installed by tox is what CORE_CANDIDATE names, relative paths from the folder of tox.ini."""
    assert f"market-data-core @ {(ROOT / 'src').as_uri()}" in tox_config("src")
    assert "market-data-core==1.4.61" in tox_config(" 1.4.61 ")


@pytest.mark.parametrize("candidate", [None, "../not/there\nredis"])
def test_tox_installs_nothing_else(candidate: str | None) -> None:
    """Without a usable CORE_CANDIDATE, tox knows no Core to install, nor anything in its place."""
    shown = tox_config(candidate)
    assert "requirements.txt" in shown
    for name in ("market-data-core", "redis"):
        assert name not in shown


def test_one_tox() -> None:
    """The tool and tox.ini ask for the same tox and the same plugins of it."""
    ini = ConfigParser(interpolation=None)
    ini.read(ROOT / "tox.ini", encoding="utf-8")
    lines = ini["tox"]["requires"].splitlines()
    asked = {Requirement(line) for line in lines if line and not line.startswith("#")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = {Requirement(text) for text in project["dependencies"]}
    assert asked == {found for found in ours if found.name.startswith("tox")}
    assert len(asked) == 3
