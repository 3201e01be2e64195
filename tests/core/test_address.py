"""What names a Core where its commands are pasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanout.cells.matrix import without_secrets
from fanout.core.resolve import resolve
from fanout.model import Matrix
from tests.worlds.core_wheel import make_wheel


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("git+https://name:secret@host/core@main", "git+https://host/core@main"),
        ("git+https://secret@host/core@main", "git+https://host/core@main"),
        ("git+ssh://git@host/core@main", "git+ssh://git@host/core@main"),
        ("git+ssh://git:secret@host:22/core@main", "git+ssh://git@host:22/core@main"),
    ],
)
def test_an_address_is_shown_without_its_secret(given: str, shown: str) -> None:
    """Only by ssh is the name of the user a part of where something is."""
    assert without_secrets(given) == shown


def test_a_path_is_given_as_the_folder_of_tox_ini_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands are typed there, where a path from another folder would be something else."""
    root, away = tmp_path / "root", tmp_path / "away"
    for folder in (root, away):
        folder.mkdir()
    wheel = make_wheel(away, {})
    matrix = Matrix(cells=(), expected=())
    monkeypatch.chdir(away)
    assert resolve(wheel.name, "candidate", root, matrix).given == str(wheel.resolve())
    monkeypatch.chdir(root)
    there = f"../away/{wheel.name}"
    assert resolve(there, "candidate", root, matrix).given == there
