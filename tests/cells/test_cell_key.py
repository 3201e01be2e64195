"""The key of a cell: what a cell can see changes it, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests import ROOT
from tests.worlds.harness import cell_key

TODAY = date(2026, 1, 31)
SAYS = """\
consumer = "market-data-small"
release = "0.1.0"
owner = "small team"
supports = ">=1.1,<2"

[[known_breaks]]
core = ">=1.4"
test = "test_core.py::test_late"
reason = "it may wait"
link = "https://example.org/1"
expires = 2026-02-28
"""
TESTS = """
import pytest

@pytest.mark.contract("Event", core=">=1.3")
def test_late():
    \"\"\"Core has an event.\"\"\"
"""
CORE = cell_key.CoreSeen("pypi", "1.4.1", "0" * 64, ("pydantic>=2",), ">=3.11", "")
LOCK = ("pytest==9.0", "Pydantic_Core==2.1")


class Seen:
    """A pack, a Core and all else that a cell sees."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "packs/small"
        self.folder.mkdir(parents=True)
        self.write("small/pack.toml", SAYS)
        self.write("small/test_core.py", TESTS)
        self.write("conftest.py", "")
        self.write("requirements.txt", "pytest>=9")
        self.core, self.lock, self.how, self.today = CORE, LOCK, "how", TODAY

    def write(self, name: str, text: str) -> None:
        (self.folder.parent / name).write_text(text, encoding="utf-8")

    @property
    def parts(self) -> cell_key.Parts:
        pack = cell_key.read_pack_seen(self.folder)
        return cell_key.parts_of(pack, self.core, self.lock, self.how, self.today)

    @property
    def key(self) -> str:
        return cell_key.key_of(self.parts)


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    return Seen(tmp_path)


def core(**changed: object) -> Callable[[Seen], None]:
    def change(seen: Seen) -> None:
        seen.core = replace(seen.core, **changed)  # type: ignore[arg-type]

    return change


def text(name: str, content: str) -> Callable[[Seen], None]:
    return lambda seen: seen.write(name, content)


def beside(**changed: object) -> Callable[[Seen], None]:
    return lambda seen: vars(seen).update(changed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (text("small/test_core.py", f"{TESTS}\n"), "pack"),
        (text("small/data.json", "{}"), "pack"),
        (text("conftest.py", "# shared"), "pack"),
        (text("requirements.txt", "pytest>=8"), "pack"),
        (core(digest="1" * 64), "core"),
        (core(requires=("pydantic>=2.1",)), "requires"),
        (core(requires_python=">=3.12"), "requires_python"),
        (core(entry_points="[pydantic]\na = b\n"), "entry_points"),
        (core(version="1.2.9"), "ranges"),
        (beside(today=date(2026, 3, 1)), "known_breaks"),
        (beside(lock=("pytest==9.1", "Pydantic_Core==2.1")), "distributions"),
        (beside(how="else"), "cell"),
    ],
)
def test_what_a_cell_sees_changes_its_key(
    seen: Seen, change: Callable[[Seen], None], said: str
) -> None:
    """Each input that changes makes another key, and the parts tell which it was."""
    before, key = seen.parts, seen.key
    change(seen)

    assert seen.key != key
    after = dict(seen.parts)
    assert said in [part for part, value in before.items() if value != after[part]]


def test_a_known_break_of_another_core_expires_too(seen: Seen) -> None:
    """A known break that has expired is an error on every Core, also on those it is not of."""
    seen.core = replace(CORE, version="1.3.0")
    before = seen.key
    seen.today = date(2026, 3, 1)
    assert seen.key != before


