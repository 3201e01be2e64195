"""The plugin that runs a pack where it is, installed as a consumer's CI installs it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import tomllib
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest
from defusedxml.ElementTree import parse
from packaging.requirements import Requirement

from fanout.cells.evidence import read_folder
from fanout.cells.outcome import judge
from fanout.cells.packs import read_packs
from fanout.cells.run import today
from fanout.digest import content_digest
from fanout.model import Cell, Outcome
from tests import ROOT
from tests.cells.test_live import install
from tests.worlds.project import PACK_TOML, make_python

HARNESS = {file.name for file in (ROOT / "packs").glob("*.py")} | {"requirements.txt"}
CORE = "class Bar:\n    name = 'bar'\n"
HEAD = "import os, pytest\npinned = pytest.mark.contract('Bar')\n"
KEPT = HEAD + "@pinned\ndef test_kept():\n    '''A bar is kept.'''\n    assert int('1')\n"
BROKEN = """
@pinned
@pytest.mark.parametrize("name", ["bar", "gone"])
def test_broken(name):
    '''A bar has its name.'''
    from market_data_core import Bar
    assert Bar.name == name

@pinned
def test_returns():
    '''A bar is given back.'''
    return 1

@pytest.mark.contract("Bar", core=">=1.3")
def test_later():
    '''A bar is there later.'''
    assert int('1')
"""
COUNTED = KEPT + "    with open(os.environ['COUNT'], 'a') as file: file.write('.')\n"


def uv(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "uv", "-q", *arguments], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("built")
    uv("build", "packs", "--out-dir", folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, compiled_wheels: None, wheel: Path) -> Path:
    """A Python with a Core from the index, as a consumer's CI has it."""
    folder = tmp_path_factory.mktemp("real") / "env"
    uv("venv", folder)
    python = folder / "bin/python"
    uv("pip", "install", "--python", python, wheel, "market-data-core==1.4.61")
    return python


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A Python with a Core of one name, and the plugins that these tests themselves run with."""
    return with_plugin(make_python(tmp_path_factory.mktemp("tiny"), "1.2.0", code=CORE), wheel)


def with_plugin(python: Path, wheel: Path) -> Path:
    uv("pip", "install", "--no-deps", "--python", python, wheel)
    return python


class Repository:
    """A consumer's repository, with a test of its own and a pack."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = ['tests']\n")
        self.write("tests/test_own.py", "def test_own():\n    pass\n")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def pack(self, text: str, says: str = PACK_TOML) -> None:
        self.write("packs/small/pack.toml", says)
        self.write("packs/small/test_promises.py", text)

    def environment(self, **variables: str) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHON"))}
        # What is left of a run would be seen here.
        return clean | {"TMPDIR": str(self.root), "COLUMNS": "200"} | variables

    def pytest(self, python: Path, *options: str, **variables: str) -> tuple[int, str]:
        done = subprocess.run(
            [python, "-m", "pytest", "-W", "ignore", *options],
            cwd=self.root,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not [*self.root.glob("contracts-*")]
        return done.returncode, done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def counts(said: str) -> dict[str, int]:
    """The numbers in the last line of pytest."""
    last = said.rstrip().rpartition("\n")[2]
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last)}


def test_the_store_on_two_releases_of_core(repository: Repository, real: Path) -> None:
    """The store's pack, in a repository of its own, is green on the Core that is installed.

    The evidence is that of a cell here, so that a report or gate of this repository takes it.
    """
    shutil.copytree(ROOT / "packs/store", repository.root / "packs/store")
    ask = ("-q", "-rx", "--contracts=packs/store", "--contracts-evidence=evidence")
    names = frozenset({"store-core_v1461", "store-core_v1211"})
    for version, core_ref in (("1.4.61", "core_v1461"), ("1.2.11", "core_v1211")):
        uv("pip", "install", "--python", real, f"market-data-core=={version}")
        code, said = repository.pytest(real, *ask)
        assert code == 0, said
        assert counts(said) == {"passed": 37, "skipped": 5, "xfailed": 1}
        assert f"store-{core_ref}: Core {version} from pypi, sha256:" in said
        assert "test_redis_comes_along - Core does not bring redis along since 1.2.11 (http" in said
        core = f"market-data-core=={version}"
        cell = Cell(name=f"store-{core_ref}", pack="store", core_ref=core_ref, core=core)
        found = read_folder(repository.root / "evidence", names)[cell.name]
        pack = read_packs(ROOT, ["store"])["store"]
        assert judge(cell, found, pack, today()).outcome is Outcome.PASSED


