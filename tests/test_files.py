"""Files that are put in place of others."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fanout import files
from fanout.files import put, sync_names


class Refusing:
    """What renames as Windows does while the old file is read: not at first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.left, self.rename = times, Path.replace
        monkeypatch.setattr(Path, "replace", lambda part, path: self(part, path))
        monkeypatch.setattr(files, "PAUSES", (0.0,) * 3)

    def __call__(self, part: Path, path: Path) -> Path:
        if self.left:
            self.left -= 1
            raise PermissionError(13, "Access is denied", str(path))
        return self.rename(part, path)


def test_a_file_that_somebody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses to replace a file that is open; a moment later it may be done."""
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "old").write_bytes(b"old")
    monkeypatch.setattr(sys, "platform", "win32")
    Refusing(monkeypatch, 2)
    put(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"new"


@pytest.mark.parametrize(("platform", "times"), [("win32", 9), ("linux", 1)])
def test_a_file_that_may_not_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, times: int
) -> None:
    """What is refused for good is an error, and elsewhere than on Windows at once."""
    (tmp_path / "new").write_bytes(b"new")
    monkeypatch.setattr(sys, "platform", platform)
    Refusing(monkeypatch, times)
    with pytest.raises(PermissionError):
        put(tmp_path / "new", tmp_path / "old")


def test_windows_opens_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are brought to the disk where a system can be asked to; Windows cannot."""
    sync_names(tmp_path)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "open")
    sync_names(tmp_path)
