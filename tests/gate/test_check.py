"""`fanout check` as a user's shell sees it: its exit codes by real causes, and real Cores."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from fanout.core.index import check_served
from fanout.core.resolve import resolve
from fanout.core.wheel import read_files
from fanout.errors import InvalidCore
from fanout.history.document import read_run
from fanout.history.query import History
from fanout.model import Cell, Matrix
from tests.servers.core_index import CoreIndex, wheel
from tests.worlds.checkout import Checkout
from tests.worlds.large import CANDIDATE, RELEASES, World
from tests.worlds.patched_core import METADATA, NAME, PACKAGE, RELEASE
from tests.worlds.small import CoreRepository

MATRIX = Matrix(
    cells=(
        Cell(name="a-core_v200", pack="a", core_ref="core_v200", core="market-data-core==2.0.0"),
    ),
    expected=(),
)
CLOSED = "http://127.0.0.1:9/simple/"
BROKEN_TOXFILE = """
from tox.plugin import impl
@impl
def tox_on_install(tox_env, arguments, section, of_type):
    raise RuntimeError("this plugin is broken")
"""
KILLED_TOXFILE = """
import os, signal
from tox.plugin import impl
@impl
def tox_before_run_commands(tox_env):
    os.kill(os.getpid(), signal.SIGKILL)
