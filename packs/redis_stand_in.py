"""A stand-in for redis, so that a pack can judge Core's Redis bus without a server or a client.

Whether Core brings the real redis along is a promise of its own; these are about what Core does
with it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from unittest.mock import patch


class Anything(Exception):
    """Stands for every class of redis, the errors among them."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args)


class RedisFinder(MetaPathFinder, Loader):
    """Answers every import of redis and its modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        is_redis = fullname.partition(".")[0] == "redis"
        return ModuleSpec(fullname, self, is_package=True) if is_redis else None

    def exec_module(self, module: ModuleType) -> None:
        def stand_in(name: str) -> type[Anything]:
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (Anything,), {})

        module.__dict__["__getattr__"] = stand_in


@contextmanager
def redis_stand_in() -> Iterator[None]:
    """While this lasts, redis is the stand-in, and Core's `events` are imported afresh with it."""
    # What Core needs besides stays imported: pydantic's core cannot be imported twice.
    events = import_module("market_data_core.events")
    core = import_module("market_data_core")
    stale = ("redis.", "market_data_core.events.")
    with (
        patch.dict(sys.modules),
        patch.object(core, "events", events),
        patch.object(sys, "meta_path", [RedisFinder(), *sys.meta_path]),
    ):
        for name in [known for known in sys.modules if f"{known}.".startswith(stale)]:
            del sys.modules[name]
        yield
