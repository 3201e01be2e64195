"""What a Core shows, of whatever wheel: nothing in it is run, and what is none is refused."""

from __future__ import annotations

import stat
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from fanout.core import wheel as wheel_module
from fanout.errors import InvalidCore
from fanout.surface.reader import surface
from tests.worlds.core_wheel import make_wheel, released


def test_nothing_of_core_is_run(tmp_path: Path) -> None:
    """A Core that would do something when it is imported does not."""
    mark = tmp_path / "ran"
    found = surface(make_wheel(tmp_path, {"__init__.py": f"open({str(mark)!r}, 'w')\nA = 1\n"}))
    assert "A" in found.symbols
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../outside.py", "lies outside"),
        ("/outside.py", "lies outside"),
        ("market_data_core/../../outside.py", "lies outside"),
        ("market_data_core\\..\\outside.py", "lies outside"),
        ("market_data_core/__init__.py", "there twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_wheel_that_leaves_its_folder_is_refused(name: str, said: str, tmp_path: Path) -> None:
    """A file with a path out of the wheel, or one that hides another, is refused by name."""
    wheel = make_wheel(tmp_path, {})
    with ZipFile(wheel, "a") as archive:
        archive.writestr(name, "")
    with pytest.raises(InvalidCore, match=said):
        surface(wheel)


def test_link_is_refused(tmp_path: Path) -> None:
    """A wheel holds no links."""
    wheel = make_wheel(tmp_path, {})
    link = ZipInfo("market_data_core/link.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(wheel, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InvalidCore, match="a link"):
        surface(wheel)


def test_wheel_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """A small wheel with a huge content is refused before it is unpacked."""
    wheel = make_wheel(tmp_path, {})
    with ZipFile(wheel, "a", ZIP_DEFLATED) as archive:
        archive.writestr("market_data_core/big.py", bytes(wheel_module.LARGEST_CONTENT + 1))
    assert wheel.stat().st_size < wheel_module.LARGEST_CONTENT / 100
    with pytest.raises(InvalidCore, match="unpacks to"):
        surface(wheel)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 no zip either"])
def test_what_is_no_wheel_is_refused(content: bytes, tmp_path: Path) -> None:
    """A file that is no zip is an error with its path."""
    file = tmp_path / "x.whl"
    file.write_bytes(content)
    with pytest.raises(InvalidCore, match=str(file)):
        surface(file)


def test_wheel_without_core_is_refused(tmp_path: Path) -> None:
    """A wheel of something else is an error."""
    file = tmp_path / "x.whl"
    with ZipFile(file, "w") as archive:
        archive.writestr("other/__init__.py", "")
    with pytest.raises(InvalidCore, match="has no 'market_data_core/__init__"):
        surface(file)


@pytest.mark.parametrize(
    "source",
    ["x = " + "(" * 5000, "x = " + "-" * 20000 + "1", "x = '\0'", "import a.b as\n", "\tx\n y"],
)
def test_module_that_cannot_be_read_says_so(source: str, tmp_path: Path) -> None:
    """A module that is not Python, or too deep, is a symbol with the reason; others are read."""
    found = surface(make_wheel(tmp_path, {"bad.py": source, "good.py": "A = 1"}))
    assert found.symbols["bad"].says.startswith("not Python: ")
    assert found.symbols["good.A"].says == "1"


@pytest.mark.parametrize(
    "source",
    ["from .odd import a as b, b as a", "from . import odd", "from .odd import *\n__all__ = [x]"],
)
def test_imports_that_lead_nowhere_are_no_fault(source: str, tmp_path: Path) -> None:
    """Imports in a circle, and of what is not there, end in names that lead nowhere."""
    found = surface(make_wheel(tmp_path, {"odd.py": source, "__init__.py": "from .odd import a"}))
    assert "odd" in found.symbols


def test_names_lead_to_where_a_thing_is_defined() -> None:
    """Every exported name of the release leads to one symbol, and from there back."""
    core = released("1.4.61")
    at = "telemetry.backpressure.FeedbackEvent.queue_size"
    assert core.canonical("telemetry.FeedbackEvent.queue_size") == at
    assert core.names_of(at)[:2] == (
        "FeedbackEvent.queue_size",
        "telemetry.FeedbackEvent.queue_size",
    )
    assert core.symbols[at].says == "int = Field(ge=0)"
    assert (
        core.symbols["protocols.RateController.apply"].says == "async def apply(self, adj) -> None"
    )
    assert core.canonical("no.such.name") == "no.such.name"
