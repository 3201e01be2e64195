"""A tiny world: two releases of a Core of one module, a candidate, and packs for every verdict.

Its `tox.ini`, plugin of tox and guard are this repository's own, with other packs and Core refs.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from click.testing import CliRunner, Result
from filelock import FileLock

from fanout.cli import main
from tests import ROOT
from tests.worlds.checkout import copy_plugin

RELEASES = {
    "1.0.0": 'LEVELS = ("ok",)\n\n\ndef publish(event, retries=3):\n    return event\n',
    "2.0.0": 'LEVELS = ("ok", "soft")\n\n\ndef publish(event, retries=3):\n    return event\n',
}
CANDIDATE = """\
LEVELS = ("ok", "hard")


def publish(event):
    return event


def flush():
    return True
"""
MENDED = CANDIDATE.replace("(event)", "(event, retries=3)")
PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "market-data-core"
version = "2.1.0"
"""
PACK_TOML = """\
consumer = "market-data-{pack}"
release = "0.1.0"
owner = "{pack} team"
supports = "{supports}"
"""
KNOWN_BREAK = """\
[[known_breaks]]
core = ">=1"
test = "test_promises.py::test_{test}"
reason = "{test} is being rewritten"
link = "https://example.org/issues/1"
expires = {expires}
"""
HEAD = "import pytest\nimport market_data_core as core\n"
FLUSH = '''
@pytest.mark.contract("flush")
def test_flush():
    """What was published can be flushed."""
    assert core.flush()
'''
CLOSE = '''
@pytest.mark.contract("close")
def test_close():
    """A publisher can be closed."""
    assert core.close()
'''
PUBLISH = '''
@pytest.mark.contract("publish")
def test_publish():
    """An event that is published comes back."""
    assert core.publish("event") == "event"
'''
RETRIES = '''
@pytest.mark.contract("publish")
def test_retries():
    """An event is published with a number of retries."""
    assert core.publish("event", retries=1) == "event"
'''
LEVELS = '''
@pytest.mark.contract("LEVELS")
@pytest.mark.parametrize("level", core.LEVELS)
def test_level(level):
    """A level is a word."""
    assert level.isalpha()
'''
LATER = '''
@pytest.mark.contract("LEVELS", core=">=2.1")
def test_hard():
    """There is a level for a queue that is full."""
    assert "hard" in core.LEVELS


@pytest.mark.contract("LEVELS", core="<2")
def test_one_level():
    """There is one level."""
    assert len(core.LEVELS) == 1
'''
ONCE = '''
from pathlib import Path

TRIED = Path(__file__).parents[2] / "tried"


@pytest.mark.contract("flush")
def test_once():
    """A flush succeeds at once."""
    if hasattr(core, "flush") and not TRIED.exists():
        TRIED.touch()
        raise AssertionError("the queue was busy")
'''
PACKS = {
    # Broken on both sides, though not in the same promise.
    "mixed": HEAD + PUBLISH + RETRIES + FLUSH + CLOSE + LEVELS + LATER,
    "steady": HEAD + PUBLISH + LATER,
    "narrow": HEAD + RETRIES,
    "excused": HEAD + PUBLISH + CLOSE + FLUSH,
    "overdue": HEAD + CLOSE,
    "shaky": HEAD + ONCE,
    "harness": "import no_such_module\n" + HEAD + PUBLISH,
    "novice": HEAD + CLOSE + RETRIES,
}
SUPPORTS = {"narrow": "<2.1"}
KNOWN_BREAKS = {
    "excused": (("close", "9999-12-31"), ("flush", "9999-12-31")),
    "overdue": (("close", "2020-01-31"),),
}


class World:
    """A folder with the packs and their `tox.ini`, and `fanout` and tox run in it."""

    def __init__(self, root: Path, index: str) -> None:
        self.root = root
        self.index = index

    def make(self) -> World:
        """Write everything; an index must serve the releases by the time a cell runs."""
        self.harness(tox_ini())
        for pack, text in PACKS.items():
            said = PACK_TOML.format(pack=pack, supports=SUPPORTS.get(pack, ">=1"))
            for test, expires in KNOWN_BREAKS.get(pack, ()):
                said += KNOWN_BREAK.format(test=test, expires=expires)
            self.write(f"packs/{pack}/pack.toml", said)
            self.write(f"packs/{pack}/test_promises.py", text)
        self.core(CANDIDATE)
        return self

    def harness(self, tox_ini: str) -> None:
        """Write what every pack runs with."""
        copy_plugin(self.root)
        for path in ROOT.glob("packs/*.py"):
            self.write(f"packs/{path.name}", path.read_text())
        self.write("packs/requirements.txt", "pytest>=9.0\npytest-asyncio>=1.3\n")
        self.write("tox.ini", tox_ini)

    def write(self, path: str, content: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def core(self, code: str) -> None:
        """Make the candidate's source tree, `core`, of this code."""
        self.write("core/pyproject.toml", PYPROJECT)
        self.write("core/market_data_core/__init__.py", code)

    def copy(self, root: Path) -> World:
        """The same packs and Core refs in another folder, without what any run has left."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns(".tox", "history", "runs"))
        return World(root, self.index)

    def environment(self, **variables: str) -> dict[str, str]:
        ours = ("TOX", "PYTEST", "CORE", "EVIDENCE", "HISTORY", "GITHUB", "VIRTUAL_ENV")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        own = {"UV_INDEX": self.index, "NO_COLOR": "1", "COLUMNS": "100"}
        return clean | own | variables

    def start(self, command: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start `fanout` here, with the world's index, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "fanout", command, *arguments],
            cwd=self.root,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ask(self, *arguments: str) -> Result:
        """What a command that runs no cell says of this folder, without a process of its own."""
        with contextlib.chdir(self.root):
            result = CliRunner().invoke(main, arguments, env={"COLUMNS": "100"})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def fanout(
        self, command: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `fanout` here to its end; a traceback fails the test."""
        process = self.start(command, *arguments, **variables)
        out, error = process.communicate()
        assert "Traceback" not in out + error, out + error
        return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def checked(folder: Path, index: str) -> World:
    """The world in which one check of every pack has run, made once for every process of a run.

    What the check printed and its exit code are in `printed` and `exit_code`.
    """
    world = World(folder / "world", index)
    with FileLock(folder / "world.lock"):
        if not world.root.exists():
            done = world.make().fanout("check", "core", "--baseline", "2.0.0", "--index", index)
            world.write("printed", done.stdout)
            world.write("exit_code", str(done.returncode))
    return world


def tox_ini(releases: Iterable[str] = RELEASES) -> str:
    """The `tox.ini` of this repository, with the Core refs of the world."""
    refs = {f"v{version.replace('.', '')}": version for version in releases}
    table = "".join(f"core_{factor} = {version}\n" for factor, version in refs.items())
    text = (ROOT / "tox.ini").read_text()
    for old, new in (
        (r"default = .*", f"default = {' '.join(refs)}"),
        (r"(core_v\d+ = .+\n)+", table),
    ):
        text, found = re.subn(old, new, text)
        assert found, old
    return text
