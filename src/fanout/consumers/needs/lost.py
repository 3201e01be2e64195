"""What a consumer loses with a Core: names that it uses, and that another Core had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fanout.consumers.affected import Lost
from fanout.consumers.needs.usage import Usage
from fanout.surface.shape import Place, Shapes, There
from fanout.surface.symbol import inside, is_private


def lost(
    before: Usage, after: Usage, noticed: Iterable[str] = (), cores: Iterable[Shapes] = ()
) -> tuple[Lost, ...]:
    """The public names that one Core had for the uses of a release, and another does not have.

    A use is left out if a promise that is not kept names what it uses, what that is in, or what it
    holds, in one of these Cores: a name may stand for different things in two of them.
    """
    had = {(one.symbol, one.file, one.line) for one in before.uses if one.path}
    named, asked = list(noticed), list(cores)
    found: dict[str, list[tuple[str, int]]] = {}
    for one in after.uses:
        gone = one.missing and (one.symbol, one.file, one.line) in had
        if not gone or one.guard or is_private(one.missing):
            continue
        if not any(names(core, named, one.symbol) for core in asked):
            found.setdefault(one.missing, []).append((one.file, one.line))
    return tuple(
        Lost(name=name, file=min(places)[0], line=min(places)[1], uses=len(places))
        for name, places in sorted(found.items())
    )


def names(core: Shapes, named: Iterable[str], used: str) -> bool:
    """Whether one of these names is of what is used, of what it is in, or of what it holds.

    A class is what a member is in that it has from another. No module is.
    """
    at = core.find(used)
    around = [core.find(outer) for outer in outers(used)]
    paths = [place.path for place in map(core.find, named) if of_code(core, place)]
    places = [at.path, *(place.path for place in around if of_code(core, place))]
    return any(
        inside(path, at.path) or any(inside(place, path) for place in places) for path in paths
    )


def of_code(core: Shapes, place: Place) -> bool:
    there = place.there is There.YES and bool(place.path)
    return there and core.symbols[place.path].kind != "module"


def outers(name: str) -> Iterator[str]:
    """What a dotted name is in, from the inside out."""
    while name := name.rpartition(".")[0]:
        yield name
