"""What each release of a consumer needs, and which contents of Core lack what it imports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from fanout.cells.live import Imported
from fanout.consumers.compatibility.answer import Content, Run, Share
from fanout.consumers.declared import Declared
from fanout.consumers.needs.usage import How, Usage, usage
from fanout.consumers.release import Release
from fanout.consumers.takes import Takes, takes
from fanout.surface.shape import Shapes
from fanout.wording import fitted

LONGEST_RANGE = 100  # characters of a range that are kept
AT_IMPORT = (How.IMPORT, How.SUBCLASS)  # what fails before anything is called


class Read(NamedTuple):
    """What reading a release with a Core says of its imports."""

    imports: Imported
    fault: str = ""


class Needed(NamedTuple):
    """A release, and what it needs: `uses` is a digest of how it uses Core, wherever it does.

    `read` has what is said of each content of Core; nothing if the release could not be read.
    """

    version: str
    yanked: bool
    declared: Declared
    requires: tuple[str, ...] = ()
    uses: str = ""
    read: tuple[Read, ...] = ()
    unread: str = ""


class Needs:
    """What releases need of some contents of Core; the same code is read against each once."""

    def __init__(self, cores: Sequence[Shapes]) -> None:
        self.cores = cores
        self.known: dict[str, tuple[str, tuple[Read, ...]]] = {}

    def of(self, release: Release, yanked: bool) -> Needed:
        if release.code not in self.known:
            usages = [usage(release, "", core) for core in self.cores]
            said = tuple(map(read, usages))
            self.known[release.code] = (digest(usages[0]) if usages else "", said)
        uses, said = self.known[release.code]
        asks = (release.version, yanked, release.declared, release.requires)
        return Needed(*asks, uses, said)


def read(found: Usage) -> Read:
    """Whether a Core lacks what is imported without a guard, be it only when a function runs."""
    for one in found.uses:
        if one.unmet and not one.guard and one.how in AT_IMPORT:
            return Read(Imported.BROKEN, f"{one.unmet} ({one.file}:{one.line})")
    return Read(Imported.YES)


def digest(found: Usage) -> str:
    """The same for the same uses, in whatever files and lines they are."""
    uses = sorted({(one.how.value, one.symbol, one.gives, one.guard) for one in found.uses})
    return hashlib.sha256(repr(uses).encode()).hexdigest()


def runs(
    releases: Iterable[Needed], contents: Sequence[Content]
) -> Iterator[tuple[Run, list[Needed]]]:
    """The releases, neighbours that are alike together.

    Where one version of Core is asked for, those alike let it in, or none of them does.
    """
    alone = contents[0].versions if len(contents) == 1 and len(contents[0].versions) == 1 else ()

    def alike(one: Needed) -> tuple[object, ...]:
        lets = [lets_in(one.declared, version) for version in alone]
        return (one.yanked, one.unread, one.requires, one.uses, lets)

    for _, group in groupby(releases, alike):
        members = list(group)
        first = members[0]
        ranges = [fitted(one.declared.shown, LONGEST_RANGE) for one in members]
        run = Run(
            versions=tuple(one.version for one in members),
            yanked=first.yanked,
            unread=first.unread,
            declares=tuple(said for said, _ in groupby(ranges)),
            pinned=all(pins(one.declared) for one in members),
            nowhere=tuple(
                one.version
                for one in members
                if not alone and one.declared.demands and not any_of(one.declared, contents)
            ),
        )
        yield run, members


def pins(declared: Declared) -> bool:
    """Whether every installation is asked for one version of Core."""
    parts = [demand.core.removeprefix("==") for demand in declared.demands]
    exact = [demand.core.startswith("==") and "*" not in demand.core for demand in declared.demands]
    return bool(parts) and all(exact) and not any("," in part for part in parts)


def lets_in(declared: Declared, core: str) -> bool:
    return takes(declared, core) is Takes.AT_ONCE


def any_of(declared: Declared, contents: Iterable[Content]) -> bool:
    return any(lets_in(declared, core) for content in contents for core in content.versions)


def share(members: Sequence[Needed], content: Content) -> tuple[Share, tuple[str, ...]]:
    """How much of a content the ranges let in, and which versions any of them does."""
    if any(one.declared.unreadable for one in members):
        return Share.UNKNOWN, ()
    let = {
        version: sum(lets_in(one.declared, version) for one in members)
        for version in content.versions
    }
    found = tuple(version for version, count in let.items() if count)
    if all(count == len(members) for count in let.values()):
        return Share.ALL, found
    return (Share.SOME if found else Share.NONE), found
