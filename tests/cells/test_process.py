"""A process and all that it starts, on POSIX and on a system that has no process groups."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fanout.cells.process import running
from tests import ROOT

# Starts a child, says its number, and waits for ever.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
TASKKILL = """\
#!/bin/sh
echo "$@" >> "$0.log"
kill -9 "$4"
"""


def is_there(number: int) -> bool:
    """Whether a process runs, and is not one that has ended and waits to be noticed."""
    stat = Path(f"/proc/{number}/stat")
    try:
        return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(number: int) -> bool:
    until = time.monotonic() + 5
    while is_there(number) and time.monotonic() < until:
        time.sleep(0.02)
    return not is_there(number)


def first_line(code: str, *arguments: str, patience: float = 0) -> str:
    """What a process prints first, after which the block that it runs in fails."""
    command = [sys.executable, "-c", code, *arguments]
    with suppress(RuntimeError), running(command, os.environ, patience=patience) as process:
        said = process.stdout.readline() if process.stdout else ""
        raise RuntimeError
    return said


def test_children_end_too() -> None:
    """When the block ends, in whatever way, nothing that it started is left."""
    assert gone(int(first_line(PARENT)))


def test_time_is_up() -> None:
    """After its seconds a process is ended, with all that it started."""
    began = time.monotonic()
    with running([sys.executable, "-c", PARENT], os.environ, seconds=1) as process:
        child = next(int(line) for line in process.stdout or ())
    assert time.monotonic() - began < 20
    assert gone(child)


def test_time_to_tidy_up(tmp_path: Path) -> None:
    """With patience a process is interrupted first, and may end in its own way."""
    tidy = "import sys, time\ntry:\n    print('on', flush=True)\n    time.sleep(60)\n"
    tidy += "except KeyboardInterrupt:\n    open(sys.argv[1], 'w').close()\n"
    assert first_line(tidy, str(tmp_path / "x"), patience=9) == "on\n"
    assert (tmp_path / "x").exists()


def test_output_is_not_in_the_encoding_of_the_locale() -> None:
    """What a process prints is UTF-8, and bytes that are not are replaced."""
    code = "import sys; sys.stdout.buffer.write('✓ Köre '.encode() + b'\\xff\\r\\n')"
    with running([sys.executable, "-c", code], os.environ) as process:
        assert process.stdout
        assert process.stdout.read() == "✓ Köre \N{REPLACEMENT CHARACTER}\n"


def test_nothing_is_read_in_the_encoding_of_the_locale() -> None:
    """Wherever the tool reads what a process prints, it says in which encoding."""
    said = {path: path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")}
    assert not [path for path, text in said.items() if re.search(r"text=True|universal_new", text)]


def test_a_system_without_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, which lacks what POSIX has, taskkill ends the process and its children."""
    taskkill = tmp_path / "taskkill"
    taskkill.write_text(TASKKILL, encoding="utf-8")
    taskkill.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "killpg")
    monkeypatch.delattr(signal, "SIGKILL")
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0, raising=False)
    with running([sys.executable, "-c", "import time; time.sleep(60)"], os.environ, seconds=0.2):
        pass
    said = (tmp_path / "taskkill.log").read_text(encoding="utf-8").splitlines()
    assert said[0].startswith("/T /F /PID ")
