"""What is to be told of a decision, in the order of telling, whatever the format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import PurePath

from fanout.gate.decision import Decision
from fanout.gate.verdict import PRECEDENCE
from fanout.model import Answer, CellVerdict, Core, Frozen, PromiseVerdict, Side, Standing, Verdict
from fanout.surface.change import Change
from fanout.told.report import why
from fanout.wording import number


class Entry(Frozen):
    """One thing to tell of one pack: a promise, or a cell without a verdict."""

    pack: str
    owner: str
    says: str
    facts: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()  # the first lines of why
    command: str = ""


class Group(Frozen):
    """Entries with one cause, which is the change in Core if one is known."""

    changes: tuple[Change, ...] = ()
    since: str = ""  # the version of Core from which on they are told
    entries: tuple[Entry, ...]


class Section(Frozen):
    """What has one verdict."""

    title: str
    groups: tuple[Group, ...]


class Account(Frozen):
    """The answer in one line, what was compared, each pack in a line, then the sections."""

    headline: str
    compared: tuple[str, ...]
    packs: tuple[tuple[str, str, str], ...]  # pack, verdict, how many promises have which
    sections: tuple[Section, ...]


def account(decision: Decision, today: date) -> Account:
    """Regressed first, by cause; then fixed, still failing, unknown, and the rest."""
    deciding = [cell for cell in decision.cells if not cell.pending]
    pending = [cell for cell in decision.cells if cell.pending]
    regressed = [(cell, one) for cell in deciding for one in cell.having(Verdict.REGRESSED)]
    sections = (
        Section(title="Regressed", groups=by_cause(decision, regressed)),
        section("Fixed", entries(deciding, Verdict.FIXED, today)),
        section("Still failing", entries(deciding, Verdict.STILL_FAILING, today)),
        section("Unknown", unknown(deciding)),
        section("New, and kept", in_words(deciding, Verdict.NEW)),
        section("Removed", in_words(deciding, Verdict.REMOVED)),
        section("Pending: never green, so it decides nothing", map(never_green, pending)),
    )
    return Account(
        headline=headline(decision),
        compared=(
            f"candidate: {described(decision.candidate)}",
            f"baseline:  {described(decision.baseline)}",
        ),
        packs=tuple((cell.pack, glyph(cell), counted(cell)) for cell in decision.cells),
        sections=tuple(one for one in sections if any(group.entries for group in one.groups)),
    )


def section(title: str, found: Iterable[Entry]) -> Section:
    return Section(title=title, groups=(Group(entries=tuple(found)),))


def headline(decision: Decision) -> str:
    """The answer and the reason for it, in one line."""
    return " ".join(answered(decision).split())


def answered(decision: Decision) -> str:
    candidate, baseline = decision.candidate.shown, decision.baseline.shown
    if decision.answer is Answer.HOLD:
        broken = {
            cell.pack: len(cell.having(Verdict.REGRESSED))
            for cell in decision.cells
            if cell.verdict is Verdict.REGRESSED and not cell.pending
        }
        return (
            f"hold: Core {candidate} breaks {number(sum(broken.values()), 'promise')} of"
            f" {', '.join(broken)} that {baseline} does not break"
        )
    if decision.answer is Answer.UNKNOWN:
        cells = [cell for cell in decision.cells if cell.verdict is Verdict.UNKNOWN]
        reasons = [reason(cell) for cell in cells if not cell.pending]
        if not reasons:
            return f"unknown: no pack that decides has judged Core {candidate}"
        return f"unknown: {len(reasons)} of {number(len(decision.cells), 'pack')}: {reasons[0]}"
    return (
        f"release: Core {candidate} breaks no promise that {baseline} keeps"
        f" ({', '.join(tally(decision))})"
    )


def tally(decision: Decision) -> Iterator[str]:
    """How much was asked, and what a reader must not overlook in an answer that is release."""
    yield number(len(decision.cells), "pack")
    yield number(sum(len(cell.promises) for cell in decision.cells), "promise")
    if still := sum(len(cell.having(Verdict.STILL_FAILING)) for cell in decision.cells):
        yield f"{still} still failing"
    if beside := sum(len(cell.having(Verdict.NOT_APPLICABLE)) for cell in decision.cells):
        yield f"{beside} not applicable"
    for word in (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE):
        if packs := [cell.pack for cell in decision.cells if cell.verdict is word]:
            yield f"{word}: {' '.join(packs)}"
    if packs := [cell.pack for cell in decision.cells if cell.pending]:
        yield f"pending: {' '.join(packs)}"


def reason(cell: CellVerdict) -> str:
    """Why a cell has no verdict."""
    if cell.reason:
        return cell.reason
    one = next(iter(cell.having(Verdict.UNKNOWN)), None)
    return f"{cell.cell}: {one.name}: {unsettled(one)}" if one else f"{cell.cell}: no promise"


def unsettled(promise: PromiseVerdict) -> str:
    sides = {"candidate": promise.candidate, "baseline": promise.baseline}
    said = {word: what(one) for word, one in sides.items() if one.standing is Standing.UNKNOWN}
    if len(set(said.values())) < len(said):
        return f"on both sides {said['candidate']}"
    return ", ".join(f"on the {word} {told}" for word, told in said.items())


def what(side: Side) -> str:
    if side.flaky:
        return f"flaky ({', then '.join(side.attempts)})"
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


def never_green(cell: CellVerdict) -> Entry:
    return Entry(
        pack=cell.pack,
        owner=cell.owner,
        says=f"its verdict is {cell.verdict}; no Core ref has ever passed it",
        facts=(counted(cell),),
        command=cell.command,
    )


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


def now_and_then(decision: Decision, promise: PromiseVerdict) -> tuple[str, ...]:
    was = f"was: {promise.baseline.standing} on {decision.baseline.core_ref}"
    if promise.baseline.standing is Standing.NOT_APPLICABLE and promise.core:
        was += f" (it holds from Core {promise.core})"
    times = len(promise.candidate.attempts)
    again = f", {times} times out of {times}" if times > 1 else ", not yet run a second time"
    return (was, f"now: broken on {decision.candidate.core_ref}{again}")


def entries(cells: Iterable[CellVerdict], verdict: Verdict, today: date) -> Iterator[Entry]:
    for cell in cells:
        for promise in cell.having(verdict):
            listed = []
            if promise.known_break and promise.expires:
                left = number((promise.expires - today).days, "day")
                listed.append(f"listed: {promise.known_break} ({left} left)")
            yield entry(cell, promise, listed)


def entry(cell: CellVerdict, promise: PromiseVerdict, facts: Iterable[str]) -> Entry:
    pins = f", pins {', '.join(promise.contract)}" if promise.contract else ""
    named = (f"{promise.name}{pins}",) if promise.says else ()
    shown = promise.candidate if promise.candidate.message else promise.baseline
    broken = promise.verdict in (Verdict.REGRESSED, Verdict.STILL_FAILING, Verdict.UNKNOWN)
    # What an unknown one says in a word is among the facts already.
    message = "" if promise.verdict is Verdict.UNKNOWN else shown.message
    return Entry(
        pack=cell.pack,
        owner=cell.owner,
        says=promise.says or promise.name,
        facts=(*named, *facts),
        quoted=tuple(why(message, shown.text)) if broken else (),
        command=cell.command if broken else "",
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


def glyph(cell: CellVerdict) -> str:
    return "pending" if cell.pending else str(cell.verdict)


def counted(cell: CellVerdict) -> str:
    """How many promises of a cell have which verdict, the gravest first."""
    ordered = sorted(cell.promises, key=lambda one: PRECEDENCE.index(one.verdict))
    runs = groupby(ordered, key=lambda one: one.verdict)
    return ", ".join(f"{len(list(members))} {verdict}" for verdict, members in runs)
