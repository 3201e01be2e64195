"""The runner of a cell: how the process ended counts as well as what it has written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from getpass import getuser
from pathlib import Path

import pytest

from fanout.cells.evidence import read_file
from tests.worlds.project import Project, make_python

FIRST, KEPT, LAST = (f"test_{name}.py::test_{name}" for name in ("a", "kept", "z"))
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
IMPORTS = "import atexit, os, signal, subprocess, sys, threading, time"
SLEEPER = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']{})"


def runs_with(project: Project, tmp_path: Path, code: str, *options: str) -> tuple[int, str]:
    """Run a pack whose three promises import a Core of this code; the exit code, and all said."""
    for name in ("a", "kept", "z"):
        project.promise("import market_data_core", name=name)
    python = make_python(tmp_path / "python", "1.2.0", code=f"{IMPORTS}\n{code}")
    done = project.cell(python, "small-core_v120", *options)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("body", "how", "said"),
    [
        ("import os; os._exit(0)", "crashed", "the run ended in its middle, with code 0"),
        (f"import os, signal; {KILL}", "killed", "the run was ended by SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "killed", "the run was ended by SIGSEGV"),
        ("raise KeyboardInterrupt", "interrupted", "it ended the run, by an interrupt"),
        ("pytest.exit('enough')", "interrupted", "it ended the run, by an interrupt"),
        ("import time; assert time.sleep(60)", "timed-out", "it did not end within 1 s"),
        ("assert int('1')\n    while True:\n        try:\n            import time; time.sleep(60)\n"
         "        except BaseException:\n            pass", "timed-out", "within 1 s"),
    ],
)  # fmt: skip
def test_one_promise_costs_no_other(
    project: Project, python: Path, body: str, how: str, said: str
) -> None:
    """A promise that ends or blocks the run is errored by name; every other one has a verdict."""
    project.promise("assert int('1')", name="a")
    project.promise(body)
    project.promise("assert False", name="z")
    done = project.cell(python, "small-core_v120", "--promise-seconds=1")
    assert done.returncode == 1
    assert project.outcomes() == {
        FIRST: ("kept", ""),
        KEPT: ("error", how),
        LAST: ("failure", "AssertionError"),
        "run": ("error", how),
    }
    assert said in done.stdout
    assert f"{KEPT})" in done.stdout
    assert "small-core_v120: Core 1.2.0 from pypi" in done.stdout


def test_a_cell_tidies_up_after_itself_alone(
    project: Project, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other runs of pytest have left in the folder of temporary files is none of its."""
    temporary = tmp_path / "temporary"
    monkeypatch.setenv("TMPDIR", str(temporary))
    theirs = [temporary / f"pytest-of-{getuser()}/pytest-{number}" for number in range(9)]
    for folder in theirs:
        folder.mkdir(parents=True, mode=0o700)
    before = {*temporary.iterdir()}
    project.write(
        "packs/small/test_files.py",
        "import pytest\n\n@pytest.mark.contract('Event')\ndef test_a_file(tmp_path):\n"
        '    """A file is written."""\n    assert (tmp_path / "a").write_text("a")\n',
    )
    done = project.cell(python, "small-core_v120")
    assert done.returncode == 0, done.stdout
    assert [folder for folder in theirs if not folder.is_dir()] == []
    assert {*temporary.iterdir()} == before


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (f"atexit.register(lambda: {KILL})", "killed"),
        ("atexit.register(os._exit, 7)", "crashed"),
        ("atexit.register(time.sleep, 60)", "timed-out"),
        ("threading.Thread(target=time.sleep, args=(60,)).start()", "timed-out"),
        (SLEEPER.format(""), "left-behind"),
        (SLEEPER.format(", start_new_session=True"), "left-behind"),
        ("if not os.fork(): time.sleep(60)", "left-behind"),
        ("os.fork()", "forged"),
        ("if not os.fork(): os.setsid()", "forged"),
    ],
)
def test_what_core_does_to_the_process(
    project: Project, tmp_path: Path, code: str, how: str
) -> None:
    """A Core that does not let the run end properly is errored, and each promise is still judged.

    None of the processes that it started is left.
    """
    returncode, _ = runs_with(project, tmp_path, code, "--end-seconds=1")
    assert returncode == 1
    found = project.outcomes()
    assert found.pop("run") == ("error", how)
    assert found == dict.fromkeys((FIRST, KEPT, LAST), ("kept", ""))
    assert running(tmp_path) == []


def test_a_core_that_ends_every_promise(project: Project, tmp_path: Path) -> None:
    """What a run left over is begun again a few times, and not for ever."""
    for number in range(6):
        project.promise("import market_data_core", name=f"p{number}")
    python = make_python(tmp_path / "python", "1.2.0", code="import os; os._exit(0)")
    assert project.cell(python).returncode == 1
    found = project.outcomes()
    assert found.pop("run") == ("error", "crashed")
    assert list(found.values()) == 4 * [("error", "crashed")] + 2 * [("error", "unfinished")]


