"""A process and all that it starts, which end together: nothing else knows how a system does it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import TIMEOUT_MAX, Timer


@contextmanager
def running(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path | None = None,
    *,
    seconds: float = TIMEOUT_MAX,
    patience: float = 0,
) -> Iterator[subprocess.Popen[str]]:
    """A process, with all that it prints as one text, to be read as it comes.

    It and all that it starts end with this block, whatever happens in it, or after so many
    seconds; with patience it is interrupted at the end of the block, and has that long to tidy up.
    """
    process = started(arguments, environment, folder)
    timer = Timer(seconds, end, (process,))
    timer.daemon = True
    timer.start()
    try:
        yield process
        process.wait()
    finally:
        timer.cancel()
        if patience:
            interrupt(process, patience)
        end(process)
        process.wait()


def started(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None
) -> subprocess.Popen[str]:
    """The process, in a group of its own: what a terminal sends to this tool passes it by."""
    if sys.platform == "win32":
        new_group = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        new_group = 0
    return subprocess.Popen(
        arguments,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        creationflags=new_group,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it has started, at once."""
    if sys.platform == "win32":
        tree = ("taskkill", "/T", "/F", "/PID", str(process.pid))
        subprocess.run(tree, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    else:
        # Of a group of which nobody is left, macOS says that it may not be ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def killed(process: subprocess.Popen[str]) -> bool:
    """Whether something ended the process in a way that it could not answer; Windows never says."""
    return sys.platform != "win32" and process.returncode == -signal.SIGKILL


def interrupt(process: subprocess.Popen[str], patience: float) -> None:
    """Ask a process and all that it has started to end, as Ctrl-C does, and wait for it."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
