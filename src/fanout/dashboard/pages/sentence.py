"""What cells and Core refs say of themselves in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from fanout.cause.difference import Noticing
from fanout.dashboard.facts.along import Streak
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import CoreRef
from fanout.model import Outcome, Promise, Result, Verdict
from fanout.wording import cut, number

ORIGINS = {
    "pypi": "the package index",
    "git": "a git repository",
    "path": "a folder or a file of the machine that ran it",
    "stand-in": "a stand-in for a tag that no index serves",
}
LONGEST_REASON = 240


def origin(source: str) -> str:
    """Where a Core came from."""
    return ORIGINS.get(source, "not known: none was installed, or not the one that was asked for")


def lead(
    cell: CellNow,
    promises: Sequence[Promise],
    streaks: Mapping[str, Streak],
    before: CoreRef | None,
    supports: str,
) -> str:
    """Why a cell has its outcome."""
    reason = cut(" ".join(cell.reason.split()), LONGEST_REASON) or "no reason was given"
    broken = [one.name for one in promises if one.result is Result.BROKEN]
    match cell.outcome:
        case Outcome.MISSING:
            return f"There is no evidence: {reason}"
        case Outcome.ERRORED:
            return f"The harness broke, which says nothing of Core: {reason}"
        case Outcome.UNSUPPORTED:
            supported = f", only {supports}" if supports else ""
            counted = f"{len(broken)} of {number(len(promises), 'promise')}"
            return f"The pack does not support this Core{supported}. {counted} broken: none counts."
        case Outcome.PASSED:
            return kept(promises)
    red = {name: streaks[name] for name in broken if name in streaks}
    verb = "is" if len(broken) == 1 else "are"
    counted = f"{len(broken)} of {number(len(promises), 'promise')} {verb} broken"
    return f"{counted}{since(red.values(), cell.core_ref, before)}."


def kept(promises: Sequence[Promise]) -> str:
    counts = Counter(one.result for one in promises)
    held = counts.pop(Result.KEPT, 0)
    others = ", ".join(
        number(count, result) if result is Result.KNOWN_BREAK else f"{count} {result}"
        for result, count in sorted(counts.items())
    )
    if others:
        return f"{held} of {number(len(promises), 'promise')} are kept; {others}."
    return f"All {held} promises are kept." if held > 1 else "Its one promise is kept."


def since(streaks: Iterable[Streak], core_ref: str, before: CoreRef | None) -> str:
    """Since when promises are broken, what broke last first; told once if all broke together."""
    counts = Counter(streaks)
    if not counts:
        return ""
    if len(counts) > 1:
        firsts: Counter[CoreRef] = Counter()
        for streak, count in sorted(counts.items(), key=lambda one: one[0].began, reverse=True):
            firsts[streak.first_red] += count
        return ": " + ", ".join(
            f"{count} {'first here' if ref.name == core_ref else f'since Core {ref.called}'}"
            for ref, count in firsts.items()
        )
    ((streak, count),) = counts.items()
    them = "it" if count == 1 else "them"
    begun = "" if streak.first_red.name == core_ref else f" since Core {streak.first_red.called}"
    if streak.last_green is None:
        return f"{begun}; no Core before has kept {them}"
    was = {1: "it was", 2: "both were"}.get(count, "all were")
    if streak.last_green == before and not begun:
        return f"; {was} kept on Core {streak.last_green.called}, the one before"
    return f"{begun}; {was} last kept on Core {streak.last_green.called}"


def changed(namings: Sequence[Sequence[Noticing]]) -> str:
    """How many public changes there are, each given with who names it, and how many are named."""
    if not namings:
        return "The content of Core is another one, and nothing that is public changed."
    counted = number(len(namings), "public change")
    packs = sorted({one.pack for naming in namings for one in naming})
    if not packs:
        return f"{counted}, which no promise names."
    return f"{counted}; promises of {', '.join(packs)} name {sum(map(bool, namings))} of them."


def turned(noticed: Iterable[tuple[Verdict, int]]) -> str:
    """How many promises regressed and were fixed; empty if none."""
    counts: Counter[Verdict] = Counter()
    for verdict, count in noticed:
        counts[verdict] += count
    told = (f"{number(count, 'promise')} {verdict}" for verdict, count in counts.items())
    said = ", ".join(told)
    return f"{said}." if said else ""
