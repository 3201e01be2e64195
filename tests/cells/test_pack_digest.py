"""The digest of a pack: a cell and the report make it with code of their own, which must agree.

The packs know nothing of the tool, and the tool runs nothing of the packs that it judges.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fanout.cells.packs import pack_digest
from tests import ROOT

BY_THE_PACKS = """
import sys
from pathlib import Path
from pack import pack_digest
for folder in sys.argv[1:]:
    print(pack_digest(Path(folder)))
"""
FILES = {
    "conftest.py": "shared",
    "requirements.txt": "pytest",
    "notes.txt": "not shared",
    "small/pack.toml": "consumer",
    "small/test_b.py": "second",
    "small/deep/test_a.py": "first",
    "small/.hidden.py": "hidden",
    "small/README.md": "for people",
    "small/data/golden.json": "{}",
    "small/.pytest_cache/v/lastfailed": "{}",
    "small/__pycache__/test_b.cpython-311.pyc": "compiled",
    "small/deep/__pycache__/left": "compiled",
    "small/old.pyc": "compiled",
    "small/\udcff.txt": "a name that is not UTF-8",
    "small/folder.py/test_c.py": "in a folder with the name of a module",
    "other/test_a.py": "of another pack",
}


def test_both_digests_agree(tmp_path: Path) -> None:
    """Of every pack, and of one with all that may lie in its folder, both give one digest."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    packs = [path.parent for path in sorted(ROOT.glob("packs/*/pack.toml"))]
    folders = [*packs, tmp_path / "small", tmp_path / "other"]
    done = subprocess.run(
        [sys.executable, "-c", BY_THE_PACKS, *map(str, folders)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "packs")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [pack_digest(folder) for folder in folders]
    assert len(set(done.stdout.split())) == len(folders) > 2


def test_every_file_is_content(tmp_path: Path) -> None:
    """A pack is another one with any other byte of its own, and the same without what is none."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    before = pack_digest(tmp_path / "small")
    same = {"notes.txt", "small/.hidden.py", "small/.pytest_cache/v/lastfailed", "other/test_a.py"}
    same |= {name for name in FILES if "__pycache__" in name or name.endswith(".pyc")}
    for name in FILES:
        (tmp_path / name).write_text("changed", encoding="utf-8")
        assert (pack_digest(tmp_path / "small") == before) is (name in same), name
        (tmp_path / name).write_text(FILES[name], encoding="utf-8")
