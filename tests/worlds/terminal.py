"""A terminal of 80 by 24, in which one command runs."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

COLUMNS, LINES = 80, 24


class Screen(NamedTuple):
    """How a command ended, and the lines that it printed, long ones as a terminal breaks them."""

    exit_code: int
    lines: tuple[str, ...]

    @property
    def last(self) -> tuple[str, ...]:
        """What is to be seen when it has ended, above the prompt."""
        return self.lines[-(LINES - 1) :]


def on_screen(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], interrupt: str = ""
) -> Screen:
    """Run a command in a terminal of its own; Ctrl-C is pressed once it has printed a text."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    unset = ("COLUMNS", "LINES", "CI", "FORCE_COLOR")
    clean = {name: value for name, value in environment.items() if name not in unset}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=clean | {"TERM": "xterm", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        printed = bytearray()
        while part := read(ours):
            printed += part
            if interrupt and interrupt.encode() in printed:
                interrupt = ""
                os.killpg(process.pid, signal.SIGINT)
    os.close(ours)
    lines = printed.decode().replace("\r\n", "\n").splitlines()
    return Screen(process.returncode, tuple(part for line in lines for part in broken(line)))


def read(terminal: int) -> bytes:
    """What comes next out of a terminal; nothing once everybody has left it."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def broken(line: str) -> list[str]:
    return [line[at : at + COLUMNS] for at in range(0, len(line), COLUMNS)] or [""]
