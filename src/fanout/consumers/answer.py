"""What a Core means for its consumers: who takes it up, can be installed, and be imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from packaging.specifiers import SpecifierSet
from pydantic import AwareDatetime, computed_field

from fanout.cells.live import Imported
from fanout.consumers.declared import Declared
from fanout.consumers.imports import Imports
from fanout.consumers.installs import Found, Installs, Resolution
from fanout.consumers.releases import ConsumerRelease
from fanout.consumers.takes import Takes, takes
from fanout.errors import ExitCode
from fanout.model import Frozen, Pack, release_of, version_of


class PackOf(Frozen):
    """The pack of a consumer, and how far the release that it was read from is behind."""

    name: str
    release: str
    yanked: bool = False
    behind: int = 0  # releases
    days: int | None = None  # where the index has both, with their dates


class Run(Frozen):
    """Releases one after another that declare the same of Core."""

    first: str
    last: str
    releases: int
    declared: Declared
    met: bool  # whether any release of Core is in the range


class Consumer(Frozen):
    """A consumer as the index has it now, and when it takes up a Core."""

    distribution: str
    known: str  # the release in consumers.toml
    newest: str = ""  # empty if every release is yanked
    at: AwareDatetime | None = None
    yanked: tuple[str, ...] = ()
    pack: PackOf | None = None
    declared: Declared = Declared(unreadable="there is no release that is not yanked")
    runs: tuple[Run, ...] = ()  # of the year that ends with the newest release
    takes: Takes = Takes.UNKNOWN
    installs: Installs | None = None
    imports: Imports | None = None


class Consumers(Frozen):
    """The consumers of a Core; `together` is whether all of them can be installed with it."""

    core: str
    consumers: tuple[Consumer, ...]
    together: Installs | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def broken(self) -> tuple[str, ...]:
        """The consumers that take the Core up at once, and cannot be installed or imported."""
        return tuple(one.distribution for one in self.consumers if self.breaks(one))

    def breaks(self, one: Consumer) -> bool:
        imports = one.imports is not None and one.imports.found is Imported.BROKEN
        fails = imports and one.takes is Takes.AT_ONCE
        return fails or breaks(one.takes, one.installs, self.core)

    @property
    def exit_code(self) -> ExitCode:
        if self.broken:
            return ExitCode.BROKEN
        asked = [one.installs for one in self.consumers if one.installs]
        unknown = any(Found.UNKNOWN in (one.declared.found, one.forced.found) for one in asked)
        unknown |= any(one.imports.unknown for one in self.consumers if one.imports)
        return ExitCode.NO_VERDICT if unknown else ExitCode.FINE


def breaks(taken: Takes, found: Installs | None, core: str) -> bool:
    """Whether a consumer takes up a Core at once, and cannot be installed with it."""
    if taken is not Takes.AT_ONCE or found is None:
        return False
    return judging(taken, found, core).found is Found.NO


def judging(taken: Takes, found: Installs, core: str) -> Resolution:
    """What a resolver said that counts for a consumer: as it declares, if it gets the Core at once.

    The range is judged for the release that an rc becomes, which the resolver does not know yet.
    """
    early = version_of(core) != release_of(core)
    return found.declared if taken is Takes.AT_ONCE and not early else found.forced


def consumer(
    distribution: str,
    known: str,
    releases: Sequence[ConsumerRelease],
    pack: tuple[str, Pack] | None,
    core: str,
    cores: Iterable[str],
) -> Consumer:
    """What the releases of a consumer say; `cores` are the releases of Core that there are."""
    there = [one for one in releases if not one.yanked]
    found = Consumer(
        distribution=distribution,
        known=known,
        yanked=tuple(one.version for one in releases if one.yanked),
        pack=pack_of(*pack, releases) if pack else None,
    )
    if not there:
        return found
    newest = there[-1]
    says = newest.declared or Declared(unreadable="its metadata was not read")
    return found.model_copy(
        update={
            "newest": newest.version,
            "at": newest.at,
            "declared": says,
            "runs": tuple(runs(there, tuple(cores))),
            "takes": takes(says, core),
        }
    )


def pack_of(name: str, pack: Pack, releases: Sequence[ConsumerRelease]) -> PackOf:
    at = version_of(pack.release)
    read = next((one for one in releases if version_of(one.version) == at), None)
    newer = [one for one in releases if not one.yanked and version_of(one.version) > at]
    dates = [one.at for one in (read, *newer[-1:]) if one and one.at]
    return PackOf(
        name=name,
        release=pack.release,
        yanked=read is not None and read.yanked,
        behind=len(newer),
        days=(dates[1] - dates[0]).days if len(dates) == 2 else None,
    )


def runs(releases: Iterable[ConsumerRelease], cores: Sequence[str]) -> Iterable[Run]:
    read = ((one, one.declared) for one in releases if one.declared)
    for declared, group in groupby(read, key=lambda pair: pair[1]):
        together = [one.version for one, _ in group]
        yield Run(
            first=together[0],
            last=together[-1],
            releases=len(together),
            declared=declared,
            met=met(declared, cores),
        )


def met(declared: Declared, cores: Sequence[str]) -> bool:
    """Whether some release of Core is in each range, as far as there is one to ask for."""
    ranges = [SpecifierSet(demand.core) for demand in declared.demands if not demand.address]
    return all(any(one.contains(core) for core in cores) for one in ranges)
