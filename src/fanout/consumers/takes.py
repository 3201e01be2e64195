"""Who takes a Core up: what the range that a consumer declares does with a release of Core."""

from __future__ import annotations

from enum import StrEnum

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import Version

from fanout.consumers.declared import Declared, Demand
from fanout.model import release_of, version_of


class Takes(StrEnum):
    """When a consumer that is installed anew gets a Core; the first of these that any gets."""

    AT_ONCE = "at once"
    LATER = "later"  # its next release may: this one is pinned, or asks for older ones
    NEVER = "never"  # it leaves this Core out, or asks for newer ones
    UNKNOWN = "unknown"


def takes(declared: Declared, core: str) -> Takes:
    """When a release of a consumer takes up a Core, a version judged as what it will become.

    Where installations differ, the one that gets it first counts.
    """
    at = release_of(core)
    order = list(Takes)
    return min((taken(one, at) for one in declared.demands), key=order.index, default=Takes.UNKNOWN)


def taken(demand: Demand, at: Version) -> Takes:
    if demand.address:
        return Takes.LATER
    refusing = [one for one in SpecifierSet(demand.core) if not one.contains(at)]
    if not refusing:
        return Takes.AT_ONCE
    return Takes.NEVER if any(asks_for_newer(one, at) for one in refusing) else Takes.LATER


def asks_for_newer(refusing: Specifier, at: Version) -> bool:
    """Whether a part of a range that refuses a version would refuse it for good."""
    newer = version_of(refusing.version.removesuffix(".*")) > at
    return newer or refusing.operator in ("!=", ">", ">=")