"""
SLOW = "\nimport time\n\ntime.sleep(60)\n"


@pytest.fixture
def world(tmp_path: Path, index: CoreIndex, compiled_wheels: None) -> World:
    return World(tmp_path / "world", index.url).make()


def check(
    world: World, candidate: str = "2.0.0", *more: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    arguments = (candidate, "--baseline", "2.0.0", "--index", world.index, *more)
    return world.fanout("check", *arguments, **variables)


def test_release_and_hold(world: World) -> None:
    """A directory that breaks a promise holds, by 1; mended, it may be released, by 0."""
    world.core(CANDIDATE.replace("publish", "send"))
    held = check(world, "core", "--pack", "excused")
    assert (held.returncode, held.stdout.partition(":")[0]) == (1, "hold")
    world.core(CANDIDATE)
    mended = check(world, "core", "--pack", "excused")
    assert (mended.returncode, mended.stdout.partition(":")[0]) == (0, "release")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'CANDIDATE'"),
        (["2.0.0", "--pack", "nobody"], "there is no pack 'nobody'"),
        (["packs"], "'packs' is no Python project: it has no pyproject.toml or setup.py"),
        ([""], "no Core is named"),
        (["2.0.0", "--baseline", ""], "no Core is named"),
        (["packs/steady/pack.toml"], "'packs/steady/pack.toml' is no version"),
        (["broken-1-py3-none-any.whl"], "is not a wheel"),
        (["git+file:///nowhere/core@main"], "git cannot read"),
        (["2.0.0", "--baseline", "nothing"], "'nothing' is no version"),
    ],
)
def test_unusable_input(world: World, arguments: list[str], said: str) -> None:
    """What cannot be used ends with 2, and a message that names it."""
    world.write("broken-1-py3-none-any.whl", "no wheel")
    done = world.ask("check", *arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert not list(world.root.glob("runs/*"))


def test_unreachable_index(world: World) -> None:
    """A Core whose index cannot be reached is unknown, and says why."""
    arguments = ["check", "9.9.9", "--baseline", "2.0.0", "--pack", "steady", "--index", CLOSED]
    done = world.fanout(*arguments, UV_INDEX=CLOSED, UV_HTTP_RETRIES="0")
    assert done.returncode == 3
    assert done.stdout.startswith("unknown: 1 of 1 pack: steady-core_candidate: its env cannot be")
    assert "127.0.0.1:9/" in done.stdout.splitlines()[0]


@pytest.mark.parametrize("arguments", [["9.9.9"], ["2.0.0", "--baseline", "9.9.9"]])
def test_a_version_that_the_index_lacks(world: World, arguments: list[str]) -> None:
    """A version that the index lacks is a mistake of the user, told before any cell runs."""
    done = world.ask("check", *arguments, "--index", world.index)
    assert (done.exit_code, done.stdout) == (2, "")
    said = " ".join(done.stderr.split())
    assert "has no 'market-data-core' 9.9.9; the newest is 2.0.0" in said
    assert not list(world.root.glob("runs/*"))


def test_a_version_of_the_table_needs_no_index(world: World) -> None:
    """The index is asked about nothing that tox.ini names."""
    check_served([resolve(name, "candidate", world.root, MATRIX) for name in ("2.0.0",)], CLOSED)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (">=1", ">=3,<4", "no Core ref of tox.ini is in '>=3,<4', which the pack 'excused' gives"),
        (
            'core = ">=1"',
            'core = "<1"',
            "for its known break of test_promises.py::test_close",
        ),
    ],
)
def test_a_range_without_a_core_ref(world: World, old: str, new: str, said: str) -> None:
    """A range that no Core ref is in is an error of its pack, named, and nothing runs."""
    path = world.root / "packs/excused/pack.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    for command in (["check", "2.0.0"], ["report"]):
        done = world.ask(*command)
        assert done.exit_code == 2
        assert said in " ".join(done.stderr.split())
    assert not list(world.root.glob("runs/*"))


def test_a_range_of_the_candidate(world: World) -> None:
    """A pack may speak of the version that is judged now, before it is a Core ref."""
    path = world.root / "packs/steady/pack.toml"
    path.write_text(path.read_text().replace(">=1", ">=2.1"))
    done = check(world, "core", "--pack", "steady")
    assert "no Core ref of tox.ini is in" not in done.stderr


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"default = .*", "default ="),
        (r"(?s)\[cores\].*?(?=\n\[cell\])", "[cores]"),
        (r"(?s).*", ""),
        (r"(?s).*", "[tox"),
    ],
    ids=["default matrix", "Core refs", "empty", "not INI"],
)
def test_empty_matrix(world: World, pattern: str, instead: str) -> None:
    """Without a cell in its env list, or a matrix at all, nothing is known: it ends with 3."""
    text, found = re.subn(pattern, instead, (world.root / "tox.ini").read_text(), count=1)
    assert found
    world.write("tox.ini", text)
    done = world.ask("check", "2.0.0", "--baseline", "2.0.0", "--index", world.index)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "hint: " in done.stderr


@pytest.mark.parametrize(
    ("toxfile", "said"),
    [(BROKEN_TOXFILE, "this plugin is broken"), (KILLED_TOXFILE, "tox was stopped")],
)
def test_tox_breaks(world: World, toxfile: str, said: str) -> None:
    """A tox that crashes, or is killed, before its cells have run is unknown, by 3."""
    world.write("toxfile.py", (world.root / "toxfile.py").read_text() + toxfile)
    done = check(world, "2.0.0", "--pack", "steady")
    assert done.returncode == 3
    assert said in done.stdout


def test_out_of_time(world: World) -> None:
    """A run that takes longer than its minutes is stopped, and unknown."""
    world.write("packs/steady/test_slow.py", SLOW)
    started = time.monotonic()
    done = check(world, "2.0.0", "--pack", "steady", "--minutes", "0.05")
    assert done.returncode == 3
    assert done.stdout.startswith("unknown: ")
    assert time.monotonic() - started < 30


def test_missing_cell(world: World) -> None:
    """The gate on an empty folder of evidence ends with 3; on none, or on foreign ones, with 2."""
    (world.root / "evidence").mkdir()
    arguments = ["gate", "2.0.0", "--baseline", "1.0.0", "--evidence"]
    assert world.fanout(*arguments, "evidence").returncode == 3
    assert world.ask(*arguments, "nowhere").exit_code == 2
    (world.root / "evidence/other-core_v200.xml").touch()
    assert world.ask(*arguments, "evidence").exit_code == 2


def test_kill(world: World) -> None:
    """A check that is killed at any moment leaves a history that loads, with every earlier run."""
    arguments = ("2.0.0", "--baseline", "1.0.0", "--pack", "excused", "--index", world.index)
    started = time.monotonic()
    assert world.fanout("check", *arguments).returncode == 0
    whole = time.monotonic() - started
    (first,) = (world.root / "history").glob("*.json")
    content = first.read_bytes()
    for part in (0.1, 0.4, 0.6, 0.8, 0.95):
        process = world.start("check", *arguments)
        time.sleep(whole * part)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert first.read_bytes() == content
        for document in (world.root / "history").glob("*.json"):
            assert read_run(document).command == "check"
        with History(world.root / "history") as past:
            assert list(past.judgements("excused", "test_promises.py::test_publish"))
    done = world.fanout("check", *arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("release: ")


def installed(world: World, cell: str, version: str) -> None:
    """Put a distribution into an env that is there, as if it had been made long ago."""
    (site,) = (world.root / ".tox" / cell).glob("lib/python*/site-packages")
    path = site / f"other-{version}.dist-info" / "METADATA"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"Metadata-Version: 2.1\nName: other\nVersion: {version}\n")


def test_other_environments(world: World) -> None:
    """What is installed with other versions is made anew; where it cannot be, that is told."""
    asked = ("2.0.0", "--baseline", "1.0.0", "--pack", "excused")
    sides = ("excused-core_v200", "excused-core_v100")
    make = [sys.executable, "-m", "tox", "run-parallel", "--notest", "-e", ",".join(sides)]
    subprocess.run(make, cwd=world.root, env=world.environment(), check=True)
    for number, cell in enumerate(sides):
        installed(world, cell, f"{number}.0")
    done = check(world, *asked, UV_INDEX=CLOSED, UV_HTTP_RETRIES="0")
    assert done.returncode == 0, done.stdout
    assert "differs from the baseline's: other 0.0 instead of 1.0" in done.stdout
    for number, cell in enumerate(sides):
        installed(world, cell, f"{number}.0")
    done = check(world, *asked)
    assert (done.returncode, "differs" in done.stdout) == (0, False)
    newest = max((world.root / "runs").iterdir(), key=lambda one: one.stat().st_mtime_ns)
    assert {one.stem for one in (newest / "1").glob("*.xml")} == set(sides)
    assert not (newest / "2").exists()


def test_null_run(world: World) -> None:
    """A release differs in nothing from itself, nor from the same content with a new number.

    What it breaks holds all the same; of only what is new it does not, and is told.
    """
    renumbered = world.root / "market_data_core-2.0.1-py3-none-any.whl"
    renumbered.write_bytes(wheel("2.0.1", RELEASES["2.0.0"]))
    for candidate, packs in (("2.0.0", 1), (str(renumbered), 2)):
        asked = ("--pack", "novice", "--pack", "mixed")[: 2 * packs]
        done = check(world, candidate, *asked, "--format", "json")
        decision = json.loads(done.stdout)
        found = {one["verdict"] for cell in decision["cells"] for one in cell["promises"]}
        assert (done.returncode, decision["causes"]) == (1, [])
        assert decision["same_content"] is True
        assert "still-failing" in found
        assert found <= {"passing", "still-failing", "not applicable"}
    new = check(world, str(renumbered), "--pack", "novice", "--only-new")
    assert new.returncode == 0
    first = new.stdout.splitlines()[0]
    assert first.startswith("release: Core 2.0.1 (path) breaks no promise that 2.0.0 keeps (")
    assert first.endswith("; both break 1 promise of novice")


# From here on, real releases of Core and the packs of this repository.


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, compiled_wheels: None) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source tree of the newest release of Core, made of its wheel."""
    tree = tmp_path / "core"
    command = [sys.executable, "-m", "uv", "--quiet", "pip", "install", "--no-deps"]
    # Copies: an edit of a link would be one of the installer's own cache.
    command += ["--link-mode", "copy", "--target", str(tree), f"{NAME}=={RELEASE}"]
    subprocess.run(command, check=True)
    needs = Distribution.at(tree / METADATA).requires or []
    needs = [need for need in needs if "extra ==" not in need]
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{NAME}"\nversion = "{RELEASE}"\ndependencies = {json.dumps(needs)}\n'
    )
    return tree


