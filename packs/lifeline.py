"""The lifeline: a pipe that a child of a runner reads the end of when its runner is no more."""

from __future__ import annotations

import os
import signal
from threading import Thread


def hold(lifeline: int | None) -> None:
    """End this process, and all that it has started, when its runner is no more."""
    if lifeline is not None:
        Thread(target=wait, args=(lifeline,), daemon=True).start()


def wait(lifeline: int) -> None:
    os.read(lifeline, 1)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
