"""What a release declares of Core, read from its metadata, which anybody may have written.

Format: core metadata (PEP 566, PEP 643), requirements as in PEP 508.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name

from fanout.cells.matrix import without_secrets
from fanout.model import DISTRIBUTION, LONGEST_RANGE, Frozen, version_of
from fanout.wording import cut, one_line

LARGEST_METADATA = 1024 * 1024
READ = {"name": "Name", "version": "Version", "requires-dist": "Requires-Dist"}
OPERATORS = ("===", "==", "~=", ">=", ">", "<=", "<", "!=")
LONGEST_SHOWN = 100
NAME = re.compile(r"[^A-Za-z0-9._-]")  # what ends the name at the start of a requirement


class Demand(Frozen):
    """Which Core is asked for, and where: by every installation if that is empty."""

    core: str = ""  # a range; empty where any will do
    where: str = ""  # an environment marker, which may name an extra
    address: str = ""  # of one Core, in place of a range
    extras: tuple[str, ...] = ()  # of Core

    @property
    def shown(self) -> str:
        extras = f"[{','.join(self.extras)}] " if self.extras else ""
        what = extras + (f"@ {self.address}" if self.address else self.core or "any")
        return f"{what}; {self.where}" if self.where else what


class Declared(Frozen):
    """What a release asks for, or why nobody can say."""

    demands: tuple[Demand, ...] = ()
    unreadable: str = ""

    @property
    def extras(self) -> frozenset[str]:
        """The extras of Core that are asked for without any extra of the release's own."""
        asked = (one.extras for one in self.demands if "extra" not in one.where)
        return frozenset(extra for extras in asked for extra in extras)

    @property
    def shown(self) -> str:
        told = " or ".join(demand.shown for demand in self.demands)
        return self.unreadable or told or "no Core"


def declared(metadata: bytes, distribution: str, version: str) -> Declared:
    """What the metadata of a release says of Core; it is believed only as a whole."""
    if len(metadata) > LARGEST_METADATA:
        return Declared(unreadable=f"its metadata has more than {LARGEST_METADATA} bytes")
    said, unread = parse_email(metadata)
    if wrong := [field for key, field in READ.items() if key in unread]:
        return Declared(unreadable=f"its metadata gives {wrong[0]} twice, or not as UTF-8")
    named, at = said.get("name", ""), said.get("version", "")
    same = len(at) <= LONGEST_SHOWN and version_of(at) == version_of(version)
    if not same or canonicalize_name(named) != distribution:
        shown = cut(one_line(f"{named} {at}"), LONGEST_SHOWN)
        return Declared(unreadable=f"its metadata is of '{shown}'")
    found = []
    for line in said.get("requires_dist", []):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            shown = cut(one_line(line), LONGEST_SHOWN)
            return Declared(unreadable=f"'{shown}' is no requirement")
        if canonicalize_name(requirement.name) == DISTRIBUTION:
            found.append(requirement)
    if sum(len(str(requirement)) for requirement in found) > LONGEST_RANGE:
        return Declared(unreadable=f"its range of Core has more than {LONGEST_RANGE} characters")
    return Declared(demands=tuple(demands(found)))


def requirements(metadata: bytes, leaving: str = "") -> tuple[str, ...]:
    """All that metadata asks for, but one distribution: the same for the same text."""
    said, _ = parse_email(metadata[:LARGEST_METADATA])
    lines = said.get("requires_dist", [])
    others = [line for line in lines if canonicalize_name(NAME.split(line.strip())[0]) != leaving]
    return tuple(sorted((*others, f"Python {said.get('requires_python', '')}".strip())))


def demands(asked: Iterable[Requirement]) -> Iterable[Demand]:
    """One demand for every installation, if there is any, and one for each marker beside it."""
    by_marker: dict[str, list[Requirement]] = {}
    for requirement in asked:
        by_marker.setdefault(one_line(str(requirement.marker or "")), []).append(requirement)
    everywhere = by_marker.get("", [])
    for where in sorted(by_marker):
        together = everywhere + (by_marker[where] if where else [])
        addresses = [one_line(without_secrets(one.url)) for one in together if one.url]
        ranges = SpecifierSet(",".join(str(one.specifier) for one in together if one.specifier))
        yield Demand(
            core=written(ranges),
            where=where,
            address=addresses[0] if addresses else "",
            extras=tuple(sorted({extra for one in together for extra in one.extras})),
        )


def written(ranges: SpecifierSet) -> str:
    """A range as people write it: what it begins with, where it ends, what it leaves out."""

    def key(one: Specifier) -> tuple[int, str]:
        return OPERATORS.index(one.operator), one.version

    parts = (f"{one.operator}{one.version.removeprefix('v')}" for one in sorted(ranges, key=key))
    return one_line(",".join(dict.fromkeys(parts)))
