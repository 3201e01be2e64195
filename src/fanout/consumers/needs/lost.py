"""What a consumer loses with a Core: names that it uses, and that another Core had."""

from __future__ import annotations

from collections.abc import Iterable

from fanout.consumers.affected import Lost
from fanout.consumers.needs.usage import Usage
from fanout.surface.shape import Shapes, There
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
    at = core.find(used).path
    places = [core.find(name) for name in named]
    paths = [place.path for place in places if place.there is There.YES]
    whole = [path for path in paths if path and core.symbols[path].kind != "module"]
    return any(inside(path, at) or inside(at, path) for path in whole)
