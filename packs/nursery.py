"""A nursery: a process that imported once what a consumer's modules need besides Core, and forks.

Each module is then imported in a child of its own, as it would be in a fresh process, without that
process's pandas to wait for. Nothing of Core or of a consumer is ever imported in the nursery.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from child import Child

STARTS = 60  # seconds
HERE = sys.platform == "linux"  # elsewhere a fork may meet threads, or is not known at all


class Gone(Exception):
    """The nursery does not answer; what it was asked must be asked otherwise."""


class Nursery:
    """The runner's side; `lifeline` is the number of a pipe that each child is given."""

    def __init__(self, script: Path, imports: Sequence[str], folder: Path, lifeline: int) -> None:
        self.lifeline = lifeline
        command = (sys.executable, "-P", str(script), f"--nurse={','.join(imports)}")
        self.process = subprocess.Popen(
            (*command, f"--journal={os.devnull}"),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lifeline,),
            bufsize=0,
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, kind: type[BaseException] | None, *more: TracebackType | object) -> None:
        self.process.kill()
        self.process.communicate()

    def child(self, arguments: Sequence[str]) -> Child:
        """A child that was forked to do what a fresh process would; raises Gone."""
        asked = json.dumps([*arguments, f"--lifeline={self.lifeline}"]) + "\n"
        try:
            assert self.process.stdin
            self.process.stdin.write(asked.encode())
        except OSError as error:
            raise Gone from error
        return Child(Forked(self, self.answer(STARTS)), beside=self.process.pid)

    def answer(self, seconds: float | None) -> int:
        """The next number that the nursery tells; raises TimeoutExpired, or Gone."""
        assert self.process.stdout
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise subprocess.TimeoutExpired("nursery", seconds or 0)
        try:
            return int(self.process.stdout.readline())
        except ValueError as error:
            raise Gone from error


class Forked:
    """A child of the nursery, as its runner waits for it."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.nursery, self.pid = nursery, pid
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code

    def wait(self, timeout: float | None = None) -> int:
        if self.code is None:
            self.code = self.nursery.answer(timeout)
        return self.code
