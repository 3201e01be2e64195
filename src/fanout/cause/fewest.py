"""Why promises broke: the few changes in Core that explain all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from fanout.cause.failure import Failure
from fanout.cause.reach import Reach
from fanout.model import Frozen, PromiseVerdict, Side, Standing, Verdict
from fanout.surface.change import Change, What, changes
from fanout.surface.symbol import Surface

# How unlikely a change is to break a promise, beside one that removes or replaces something.
UNLIKELY = {What.ADDED: 1, What.BEHAVIOUR: 2}
OPTIONAL = 5  # an addition that nobody has to know of
GROWN = 1  # a signature with more in it than before
# How far a change counts that is farther than this, or that the promise's symbols do not reach.
FAR, UNREACHED = 4, 6


class BrokenPromise(Frozen):
    """A promise that broke, and whose it is."""

    pack: str
    name: str


T = TypeVar("T")


class Cause(Frozen):
    """Changes in Core and the promises that they explain; no changes where none explains them."""

    changes: tuple[Change, ...]
    promises: tuple[BrokenPromise, ...]
    since: str = ""  # the version of Core that the changes were made to


def by_cause(
    causes: Iterable[Cause], broken: Mapping[BrokenPromise, T]
) -> list[tuple[Cause, list[T]]]:
    """What is told of broken promises under the cause of each; what no cause explains is last."""
    left = dict(broken)
    found = [
        (cause, [left.pop(one) for one in cause.promises if one in left])
        for cause in causes
        if cause.changes
    ]
    found.append((Cause(changes=(), promises=tuple(left)), list(left.values())))
    return [(cause, told) for cause, told in found if told]


def failed(name: str, contract: tuple[str, ...], message: str, text: str) -> PromiseVerdict:
    """A broken promise as a cause is looked for: by what failed, and the symbols that it names."""
    return PromiseVerdict(
        name=name,
        contract=contract,
        verdict=Verdict.REGRESSED,
        candidate=Side(standing=Standing.BROKEN, message=message, text=text),
        baseline=Side(standing=Standing.KEPT),
    )


def causes(
    broken: Iterable[tuple[str, PromiseVerdict]], baseline: Surface, candidate: Surface
) -> tuple[Cause, ...]:
    """The causes of broken promises, each given with its pack: the one of most promises first.

    A promise is explained by the change that its failure speaks of most and that is nearest to
    the symbols that it names; one change is taken for as many promises as it explains, and what
    was added beside something that was removed belongs to it.
    """
    found = changes(baseline, candidate)
    reach = Reach(baseline, candidate)
    fitting = {
        BrokenPromise(pack=pack, name=one.name): best(one, found, reach) for pack, one in broken
    }
    left = {promise: fits for promise, fits in fitting.items() if fits}
    told: list[Cause] = []
    while left:
        most = max(found, key=lambda change: sum(change in fits for fits in left.values()))
        explained = tuple(promise for promise, fits in left.items() if most in fits)
        told.append(Cause(changes=(most, *beside(most, found)), promises=explained))
        left = {promise: fits for promise, fits in left.items() if promise not in explained}
    if unexplained := tuple(promise for promise, fits in fitting.items() if not fits):
        told.append(Cause(changes=(), promises=unexplained))
    return tuple(told)


def best(promise: PromiseVerdict, found: Sequence[Change], reach: Reach) -> frozenset[Change]:
    """The changes that explain a promise best: none, one, or several that do so equally well."""
    failure = Failure(promise.candidate.message, promise.candidate.text)
    ranks: dict[Change, int] = {}
    for change in found:
        heard = failure.heard(change)
        far = reach.distance(change, promise.contract)
        if far is not None or failure.is_about(change):
            away = UNREACHED if far is None else min(far, FAR)
            ranks[change] = away + unlikely(change) - heard
    least = min(ranks.values(), default=None)
    return frozenset(change for change, rank in ranks.items() if rank == least)


def unlikely(change: Change) -> int:
    """How much farther a change counts for what it is."""
    optional = change.kind == "name" or " = " in change.candidate
    if change.what is What.ADDED and optional:
        return OPTIONAL
    old, new = change.baseline.split(), change.candidate.split()
    grown = change.kind == "function" and change.what is What.CHANGED and old[:2] == new[:2]
    return GROWN if grown and len(new) > len(old) else UNLIKELY.get(change.what, 0)


def beside(change: Change, found: Iterable[Change]) -> Iterator[Change]:
    """What came into the same class or module when this went, or went when it came."""
    opposite = {What.REMOVED: What.ADDED, What.ADDED: What.REMOVED}.get(change.what)
    place = change.symbol.rpartition(".")[0]
    for other in found if change.is_of_core else ():
        same_place = other.kind == change.kind and other.symbol.rpartition(".")[0] == place
        if other.what is opposite and same_place:
            yield other
