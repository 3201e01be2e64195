"""What a candidate does to the imports of a consumer, and what its pack excuses of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from fanout.cells.live import Imported, Module
from fanout.consumers.affected import Excuse, Fault
from fanout.consumers.imports import Imports
from fanout.consumers.installs import Found
from fanout.model import KnownBreak, in_range

RUN = "run"  # what the evidence of a live cell calls itself


@dataclass(frozen=True)
class Listed:
    """What a pack lists of its consumer itself, as it counts for a version of Core on a day."""

    entries: tuple[KnownBreak, ...]
    version: str
    today: date

    @property
    def here(self) -> Iterator[KnownBreak]:
        """The entries that count."""
        for one in self.entries:
            if one.expires >= self.today and in_range(self.version, one.core):
                yield one

    def module(self, name: str) -> Excuse | None:
        return excuse(one for one in self.here if one.module == name)

    @property
    def install(self) -> Excuse | None:
        return excuse(one for one in self.here if one.install)

    def wrong(self, installs: Found | None, imports: Imports | None) -> Iterator[str]:
        """The entries that excuse nothing, as far as what they are of was asked."""
        for one in self.entries:
            if one.expires < self.today and not one.test:
                yield f"the known break of {one.of} expired on {one.expires}"
        for one in self.here:
            if one.module and unknown_name(one.module, imports):
                yield f"the known break of {one.of}: no module that imports Core is called so"
            elif (one.install and installs is Found.YES) or kept(one.module, imports):
                yield f"{one.of} is listed as a known break, but holds: remove the entry"


def excuse(entries: Iterable[KnownBreak]) -> Excuse | None:
    for one in entries:
        said = f"{one.reason}, {one.link}, {one.expires}"
        return Excuse(known_break=said, expires=one.expires)
    return None


def unknown_name(module: str, imports: Imports | None) -> bool:
    """Whether a live cell that ran to its end speaks of no such module."""
    found = {one.name for one in imports.modules} if imports else set()
    return bool(found) and not found & {module, RUN}


def kept(module: str | None, imports: Imports | None) -> bool:
    """Whether a module was imported, and Core broke nothing of it."""
    found = (one for one in imports.modules if one.name == module) if imports else ()
    return any(one.imported not in (Imported.BROKEN, Imported.ERRORED) for one in found)


def faults(
    imports: Imports, before: Imports | None, listed: Listed, *, at_once: bool, only_new: bool
) -> Iterator[Fault]:
    """What is wrong of a consumer's imports, and what of that holds: what Core breaks of it.

    It does if the consumer gets the candidate at once, and nobody has excused it; if only what is
    new is asked, not where it is known that the baseline breaks it too.
    """
    was = earlier(before)
    for one in imports.faults:
        then = was.get(one.name, Imported.YES) if was else None
        then = None if then is Imported.ERRORED else then
        broken = one.imported is Imported.BROKEN
        known = listed.module(one.name) if broken else None
        told = broken and at_once and known is None
        yield Fault(
            name=one.name,
            imported=one.imported,
            message=one.message,
            before=then,
            excuse=known,
            holds=told and not (only_new and then is Imported.BROKEN),
        )


def earlier(before: Imports | None) -> Mapping[str, Imported]:
    """What came of each module with the baseline; nothing if its cell has no verdict."""
    modules = before.modules if before else ()
    found = {one.name: one.imported for one in modules}
    return {} if RUN in found else found


def unknown(imports: Imports) -> str:
    """Why nobody knows of all of a consumer whether it can be imported; empty if that is known."""
    errored = [said(one) for one in imports.modules if one.imported is Imported.ERRORED]
    return imports.why or "; ".join(errored)


def said(one: Module) -> str:
    return one.message if one.name == RUN else f"{one.name}: {one.message}"
