"""The answer and the reason for it, in one line."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.gate.decision import Decision
from fanout.gate.verdict import HOLDS
from fanout.model import Answer, CellVerdict, PromiseVerdict, Verdict
from fanout.told.decision import affected
from fanout.told.decision.standing import unsettled
from fanout.wording import first_few, number


def headline(decision: Decision) -> str:
    """The answer and the reason for it, in one line."""
    return " ".join(answered(decision).split())


def answered(decision: Decision) -> str:
    said = {Answer.HOLD: held, Answer.UNKNOWN: undecided, Answer.RELEASE: released}
    return f"{decision.answer}: {said[decision.answer](decision)}"


def held(decision: Decision) -> str:
    """What is broken of whom, and what the baseline says of it, and which consumers hold."""
    said = (*(broken_promises(decision) if having(decision, *decision.holds) else ()),)
    others = (*affected.held(decision), *both(decision), *unjudged(decision))
    return "; ".join((*said, *others, *flaky(decision), *affected.unknown(decision)))


def broken_promises(decision: Decision) -> Iterator[str]:
    candidate, baseline = decision.candidate.shown, decision.baseline.shown
    if decision.only_new:
        said = f"{counted_of(decision, Verdict.REGRESSED)} that {baseline} does not break"
    else:
        too = len(having(decision, Verdict.STILL_FAILING))
        said = f"{counted_of(decision, *HOLDS)}, of which {baseline} breaks {too or 'none'}"
        said += " too" if too else ""
        if open_ones := len(having(decision, Verdict.BROKEN)):
            said += f" and {open_ones} may be broken there"
    yield f"Core {candidate} breaks {said}"


def undecided(decision: Decision) -> str:
    """Everything that is not known: which Core is asked, what is not judged, what went wrong."""
    candidate, baseline = decision.candidate.shown, decision.baseline.shown
    cells = [cell for cell in decision.cells if not all(one.unjudged for one in unsure(cell))]
    said = [f"Core {candidate} is older than its baseline {baseline}"] if decision.older else []
    said += unjudged(decision)
    if cells:
        said.append(f"{len(cells)} of {number(len(decision.cells), 'pack')}: {reason(cells[0])}")
    said += affected.unjudged(decision)
    said = said or [f"no pack that decides has judged Core {candidate}"]
    return "; ".join((*said, *both(decision), *affected.unknown(decision)))


def released(decision: Decision) -> str:
    candidate, baseline = decision.candidate.shown, decision.baseline.shown
    excused = having(decision, Verdict.KNOWN_BREAK, Verdict.PENDING)
    said = " that nobody has excused" if excused else ""
    said = f" that {baseline} keeps" if decision.only_new else said
    told = f"Core {candidate} breaks no promise{said} ({', '.join(tally(decision))})"
    return "; ".join((told, *both(decision), *affected.unknown(decision)))


def both(decision: Decision) -> Iterator[str]:
    """What is broken on both sides, where that does not hold."""
    if decision.only_new and having(decision, Verdict.STILL_FAILING):
        yield f"both break {counted_of(decision, Verdict.STILL_FAILING)}"


def unjudged(decision: Decision) -> Iterator[str]:
    """What the baseline judged and the candidate does not."""
    candidate, baseline = decision.candidate.shown, decision.baseline.shown
    found = [(cell.pack, one) for cell, one in having(decision, Verdict.UNKNOWN) if one.unjudged]
    if found:
        packs = first_few(pack for pack, _ in found)
        told = "is" if len(found) == 1 else "are"
        yield (
            f"{number(len(found), 'promise')} of {packs} {told} judged on {baseline},"
            f" and not on {candidate}"
        )


def flaky(decision: Decision) -> Iterator[str]:
    """What else nobody can rely on, beside what holds."""
    found = sum(one.flaky for _, one in having(decision, Verdict.UNKNOWN))
    if found:
        yield f"{found} more {'is' if found == 1 else 'are'} flaky"


def having(decision: Decision, *verdicts: Verdict) -> list[tuple[CellVerdict, PromiseVerdict]]:
    return [
        (cell, one) for cell in decision.cells for one in cell.promises if one.verdict in verdicts
    ]


def counted_of(decision: Decision, *verdicts: Verdict) -> str:
    """How many promises have one of these verdicts, and of which packs."""
    found = having(decision, *verdicts)
    packs = first_few(cell.pack for cell, _ in found)
    return f"{number(len(found), 'promise')} of {packs}"


def unsure(cell: CellVerdict) -> list[PromiseVerdict]:
    """The promises of a cell that decide nothing, because something is not known of them."""
    return [one for one in cell.promises if one.verdict in (Verdict.UNKNOWN, Verdict.BROKEN)]


def tally(decision: Decision) -> Iterator[str]:
    """How much was asked, and what a reader must not overlook in an answer that is release."""
    yield number(len(decision.cells), "pack")
    yield number(sum(len(cell.promises) for cell in decision.cells), "promise")
    if known := len(having(decision, Verdict.KNOWN_BREAK)):
        yield number(known, "known break")
    if users := [one for cell in decision.cells for one in cell.promises if one.deprecations]:
        yield f"{len(users)} will break"
    for word in (Verdict.PENDING, Verdict.NOT_APPLICABLE):
        if found := len(having(decision, word)):
            yield f"{found} {word}"
    for word in (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE):
        if packs := [cell.pack for cell in decision.cells if cell.verdict is word]:
            yield f"{word}: {first_few(packs, ' ')}"


def reason(cell: CellVerdict) -> str:
    """Why a cell has no verdict."""
    if cell.reason:
        return cell.reason
    one = next((one for one in unsure(cell) if not one.unjudged), None)
    return f"{cell.cell}: {one.name}: {unsettled(one)}" if one else f"{cell.cell}: no promise"
