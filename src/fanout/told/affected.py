"""What a candidate means for the consumers themselves, in words: a row for each, and why."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.consumers.affected import Affected, Lost
from fanout.gate.decision import Decision
from fanout.model import Standing
from fanout.wording import number

HEAD = ("consumer", "gets it", "installs", "promises kept", "loses")
UNASKED = "not asked"
NOT_JUDGED = (Standing.NOT_APPLICABLE, Standing.UNSUPPORTED, Standing.UNKNOWN, Standing.ABSENT)
Row = tuple[str, ...]


def rows(decision: Decision) -> Iterator[Row]:
    """A row for each consumer, below the heads of the columns."""
    if decision.consumers:
        yield HEAD
    for one in decision.consumers:
        yield (one.shown, one.takes, one.installs or UNASKED, kept(decision, one), loses(one))


def kept(decision: Decision, one: Affected) -> str:
    """How many of the promises that its pack makes are kept, of those that were judged."""
    if not one.pack:
        return "no pack"
    found = [cell for cell in decision.cells if cell.pack == one.pack]
    standings = [promise.candidate.standing for cell in found for promise in cell.promises]
    judged = [said for said in standings if said not in NOT_JUDGED]
    if found and not judged:
        return "not judged"
    return f"{judged.count(Standing.KEPT)} of {len(judged)}" if found else UNASKED


def loses(one: Affected) -> str:
    if one.unread:
        return "unknown"
    names = [lost.name for lost in one.lost]
    return f"{names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}" if names else "nothing"


def held(decision: Decision) -> Iterator[str]:
    """Why consumers hold the release, in the first line."""
    candidate = decision.candidate.shown
    for one in decision.consumers:
        if one.lost:
            yield f"Core {candidate} lacks {loses(one)}, which {one.shown} uses"
    if broken := ", ".join(one.shown for one in decision.consumers if one.breaks):
        yield f"whoever installs {broken} gets Core {candidate}, with which that is not possible"


def unknown(decision: Decision) -> Iterator[str]:
    """What nobody knows of consumers, and decides nothing."""
    if unread := [one for one in decision.consumers if one.unread]:
        yield f"what {', '.join(one.shown for one in unread)} would lose is not known"


def facts(one: Affected) -> Iterator[str]:
    yield from map(gone, one.lost)
    if one.breaks:
        yield f"It gets this Core at once, and cannot be installed with it: {one.why}"


def gone(lost: Lost) -> str:
    places = f"{lost.file}:{lost.line}"
    more = f" and {number(lost.uses - 1, 'other place')}" if lost.uses > 1 else ""
    return f"{lost.name} is gone, and used without a guard in {places}{more}"
