"""The background: what fails while a promise runs, where nobody waits for it.

That is a task or a callback of an event loop, a thread, a destructor, and a coroutine that is never
awaited. Python and pytest warn of most of these, but Core may have warnings ignored.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from asyncio import BaseEventLoop, Task
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from findings import FINDINGS
from guard import is_of_core
from raised import frames_of, in_packs, is_a, raises, said, type_name

Context = dict[str, Any]
# What ends a connection when its loop or its other end does.
ENDS = (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError)


class Background:
    """What failed in the background of each promise; `running` names the one that runs."""

    def __init__(self, running: Callable[[], str]) -> None:
        self.running = running
        self.made = WeakKeyDictionary[Task[object], str]()
        self.refused: dict[str, str] = {}
        self.listen_to_loops()

    def listen_to_loops(self) -> None:
        create, handle = BaseEventLoop.create_task, BaseEventLoop.default_exception_handler

        def create_task(
            loop: BaseEventLoop, coro: Coroutine[Any, Any, object], **options: Any
        ) -> Task[object]:
            task = create(loop, coro, **options)
            # A loop may be told to make something else.
            if issubclass(type(task), Task):
                name = self.made[task] = self.running()
                # Kept there too: when it says that it failed, nothing else may know it any more.
                with suppress(AttributeError):
                    task.promise = name  # type: ignore[attr-defined]
            return task

        def default_exception_handler(loop: BaseEventLoop, context: Context) -> None:
            error = context.get("exception")
            if error is not None and counts(error):
                name = getattr(context.get("future"), "promise", None)
                self.note(error, name if type(name) is str else self.running())
            handle(loop, context)

        for method in (create_task, default_exception_handler):
            setattr(BaseEventLoop, method.__name__, method)

    def listen_to_python(self) -> None:
        """Hear of threads, destructors and coroutines, before pytest does, which listens too."""
        thread, destructor = threading.excepthook, sys.unraisablehook
        unawaited = "_warn_unawaited_coroutine"
        warn = getattr(warnings, unawaited)

        def of_thread(args: threading.ExceptHookArgs) -> None:
            if args.exc_value is not None and not is_a(args.exc_value, SystemExit):
                self.note(args.exc_value, self.running(), "a thread")
            thread(args)

        def of_destructor(args: sys.UnraisableHookArgs) -> None:
            if args.exc_value is not None:
                self.note(args.exc_value, self.running(), "a destructor")
            destructor(args)

        def of_coroutine(coroutine: Coroutine[Any, Any, object]) -> None:
            name = getattr(coroutine, "__qualname__", "")
            self.refuse(self.running(), f"nobody waits for what it calls: coroutine '{name}'")
            warn(coroutine)

        threading.excepthook, sys.unraisablehook = of_thread, of_destructor
        setattr(warnings, unawaited, of_coroutine)

    def note(self, error: BaseException, name: str, what: str = "a task or callback") -> None:
        self.refuse(name, f"it cannot notice that {what} failed: {type_name(error)}: {said(error)}")

    def refuse(self, name: str, reason: str) -> None:
        """Keep why a promise says nothing, kept as it may look."""
        self.refused.setdefault(name, reason)

    def take(self, *, ended: bool = False) -> dict[str, str]:
        """Why promises say nothing, as far as it came up since this was asked last, by promise.

        Nobody waits for a task any more once its loop is closed, or all has ended; asyncio tells of
        it no earlier than nothing holds it.
        """
        for key in self.made.keyrefs():  # at once, for another thread may be making tasks
            task = key()
            if task is None:
                continue
            forgotten = ended or task.get_loop().is_closed()
            if forgotten and task.done() and getattr(task, "_log_traceback", False):
                error = task.exception()
                if error is not None and counts(error):
                    self.note(error, self.made.get(task, ""))
        refused, self.refused = self.refused, {}
        return refused


def counts(error: BaseException) -> bool:
    """Whether a promise should have seen this: not what its pack raised for Core to meet."""
    frames = frames_of(error)
    if is_a(error, *FINDINGS):
        return True
    if is_a(error, *ENDS) and not any(is_of_core(one.f_code.co_filename) for one in frames):
        return False
    return not meant(frames)


def meant(frames: Sequence[FrameType]) -> bool:
    """Whether the pack itself, or a mock of its own, says `raise`."""
    last = frames[-1:]
    mock = any(one.f_globals.get("__name__") == "unittest.mock" for one in last)
    return mock or (in_packs(last) and all(map(raises, last)))
