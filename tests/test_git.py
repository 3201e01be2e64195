"""git, where there is none, and what it leaves in a work tree."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fanout.cells.packs import pack_digest
from tests import ROOT
from tests.worlds.small import CoreRepository, SmallWorld


@pytest.mark.parametrize(
    "arguments",
    [
        ["bisect", "small", "--good", "a", "--bad", "b", "--repo"],
        ["probe", "small", "git+file:///somewhere@main", "--evidence"],
        ["check", "git+file:///somewhere@main", "--history"],
    ],
)
def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """A command that needs git says in a line that there is none, and what to do."""
    world = SmallWorld(tmp_path / "world", {"1.2.0": "number = 1"})
    monkeypatch.setenv("PATH", str(tmp_path))
    done = world.project.fanout(*arguments, str(tmp_path))
    assert done.exit_code == (128 if arguments[0] == "probe" else 2)
    assert done.stderr == (
        "error: there is no git on this machine, or not on its PATH\n"
        "hint: install git, and see that `git --version` answers\n"
    )


def test_bytes_are_the_same_in_every_work_tree(tmp_path: Path) -> None:
    """A git that writes CR LF, as on Windows, leaves what is digested as it is."""
    repository = CoreRepository(tmp_path / "repository")
    shutil.copy(ROOT / ".gitattributes", repository.root)
    shutil.copytree(ROOT / "packs", repository.root / "packs")
    repository.commit("", "packs")
    windows = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    clone = ["git", *windows, "clone", "--quiet", str(repository.root), str(tmp_path / "clone")]
    subprocess.run(clone, check=True)
    for folder in ("packs/store", "packs/pipeline"):
        assert pack_digest(tmp_path / "clone" / folder) == pack_digest(ROOT / folder)
