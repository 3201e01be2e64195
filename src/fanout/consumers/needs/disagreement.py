"""Where what reading says of a release with a Core, and what ran of them, cannot both be true."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fanout.cells.live import Imported, Module
from fanout.consumers.module import module_name
from fanout.consumers.needs.usage import How, Usage, UsedAt
from fanout.model import Frozen
from fanout.surface.shape import Shapes, There
from fanout.surface.symbol import inside

AT_IMPORT = (How.IMPORT, How.SUBCLASS)
SHOWN = 3  # promises by name
# Of what breaks a promise reading looks for these; of values it says nothing.
OF_SHAPE = re.compile(
    r"(ImportError|ModuleNotFoundError|AttributeError|TypeError|cannot import name|No module named"
    r"|has no attribute|unexpected keyword argument|missing \d+ required|a required argument)"
)


class Asked(NamedTuple):
    """What a promise said on a Core: the symbols that it pins, and why it was broken if it was."""

    name: str
    contract: tuple[str, ...]
    kept: bool
    message: str = ""


class Disagreement(Frozen):
    """One of the two is wrong; `where` is a module, a place in a file, or a promise of the pack."""

    where: str
    read: str
    ran: str


class Disagreements(Frozen):
    """Where the two disagree of a release and one content of Core, of how much that ran."""

    consumer: str
    release: str
    cores: tuple[str, ...]  # versions
    modules: int
    promises: int
    found: tuple[Disagreement, ...]


def of_modules(found: Usage, modules: Iterable[Module]) -> Iterator[Disagreement]:
    """What a live cell says of modules, against what they import."""
    lacking = [one for one in found.uses if broken(one) and one.how in AT_IMPORT]
    for module in modules:
        own = [one for one in lacking if module_name(one.file) == module.name]
        named = [one for one in lacking if names(module.message, one.missing)]
        if module.imported is Imported.YES and own:
            read = f"{own[0].unmet} ({own[0].file}:{own[0].line})"
            yield Disagreement(where=module.name, read=read, ran="it can be imported")
        # Another module of the consumer's may be what fails; a fact of its pack is no module.
        if module.imported is Imported.BROKEN and not (own or named or module.says):
            read = "all that it imports is there"
            yield Disagreement(where=module.name, read=read, ran=module.message)


def of_promises(found: Usage, shapes: Shapes, promises: Iterable[Asked]) -> Iterator[Disagreement]:
    """What a cell says of promises, against the uses of what they pin."""
    pinned = [(one, [path_of(name, shapes) for name in one.contract]) for one in promises]
    unmet = {one.unmet: one for one in reversed(found.uses) if broken(one)}
    for why, use in unmet.items():
        about = [one for one, paths in pinned if pins(paths, use, shapes)]
        if about and all(one.kept for one in about):
            ran = f"{listed(about)}: kept"
            yield Disagreement(where=f"{use.file}:{use.line}", read=why, ran=ran)
    for promise, paths in pinned:
        if promise.kept or not OF_SHAPE.search(promise.message):
            continue
        if not any(touches(paths, use) for use in unmet.values()):
            used = any(touches(paths, use) for use in found.uses)
            names = ", ".join(promise.contract)
            read = f"each use of {names} is met" if used else f"nothing uses {names}"
            yield Disagreement(where=promise.name, read=read, ran=promise.message)


def broken(use: UsedAt) -> bool:
    return bool(use.unmet) and not use.guard


def names(message: str, missing: str) -> bool:
    """Whether the message of a failed import names what a Core lacks."""
    last = missing.rpartition(".")[2]
    return bool(last) and re.search(rf"\b{re.escape(last)}\b", message) is not None


def path_of(name: str, shapes: Shapes) -> str:
    """Where a Core defines what is named, or the part of it that is not there."""
    found = shapes.find(name)
    return found.path if found.there is not There.UNSEEN else name


def pins(paths: Iterable[str], use: UsedAt, shapes: Shapes) -> bool:
    """Whether one of these is what a use needs, or the class that it is in."""
    at = use.missing or use.path
    return any(one == at or (shapes.is_class(one) and inside(at, one)) for one in paths)


def touches(paths: Iterable[str], use: UsedAt) -> bool:
    at = use.missing or use.path
    return any(inside(one, at) or inside(at, one) for one in paths if one and at)


def listed(promises: Sequence[Asked]) -> str:
    shown = ", ".join(one.name for one in promises[:SHOWN])
    return shown + (f" and {len(promises) - SHOWN} more" if len(promises) > SHOWN else "")
