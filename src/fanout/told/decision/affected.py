"""What a candidate means for the consumers themselves, in words: a row for each, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from fanout.cells.live import Imported
from fanout.consumers.affected import Affected, Fault, Lost
from fanout.consumers.installs import Found
from fanout.consumers.takes import Takes
from fanout.gate.decision import Decision
from fanout.model import Standing
from fanout.told.decision.section import Entry, Section, section
from fanout.told.report import listed
from fanout.wording import cut, fitted, number, one_line, signed

HEAD = ("consumer", "gets it", "installs", "imports", "promises kept", "loses")
QUESTIONS = LOSES, GETS, INSTALLS, IMPORTS = (
    "what {} would lose",
    "when {} gets it",
    "whether {} can be installed",
    "whether {} can be imported",
)
UNASKED = "not asked"
KNOWN = "known break"
NOT_JUDGED = (Standing.NOT_APPLICABLE, Standing.UNSUPPORTED, Standing.UNKNOWN, Standing.ABSENT)
LONGEST_WHY = 400  # characters of why a module cannot be imported
UNDECLARED = "undeclared: "  # what the name of what is not declared begins with
Row = tuple[str, ...]


def rows(decision: Decision) -> Iterator[Row]:
    """A row for each consumer, below the heads of the columns."""
    if decision.consumers:
        yield HEAD
    for one in decision.consumers:
        cells = (one.shown, one.takes, installs(one), imports(one), kept(decision, one))
        yield (*cells, loses(one))


def installs(one: Affected) -> str:
    return KNOWN if one.excuse else one.installs or UNASKED


def imports(one: Affected) -> str:
    broken = [fault for fault in one.faults if fault.imported is Imported.BROKEN]
    if broken and all(fault.excuse for fault in broken):
        return KNOWN
    return signed(one.imports or UNASKED, bool(one.taken_over))


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


def not_asked(decision: Decision) -> Iterator[str]:
    """What no consumer was asked, as one line."""
    found = decision.consumers
    asked = {
        "installed": (one.installs for one in found),
        "imported": (one.imports for one in found),
    }
    words = [word for word, said in asked.items() if not any(said)]
    if found and words:
        yield f"not asked: whether the consumers can be {' and '.join(words)}"


def held(decision: Decision) -> Iterator[str]:
    """Why consumers hold the release, in the first line."""
    candidate, found = decision.candidate.shown, decision.consumers
    for one in found:
        if one.lost:
            yield f"Core {candidate} lacks {loses(one)}, which {one.shown} uses"
    if broken := ", ".join(one.shown for one in found if one.breaks):
        yield f"whoever installs {broken} gets Core {candidate}, with which that is not possible"
    if broken := ", ".join(one.shown for one in found if one.holding):
        modules = number(sum(len(one.holding) for one in found), "module")
        yield (
            f"whoever installs {broken} gets Core {candidate}, which breaks the import of {modules}"
        )


def unjudged(decision: Decision) -> Iterator[str]:
    """What the baseline lets consumers import, and nobody can tell of the candidate."""
    for one in decision.consumers:
        if one.unjudged:
            modules = number(len(one.unjudged), "module")
            why = cut(one_line(one.unjudged[0].message), LONGEST_WHY)
            yield f"the import of {modules} of {one.shown} gives no verdict: {why}"


def unknown(decision: Decision) -> Iterator[str]:
    """What nobody knows of consumers, and decides nothing."""
    found: dict[str, list[str]] = {question: [] for question in QUESTIONS}
    for one in decision.consumers:
        for question in doubts(decision, one):
            found[question].append(one.shown)
    for question, of in found.items():
        if of:
            yield f"{question.format(', '.join(of))} is not known"


def doubts(decision: Decision, one: Affected) -> dict[str, str]:
    """Each question of a consumer that has no answer, and why; of what was asked of any."""
    found = {}
    if one.unread:
        found[LOSES] = one.unread
    elif one.takes is Takes.UNKNOWN:
        found[GETS] = "what it declares of Core cannot be read, or it declares nothing"
    if one.installs is Found.UNKNOWN:
        found[INSTALLS] = f"the resolver gave no answer: {one.why}"
    if one.unimported and one.installs is not Found.NO:  # or that is why, and told already
        found[IMPORTS] = fitted(one.unimported, LONGEST_WHY)
    elif one.imports is None and any(other.imports for other in decision.consumers):
        found[IMPORTS] = "there is no evidence of its live cell"
    return found


def first(decision: Decision) -> tuple[Section, ...]:
    """What decides of consumers, or would."""
    return (
        section("Consumers that this Core breaks", losing(decision)),
        section("Consumers of which too little is known", unread(decision)),
    )


def beside(decision: Decision, today: date) -> tuple[Section, ...]:
    """What decides nothing."""
    return (
        section("Known breaks of consumers themselves", excused(decision, today)),
        section("Entries of pack.toml that excuse nothing", wrong(decision)),
        section("Worse than with the baseline, which holds nothing", worse(decision)),
    )


def losing(decision: Decision) -> Iterator[Entry]:
    for one in decision.consumers:
        if one.holds:
            yield entry(one, f"{one.shown} breaks", facts(one), again=bool(one.holding))


def unread(decision: Decision) -> Iterator[Entry]:
    for one in decision.consumers:
        for question, reason in doubts(decision, one).items():
            yield entry(one, reason, again=question == IMPORTS)


def excused(decision: Decision, today: date) -> Iterator[Entry]:
    """What is broken of a consumer, and its pack lists."""
    for one in decision.consumers:
        if one.excuse:
            told = listed(one.excuse.known_break, one.excuse.expires, today)
            yield entry(one, f"It cannot be installed with this Core: {one.why}", [told])
        for fault in one.excused:
            if fault.excuse:
                told = listed(fault.excuse.known_break, fault.excuse.expires, today)
                yield entry(one, wrong_of([fault]), [told], again=True)


def wrong(decision: Decision) -> Iterator[Entry]:
    for one in decision.consumers:
        for said in one.wrong:
            yield entry(one, said)


def worse(decision: Decision) -> Iterator[Entry]:
    """What is new of the consumers with the candidate, and is told for their sake alone."""
    for one in decision.consumers:
        for said in grouped(one.worse):
            yield entry(one, said, again=True)


def entry(one: Affected, says: str, facts: Iterable[str] = (), *, again: bool = False) -> Entry:
    return Entry(
        pack=one.shown, says=says, facts=tuple(facts), command=one.command if again else ""
    )


def facts(one: Affected) -> Iterator[str]:
    """Why a consumer holds the release."""
    yield from map(gone, one.lost)
    if one.breaks:
        yield f"It gets this Core at once, and cannot be installed with it: {one.why}"
    yield from grouped(one.holding)


def gone(lost: Lost) -> str:
    places = f"{lost.file}:{lost.line}"
    more = f" and {number(lost.uses - 1, 'other place')}" if lost.uses > 1 else ""
    return f"{lost.name} is gone, and used without a guard in {places}{more}"


def grouped(faults: Iterable[Fault]) -> Iterator[str]:
    """Each thing that is wrong, once, with how many modules it stops."""
    together: dict[tuple[Imported, str], list[Fault]] = {}
    for one in faults:
        together.setdefault((one.imported, one.message), []).append(one)
    yield from map(wrong_of, together.values())


def wrong_of(faults: list[Fault]) -> str:
    first = faults[0]
    name = first.name.removeprefix(UNDECLARED)
    more = f" and {number(len(faults) - 1, 'other module')}" if faults[1:] else ""
    whose = {Imported.BROKEN: "Core breaks the import of "}.get(
        first.imported, f"{first.imported}: "
    )
    return fitted(f"{whose}{name}{more}: {first.message}", LONGEST_WHY)
