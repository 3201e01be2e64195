"""What is to be told of a decision, in the order of telling, whatever the format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import PurePath

from fanout.gate.decision import Decision
from fanout.gate.verdict import HOLDS, PRECEDENCE
from fanout.model import (
    Answer,
    CellVerdict,
    Core,
    Frozen,
    InstalledVersions,
    PromiseVerdict,
    Side,
    Standing,
    Verdict,
)
from fanout.told.decision import affected
from fanout.told.decision.section import Entry, Group, Section, section
from fanout.told.report import listed, some, why
from fanout.wording import number

# What is told with why, and how to run it again.
TOLD = HOLDS | {Verdict.UNKNOWN, Verdict.KNOWN_BREAK, Verdict.PENDING}
SAME_CONTENT = "The candidate has the same content as its baseline: nothing in Core's code changed."
MOST_VERSIONS = 3  # of what differs between environments, in one line


class Account(Frozen):
    """The answer in one line, what was compared, each pack in a line, then the sections."""

    headline: str
    compared: tuple[str, ...]
    packs: tuple[tuple[str, str, str], ...]  # pack, verdict, how many promises have which
    consumers: tuple[tuple[str, ...], ...] = ()  # the heads of the columns, then a row for each
    sections: tuple[Section, ...]


def account(decision: Decision, today: date) -> Account:
    """What is broken first, and of that what regressed, by cause; then unknown, and the rest."""
    cells = decision.cells
    regressed = [(cell, one) for cell in cells for one in cell.having(Verdict.REGRESSED)]
    sections = (
        *affected.first(decision),
        Section(title="Regressed", groups=by_cause(decision, regressed)),
        section("Broken, while the baseline is not known", broken(decision, Verdict.BROKEN)),
        section("Still failing", broken(decision, Verdict.STILL_FAILING)),
        section("Unknown", unknown(cells)),
        section("Known breaks", entries(cells, Verdict.KNOWN_BREAK, today)),
        *affected.beside(decision, today),
        section(
            "Pending, because no Core ref has ever kept it", entries(cells, Verdict.PENDING, today)
        ),
        section("Will break, as Core says of what the promise uses", going(decision)),
        section("Fixed", entries(cells, Verdict.FIXED, today)),
        section("New, and kept", in_words(cells, Verdict.NEW)),
        section("Removed", in_words(cells, Verdict.REMOVED)),
    )
    return Account(
        headline=headline(decision),
        compared=(
            f"candidate: {described(decision.candidate)}",
            f"baseline:  {described(decision.baseline)}",
            *((SAME_CONTENT,) if decision.same_content else ()),
            *affected.not_asked(decision),
        ),
        consumers=tuple(affected.rows(decision)),
        packs=tuple((cell.pack, str(cell.verdict), beside(cell)) for cell in cells),
        sections=tuple(one for one in sections if any(group.entries for group in one.groups)),
    )


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
    return "; ".join((*said, *others, *affected.unknown(decision)))


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
        packs = ", ".join(dict.fromkeys(pack for pack, _ in found))
        told = "is" if len(found) == 1 else "are"
        yield (
            f"{number(len(found), 'promise')} of {packs} {told} judged on {baseline},"
            f" and not on {candidate}"
        )


def having(decision: Decision, *verdicts: Verdict) -> list[tuple[CellVerdict, PromiseVerdict]]:
    return [
        (cell, one) for cell in decision.cells for one in cell.promises if one.verdict in verdicts
    ]


def counted_of(decision: Decision, *verdicts: Verdict) -> str:
    """How many promises have one of these verdicts, and of which packs."""
    found = having(decision, *verdicts)
    packs = ", ".join(dict.fromkeys(cell.pack for cell, _ in found))
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
            yield f"{word}: {' '.join(packs)}"


def reason(cell: CellVerdict) -> str:
    """Why a cell has no verdict."""
    if cell.reason:
        return cell.reason
    one = next((one for one in unsure(cell) if not one.unjudged), None)
    return f"{cell.cell}: {one.name}: {unsettled(one)}" if one else f"{cell.cell}: no promise"


def unsettled(promise: PromiseVerdict) -> str:
    sides = {"candidate": promise.candidate, "baseline": promise.baseline}
    if promise.unjudged:
        return ", ".join(f"on the {word} {one.standing}" for word, one in sides.items())
    said = {word: what(one) for word, one in sides.items() if one.standing is Standing.UNKNOWN}
    if len(set(said.values())) < len(said):
        return f"on both sides {said['candidate']}"
    return ", ".join(f"on the {word} {told}" for word, told in said.items())


def what(side: Side) -> str:
    told = ", then ".join(side.attempts)
    if side.flaky:
        return f"flaky ({told})"
    if side.environment:
        return f"{told}, in environments that differ: {versions(side.environment, ' then ')}"
    return f"errored: {side.message}" if side.message else "no evidence"


def unknown(cells: Iterable[CellVerdict]) -> Iterator[Entry]:
    """A cell whose promises are unknown for one reason is one entry; else each promise is."""
    for cell in cells:
        found = list(cell.having(Verdict.UNKNOWN))
        if cell.reason and found:
            yield Entry(
                pack=cell.pack,
                owner=cell.owner,
                says=f"{number(len(found), 'promise')} without a verdict",
                quoted=tuple(why(cell.reason, "")),
                command=cell.command,
            )
            continue
        for promise in found:
            yield entry(cell, promise, (unsettled(promise),))


def by_cause(
    decision: Decision, regressed: Iterable[tuple[CellVerdict, PromiseVerdict]]
) -> tuple[Group, ...]:
    found = {(cell.pack, one.name): (cell, one) for cell, one in regressed}
    groups = []
    for cause in decision.causes:
        keys = [(one.pack, one.name) for one in cause.promises]
        told = [found.pop(key) for key in keys if key in found]
        groups.append((cause.changes, cause.since, told))
    groups.append(((), "", list(found.values())))
    return tuple(
        Group(
            changes=changes,
            since=since,
            entries=tuple(entry(cell, one, now_and_then(decision, one)) for cell, one in told),
        )
        for changes, since, told in groups
        if told
    )


def broken(decision: Decision, verdict: Verdict) -> Iterator[Entry]:
    for cell, one in having(decision, verdict):
        yield entry(cell, one, now_and_then(decision, one))


def now_and_then(decision: Decision, promise: PromiseVerdict) -> tuple[str, ...]:
    was = f"was: {promise.baseline.standing} on {decision.baseline.core_ref}"
    if promise.baseline.standing is Standing.NOT_APPLICABLE and promise.core:
        was += f" (it holds from Core {promise.core})"
    if promise.baseline.standing is Standing.UNKNOWN:
        was += f", {what(promise.baseline)}"
    times = len(promise.candidate.attempts)
    again = f", {times} times out of {times}" if times > 1 else ", not yet run a second time"
    return (was, f"now: broken on {decision.candidate.core_ref}{again}")


def entries(cells: Iterable[CellVerdict], verdict: Verdict, today: date) -> Iterator[Entry]:
    for cell in cells:
        for promise in cell.having(verdict):
            known = listed(promise.known_break, promise.expires, today)
            yield entry(cell, promise, filter(None, (known,)))


def entry(cell: CellVerdict, promise: PromiseVerdict, facts: Iterable[str]) -> Entry:
    pins = f", pins {', '.join(promise.contract)}" if promise.contract else ""
    named = (f"{promise.name}{pins}",) if promise.says else ()
    shown = promise.candidate if promise.candidate.message else promise.baseline
    told = promise.verdict in TOLD
    # What an unknown one says in a word is among the facts already.
    message = "" if promise.verdict is Verdict.UNKNOWN else shown.message
    return Entry(
        pack=cell.pack,
        owner=cell.owner,
        says=promise.says or promise.name,
        facts=(*named, *facts),
        quoted=tuple(why(message, shown.text)) if told else (),
        command=cell.command if told else "",
    )


def going(decision: Decision) -> Iterator[Entry]:
    """What the candidate says will go away, and the promises that use it."""
    for one in decision.will_break:
        for user in one.users:
            yield Entry(
                pack=user.pack, owner=user.owner, says=one.says, facts=tuple(some(user.promises))
            )


def in_words(cells: Iterable[CellVerdict], verdict: Verdict) -> Iterator[Entry]:
    """What needs nobody's attention, by its words alone."""
    for cell in cells:
        for one in cell.having(verdict):
            case = "".join(one.name.partition("[")[1:]) if one.says else one.name
            says = " ".join(filter(None, (one.says, case)))
            yield Entry(pack=cell.pack, owner=cell.owner, says=says)


