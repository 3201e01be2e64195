"""The answer in words: may we release the candidate, why, who gets it and who breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from fanout import shell
from fanout.consumers.affected import Affected
from fanout.consumers.takes import Takes
from fanout.dashboard.facts.candidate import Judged
from fanout.dashboard.facts.consumer import GETS
from fanout.dashboard.facts.released import Breaks, Released
from fanout.gate.verdict import HOLDS, PRECEDENCE
from fanout.model import CellVerdict, Outcome, Result, Verdict, version_of
from fanout.told.decision.headline import headline
from fanout.wording import cut, number, one_line

LONGEST_WHY = 240  # characters
MOST_ROWS = 8
MOST_VERSIONS, MOST_NAMES = 3, 6  # in one list
# What somebody has to do something about, then what is good to know.
URGENT = (Verdict.REGRESSED, Verdict.BROKEN, Verdict.UNKNOWN)
CALM = (Verdict.STILL_FAILING, Verdict.KNOWN_BREAK, Verdict.PENDING, Verdict.FIXED)


class Count(NamedTuple):
    """How many have a verdict or an outcome, and the filter that shows them."""

    word: str
    says: str
    filter: str


class Who(NamedTuple):
    """A pack, or a consumer without one: its verdict, when it gets the candidate, and why."""

    name: str
    pack: str  # empty without one
    verdict: str
    says: str
    gets: str
    why: str
    cell: str
    consumer: str  # that has a page


class Answer(NamedTuple):
    """What the first screen says of the candidate."""

    candidate: Judged
    word: str
    says: str
    cause: str
    who: str
    counts: tuple[Count, ...]
    rows: tuple[Who, ...]
    calm: tuple[Who, ...]  # of which nothing is new and nothing unknown, where there are many rows
    command: str


def answer(candidate: Judged) -> Answer:
    word, _, says = headline(candidate.decision).partition(": ")
    address = candidate.core.given
    found = rows(candidate)
    many = len(found) > MOST_ROWS
    calm = [one for one in found if many and one.verdict not in URGENT]
    return Answer(
        candidate=candidate,
        word=word,
        says=says or "its run has an answer, and does not say of what",
        cause=cause(candidate),
        who=who(candidate),
        counts=tuple(counts(candidate)),
        rows=tuple(one for one in found if one not in calm),
        calm=tuple(calm),
        command=f"tox run -e check -- {shell.quoted(address)}" if address else "",
    )


def cause(candidate: Judged) -> str:
    """The change in Core that explains most of what regressed, in one line."""
    causes = candidate.facts.run.causes
    known = [one for one in causes if one.changes]
    if not known:
        return "not known: no change in Core explains it" if regressed(candidate) else ""
    first, others = known[0].changes[0], sum(len(one.changes) for one in known) - 1
    since = f", since {known[0].since}" if known[0].since else ""
    more = f"; and {number(others, 'further change')}" if others else ""
    return f"{cut(one_line(first.says), LONGEST_WHY)}{since}{more}"


def regressed(candidate: Judged) -> int:
    return candidate.counts.get(Verdict.REGRESSED, 0)


def who(candidate: Judged) -> str:
    """Who breaks and who gets the candidate when, in a sentence."""
    decision = candidate.decision
    broken = [cell.pack for cell in decision.cells if any(map(cell.having, HOLDS))]
    broken += [one.consumer for one in decision.consumers if one.holds and one.pack not in broken]
    said = [f"{listed(broken)} {'breaks' if len(broken) == 1 else 'break'}"] if broken else []
    gets: dict[Takes, list[str]] = {}
    for one in decision.consumers:
        gets.setdefault(one.takes, []).append(one.pack or one.consumer)
    for takes, names in sorted(gets.items(), key=lambda pair: list(Takes).index(pair[0])):
        verb = "gets" if len(names) == 1 else "get"
        known = f"{listed(names)} {verb} it {GETS[takes]}"
        said.append(known if takes is not Takes.UNKNOWN else f"of {listed(names)} it is not known")
    return "; ".join(said)


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """The names in a sentence, or the first of them and how many more there are."""
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def counts(candidate: Judged) -> Iterator[Count]:
    for verdict in (*URGENT, *CALM):
        if count := candidate.counts.get(verdict, 0):
            at = address(verdict=verdict, ref="candidate")
            yield Count(verdict, f"{count} {verdict}", at)


def address(**filters: str) -> str:
    return f"?{urlencode(filters)}#matrix"


def rows(candidate: Judged) -> list[Who]:
    """Each pack and each consumer without one, what is new or not known first."""
    consumers = {one.pack or one.consumer: one for one in candidate.decision.consumers}
    cells = sorted(candidate.decision.cells, key=urgency)
    found = [of_pack(cell, consumers.pop(cell.pack, None)) for cell in cells]
    return found + [of_consumer(one) for one in consumers.values()]


def urgency(cell: CellVerdict) -> tuple[bool, int]:
    return (cell.verdict not in URGENT, PRECEDENCE.index(cell.verdict))


def of_pack(cell: CellVerdict, consumer: Affected | None) -> Who:
    told = Counter(one.verdict for one in cell.promises)
    said = [f"{told[one]} {one}" for one in (*URGENT, *CALM) if told[one]]
    return Who(
        name=cell.pack,
        pack=cell.pack,
        verdict=cell.verdict,
        says=", ".join(said) or cell.verdict,
        gets=GETS[consumer.takes] if consumer else "",
        why=cut(one_line(why(cell)), LONGEST_WHY),
        cell=cell.cell,
        consumer=consumer.consumer if consumer else "",
    )


def why(cell: CellVerdict) -> str:
    """The first promise that holds, what is new first, or why nothing is known."""
    held = [one for verdict in PRECEDENCE if verdict in HOLDS for one in cell.having(verdict)]
    return (held[0].says or held[0].name) if held else cell.reason


def of_consumer(one: Affected) -> Who:
    broken = one.holds
    return Who(
        name=one.shown,
        pack="",
        verdict="broken" if broken else "no pack",
        says="breaks" if broken else "no pack",
        gets=GETS[one.takes],
        why="",
        cell="",
        consumer=one.consumer,
    )


def released_counts(found: Released) -> Iterator[Count]:
    """What is new with the released content, not known, broken for longer, and known."""
    version = found.ref.called
    broken, known = ([one.broken for one in found.packs], [one.known for one in found.packs])
    failed = address(outcome=Outcome.FAILED, ref=version)
    # What is new is so against another content.
    new, listed_now = (
        sum(one.new for one in ones) if found.before else 0 for ones in (broken, known)
    )
    if new:
        yield Count(Verdict.REGRESSED, f"{new} newly broken", failed)
    elif found.before and not found.unknown and not listed_now:
        yield Count("", "nothing new", "")
    if old := sum(one.total for one in broken) - new:
        yield Count(Outcome.FAILED, f"{old} broken {since(broken)}".rstrip(), failed)
    if found.unknown:
        says = f"{number(found.unknown, 'pack')} not known"
        yield Count(Verdict.UNKNOWN, says, address(verdict=Verdict.UNKNOWN, ref=version))
    at = address(verdict=Verdict.KNOWN_BREAK, ref=version)
    if listed_now:
        yield Count(Result.KNOWN_BREAK, f"{number(listed_now, 'known break')} new", at)
    if earlier := sum(one.total for one in known) - listed_now:
        says = f"{number(earlier, 'known break')} {since(known)}".rstrip()
        yield Count(Result.KNOWN_BREAK, says, at)


def since(found: Sequence[Breaks]) -> str:
    """Since which Cores, the oldest first; empty for what is new with the newest content."""
    old = {ref.called for one in found for ref in one.old}
    versions = sorted(old, key=version_of)
    return f"since {listed(versions, MOST_VERSIONS)}" if old else ""
