"""Much work of one kind, done by as many processes at once as the machine has processors."""

from __future__ import annotations

import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from threading import Thread
from time import perf_counter
from typing import TypeVar

MOST = 8  # processes, since each of them takes memory
WORTHWHILE = 2.0  # seconds of work that is left; for less, processes take too long to start
AHEAD = 2  # things that each process is ahead of who uses them, so that few wait in memory
OBJECTS_BETWEEN_COLLECTIONS = 100_000  # where Python would look for cycles after 700
T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], things: Iterable[T], number: int = 0) -> Generator[R, None, None]:
    """What comes of each thing, in their order, as it is asked for.

    Other processes help if the first things show that all would take long; so `work` has to be
    found at the top of a module. What is raised for a thing is raised here, at its place. Things
    that are found on the way come one after the other, with the greatest `number` that they may be.
    """
    if not number:
        things = [*things]
        number = len(things)
    left, done, spent = iter(things), 0, 0.0
    processors = min(os.cpu_count() or 1, MOST)
    while processors == 1 or not done or spent / done * (number - done) < WORTHWHILE:
        found = [*islice(left, 1)]
        if not found:
            return
        began = perf_counter()
        made = work(found[0])
        done, spent = done + 1, spent + perf_counter() - began
        yield made
    yield from side_by_side(work, left, processors)


def side_by_side(
    work: Callable[[T], R], left: Iterator[T], processors: int
) -> Generator[R, None, None]:
    from concurrent.futures import ProcessPoolExecutor  # takes long to import, and is rarely needed
    from multiprocessing import get_context

    # A new process has no thread, lock or connection of this one, and is the same on every system.
    with ProcessPoolExecutor(processors, get_context("spawn"), begin) as pool:
        asked = deque(pool.submit(work, one) for one in islice(left, AHEAD * processors))
        while asked:
            made = asked.popleft().result()
            asked.extend(pool.submit(work, one) for one in islice(left, 1))
            yield made


def begin() -> None:
    """Make a new process leave Ctrl-C to the one that it works for, and end with that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_seldom()
    Thread(target=end_with_parent, daemon=True).start()


def collect_seldom() -> None:
    """Let Python seldom look for cycles: what a command makes it holds until its end."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def end_with_parent() -> None:
    """Wait until the process that this one works for has ended, and if only by being killed."""
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
        os._exit(1)