def test_what_is_not_kept(repository: Repository, tiny: Path) -> None:
    """A broken promise fails with what it says and the Core; one that cannot judge is an error."""
    repository.pack(KEPT + BROKEN)
    repository.write("packs/small/test_syntax.py", "def (")
    code, said = repository.pytest(tiny, "--contracts=packs/small", "-rsE", "--junitxml=found.xml")
    assert code == 1
    assert counts(said) == {"failed": 1, "passed": 1, "skipped": 1, "errors": 2}
    told = "A bar has its name.\ntest_promises.py::test_broken[gone]\n"
    assert told in said
    assert "\nCore 1.2.0 from pypi, sha256:" in said
    assert "E   AssertionError: assert 'bar' == 'gone'" in said
    assert "a promise returns nothing: `assert` what is to hold" in said
    assert re.search("not applicable: Core 1.2.0 from pypi, sha256:.* is not >=1.3", said)
    assert "test_syntax.py\nthe file cannot be imported: invalid syntax" in said
    assert "ERROR packs/small::run" in said
    assert "plugin.py" not in said.partition("short test summary")[0]
    (case,) = (
        one
        for one in parse(repository.root / "found.xml").iter("testcase")
        if one.get("name") == "test_broken"
    )
    assert case.get("classname") == "packs.small.test_promises"
    said_of_it = {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
    assert said_of_it == {"promise": "A bar has its name.", "contract": "Bar"}


def test_what_is_excused(repository: Repository, tiny: Path) -> None:
    """A known break is expected to fail, and so is all on a Core that the pack does not support.

    A known break that holds, or is of no promise, is an error.
    """
    rows = [("test_broken[gone]", "the bar was renamed"), ("test_kept", "no"), ("test_none", "no")]
    listed = [
        f'[[known_breaks]]\ncore = ">=1"\ntest = "test_promises.py::{test}"\nreason = "{reason}"\n'
        'link = "https://example.org/1"\nexpires = 2999-01-01\n'
        for test, reason in rows
    ]
    broken = BROKEN.partition("@pinned\ndef test_returns")[0]
    says = PACK_TOML.replace(">=1.1,<2", ">=1.3,<2") + "".join(listed)
    repository.pack(KEPT + broken + broken.replace("test_broken", "test_old")[1:], says)
    code, said = repository.pytest(tiny, "--contracts=packs/small", "-rxE")
    assert code == 1
    assert counts(said) == {"xfailed": 2, "errors": 2}
    assert "test_broken - the bar was renamed (https://example.org/1, until 2999-01-01)" in said
    assert "test_old - the pack does not support Core 1.2.0 from pypi" in said
    assert "test_kept - Failed: A bar is kept." in said
    assert "pack.toml: known break of test_promises.py::test_none\nthere is no such" in said


def test_which_core_is_refused(repository: Repository, wheel: Path, tmp_path: Path) -> None:
    """Where no Core is installed no promise is kept, also one that is selected alone."""
    repository.pack(KEPT)
    python = with_plugin(make_python(tmp_path / "python"), wheel)
    code, said = repository.pytest(python, "--contracts=packs/small", "-k", "test_kept")
    assert (code, counts(said)) == (1, {"deselected": 1, "errors": 2})
    assert "no verdict: 'market-data-core' is not installed, and" in said


def test_an_editable_core(repository: Repository, wheel: Path, tmp_path: Path) -> None:
    """A checkout of Core that is installed as it stands is judged, with the digest of its files."""
    checkout = tmp_path / "core"
    (checkout / "market_data_core").mkdir(parents=True)
    (checkout / "market_data_core/__init__.py").write_text(CORE)
    (checkout / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "market-data-core"\nversion = "1.3.0"\n'
        '[tool.setuptools]\npackages = ["market_data_core"]\n'
    )
    python = with_plugin(make_python(tmp_path / "python"), wheel)
    uv("pip", "install", "--python", python, "--editable", checkout)
    repository.pack(KEPT + BROKEN)
    code, said = repository.pytest(python, "--contracts=packs/small")
    assert code == 1
    assert counts(said) == {"failed": 1, "passed": 3, "error": 1}
    digest = content_digest([("market_data_core/__init__.py", CORE.encode())])
    assert f"small-core_candidate: Core 1.3.0 from path, sha256:{digest[:12]}" in said


def test_the_consumers_own_classes(repository: Repository, wheel: Path, tmp_path: Path) -> None:
    """What a pack says of its consumer is asked of the one that is installed, if it is."""
    python = with_plugin(make_python(tmp_path / "python", "1.2.0", code=CORE), wheel)
    repository.pack(KEPT)
    repository.write("packs/small/drift.py", DRIFT)
    code, said = repository.pytest(python, "--contracts=packs/small", "-rs")
    assert (code, counts(said)) == (0, {"passed": 2, "skipped": 2})
    assert "market-data-small is not installed here" in said
    install(python, {"small": "from market_data_core import Bar\nSCALE = 0.5\n"})
    code, said = repository.pytest(python, "--contracts=packs/small")
    assert (code, counts(said)) == (1, {"failed": 1, "passed": 3})
    assert "The scale of soft.\nthe pack says 0.7, and the consumer 0.5\nCore 1.2.0" in said
    last = "market-data-small 0.1.0 with Core 1.2.0 from pypi, sha256:"
    assert re.search(f"small_live-core_v120: {last}.*: its pack is right in 1 of 2", said)


DRIFT = """
def scale():
    '''The scale of soft.'''
    import small
    return 0.7, small.SCALE

async def bar():
    '''The bar is Core's.'''
    import small
    return "bar", small.Bar.name

def _own():
    pass
"""


@pytest.mark.parametrize(
    "options",
    [
        ("-n2", "-o", "asyncio_mode=auto"),
        ("-p", "no:cacheprovider", "-x", "--strict-markers", "--strict-config", "-k", "small"),
    ],
)
def test_beside_other_plugins(repository: Repository, tiny: Path, options: tuple[str, ...]) -> None:
    """The runner runs once, in several processes, with a selection, or without a cache."""
    repository.pack(COUNTED)
    repository.write("tests/conftest.py", "raise AssertionError")
    count = repository.root / "count"
    code, said = repository.pytest(tiny, "--contracts=packs/small", *options, COUNT=str(count))
    assert (code, counts(said)) == (0, {"passed": 2}), said
    assert count.read_text() == "."


LOSES = "import sys, types\nsys.modules['market_data_core'] = types.ModuleType('other')\n"


def test_whose_run_counts(repository: Repository, wheel: Path, tmp_path: Path) -> None:
    """What no promise or fact tells is told of the run, which no selection of a pack leaves out."""
    python = with_plugin(make_python(tmp_path / "python", "1.2.0", code=CORE), wheel)
    repository.pack(f"{KEPT}\n{LOSES}")
    asked = ("--contracts=packs/small", "tests")
    code, said = repository.pytest(python, *asked, "-k", "kept")
    assert (code, counts(said)) == (1, {"passed": 1, "deselected": 2, "error": 1}), said
    code, said = repository.pytest(python, *asked, "-k", "own")
    assert (code, counts(said)) == (0, {"passed": 1, "deselected": 2}), said
    install(python, {"small": "from market_data_core import Bar\n"})
    repository.pack(KEPT)
    repository.write("packs/small/drift.py", "def _own(): ...\n")
    code, said = repository.pytest(python, *asked)
    assert (code, counts(said)) == (1, {"passed": 2, "error": 1}), said
    assert "it has no function" in said


def test_what_is_collected(repository: Repository, tiny: Path) -> None:
    """To collect runs no promise, and a pack that is asked for is imported by nobody."""
    repository.pack(COUNTED)
    repository.write("packs/small/conftest.py", "raise AssertionError")
    code, said = repository.pytest(tiny, "--contracts=packs/small", "--collect-only", "-q")
    assert code == 0
    names = ["packs/small::run", "packs/small/test_promises.py::test_kept"]
    assert said.splitlines()[:3] == [*names, ""]


def test_what_runs_beside_a_pack(repository: Repository, tiny: Path) -> None:
    """On the command line a pack is all that runs, unless more is named; in settings, one more."""
    repository.pack(KEPT)
    _, said = repository.pytest(tiny, "--contracts=packs/small", "tests")
    assert counts(said) == {"passed": 3}
    settings = ("-o", "contracts=packs/small", "-o", "testpaths=tests packs")
    code, said = repository.pytest(tiny, *settings, "-n1")
    assert (code, counts(said)) == (0, {"passed": 3})


def test_what_is_no_pack(repository: Repository, tiny: Path) -> None:
    """A folder that is none, or has no name for one, is an error by name, and no traceback."""
    code, said = repository.pytest(tiny, "--contracts=packs/smal")
    assert code == 4
    assert f"there is no pack in '{repository.root / 'packs/smal'}'" in said
    repository.write("packs/no-name/pack.toml", PACK_TOML)
    repository.pack(KEPT, "consumer = 1")
    asked = ("--contracts=packs/no-name", "--contracts=packs/small")
    code, said = repository.pytest(tiny, *asked)
    assert code == 2
    assert "has no name for a pack" in said
    assert "is not a valid pack.toml" in said
    assert "Traceback" not in said


def test_not_asked(repository: Repository, tiny: Path) -> None:
    """Until it is asked it says nothing, and no module of the harness is there to import."""
    names = sorted(name.removesuffix(".py") for name in HARNESS - {"conftest.py"})
    own = "import sys\n\ndef test_own():\n    found = {*NAMES} & {*sys.modules}\n"
    repository.write("tests/test_own.py", f"{own}    assert not found\n\nNAMES = {names}\n")
    repository.pack(KEPT)
    code, said = repository.pytest(tiny, "-q")
    assert (code, counts(said)) == (0, {"passed": 1}), said
    _, without = repository.pytest(tiny, "-q", "-p", "no:contracts")
    seconds = re.compile(r"\d+\.\d+s")
    assert seconds.sub("", said) == seconds.sub("", without)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended(repository: Repository, tiny: Path, number: signal.Signals) -> None:
    """What a run of pytest has started ends with it, however that ends."""
    repository.pack(HEAD + SLOW)
    file = repository.root / "process"
    run = subprocess.Popen(
        [tiny, "-m", "pytest", "-W", "ignore", "--contracts=packs/small"],
        cwd=repository.root,
        env=repository.environment(FILE=str(file)),
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 30
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.02)
    run.send_signal(number)
    run.wait(30)
    while is_there(int(file.read_text())) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_there(int(file.read_text()))


SLOW = """
@pinned
def test_slow():
    '''A bar takes its time.'''
    import time
    with open(os.environ["FILE"] + "~", "w") as file:
        file.write(str(os.getpid()))
    os.replace(os.environ["FILE"] + "~", os.environ["FILE"])
    time.sleep(99)
    assert int('1')
"""


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_is_built(built: Path, wheel: Path) -> None:
    """The wheel and the sdist hold the harness alone, no promise, and nothing at the top."""
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        said = message_from_bytes(archive.read("market_data_contracts-0.1.0.dist-info/METADATA"))
        for name in HARNESS:
            found = archive.read(f"market_data_contracts/{name}")
            assert found == (ROOT / "packs" / name).read_bytes()
    assert names == {f"market_data_contracts/{name}" for name in HARNESS}
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as files:
        inside = {name.partition("/")[2] for name in files.getnames()}
    assert inside - {".gitignore"} == HARNESS | {"pyproject.toml", "PKG-INFO"}
    needs = (ROOT / "packs/requirements.txt").read_text("utf-8").splitlines()
    assert {*map(Requirement, said.get_all("Requires-Dist", []))} == {*map(Requirement, needs)}
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for key in ("Version", "Requires-Python"):
        assert said[key] == tool["project"][key.lower()]
