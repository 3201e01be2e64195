"""The background: what a task or a callback of an event loop raised, and nobody waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from raised import said, type_name

Context = dict[str, Any]
Loop = asyncio.BaseEventLoop


class Background:
    """What failed in the background of each promise; `running` names the one that runs."""

    def __init__(self, running: Callable[[], str]) -> None:
        self.running = running
        self.made = WeakKeyDictionary[asyncio.Task[object], str]()
        self.failed: dict[str, str] = {}
        create, handle = Loop.create_task, Loop.default_exception_handler

        def create_task(
            loop: Loop, coroutine: Coroutine[Any, Any, object], **options: Any
        ) -> asyncio.Task[object]:
            task = create(loop, coroutine, **options)
            # A loop may be told to make something else.
            if issubclass(type(task), asyncio.Task):
                self.made[task] = self.running()
            return task

        def default_exception_handler(loop: Loop, context: Context) -> None:
            if context.get("exception") is not None:
                task: Any = context.get("future")
                of_task = issubclass(type(task), asyncio.Task)
                name = self.made.get(task) if of_task else None
                self.note(context["exception"], name or self.running())
            handle(loop, context)

        for method in (create_task, default_exception_handler):
            setattr(Loop, method.__name__, method)

    def note(self, error: BaseException, name: str) -> None:
        self.failed.setdefault(name, f"{type_name(error)}: {said(error)}")

    def take(self, *, ended: bool = False) -> dict[str, str]:
        """What failed since it was asked last, by promise.

        Nobody waits for a task any more once its loop is closed, or all has ended; asyncio tells of
        it no earlier than nothing holds it.
        """
        for task, name in [*self.made.items()]:
            forgotten = ended or task.get_loop().is_closed()
            if forgotten and task.done() and getattr(task, "_log_traceback", False):
                error = task.exception()
                if error is not None:
                    self.note(error, name)
        failed, self.failed = self.failed, {}
        return failed
