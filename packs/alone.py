"""A module by itself: without its packages' code, and with something for what is not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import util
from importlib.machinery import ModuleSpec
from types import ModuleType


def stand_in_for(names: Iterable[str]) -> None:
    """Let each of these be imported, and whatever is below them, if nothing else finds it."""
    sys.meta_path.append(StandIns(frozenset(names)))


def leave_out_packages(module: str) -> None:
    """Put the packages around a module where it finds them, without running their code."""
    parts = module.split(".")[:-1]
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        spec = util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            return
        package = ModuleType(name)
        package.__spec__, package.__path__ = spec, list(spec.submodule_search_locations)
        sys.modules[name] = package
        if depth > 1:
            setattr(sys.modules[".".join(parts[: depth - 1])], parts[depth - 1], package)


class StandIns:
    """Finds a module that has every name, each a class, for what is not installed."""

    def __init__(self, tops: frozenset[str]) -> None:
        self.tops = tops

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in self.tops:
            return None
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is."""


class StandIn(ModuleType):
    """A module of which every name is there."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Exception,), {"__class_getitem__": classmethod(lambda cls, of: cls)})
        setattr(self, name, made)
        return made
