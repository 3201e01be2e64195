"""The guard: a cell judges nothing but the Core that it asked for."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from defusedxml.ElementTree import parse

from tests import ROOT
from tests.worlds.project import Project, make_core, make_python


def site(python: Path) -> Path:
    """The folder into which that Python's packages are installed."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(python.parents[1])}))


def refused(project: Project, python: Path, name: str, asked: str, path: str = "") -> str:
    """What a cell says that the guard refuses; the evidence says the same, and nothing else."""
    project.promise("assert int('1')")
    done = project.cell(python, name, asked=asked, path=path)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert project.outcomes(name) == {"run": ("error", "guard")}
    said = done.stderr.partition("ERROR: ")[2].splitlines()[0]
    error = parse(project.root / f"evidence/{name}.xml").find(".//error")
    assert error is not None
    assert error.get("message") == said.replace(f"{python.parents[1]}/", "")
    return said


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("small-core_v120", "market-data-core==1.1.0", "asked for 'market-data-core==1.1.0', but"),
        ("small-core_v110", "market-data-core", "give each Core the cell of its own version"),
        ("small-core_v12", "market-data-core", "give each Core the cell of its own version"),
        ("small-core_candidate", "market-data-core>1.2", "but 'market-data-core' 1.2.0 is"),
        ("small-core_candidate", "", "no Core was asked for"),
        ("small-core_candidate", "not a requirement", "is not a requirement of"),
    ],
)
def test_wrong_version(project: Project, python: Path, name: str, asked: str, said: str) -> None:
    """The guard refuses a Core that is not the one that the cell is named for or asked for."""
    assert said in refused(project, python, name, asked)


@pytest.mark.parametrize("name", ["small-core_v120", "small-core_candidate"])
@pytest.mark.parametrize("version", ["1.2.0+local", "1.2.0+0"])
def test_a_local_build(project: Project, tmp_path: Path, name: str, version: str) -> None:
    """A local build of a release is not that release, though PEP 440 lets `==` find it."""
    python = make_python(tmp_path / "python", version)
    said = refused(project, python, name, "market-data-core==1.2.0")
    assert f"'market-data-core' {version}" in said


def test_a_local_build_that_was_asked_for(project: Project, tmp_path: Path) -> None:
    """A local build is judged where it is what was asked for."""
    python = make_python(tmp_path / "python", "1.2.0+local")
    project.promise("assert int('1')")
    for asked in ("market-data-core==1.2.0+local", "market-data-core==1.2.*"):
        done = project.cell(python, "small-core_candidate", asked=asked)
        assert done.returncode == 0, done.stdout


def test_another_distribution(project: Project, python: Path) -> None:
    """The guard refuses a cell that asks for a distribution that is not Core."""
    assert "pytest" in refused(project, python, "small-core_candidate", "pytest")


def test_core_is_not_installed(project: Project, tmp_path: Path) -> None:
    """The guard refuses an environment without Core."""
    python = make_python(tmp_path / "python")
    said = refused(project, python, "small-core_v120", "market-data-core==1.2.0")
    assert (
        said == "'market-data-core' is not installed, and 'market-data-core==1.2.0' was asked for"
    )


def test_core_cannot_be_found(project: Project, tmp_path: Path) -> None:
    """The guard refuses an installed distribution that has no package in it."""
    python = make_python(tmp_path / "python", "1.2.0")
    (site(python) / "market_data_core/__init__.py").unlink()
    said = refused(project, python, "small-core_v120", "market-data-core==1.2.0")
    assert "would be imported from None, not from " in said


def test_shadowed_core(project: Project, python: Path) -> None:
    """The guard refuses a package that stands before the installed one on the path."""
    project.write("shadow/market_data_core/__init__.py", "")
    shadow = str(project.root / "shadow")
    said = refused(project, python, "small-core_v120", "market-data-core==1.2.0", shadow)
    assert f"would be imported from {shadow}" in said