def test_a_promise_that_does_not_run_is_not_kept(project: Project, tmp_path: Path) -> None:
    """A Core that tells the runner what promises said, in their place, makes a cell red."""
    row = (
        "dict.fromkeys(('type', 'message', 'text'), '') | dict(tag=None, seconds=0, properties={})"
    )
    code = (
        "import json; (file,) = [a[10:] for a in sys.argv if a.startswith('--journal=')]\n"
        f"row = {row}\n"
        "line = {'process': os.getpid(), 'results': {'test_broken.py::test_broken': row}}\n"
        "atexit.register(lambda: open(file, 'a').write(json.dumps(line) + '\\n'))"
    )
    project.promise("assert False", name="broken")
    runs_with(project, tmp_path, code)
    assert project.outcomes()["run"] == ("error", "forged")
    assert project.outcomes()["test_broken.py::test_broken"][0] == "failure"


def test_an_exit_code_of_its_own_hides_nothing(project: Project, tmp_path: Path) -> None:
    """A Core that ends every process with 0 leaves a cell red whose promises are broken."""
    project.promise("assert False", name="broken")
    returncode, _ = runs_with(project, tmp_path, "atexit.register(os._exit, 0)")
    assert returncode == 1
    assert project.outcomes()["test_broken.py::test_broken"][0] == "failure"


def test_a_core_that_ends_the_run_while_it_is_collected(project: Project, python: Path) -> None:
    """A file that ends the run before any promise has a name is errored by its own name."""
    project.write("packs/small/test_file.py", "import os\nos._exit(0)\n")
    assert project.cell(python).returncode == 1
    assert project.outcomes() == dict.fromkeys(("test_file.py", "run"), ("error", "crashed"))


def test_the_time_of_a_cell(project: Project, python: Path) -> None:
    """What did not start before the cell's time was over is errored; what had ended counts."""
    project.promise("assert int('1')", name="a")
    project.promise("import time; assert time.sleep(60)")
    project.promise("assert int('1')", name="z")
    project.cell(python, "small-core_v120", "--cell-seconds=2")
    assert project.outcomes() == {
        FIRST: ("kept", ""),
        KEPT: ("error", "timed-out"),
        LAST: ("error", "unfinished"),
        "run": ("error", "timed-out"),
    }
    evidence = read_file(project.root / "evidence/small-core_v120.xml")
    assert {promise.name: promise.message for promise in evidence.promises} == {
        FIRST: "",
        KEPT: "the cell did not end within 2 s",
        LAST: "the promise did not run",
        "run": f"the cell did not end within 2 s: {KEPT}",
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_running(
    project: Project, python: Path, number: signal.Signals
) -> None:
    """A runner that is told to end ends all that it started, and says so in the evidence."""
    with hanging(project, python) as runner:
        runner.send_signal(number)
        assert runner.wait(5) == 128 + number
    assert running(project.root) == []
    assert project.outcomes()[KEPT] == ("error", "stopped")
    assert [file.name for file in (project.root / "evidence").iterdir()] == ["small-core_v120.xml"]


def test_a_runner_that_is_killed_leaves_nothing_running(project: Project, python: Path) -> None:
    """What a runner started ends with it even where it could not end it, and nothing is green."""
    with hanging(project, python) as runner:
        runner.kill()
    until = time.monotonic() + 5
    while running(project.root) and time.monotonic() < until:
        time.sleep(0.05)
    assert running(project.root) == []
    assert project.outcomes() == {"run": ("error", "unfinished")}


def hanging(project: Project, python: Path) -> subprocess.Popen[bytes]:
    """The runner of a cell whose promise has begun, and starts a process, and never ends."""
    project.promise(f"{IMPORTS}; {SLEEPER.format('')}; open('begun', 'w').close(); time.sleep(60)")
    command = [str(python), "-ES", "packs/runner.py", "--cell=small-core_v120"]
    command.append("--core=market-data-core")
    runner = subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not (project.root / "begun").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert len(running(project.root)) == 3
    return runner


def running(folder: Path) -> list[str]:
    """The command lines of the processes that know of a folder, or run in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")).is_relative_to(folder):
                found.append((process / "cmdline").read_bytes().decode().replace("\0", " "))
        except OSError:
            continue
    return [line for line in found if line]  # a zombie has none


def test_the_journal_says_what_is_no_line_of_its_own(tmp_path: Path) -> None:
    """What the run did not write into its journal makes it one that nobody believes."""
    code = (
        "import pathlib, sys; sys.path.insert(0, 'packs'); from journal import Reader;"
        "file = pathlib.Path(sys.argv[1]); print(Reader(file).read().wrong)"
    )
    for line in (b"hello\n", b"[]\n", b'{"process": 7, "results": {"a": {}}}\n', b'{"a": 1}\n'):
        file = tmp_path / "journal"
        file.write_bytes(line)
        done = subprocess.run(
            [sys.executable, "-c", code, file], capture_output=True, text=True, check=True
        )
        assert done.stdout == "something else wrote into the run's journal\n"
