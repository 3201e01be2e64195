"""The uses of consumers against many Cores: which of them each Core cannot meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from fanout.consumers.needs.disagreement import Disagreements
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
    disagreements: tuple[Disagreements, ...] = ()  # with what ran


class Met(NamedTuple):
    """The uses of a release, and one content of Core that they meet or do not."""

    release: Release
    digest: str
    cores: tuple[str, ...]  # versions
    shapes: Shapes
    found: Usage


def met(
    releases: Iterable[Release], cores: Mapping[str, tuple[tuple[str, ...], Shapes]]
) -> Iterator[Met]:
    """Each release against each content of Core, by digest, with the versions that have it."""
    for one in releases:
        for digest, (versions, shapes) in cores.items():
            yield Met(one, digest, versions, shapes, usage(one, versions[0], shapes))


def across(every: Iterable[Met]) -> Iterator[Across]:
    """What each release lacks on each Core; those of one release come one after another."""
    for (consumer, version), group in groupby(every, lambda one: one.release[:2]):
        cores = tuple(on_core(one.cores, one.found) for one in group)
        yield Across(consumer=consumer, release=version, cores=cores)


def on_core(versions: tuple[str, ...], found: Usage) -> OnCore:
    unmet = [one for one in found.uses if one.unmet]
    return OnCore(
        cores=versions,
        broken=tuple(one for one in unmet if not one.guard),
        guarded=tuple(one for one in unmet if one.guard),
        ignored=tuple(one for one in found.uses if one.ignored),
    )
