"""Work that is divided among processes: what comes of it, what fails, and who ends when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fanout import processes
from fanout.errors import UnreadableDocument
from fanout.processes import each

NUMBERS = range(12)


def by_whom(number: int) -> tuple[int, int]:
    return number, os.getpid()


def refusing(number: int) -> int:
    if number == 5:
        raise UnreadableDocument("number 5 is not readable", "leave it out")
    return number


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little work there is, all but the first thing is given away."""
    monkeypatch.setattr(processes, "WORTHWHILE", 0.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def test_little_work_is_done_here() -> None:
    """What takes a moment starts no process."""
    assert list(each(by_whom, NUMBERS)) == [(number, os.getpid()) for number in NUMBERS]


@pytest.mark.usefixtures("divided")
def test_much_work_is_divided() -> None:
    """What takes long is done by other processes, and comes in the order that was asked for."""
    done = list(each(by_whom, NUMBERS))
    assert [number for number, _ in done] == list(NUMBERS)
    here, *others = [process for _, process in done]
    assert here == os.getpid()
    assert here not in others


@pytest.mark.usefixtures("divided")
def test_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one processor there is nobody to divide work with."""
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert {process for _, process in each(by_whom, NUMBERS)} == {os.getpid()}


@pytest.mark.usefixtures("divided")
def test_an_error_comes_whole() -> None:
    """An error of another process is raised at its place, with what to do."""
    done = each(refusing, NUMBERS)
    assert [next(done) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(UnreadableDocument, match="number 5") as raised:
        next(done)
    assert raised.value.hint == "leave it out"


KILLED = """
import os
import time
from fanout import processes

processes.WORTHWHILE = 0.0


def slow(number):
    time.sleep(0.05)
    return os.getpid()


if __name__ == "__main__":
    for process in processes.each(slow, range(100)):
        print(process, flush=True)
"""


def test_a_process_that_is_killed_leaves_none_behind(tmp_path: Path) -> None:
    """When the process that they work for is killed, the others end by themselves."""
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = {int(process.stdout.readline()) for _ in range(6)}
        process.send_signal(signal.SIGKILL)
    others = told - {process.pid}
    assert others
    until = time.monotonic() + 20
    while any(Path(f"/proc/{one}").exists() for one in others) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [one for one in others if Path(f"/proc/{one}").exists()]
