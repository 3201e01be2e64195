"""`fanout probe`: one pack on one Core, in the exit codes of `git bisect run`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result

from tests.worlds.small import CoreRepository, SmallWorld


@pytest.fixture
def world(tmp_path: Path) -> SmallWorld:
    world = SmallWorld(tmp_path / "project", {"1.2.0": "number = 2"})
    world.promises(
        number="from market_data_core import number\nassert number == 1",
        colour="from market_data_core import colour",
        name="assert int('1')",
    )
    return world


def probe(world: SmallWorld, *arguments: str) -> Result:
    return world.project.fanout("probe", *arguments)


@pytest.mark.parametrize(
    ("promises", "code", "said"),
    [
        (["name"], 0, "small on 1.2.0: Core 1.2.0, kept\n"),
        (["test_number"], 1, "broken: test_core.py::test_number: assert 2 == 1\n"),
        (["name", "colour"], 1, "broken: test_core.py::test_colour: cannot import name"),
        ([], 1, "broken: test_core.py::test_number and 1 more: assert 2 == 1\n"),
    ],
)
def test_release(world: SmallWorld, promises: list[str], code: int, said: str) -> None:
    """One line says whether the promises that are named are kept, or all without any named."""
    options = [part for name in promises for part in ("--promise", name)]
    result = probe(world, "small", "1.2.0", *options, "--evidence", str(world.root / "seen"))
    assert result.exit_code == code
    assert said in result.stdout
    assert len(result.stdout.splitlines()) == 1
    assert [path.name for path in (world.root / "seen").iterdir()] == ["small-core_v120.xml"]


@pytest.mark.parametrize("named", ["1.2.0", "core"])
def test_a_locale_that_knows_ascii_alone(tmp_path: Path, named: str) -> None:
    """Names and texts beyond ASCII are read as they are, whatever encoding the locale has."""
    world = SmallWorld(tmp_path / "projekt-größe✓", {"1.2.0": "number = 2"})
    world.promises(number="from market_data_core import number\nassert number == 1, 'naïve ✗'")
    CoreRepository(world.root / "core").commit("number = 2", "one")
    command = [sys.executable, "-m", "fanout", "probe", "small", named]
    done = subprocess.run(
        command,
        cwd=world.root,
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.endswith(", broken: test_core.py::test_number: naïve ✗\n")


@pytest.mark.parametrize(
    ("backend", "code", "said"),
    [
        ("", 125, "cannot be judged: unknown: '"),
        (None, 125, "cannot be judged: unknown: test_core.py::test_number: [Errno 2]"),
    ],
)
def test_what_cannot_be_judged(
    world: SmallWorld, tmp_path: Path, backend: str | None, code: int, said: str
) -> None:
    """A Core that cannot be built, or on which a promise errors, is passed over by git."""
    core = CoreRepository(tmp_path / "core")
    core.commit("number = 1", "one")
    if backend is not None:
        (core.root / "backend.py").write_text(backend)
    world.promises(number="open('nothing')")
    result = probe(world, "small", str(core.root), "--promise", "number")
    assert result.exit_code == code
    assert said in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'PACK'"),
        (["small", "1.2.0", "--colour"], "No such option"),
        (["large", "1.2.0"], "there is no pack 'large'"),
        (["small", "main"], "error: 'main' "),
        (["small", "1.2.0", "--promise", "size"], "has no promise 'size'"),
        (["small", "1.2.0", "--history", "tox.ini"], "is a file"),
    ],
)
def test_usage(world: SmallWorld, arguments: list[str], said: str) -> None:
    """A mistake of the user ends with 128, at which git stops and marks nothing."""
    result = probe(world, *arguments)
    assert result.exit_code == 128
    assert said in result.stderr


def test_a_fault_of_the_tool_is_not_a_broken_promise(
    world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in the tool itself, it does not end with 1."""
    monkeypatch.setattr("fanout.commands.probe.find_pack", lambda *_: 1 / 0)
    assert probe(world, "small", "1.2.0").exit_code == 128
