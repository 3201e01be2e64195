"""What changed between two Cores, and who will notice: the promises that name what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from packaging.version import Version
from pydantic import computed_field

from fanout.cause.failure import last_names, words
from fanout.cause.reach import Reach
from fanout.cells.promises import PackPromise
from fanout.model import Core, Frozen, PackOnDisk, in_range
from fanout.surface.change import Change, changes
from fanout.surface.symbol import Surface
from fanout.wording import number

NEAR = 2  # what a named symbol's types, and theirs, speak of


class Noticing(Frozen):
    """The promises of one pack that name what changed."""

    pack: str
    owner: str
    promises: tuple[PackPromise, ...]


class Notice(Frozen):
    """A change, those who name it, and how many promises of each pack stand on it unnamed."""

    change: Change
    named_by: tuple[Noticing, ...]
    behind: dict[str, int]


class Difference(Frozen):
    """Every public change from baseline to candidate, those that promises name first."""

    schema_version: int = 1
    baseline: Core
    candidate: Core
    notices: tuple[Notice, ...]

    @property
    def named(self) -> tuple[Notice, ...]:
        return tuple(notice for notice in self.notices if notice.named_by)

    @property
    def unnamed(self) -> tuple[Notice, ...]:
        return tuple(notice for notice in self.notices if not notice.named_by)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def summary(self) -> str:
        sides = f"from {self.baseline.shown} to {self.candidate.shown}"
        if not self.notices:
            return f"no public change in Core {sides}"
        packs = sorted({one.pack for notice in self.named for one in notice.named_by})
        count = number(len(self.notices), "public change")
        named = (
            f"promises of {', '.join(packs)} name {len(self.named)}"
            if packs
            else "nobody names any"
        )
        return f"{count} in Core {sides}: {named}"


def difference(
    cores: tuple[Core, Core],
    sides: tuple[Surface, Surface],
    packs: Mapping[str, PackOnDisk],
    promises: Mapping[str, Iterable[PackPromise]],
) -> Difference:
    """The changes from the first Core to the second, with the promises that apply to it."""
    owners = {name: pack.says.owner for name, pack in packs.items()}
    found = notices(sides, cores[1].version, owners, promises)
    return Difference(baseline=cores[0], candidate=cores[1], notices=found)


def notices(
    sides: tuple[Surface, Surface],
    version: str,
    owners: Mapping[str, str],
    promises: Mapping[str, Iterable[PackPromise]],
) -> tuple[Notice, ...]:
    """Every change from the first surface to the second, those that promises name first.

    Only the promises that hold for the second one's version are asked; `owners` and `promises`
    are by pack.
    """
    reach = Reach(*sides, farthest=NEAR)
    applying = [
        (pack, promise)
        for pack, found in promises.items()
        for promise in found
        if applies(promise, version)
    ]
    told = (notice(change, applying, owners, reach) for change in changes(*sides))
    return tuple(sorted(told, key=lambda one: not one.named_by))


def notice(
    change: Change,
    promises: Iterable[tuple[str, PackPromise]],
    owners: Mapping[str, str],
    reach: Reach,
) -> Notice:
    naming: list[tuple[str, PackPromise]] = []
    behind: dict[str, int] = {}
    for pack, promise in promises:
        far = reach.distance(change, promise.contract)
        if far == 0 or asks_for(promise, change):
            naming.append((pack, promise))
        elif far is not None:
            behind[pack] = behind.get(pack, 0) + 1
    named_by = tuple(
        Noticing(
            pack=pack,
            owner=owners[pack],
            promises=tuple(promise for _, promise in found),
        )
        for pack, found in groupby(naming, key=lambda one: one[0])
    )
    return Notice(change=change, named_by=named_by, behind=behind)


def asks_for(promise: PackPromise, change: Change) -> bool:
    """Whether a promise speaks of a distribution that Core brings along, or did."""
    said = words(f"{promise.name.replace('_', ' ')} {promise.says}")
    return change.kind == "requirement" and bool(said & last_names(change))


def applies(promise: PackPromise, version: str) -> bool:
    """Whether a promise holds for a Core; one whose range or version is not known does."""
    try:
        return in_range(str(Version(version)), promise.core)
    except ValueError:
        return True
