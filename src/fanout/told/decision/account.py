"""What is to be told of a decision, in the order of telling, whatever the format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from pathlib import PurePath

from fanout.cause.failure import last_error
from fanout.cause.fewest import BrokenPromise, by_cause
from fanout.core.requirement import ask_again
from fanout.gate.decision import Decision
from fanout.gate.verdict import HOLDS, PRECEDENCE
from fanout.model import (
    CellVerdict,
    Core,
    Frozen,
    PromiseVerdict,
    Verdict,
)
from fanout.told.decision import affected
from fanout.told.decision.headline import having, headline
from fanout.told.decision.many import FEW, folded
from fanout.told.decision.section import Entry, Group, Section, section
from fanout.told.decision.standing import now_and_then, unsettled, versions
from fanout.told.report import listed, some, why
from fanout.wording import TAKEN_OVER, number

# What is told with why, and how to run it again.
TOLD = HOLDS | {Verdict.UNKNOWN, Verdict.KNOWN_BREAK, Verdict.PENDING}
SAME_CONTENT = "The candidate has the same content as its baseline: nothing in Core's code changed."


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
    sections = (
        *affected.first(decision),
        Section(title="Regressed", groups=tuple(regressed(decision))),
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
            *taken_over(decision),
        ),
        consumers=tuple(affected.rows(decision)),
        packs=tuple((cell.pack, str(cell.verdict), beside(cell)) for cell in cells),
        sections=tuple(
            pointed(folded(one), decision.candidate.given) for one in sections if one.promises
        ),
    )


def pointed(section: Section, core: str) -> Section:
    """The section, in which a promise that is told alone of its cell is run again alone."""
    told = Counter(
        one.command
        for group in section.groups
        for one in (*group.entries, *(part for many in group.many for part in many.entries))
    )

    groups = (
        group.model_copy(update={"entries": tuple(alone(one, told, core) for one in group.entries)})
        for group in section.groups
    )
    return section.model_copy(update={"groups": tuple(groups)})


def alone(one: Entry, told: Mapping[str, int], core: str) -> Entry:
    """An entry, which asks its promise alone if its command is told for nothing else."""
    if told[one.command] > 1 or not one.command or not one.names:
        return one
    again = ask_again(one.pack, core, one.names[0])
    return one.model_copy(update={"command": again or one.command})


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


def regressed(decision: Decision) -> Iterator[Group]:
    """What regressed, by what changed in Core."""
    found = {
        BrokenPromise(pack=cell.pack, name=one.name): entry(cell, one, now_and_then(decision, one))
        for cell, one in having(decision, Verdict.REGRESSED)
    }
    for cause, told in by_cause(decision.causes, found):
        yield Group(changes=cause.changes, since=cause.since, entries=tuple(told))


def broken(decision: Decision, verdict: Verdict) -> Iterator[Entry]:
    for cell, one in having(decision, verdict):
        yield entry(cell, one, now_and_then(decision, one))


def entries(cells: Iterable[CellVerdict], verdict: Verdict, today: date) -> Iterator[Entry]:
    for cell in cells:
        for promise in cell.having(verdict):
            known = listed(promise.known_break, promise.expires, today)
            yield entry(cell, promise, ()).model_copy(update={"listed": known})


def entry(cell: CellVerdict, promise: PromiseVerdict, facts: Iterable[str]) -> Entry:
    shown = promise.candidate if promise.candidate.message else promise.baseline
    told = promise.verdict in TOLD
    # What an unknown one says in a word is among the facts already.
    message = "" if promise.verdict is Verdict.UNKNOWN else shown.message
    return Entry(
        pack=cell.pack,
        owner=cell.owner,
        says=promise.says or promise.name,
        names=(promise.name,),
        pins=promise.contract,
        facts=tuple(facts),
        quoted=tuple(why(message, shown.text)) if told else (),
        error=last_error(message, shown.text) if told else "",
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
    """What needs nobody's attention, by its words alone; of many of a pack by their names."""
    for cell in cells:
        found = cell.having(verdict)
        if len(found) > FEW:
            names = tuple(one.name for one in found)
            says = number(len(found), "promise")
            yield Entry(pack=cell.pack, owner=cell.owner, says=says, names=names)
            continue
        for one in found:
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


def taken_over(decision: Decision) -> Iterator[str]:
    """When that ran which did not have to run again, as one line."""
    told = [one.taken_over for one in decision.cells]
    told += [one.taken_over for one in decision.consumers]
    if days := sorted({f"{one.started:%Y-%m-%d}" for one in told if one}):
        span = " to ".join(dict.fromkeys((days[0], days[-1])))
        yield f"{TAKEN_OVER} taken over from what ran on {span}; FRESH=1 runs all"


def counted(cell: CellVerdict) -> str:
    """How many promises of a cell have which verdict, the gravest first."""
    ordered = sorted(cell.promises, key=lambda one: PRECEDENCE.index(one.verdict))
    runs = groupby(ordered, key=lambda one: one.verdict)
    said = ", ".join(f"{len(list(members))} {verdict}" for verdict, members in runs)
    return f"{said} {TAKEN_OVER}" if cell.taken_over else said
