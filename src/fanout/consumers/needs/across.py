"""The uses of consumers against many Cores: which of them each Core cannot meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fanout.consumers.needs.usage import Usage, UsedAt, usage
from fanout.consumers.release import Release
from fanout.model import Frozen
from fanout.surface.shape import Shapes


class OnCore(Frozen):
    """The uses of one release that the Cores of one content cannot meet, the unguarded first."""

    cores: tuple[str, ...]  # versions
    broken: tuple[UsedAt, ...]
    guarded: tuple[UsedAt, ...] = ()
    ignored: tuple[UsedAt, ...] = ()  # of which the Core loses something


class Across(Frozen):
    """A release of a consumer, and what each Core cannot meet of it, the oldest Core first."""

    consumer: str
    release: str
    cores: tuple[OnCore, ...]


class Usages(Frozen):
    """What consumers use of one Core, or what each of many cannot meet."""

    usages: tuple[Usage, ...] = ()
    across: tuple[Across, ...] = ()


def across(
    releases: Iterable[Release], cores: Mapping[str, tuple[tuple[str, ...], Shapes]]
) -> Usages:
    """Each release against each content of Core, by digest, with the versions that have it."""
    return Usages(
        across=tuple(
            Across(
                consumer=one.consumer,
                release=one.version,
                cores=tuple(
                    on_core(versions, usage(one, versions[0], shapes))
                    for versions, shapes in cores.values()
                ),
            )
            for one in releases
        )
    )


def on_core(versions: tuple[str, ...], found: Usage) -> OnCore:
    unmet = [one for one in found.uses if one.unmet]
    return OnCore(
        cores=versions,
        broken=tuple(one for one in unmet if not one.guard),
        guarded=tuple(one for one in unmet if one.guard),
        ignored=tuple(one for one in found.uses if one.ignored),
    )
