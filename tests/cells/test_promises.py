"""The promises of a pack, read from its files: the same that pytest collects."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from fanout.cells.promises import PackPromise, read_promises
from fanout.errors import InvalidPack
from tests import PACKS, ROOT

# What pytest itself says of each test, as packs/conftest.py asks for it.
COLLECTED = """
import inspect, json
from pathlib import Path

def pytest_configure(config):
    config.addinivalue_line("markers", "contract(*symbols, core='')")

def pytest_collection_finish(session):
    found = []
    for item in session.items:
        marker = item.get_closest_marker("contract")
        path = item.path.relative_to(Path(FOLDER)).as_posix()
        found.append([
            "::".join((path, *item.nodeid.split("::")[1:])).partition("[")[0],
            inspect.cleandoc(item.function.__doc__ or ""),
            list(marker.args) if marker else [],
            marker.kwargs.get("core", "") if marker else "",
        ])
    Path(OUT).write_text(json.dumps(found))
"""
ODD = '''
import pytest

BUS = "events.Bus"
BOTH = ("a.A", "b.B")
shared = pytest.mark.contract("from.a.name", core=">=1.1")
pytestmark = [pytest.mark.contract("of.the.file")]


def test_of_the_file():
    """The file says what it pins."""


@shared
def test_by_name():
    """A marker has a name."""


@pytest.mark.contract(BUS, *BOTH, core=">=1.2")
async def test_constants():
    """Symbols have names, and there are
    two lines of promise.
    """


@pytest.mark.contract("far")
@pytest.mark.contract("near")
def test_two_markers():
    """The nearer marker counts."""


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.contract("n.N")
def test_parameters(n):
    """A promise with parameters is one."""


def test_twice():
    """The first is replaced."""


@pytest.mark.contract("later")
def test_twice():
    """The later one is collected."""


@pytest.mark.contract("of.the.class")
class TestGroup:
    def test_of_the_class(self):
        """The class says what it pins."""

    @pytest.mark.contract("own")
    def test_own(self):
        """A method says it itself."""

    class TestInner:
        pytestmark = pytest.mark.contract("inner")

        def test_inner(self):
            """A class in a class says it as well."""


class Base:
    def test_inherited(self):
        """A test comes from a base."""


class TestDerived(Base):
    pytestmark = pytest.mark.contract("derived")


class TestOff:
    __test__ = False

    def test_off(self):
        """It is no test."""


class TestMade:
    def __init__(self):
        self.made = True

    def test_made(self):
        """pytest passes over a class that makes itself."""


def helper():
    """No test."""
'''


def without_lines(read: Iterable[PackPromise]) -> list[PackPromise]:
    """What pytest tells as well: it counts the lines of decorators, and not of functions."""
    return [promise.model_copy(update={"line": 0}) for promise in read]


def collected(folder: Path, tmp_path: Path) -> set[PackPromise]:
    """What pytest collects in a folder."""
    out = tmp_path / "collected.json"
    settings = f"FOLDER, OUT = {str(folder)!r}, {str(out)!r}\n"
    (tmp_path / "collected.py").write_text(settings + COLLECTED)
    command = [sys.executable, "-m", "pytest", str(folder), "--collect-only", "-q", "-p"]
    command += ["collected", "-p", "no:cacheprovider", f"--rootdir={folder.parent}"]
    done = subprocess.run(
        [*command, "-c", str(tmp_path / "none.ini")],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT / 'packs'}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.is_file(), done.stdout + done.stderr
    return {
        PackPromise(name=name, says=says, contract=tuple(contract), core=core)
        for name, says, contract, core in json.loads(out.read_text())
    }


@pytest.mark.parametrize("pack", PACKS)
def test_real_pack_is_read_as_pytest_collects_it(pack: str, tmp_path: Path) -> None:
    """Every promise of every pack has the name, words, symbols and range that pytest finds."""
    (tmp_path / "none.ini").write_text("[pytest]\n")
    folder = ROOT / "packs" / pack
    read = without_lines(read_promises(folder))
    assert set(read) == collected(folder, tmp_path)
    assert len(read) == len(set(read)) > 20
    assert all(promise.says and promise.contract for promise in read)


def test_odd_forms_are_read_as_pytest_collects_them(tmp_path: Path) -> None:
    """Classes, marks of files and classes, names for markers and symbols are read like pytest."""
    (tmp_path / "none.ini").write_text("[pytest]\n")
    folder = tmp_path / "pack"
    (folder / "deeper").mkdir(parents=True)
    (folder / "test_odd.py").write_text(ODD)
    (folder / "deeper" / "test_more.py").write_text("def test_bare():\n    pass\n")
    (folder / "helper.py").write_text("def test_no():\n    pass\n")
    read = without_lines(read_promises(folder))
    assert set(read) == collected(folder, tmp_path)
    assert len(read) == 11
    assert read[0] == PackPromise(name="deeper/test_more.py::test_bare")


def test_reading_runs_nothing(tmp_path: Path) -> None:
    """A file of a pack is read, never imported."""
    (tmp_path / "test_a.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"
        "raise SystemExit\n\ndef test_a():\n    '''It is read.'''\n"
    )
    assert [promise.says for promise in read_promises(tmp_path)] == ["It is read."]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"def test_a():\n    '''x'''\n\ndef (:\n", "line 4"),
        (b"x = '\xff'\n", "test_bad.py"),
        (b"x = '\0'\n", "test_bad.py"),
    ],
)
def test_file_that_is_not_python_is_named(content: bytes, where: str, tmp_path: Path) -> None:
    """A file that is not Python is an error with its path and line."""
    (tmp_path / "test_bad.py").write_bytes(content)
    with pytest.raises(InvalidPack, match=where) as caught:
        read_promises(tmp_path)
    assert str(tmp_path / "test_bad.py") in caught.value.what


def test_control_characters_are_replaced(tmp_path: Path) -> None:
    """A promise's words cannot steer a terminal."""
    (tmp_path / "test_a.py").write_text("def test_a():\n    '''A \\x1b[31mred lie.'''\n")
    assert "\x1b" not in read_promises(tmp_path)[0].says