@pytest.mark.parametrize("name", ["python_version", "python_implementation"])
def test_another_python_changes_the_key(
    seen: Seen, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Python's version and its implementation are parts of the key."""
    before = seen.key
    monkeypatch.setattr(f"platform.{name}", lambda: "another")
    assert seen.key != before


def test_another_platform_or_language_changes_the_key(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform is a part of the key, and so is a variable that tox hands down to Python."""
    before = seen.key
    monkeypatch.setenv("LANG", "another")
    other = seen.key
    assert other != before
    monkeypatch.setattr("sysconfig.get_platform", lambda: "another")
    assert seen.key not in (before, other)


@pytest.mark.parametrize(
    "change",
    [
        core(version="1.4.2"),  # every range of the pack has both
        core(source="git"),
        core(requires=("pydantic>=2",)),
        text("small/.hidden", "of an editor"),
        text("README.md", "of no pack"),
        beside(today=date(2026, 2, 28)),
        beside(lock=("pydantic-core==2.1", "pytest==9.0")),
    ],
)
def test_nothing_else_changes_the_key(seen: Seen, change: Callable[[Seen], None]) -> None:
    """A version that no range tells apart, another day or spelling: the key stays."""
    before = seen.key
    change(seen)
    assert seen.key == before


def test_a_key_is_the_same_everywhere(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of known parts the key is the one that the format says, wherever it is made."""
    monkeypatch.setattr("platform.python_version", lambda: "3.11.7")
    monkeypatch.setattr("platform.python_implementation", lambda: "CPython")
    monkeypatch.setattr("sysconfig.get_platform", lambda: "linux-x86_64")
    for name in cell_key.SEEN:
        monkeypatch.delenv(name, raising=False)
    assert seen.parts["format"] == "cell-key/1"
    assert seen.key == "580c7932bef3273c64a8da0e58c8d2ff7191cb9f4321ed5fb48994f8dec01d5c"


@pytest.mark.parametrize(
    ("code", "of_pack", "of_core"),
    [
        ("from importlib.metadata import version", True, True),
        ("from importlib import metadata as m\nm.version('market-data-core')", True, True),
        ("import importlib.metadata\nimportlib.metadata.distribution('a')", True, True),
        ("from importlib import metadata\nread = metadata", True, True),
        ("import pkg_resources", True, True),
        # Whatever else has imported the module: pydantic has.
        ("import importlib\nimportlib.metadata.version('market-data-core')", True, True),
        ("import importlib.util\nimportlib.metadata.version('market-data-core')", True, True),
        ("import importlib as i\nread = i.metadata", True, True),
        ("def test(pytestconfig): pytestconfig.getoption('--core')", True, False),
        ("import sys\nsys.executable", True, False),
        ("import sys\nsys.prefix", True, False),
        ("import sys\nsys.path[0]", True, False),
        ("import sys as s\ns.prefix", True, False),
        ("from sys import prefix", True, False),
        ("from sys import path as there", True, False),
        ("import sysconfig\nsysconfig.get_path('purelib')", True, False),
        ("from site import getsitepackages", True, False),
        ("def test(pytestconfig): pytestconfig.option.core", True, False),
        ("def test(request): request.config.option.core", True, False),
        ("getattr(os, 'environ')", True, False),
        ("exec('import ' + name)", True, False),
        ("import builtins\nbuiltins.exec('import ' + name)", True, False),
        ("getattr(__builtins__, 'eval')('a')", True, False),
        ("import sys\nvars(sys)['argv']", True, False),
        (
            "import operator\nfor name in ['argv']: operator.attrgetter(name)",
            True,
            False,
        ),
        ("import market_data_core as c\nc.__spec__.origin", True, False),
        ("import inspect, market_data_core as c\ninspect.getfile(c)", True, False),
        ("import market_data_core as c\nc.__file__", True, False),
        ("__import__('importlib.metadata')", True, True),
        ("open('market_data_core-1.0.dist-info/METADATA')", True, True),
        ("def wrong(:", True, True),
        ("import market_data_core as c\nc.__version__", True, False),
        ("from market_data_core import __version__", True, False),
        ("getattr(core, '__version__')", True, False),
        ("import os\nos.environ['CORE']", True, False),
        ("from importlib import metadata\nmetadata.requires('market-data-core')", False, False),
        ("from importlib.metadata import entry_points", False, False),
        ("'''It reads importlib.metadata nowhere.'''", False, False),
        ("monkeypatch.setenv('A', 'b')", False, False),
        ("price.prefix", False, False),
        ("session.exec(query)", False, False),
        ("contract.option.path", False, False),
        ("from sys import maxsize", False, False),
        ("SIDES = ['eval', 'exec', 'argv', 'executable', 'environ']", False, False),
        ("import importlib\nimportlib.metadata.requires('market-data-core')", False, False),
        ("import importlib\nimportlib.import_module('a').metadata", False, False),
        ("from pathlib import Path\nPath(__file__).with_name('data.json')", False, False),
    ],
)
def test_reading_the_version_is_noticed(code: str, of_pack: bool, of_core: bool) -> None:
    """A file that may read which Core it runs on is noticed; what the key has may be read."""
    tree = cell_key.tree_of(code.encode())
    assert cell_key.reads_version(tree, of_pack=True) is of_pack
    assert cell_key.reads_version(tree) is of_core


def test_what_is_named_like_a_module_and_is_none_is_passed_over(seen: Seen) -> None:
    """A folder, or the link that an editor leaves beside what it edits, changes no key."""
    before = seen.key
    (seen.folder / "folder.py").mkdir()
    (seen.folder / ".#test_core.py").symlink_to("somebody@somewhere")
    assert seen.key == before


def test_a_link_to_a_folder_is_in_no_key(seen: Seen) -> None:
    """What a pack has in another folder, which it links to, is not in its digest."""
    (seen.folder / "linked").symlink_to(seen.folder.parent, target_is_directory=True)
    with pytest.raises(Exception, match="is a link to a folder"):
        seen.key  # noqa: B018


def test_no_pack_here_reads_a_version() -> None:
    """The cells of every pack of this repository can be taken over."""
    for file in sorted(ROOT.glob("packs/*/pack.toml")):
        assert not cell_key.read_pack_seen(file.parent).reads, file.parent.name
