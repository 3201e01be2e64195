"""A live cell: the modules of made-up consumers, imported with a tiny Core by `packs/live.py`."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

from fanout.cells.live import Imported, Live, read_live
from tests.worlds.project import Project, make_python

CORE = (
    "class Bar:\n    name = 'bar'\ndef only_texts(value: str) -> str:\n    return value.upper()\n"
)
CELL = "small_live-core_v120"
KEPT = "from market_data_core import Bar\n"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python of this test's own, in which a Core of two names is installed."""
    return make_python(tmp_path / "python", "1.2.0", code=CORE)


def install(
    python: Path, modules: Mapping[str, str], requires: str = "", name: str = "market-data-small"
) -> Path:
    """Install a distribution of these modules, as an installer would; where they are."""
    base = {"base": str(python.parent.parent)}
    site = Path(sysconfig.get_path("purelib", "venv", base))
    info = f"{name.replace('-', '_')}-0.1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n{requires}"
    files = {f"{module}.py": code for module, code in modules.items()}
    files |= {f"{info}/METADATA": metadata, f"{info}/RECORD": ""}
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in files)
    for file, content in files.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(content)
    return site


def run(project: Project, python: Path, *options: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    asked = ("--core=market-data-core==1.2.0", "--consumer=market-data-small==0.1.0")
    command = [str(python), "-ES", "packs/live.py", f"--cell={CELL}", *asked]
    return subprocess.run(
        [*command, "--evidence=evidence", *options],
        cwd=project.root,
        env=clean | {"TOKEN": "hunter2"},
        capture_output=True,
        text=True,
        check=False,
    )


def left_by(project: Project) -> Live:
    return read_live(project.root / f"evidence/{CELL}.xml")


def found(project: Project) -> dict[str, tuple[Imported, str]]:
    return {one.name: (one.imported, one.message) for one in left_by(project).modules}


def judged(
    project: Project, python: Path, *codes: str
) -> tuple[subprocess.CompletedProcess[str], list[tuple[Imported, str]]]:
    """A run of modules of these codes, which are made to import Core as well, and what came."""
    modules = {f"small/m{number}": KEPT + code for number, code in enumerate(codes)}
    install(python, modules | {"small/__init__": ""})
    done = run(project, python)
    return done, [found(project)[f"small.m{number}"] for number, _ in enumerate(codes)]


def test_each_module_that_imports_core(project: Project, python: Path) -> None:
    """Every module that imports Core anywhere is imported, and no other; both are told."""
    modules = {
        "small/__init__": "",
        "small/plain": "raise SystemExit",
        "small/one": KEPT,
        "small/deep/__init__": "def later():\n    import market_data_core\n",
        "small/deep/two": "from market_data_core import Bar as B\n",
    }
    install(python, modules, "Requires-Dist: market-data-core==9\n")
    done = run(project, python)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(found(project)) == {"small.one", "small.deep", "small.deep.two"}
    assert {said for said, _ in found(project).values()} == {Imported.YES}
    live = left_by(project)
    assert (live.consumer, live.release, live.version) == ("market-data-small", "0.1.0", "1.2.0")
    assert "market-data-small 0.1.0 with Core 1.2.0 from pypi" in done.stdout
    assert "3 of 3 modules can be imported" in done.stdout


def test_cores_fault(project: Project, python: Path) -> None:
    """A name that Core lacks, wherever it is imported, or what comes out of Core, is its fault."""
    broken = {
        "from market_data_core import Gone": "ImportError: cannot import name 'Gone'",
        "import market_data_core.gone": "No module named 'market_data_core.gone'",
        "import market_data_core as c\nc.gone": "has no attribute 'gone' (small/m2.py:3)",
        "x = Bar.gone": "AttributeError: type object 'Bar' has no attribute 'gone'",
        "def f():\n    from market_data_core import Gone": "cannot import name 'Gone'",
        "from market_data_core import only_texts\nonly_texts(1)": "no attribute 'upper'",
    }
    done, all_said = judged(project, python, *broken)
    for said, expected in zip(all_said, broken.values(), strict=True):
        assert said[0] is Imported.BROKEN
        assert expected in said[1]
    assert done.returncode == 1
    assert "broken by Core: small.m0: ImportError: cannot import name 'Gone'" in done.stdout


def test_the_consumers_own_fault(project: Project, python: Path) -> None:
    """What fails in the consumer, and out of nothing of Core's, is told and is no fault of Core."""
    own = {
        "import gone_by": "No module named 'gone_by' (small/m0.py:2); by itself it can be",
        "from json import gone": "cannot import name 'gone' from 'json'",
        "1 / 0": "ZeroDivisionError: division by zero (small/m2.py:2)",
        "import sys\nsys.exit(0)": "SystemExit: 0",
    }
    done, all_said = judged(project, python, *own)
    for said, expected in zip(all_said, own.values(), strict=True):
        assert said[0] is Imported.OWN
        assert expected in said[1]
    assert done.returncode == 0


def test_a_package_that_cannot_be_imported(project: Project, python: Path) -> None:
    """Whatever a package raises is the fault of each module in it, and no crash of the cell."""
    install(python, {"small/__init__": "assert not 1", "small/one": KEPT})
    assert run(project, python).returncode == 0
    ((imported, said),) = found(project).values()
    assert imported is Imported.OWN
    assert said.endswith("(small/__init__.py:1); by itself it can be imported")


def test_an_import_that_may_fail(project: Project, python: Path) -> None:
    """An import that the consumer expects to fail, or that nobody runs, breaks nothing."""
    may_fail = (
        "try:\n    from market_data_core import Gone\nexcept ImportError:\n    Gone = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import market_data_core.gone",
        "def f():\n    try:\n        import market_data_core.gone\n    except Exception: ...",
    )
    _, all_said = judged(project, python, *may_fail)
    assert {said for said, _ in all_said} == {Imported.YES}


def test_core_behind_the_consumers_own_fault(project: Project, python: Path) -> None:
    """A package that cannot be imported, or a library that is not there, hides no break of Core."""
    modules = {
        "small/__init__": "import jinja9",
        "small/one": KEPT + "from jose9 import JWTError\nclass Mine(JWTError): ...\n",
        "small/two": "from jose9.backends import Key\nfrom market_data_core import Gone\n",
    }
    install(python, modules)
    done = run(project, python)
    said = found(project)
    assert done.returncode == 1
    assert said["small.one"][0] is Imported.OWN
    assert "No module named 'jinja9' (small/__init__.py:1); by itself" in said["small.one"][1]
    assert said["small.two"][0] is Imported.BROKEN
    names = [name for name in said if name.startswith("undeclared: ")]
    assert names == ["undeclared: jinja9", "undeclared: jose9"]
    assert said["undeclared: jose9"][1].startswith("imported at small/one.py:2, small/two.py:1, ")


def test_what_is_declared(project: Project, python: Path) -> None:
    """What a distribution that is asked for brings along is declared, and what is only there not.

    A requirement of an extra, and one of an extra of Core, is asked for by nobody.
    """
    requires = 'Requires-Dist: first\nRequires-Dist: only-there; extra == "more"\n'
    install(python, {"first": ""}, "Requires-Dist: second-one[x]\n", "first")
    install(python, {"second": ""}, 'Requires-Dist: third; extra == "x"\n', "second-one")
    install(python, {"third": ""}, "", "third")
    install(python, {"only_there": ""}, "", "only-there")
    code = KEPT + "import first, second, third, json\ndef f():\n    import only_there\n"
    install(python, {"small/__init__": code}, requires)
    assert run(project, python).returncode == 0
    assert [name for name, _ in found(project).items()] == ["small", "undeclared: only_there"]


def test_hostile_modules(project: Project, python: Path) -> None:
    """Whatever a module does to the process that imports it, it is not imported, and others are."""
    hostile = {
        "hangs": ("import time\ntime.sleep(99)", "it did not end within 2 s"),
        "exits": ("import os\nos._exit(0)", "the run ended in its middle, with code 0"),
        "kills": ("import os\nos.kill(os.getpid(), 9)", "the run was ended by SIGKILL"),
        "forks": ("import os\nos.fork()", ""),
        "leaves": ("import os, time\nif not os.fork():\n    time.sleep(99)", "left processes"),
        "raises": ("class E(BaseException): ...\nraise E('no')", "E: no"),
    }
    told = (
        "import sys, os\nfor out in (sys.stdout, sys.stderr): print(os.environ['TOKEN'], file=out)"
    )
    modules = {f"small/{name}": KEPT + code for name, (code, _) in hostile.items()}
    install(python, modules | {"small/__init__": "", "small/prints": KEPT + told})
    done = run(project, python, "--module-seconds=2")
    said = found(project)
    assert done.returncode == 1
    for name, (_, why) in hostile.items():
        kind = Imported.OWN if name == "raises" else Imported.ERRORED
        assert (name, said[f"small.{name}"][0]) == (name, kind)
        assert why in said[f"small.{name}"][1]
    assert said["small.prints"][0] is Imported.YES
    everything = done.stdout + done.stderr + (project.root / f"evidence/{CELL}.xml").read_text()
    assert "hunter2" not in everything


def test_a_module_that_forges(project: Project, python: Path) -> None:
    """A module that writes into the journal, or changes what is installed, gets no verdict."""
    journal = KEPT + "import sys\nfile = next(a for a in sys.argv if 'journal' in a)\n"
    journal += "open(file.partition('=')[2], 'a').write('kept!\\n')\n"
    install(python, {"small/__init__": "", "small/writes": journal})
    assert run(project, python).returncode == 1
    assert found(project)["small.writes"][0] is Imported.ERRORED
    changes = KEPT + "open(Bar.__module__ and __import__('market_data_core').__file__, 'a')"
    changes += ".write('Gone = 1\\n')\n"
    install(python, {"small/writes": changes})
    assert run(project, python).returncode == 1
    assert "what is installed was changed" in found(project)["run"][1]


def test_what_is_not_what_was_asked_for(project: Project, python: Path) -> None:
    """Another Core, another release or a consumer that is not there has no verdict."""
    assert "is not installed" in refused(project, python)
    install(python, {"small/__init__": KEPT})
    asked = "--core=market-data-core==1.2.1"
    assert "asked for 'market-data-core==1.2.1'" in refused(project, python, asked)
    other = "--consumer=market-data-small==0.2.0"
    assert "0.1.0 is installed, not 0.2.0" in refused(project, python, other)
    install(python, {"small/__init__": "", "small/one": "import json"})
    assert refused(project, python) == "no module of it imports Core"


def refused(project: Project, python: Path, *options: str) -> str:
    assert run(project, python, *options).returncode == 1
    (said, why) = found(project)["run"]
    assert said is Imported.ERRORED
    return why


def test_drift(project: Project, python: Path) -> None:
    """What a pack says of its consumer's own classes is asked of them; both values are told."""
    install(python, {"small/__init__": KEPT + "SCALE = 0.5\ndef level():\n    return 'soft'\n"})
    project.write("packs/small/test_policy.py", "SCALE = 0.7\n")
    project.write("packs/small/drift.py", DRIFT)
    done = run(project, python)
    said = found(project)
    assert done.returncode == 1
    assert said["drift.py::scale"] == (
        Imported.DRIFT,
        "the pack says 0.7, and the consumer 0.5",
    )
    assert said["drift.py::level"][0] is Imported.YES
    assert said["drift.py::gone"][0] is Imported.DRIFT
    assert "it cannot be asked: AttributeError" in said["drift.py::gone"][1]
    assert said["drift.py::of_core"][0] is Imported.BROKEN
    assert not {"drift.py", "drift.py::_own"} & said.keys()
    assert "drift: drift.py::scale: the pack says 0.7, and the consumer 0.5" in done.stdout
    assert "1 of 1 modules can be imported, and its pack is right in 1 of 4" in done.stdout
    project.write("packs/small/drift.py", DRIFT.partition("def gone")[0].replace("0.7", "0.5"))
    project.write("packs/small/test_policy.py", "SCALE = 0.5\n")
    assert run(project, python).returncode == 0
    install(python, {"small/__init__": "import jinja9", "small/one": KEPT})
    project.write("packs/small/drift.py", ALONE)
    assert run(project, python).returncode == 0
    assert found(project)["drift.py::alone"][0] is Imported.YES


DRIFT = """
from test_policy import SCALE

def scale():
    '''The scale of soft.'''
    import small
    return SCALE, small.SCALE

async def level():
    '''The level is soft.'''
    import small
    return "soft", small.level()

def _own():
    return 1

def gone():
    '''There is a hard level.'''
    import small
    return "hard", small.hard()

def of_core():
    '''There is a Core.'''
    from market_data_core import Gone
"""
ALONE = """
def alone():
    '''A module is asked without its package.'''
    from small.one import Bar
    return "bar", Bar.name
"""


def test_a_drift_that_does_not_end(project: Project, python: Path) -> None:
    """A fact that hangs, or a file that cannot be read, has no verdict; the modules have theirs."""
    install(python, {"small/__init__": KEPT})
    hangs = "def hangs():\n    '''It ends.'''\n    import time; time.sleep(99)\n"
    project.write("packs/small/drift.py", hangs)
    done = run(project, python, "--module-seconds=1.5")
    assert done.returncode == 1
    why = "it did not end within 1.5 s (drift.py::hangs)"
    assert found(project)["drift.py"] == (Imported.ERRORED, why)
    assert found(project)["small"][0] is Imported.YES
    project.write("packs/small/drift.py", "")
    assert run(project, python).returncode == 1
    assert found(project)["drift.py"] == (Imported.ERRORED, "it has no function")
