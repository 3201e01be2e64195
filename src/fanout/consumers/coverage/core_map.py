"""Every public symbol of a Core: pinned by packs, used and pinned by nobody, or free to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from pydantic import computed_field

from fanout.consumers.coverage.pin import Pins
from fanout.consumers.coverage.place import Places
from fanout.consumers.needs.usage import How, Usage, UsedAt
from fanout.model import Frozen, Text
from fanout.surface.symbol import Surface

MAPPED = ("class", "function", "attribute")
CONFIGURED = "model_config"  # of which nobody speaks by its name


class State(StrEnum):
    """What is known of a symbol."""

    PINNED = "pinned"
    USED = "used"  # and pinned by nobody
    FREE = "free"  # used by nobody whose release was read


class Mapped(Frozen):
    """A symbol by its shortest public name, and by where it is defined."""

    symbol: Text
    path: Text
    module: str  # of the path
    kind: Text
    packs: tuple[str, ...] = ()  # that pin it
    consumers: tuple[str, ...] = ()  # that use it

    @property
    def inside(self) -> str:
        """Its name in its module."""
        return self.path.removeprefix(f"{self.module}.")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def state(self) -> State:
        return State.PINNED if self.packs else State.USED if self.consumers else State.FREE


class CoreMap(Frozen):
    """All public symbols of a Core, by module and name, and the releases that were asked."""

    core: Text
    consumers: tuple[str, ...]
    symbols: tuple[Mapped, ...]

    def of(self, state: State) -> tuple[Mapped, ...]:
        return tuple(one for one in self.symbols if one.state is state)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def totals(self) -> dict[str, int]:
        return {state.value: len(self.of(state)) for state in State}


def core_map(
    core: str, places: Places, usages: Iterable[Usage], pins: Mapping[str, Pins]
) -> CoreMap:
    """The map of a Core for what some releases use, and what each pack pins, be it used or not."""
    releases = tuple(usages)
    used = {one.consumer: with_owners(paths_of(one.uses, places), places) for one in releases}
    pinned = {
        pack: with_owners((*one.paths, *pinned_paths(releases, one)), places)
        for pack, one in pins.items()
    }
    found = [
        Mapped(
            symbol=name,
            path=path,
            module=module_of(path, places),
            kind=places.symbols[path].kind,
            packs=tuple(sorted(pack for pack, paths in pinned.items() if path in paths)),
            consumers=tuple(sorted(one for one, paths in used.items() if path in paths)),
        )
        for path, name in public(places.shapes.surface)
    ]
    return CoreMap(
        core=core,
        consumers=tuple(f"{one.consumer} {one.release}" for one in releases),
        symbols=tuple(sorted(found, key=lambda one: (one.module, one.path))),
    )


def public(surface: Surface) -> Iterator[tuple[str, str]]:
    """Each public symbol of code, with its shortest name; what Python calls itself is none."""
    for path, symbol in surface.symbols.items():
        last = path.rpartition(".")[2]
        names = surface.names_of(path) if symbol.kind in MAPPED and last != CONFIGURED else ()
        if names and not last.startswith("__"):
            yield path, names[0]


def pinned_paths(releases: Iterable[Usage], pins: Pins) -> Iterator[str]:
    """What the uses are of that a pack pins, be it by an object of which nothing is known."""
    uses = [use for one in releases for use in one.uses if pins.of(use)[0]]
    yield from paths_of(uses, pins.places)


def paths_of(uses: Iterable[UsedAt], places: Places) -> Iterator[str]:
    """What uses are of: with the fields that they give, and what of a class they have anew."""
    for use in uses:
        path = places.of(use)
        yield path
        added = use.gives.split()[1:] if use.how is How.ADD else ()
        yield from places.fields(path, (*use.keywords, *added))


def with_owners(paths: Iterable[str], places: Places) -> frozenset[str]:
    """Paths with those of the classes that they are in."""
    found = set()
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = path.rpartition(".")[0]
    return frozenset(path for path in found if path in places.symbols)


def module_of(path: str, places: Places) -> str:
    """The module that a symbol is in."""
    while path and (path not in places.symbols or places.symbols[path].kind != "module"):
        path = path.rpartition(".")[0]
    return path