def described(core: Core) -> str:
    commit = f" at commit {core.commit}" if core.commit else ""
    wheel = f", wheel sha256:{PurePath(core.wheel).parent.name}" if core.wheel else ""
    return f"{core.core_ref}, {core.named}, Core {core.version} from {core.source}{commit}{wheel}"


def beside(cell: CellVerdict) -> str:
    """What is told beside the verdict on a cell."""
    return "; ".join(filter(None, (counted(cell), environments(cell))))


def environments(cell: CellVerdict) -> str:
    """What the candidate did not run with as the baseline did, in less than a line."""
    found = versions(cell.environment, " instead of ")
    return f"the environment differs from the baseline's: {found}" if found else ""


def versions(differing: Sequence[InstalledVersions], between: str) -> str:
    """The first of what differs, each with its versions, and how many more do."""
    shown = [
        f"{one.name} {between.join(version or 'none' for version in one.versions)}"
        for one in differing[:MOST_VERSIONS]
    ]
    more = len(differing) - len(shown)
    return ", ".join((*shown, f"{more} more") if more else shown)


def counted(cell: CellVerdict) -> str:
    """How many promises of a cell have which verdict, the gravest first."""
    ordered = sorted(cell.promises, key=lambda one: PRECEDENCE.index(one.verdict))
    runs = groupby(ordered, key=lambda one: one.verdict)
    return ", ".join(f"{len(list(members))} {verdict}" for verdict, members in runs)