def test_core_outside_the_environment(project: Project, tmp_path: Path) -> None:
    """The guard refuses a whole distribution that stands outside the cell's environment."""
    make_core(tmp_path / "elsewhere", "1.2.0", "", {})
    python, elsewhere = make_python(tmp_path / "python", "1.2.0"), str(tmp_path / "elsewhere")
    said = refused(project, python, "small-core_v120", "market-data-core==1.2.0", elsewhere)
    assert elsewhere in said


def test_secrets_stay_out(project: Project, python: Path) -> None:
    """The user name and token of a git URL are neither in the evidence nor printed."""
    asked = "market-data-core @ git+https://bot:t0ken@git.example/core@v1.2.0"
    project.promise("assert int('1')")
    for name in ("small-core_candidate", "small-core_v110"):
        done = project.cell(python, name, asked=asked)
        written = (project.root / f"evidence/{name}.xml").read_text()
        assert "git.example/core@v1.2.0" in written
        for secret in ("t0ken", "bot"):
            assert secret not in written + done.stdout + done.stderr


def test_an_installed_file_that_was_edited(project: Project, tmp_path: Path) -> None:
    """A Core whose files are not as they were installed is not judged."""
    python = make_python(tmp_path / "python", "1.2.0")
    record = site(python) / "market_data_core-1.2.0.dist-info/RECORD"
    of_nothing = urlsafe_b64encode(sha256(b"").digest()).decode().rstrip("=")
    record.write_text(f"market_data_core/__init__.py,sha256={of_nothing},0\n")
    project.promise("assert int('1')")
    assert project.cell(python).returncode == 0
    (site(python) / "market_data_core/__init__.py").write_text("edited = True\n")
    said = refused(project, python, name="small-core_v120", asked="market-data-core")
    assert "is not what Core's RECORD says" in said


@pytest.mark.parametrize(
    "asked",
    ["market-data-core @ file:///not/installed", "market-data-core @ git+https://e.example/c@v1"],
)
def test_a_core_from_elsewhere(project: Project, python: Path, asked: str) -> None:
    """A Core from the index is not the one at an address, whatever its version."""
    said = refused(project, python, name="small-core_candidate", asked=asked)
    assert f"asked for '{asked}', but 'market-data-core' 1.2.0 is installed" in said


def bring(python: Path, name: str, content: str) -> None:
    """Let the installed Core's distribution bring a file beside its package."""
    (site(python) / name).parent.mkdir(exist_ok=True)
    (site(python) / name).write_text(content)
    with (site(python) / "market_data_core-1.2.0.dist-info/RECORD").open("a") as record:
        record.write(f"{name},,\n")


@pytest.mark.parametrize("name", ["core.pth", "sitecustomize.py", "usercustomize.py"])
def test_a_core_that_runs_in_every_python(project: Project, tmp_path: Path, name: str) -> None:
    """The guard refuses a Core whose distribution runs code whenever Python starts."""
    python = make_python(tmp_path / "python", "1.2.0")
    bring(python, name, "import sys\n")
    said = refused(project, python, "small-core_v120", "market-data-core")
    assert f"Core's distribution brings '{name}', which runs code in every Python" in said


def test_a_core_that_ends_every_python(project: Project, tmp_path: Path) -> None:
    """A Core that ends Python as it starts does not end the runner."""
    python = make_python(tmp_path / "python", "1.2.0")
    bring(python, "core.pth", "import os; os._exit(0)\n")
    project.promise("assert int('1')")
    assert project.cell(python).returncode == 1
    assert project.outcomes() == {"run": ("error", "crashed")}


