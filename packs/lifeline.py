"""The lifeline: a pipe that a child reads the end of when who holds it is no more.

A child of a runner has one, and so has a runner that a run of pytest has started.
"""

from __future__ import annotations

import os
import signal
import sys
from threading import Thread


def hold(lifeline: int | None) -> None:
    """End this process, and all of a group that it leads, when who holds the pipe is no more."""
    if lifeline is not None:
        Thread(target=wait, args=(lifeline,), daemon=True).start()


def wait(lifeline: int) -> None:
    os.read(lifeline, 1)
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