def check_store(
    repository: Checkout, candidate: str | Path, *more: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fanout", "check", str(candidate)]
    return repository.run(*command, "--baseline", RELEASE, "--pack", "store", *more)


def test_break_and_mend(repository: Checkout, source: Path) -> None:
    """What a consumer needs, broken, holds and is told whose it is and why; mended, it does not.

    Neither does what no consumer needs.
    """
    module = source / PACKAGE / "telemetry/backpressure.py"
    released = module.read_bytes().decode()
    assert released.count("    queue_size:") == 1
    module.write_text(released.replace("    queue_size:", "    depth:"))
    held = check_store(repository, source, "--fast")
    assert held.returncode == 1, held.stdout
    for said in (
        "hold: Core",
        "store, owned by ",
        " promises of store",
        "test_feedback.py::test_feedback_event_accepts_empty_queue",
        "What changed in Core since 1.4.61:",
        "queue_size",
        "2 times out of 2",
        "tox run -e store-core_candidate",
    ):
        assert said in " ".join(held.stdout.split())
    module.write_text(
        released.replace("    coordinator_id:", "    a: int = 0\n    coordinator_id:")
    )
    assert check_store(repository, source).returncode == 0


def test_submodules(tmp_path: Path) -> None:
    """A Core in git has what is in its submodules; without one that can be read it is refused."""
    inner, outer = CoreRepository(tmp_path / "inner"), CoreRepository(tmp_path / "outer")
    (inner.root / "__init__.py").write_text("inside = True")
    inner.commit("", "inner")
    (outer.root / "market_data_core").rmdir()
    allow = ("-c", "protocol.file.allow=always")
    outer.git(*allow, "submodule", "--quiet", "add", str(inner.root), "market_data_core")
    outer.git("add", "--all")
    outer.git("commit", "--quiet", "--message=outer")
    core = resolve(f"git+file://{outer.root}@main", "candidate", tmp_path, MATRIX)
    assert read_files(Path(core.wheel))["market_data_core/__init__.py"] == b"inside = True"
    shutil.rmtree(inner.root)
    with pytest.raises(InvalidCore, match="with its submodules"):
        resolve(f"git+file://{outer.root}@main", "candidate", tmp_path, MATRIX)


def test_git_ref(repository: Checkout, source: Path) -> None:
    """A branch is resolved to its commit, which the answer names in full."""

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        command = ["git", "-C", str(source), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "--quiet")
    git("checkout", "--quiet", "-b", "next/one")
    git("add", ".")
    git("commit", "--quiet", "-m", "release")
    done = check_store(repository, f"git+file://{source}@next/one", "--fast")
    assert done.returncode == 0, done.stdout
    assert git("rev-parse", "HEAD") in done.stdout