def test_a_core_that_is_a_plugin(project: Project, tmp_path: Path) -> None:
    """What Core's distribution ships as a plugin of pytest takes no part."""
    python = make_python(tmp_path / "python", "1.2.0")
    entry = "[pytest11]\ncore = core_plugin\n"
    bring(python, "market_data_core-1.2.0.dist-info/entry_points.txt", entry)
    bring(python, "core_plugin.py", "def pytest_pyfunc_call(): return True\n")
    project.promise("assert False")
    assert project.cell(python).returncode == 1
    assert project.outcomes() == {"test_kept.py::test_kept": ("failure", "AssertionError")}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "import sys, types; sys.modules['market_data_core'] = types.ModuleType('other')",
            "in the end 'market_data_core' was None, not the Core that is installed",
        ),
        (
            "import market_data_core as core; open(core.__file__, 'a').write('edited = 1')",
            "while the pack ran, the files of the installed Core were changed",
        ),
    ],
)
def test_another_core_in_the_end(project: Project, tmp_path: Path, body: str, said: str) -> None:
    """A run in whose end Core is not the guarded one has no verdict."""
    project.promise(body)
    done = project.cell(make_python(tmp_path / "python", "1.2.0"))
    assert done.returncode == 1
    assert project.outcomes()["run"] == ("error", "guard")
    assert f"errored: {said} (run)" in done.stdout


def test_a_core_that_changes_how_tests_run(project: Project, tmp_path: Path) -> None:
    """A run that does not notice a broken promise in its end has no verdict."""
    code = "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n"
    project.promise("assert False", above="import market_data_core")
    python = make_python(tmp_path / "python", "1.2.0", code=code)
    assert project.cell(python).returncode == 1
    assert project.outcomes()["run"] == ("error", "guard")


def test_a_core_for_another_python(project: Project, tmp_path: Path) -> None:
    """A Core that pip would not install into this Python is not judged, though uv installs it."""
    python = make_python(tmp_path / "python", "1.2.0")
    with (site(python) / "market_data_core-1.2.0.dist-info/METADATA").open("a") as metadata:
        metadata.write("Requires-Python: <3\n")
    said = refused(project, python, "small-core_v120", "market-data-core")
    assert "Core requires Python '<3', and this is Python 3." in said


def test_a_python_before_its_release(project: Project, tmp_path: Path) -> None:
    """A release candidate of a Python is that Python, as pip takes it."""
    python = make_python(tmp_path / "python", "1.2.0")
    with (site(python) / "market_data_core-1.2.0.dist-info/METADATA").open("a") as metadata:
        metadata.write(f"Requires-Python: >={'.'.join(map(str, sys.version_info[:3]))}\n")
    lie = "import platform; platform.python_version = lambda: platform.sys.version[:4] + '.0rc1'"
    (site(python) / "lie.pth").write_text(lie)
    project.promise("assert int('1')")
    assert project.cell(python).returncode == 0


def test_a_checkout_below_a_folder_of_that_name(tmp_path: Path) -> None:
    """What the harness or the machine did wrong is not Core's, wherever the checkout lies."""
    project = Project(tmp_path / "market_data_core")
    bodies = (
        "import pandas_not_there",
        "open('/not/there')",
        "raise ExceptionGroup('both', [ValueError(), FileNotFoundError(2, 'not there')])",
        "try:\n        open('/not/there')\n    except OSError as error:\n"
        "        raise RuntimeError from error",
    )
    for number, body in enumerate(bodies):
        project.promise(body, name=f"p{number}")
    project.cell(make_python(tmp_path / "market_data_core/python", "1.2.0"))
    assert {tag for tag, _ in project.outcomes().values()} == {"error"}
    assert len(project.outcomes()) == len(bodies)


def test_an_error_of_core_that_is_wrapped(project: Project, tmp_path: Path) -> None:
    """What comes out of Core is Core's, whatever it was raised from."""
    code = (
        "def f():\n    try: open('/not/there')\n    except OSError as e: raise RuntimeError from e"
    )
    project.promise("import market_data_core; market_data_core.f()")
    project.cell(make_python(tmp_path / "python", "1.2.0", code=code))
    assert project.outcomes() == {"test_kept.py::test_kept": ("failure", "RuntimeError")}


def test_an_older_python() -> None:
    """A Python that is too old for a cell is refused in a sentence, before anything is imported."""
    code = "import sys, runner; sys.version_info = (3, 10, 1); sys.exit(runner.main())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "packs", capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"errored: a cell needs Python 3.11 or newer, and this is Python")
    assert len(done.stderr.splitlines()) == 1
