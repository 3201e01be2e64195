"""A pack on one Core, and what that says of some of its promises: kept, broken, or neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from packaging.specifiers import SpecifierSet

from fanout.errors import UnknownPromise
from fanout.gate.verdict import STANDINGS
from fanout.model import CellReport, Frozen, Outcome, Promise, Result, Standing
from fanout.wording import number, printable

OUTCOMES = {
    Outcome.PASSED: Standing.KEPT,
    Outcome.FAILED: Standing.BROKEN,
    Outcome.UNSUPPORTED: Standing.UNSUPPORTED,
}
NOT_KEPT = (Standing.BROKEN, Standing.KNOWN_BREAK)
MOST_LISTED = 12


class Judged(Frozen):
    """A Core ref, or a commit by its hash, and where the promises in question stand there.

    The standing is `broken` if any of them is, listed by the pack or not; `kept` if some are and
    the others do not apply; else it says why they cannot be judged, and so does the reason.
    """

    name: str
    version: str = ""
    standing: Standing
    broken: tuple[Promise, ...] = ()
    reason: str = ""
    reused: bool = False  # from the history: no cell was run


def judged(name: str, report: CellReport, promises: Sequence[str]) -> Judged:
    """Where promises stand after a cell, whose evidence may be missing or of no use.

    Without any named, it is the cell's own outcome that counts.
    """
    evidence = report.evidence
    if evidence is None or not report.judges:
        reason = report.reason or "no promise was judged"
        return Judged(name=name, standing=Standing.UNKNOWN, reason=reason)
    if promises:
        return weigh(name, evidence.version, evidence.supports, evidence.promises, promises)
    standing = OUTCOMES.get(report.outcome, Standing.UNKNOWN)
    broken = report.promises(Result.BROKEN) if standing is Standing.BROKEN else ()
    return Judged(
        name=name,
        version=evidence.version,
        standing=standing,
        broken=broken,
        reason="" if broken else report.reason,
    )


def weigh(
    name: str, version: str, supports: str, said: Iterable[Promise], promises: Sequence[str]
) -> Judged:
    """Where promises stand by what was said of each; all of them count only in the pack's range."""
    if not SpecifierSet(supports).contains(version, prereleases=True):
        reason = f"the pack supports Core {supports}"
        return Judged(name=name, version=version, standing=Standing.UNSUPPORTED, reason=reason)
    named = {one.name: one for one in said}
    about = {promise: spoken_of(promise, named) for promise in promises}
    absent = [promise for promise, ones in about.items() if not ones]
    ones = list({one.name: one for found in about.values() for one in found}.values())
    broken = tuple(one for one in ones if STANDINGS[one.result] in NOT_KEPT)
    errored = [f"{one.name}: {one.message}" for one in ones if one.result is Result.ERRORED]
    reason = ""
    if broken:
        standing = Standing.BROKEN
    elif errored or absent:
        standing = Standing.UNKNOWN
        reason = (errored or [f"{one} did not run" for one in absent])[0]
    elif kept(ones):
        standing = Standing.KEPT
    else:
        standing = Standing.NOT_APPLICABLE
        reason = f"{ones[0].name} is for other Cores"
    return Judged(name=name, version=version, standing=standing, broken=broken, reason=reason)


def spoken_of(promise: str, named: Mapping[str, Promise]) -> list[Promise]:
    """What was said of a promise: each of its parameters, or its file that cannot be imported."""
    own = [one for name, one in named.items() if name == promise or name.startswith(f"{promise}[")]
    file = named.get(promise.partition("::")[0])
    return own or ([file] if file else [])


def kept(said: Iterable[Promise]) -> tuple[str, ...]:
    """The names of the promises that are kept."""
    return tuple(one.name for one in said if STANDINGS[one.result] is Standing.KEPT)


def choose(text: str, pack: str, promises: Sequence[str]) -> str:
    """The one promise of a pack that a text names, in full or by a part of its name.

    One with parameters may be named with those, `test_file.py::test_name[soft]`, of which the
    pack's files do not tell. Raises UnknownPromise for none, or more than one.
    """
    if text.partition("[")[0] in promises:
        return text
    found = [name for name in promises if text in name]
    if len(found) == 1:
        return found[0]
    listed = ", ".join((found or list(promises))[:MOST_LISTED])
    if not found:
        raise UnknownPromise(
            f"the pack '{pack}' has no promise '{printable(text)}'",
            f"its promises are {listed} ...",
        )
    raise UnknownPromise(
        f"'{printable(text)}' names {number(len(found), 'promise')} of the pack '{pack}'",
        f"name one of {listed}",
    )
