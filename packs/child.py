"""A child and all that it starts, which end together: nothing else knows how a system does it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import NoReturn, Protocol

LAST = 5.0  # seconds after which nobody waits for what cannot be ended
PAUSE = 0.02


class Process(Protocol):
    """What a parent asks of a process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Child:
    """A child in a session of its own: what a terminal sends to its parent passes it by."""

    def __init__(self, process: Process, lifeline: int = -1, beside: int = 0) -> None:
        self.process = process
        self.lifeline = lifeline
        self.beside = beside  # another process of this one, which the child has not left behind

    def kill(self) -> None:
        """End the child and all that it has started, at once; whoever waits for it will see it."""
        if sys.platform == "win32":
            tree = ("taskkill", "/T", "/F", "/PID", str(self.process.pid))
            subprocess.run(tree, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def end(self, grace: float = 0) -> bool:
        """See that nothing of the child is left; whether something was, after that many seconds."""
        if self.process.poll() is None:
            self.kill()
            self.process.wait()
        if sys.platform == "win32":
            return False
        until = monotonic() + grace
        while (left := self.leaves()) and monotonic() < until:
            sleep(PAUSE)
        until = monotonic() + LAST
        while self.leaves() and monotonic() < until:
            self.kill()
            for orphan in self.orphans():
                with suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            sleep(PAUSE)
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1
        return left

    def leaves(self) -> bool:
        """Whether something that the child has started goes on after it."""
        if sys.platform == "win32":
            return False
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        try:
            os.killpg(self.process.pid, 0)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of an empty group
            return bool(self.orphans())
        return True

    def orphans(self) -> list[int]:
        """The processes that this one has to care for, as Linux lists them; none elsewhere."""
        lists = Path("/proc/self/task").glob("*/children")
        found = []
        for file in lists:
            with suppress(OSError):
                found += [int(number) for number in file.read_text("ascii").split()]
        return [pid for pid in found if pid != self.beside]


def begin(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path | None = None,
    output: int | None = None,
) -> Child:
    """Start a child, which gets `--lifeline`: a pipe that ends when its parent is no more."""
    if sys.platform == "win32":
        return Child(
            subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        )
    lifeline, ours = os.pipe()
    process = subprocess.Popen(
        [*command, f"--lifeline={lifeline}"],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=(lifeline,),
    )
    os.close(lifeline)
    return Child(process, ours)


def adopt_orphans() -> None:
    """Let what a child leaves behind become this process's own, where the system can (Linux)."""
    if sys.platform == "linux":
        import ctypes

        subreaper = 36  # PR_SET_CHILD_SUBREAPER
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(subreaper, 1, 0, 0, 0)


class Stopped(BaseException):
    """A signal ends this process."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.name = signal.Signals(number).name


def stop_by_signals() -> None:
    """Let a signal that ends programs raise Stopped, once."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [signal.Signals[name] for name in names]

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for number in numbers:
        # What nohup has said stays; a shell's background says it of interrupts, and tox sends them.
        if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
