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
from typing import NoReturn

LAST = 5.0  # seconds after which nobody waits for what cannot be ended
PAUSE = 0.02


class Child:
    """A child in a session of its own: what a terminal sends to its parent passes it by.

    It gets `--lifeline`, a pipe that it reads the end of when its parent is no more.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path | None = None,
        output: int | None = None,
    ) -> None:
        if sys.platform == "win32":
            self.process = subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            return
        lifeline, self.lifeline = os.pipe()
        self.process = subprocess.Popen(
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
            for orphan in orphans():
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
            return bool(orphans())
        return True


def adopt_orphans() -> None:
    """Let what a child leaves behind become this process's own, where the system can (Linux)."""
    if sys.platform == "linux":
        import ctypes

        subreaper = 36  # PR_SET_CHILD_SUBREAPER
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(subreaper, 1, 0, 0, 0)


def orphans() -> list[int]:
    """The processes that this one has to care for, as Linux lists them; none elsewhere."""
    lists = Path("/proc/self/task").glob("*/children")
    found = []
    for file in lists:
        with suppress(OSError):
            found += [int(number) for number in file.read_text("ascii").split()]
    return found


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
