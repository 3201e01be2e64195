"""The report: every expected cell, and each broken promise once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date
from functools import cached_property
from itertools import groupby

from pydantic import computed_field

from fanout.cells.matrix import named_version
from fanout.cells.outcome import judge
from fanout.cells.will_break import Met, WillBreak, will_break
from fanout.core.requirement import run_again
from fanout.errors import ExitCode
from fanout.history.coverages import PackCoverage
from fanout.history.strengths import PackStrength
from fanout.model import (
    CellReport,
    Evidence,
    Frozen,
    Matrix,
    Outcome,
    PackOnDisk,
    Promise,
    Result,
)
from fanout.wording import QUOTED, cut, number

LONGEST_LINE = 400  # characters
LINES_OF_WHY = 6
MOST_NAMES = 6  # of promises that use one thing
ANSWERS = {ExitCode.FINE: "release", ExitCode.BROKEN: "hold", ExitCode.NO_VERDICT: "unknown"}
RED = (Result.BROKEN, Result.KNOWN_BREAK)


class Found(Frozen):
    """The cells of one pack of which one thing is to be said; the command runs the last again."""

    pack: str
    cells: tuple[str, ...]
    command: str


class PromiseReport(Found):
    """One promise of one pack in all the cells in which it has the same result.

    `listed` is the pack's entry where it is a known break, with the days that are left; `because`
    what changed in Core where it broke, if that is known.
    """

    owner: str
    promise: Promise
    listed: str = ""
    because: str = ""


class NoVerdict(Found):
    """The cells of one pack that have no verdict for one reason."""

    outcome: Outcome
    reason: str


class Taken(Frozen):
    """The cells of one pack that did not run, and when those ran that they take over from."""

    pack: str
    cells: tuple[str, ...]
    ran: str


class Report(Frozen):
    """What the whole matrix says. `broken` counts; `known_breaks` and `unsupported` do not."""

    schema_version: int = 1
    counts: dict[Outcome, int]
    cells: tuple[CellReport, ...]
    broken: tuple[PromiseReport, ...]
    known_breaks: tuple[PromiseReport, ...]
    not_applicable: tuple[PromiseReport, ...]
    unsupported: tuple[PromiseReport, ...]
    will_break: tuple[WillBreak, ...]
    strength: tuple[PackStrength, ...]
    coverage: tuple[PackCoverage, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def without_verdict(self) -> tuple[NoVerdict, ...]:
        found: dict[tuple[str, Outcome, str], list[CellReport]] = {}
        for cell in self.cells:
            if cell.outcome.has_verdict:
                continue
            key = (cell.cell.pack, cell.outcome, cell.reason)
            found.setdefault(key, []).append(cell)
        return tuple(
            NoVerdict(
                pack=pack,
                outcome=outcome,
                reason=reason,
                cells=tuple(cell.cell.name for cell in cells),
                command=command(cells[-1]),
            )
            for (pack, outcome, reason), cells in found.items()
        )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def taken_over(self) -> tuple[Taken, ...]:
        found: dict[tuple[str, date], list[str]] = {}
        for cell in self.cells:
            if cell.evidence and (taken := cell.evidence.taken_over):
                day = taken.started.astimezone(UTC).date()
                found.setdefault((cell.cell.pack, day), []).append(cell.cell.name)
        return tuple(
            Taken(pack=pack, cells=tuple(cells), ran=f"and ran on {day}")
            for (pack, day), cells in found.items()
        )

    @cached_property
    def packs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.cell.pack for cell in self.cells))

    @cached_property
    def of_core_ref(self) -> Mapping[str, Sequence[CellReport]]:
        """The cells of each Core ref."""
        found: dict[str, list[CellReport]] = {}
        for cell in self.cells:
            found.setdefault(cell.cell.core_ref, []).append(cell)
        return found

    @property
    def core_refs(self) -> tuple[str, ...]:
        return tuple(self.of_core_ref)

    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The Core refs, newest first, runs of equal content and equal outcomes taken together.

        Within a run the oldest comes first. Only runs of three or more are: two releases are as
        easily read apart.
        """
        found: list[tuple[str, ...]] = []
        for _, run in groupby(self.core_refs, key=self.look):
            refs = tuple(run)
            found += [refs] if len(refs) > 2 else [(ref,) for ref in refs]
        return tuple(found[::-1])

    def look(self, core_ref: str) -> tuple[object, ...]:
        """What a reader sees of a Core ref; never equal for two without evidence."""
        cells = self.of_core_ref[core_ref]
        digests = {cell.evidence.digest for cell in cells if cell.evidence} - {""} or {core_ref}
        seen = [
            (
                cell.cell.pack,
                cell.outcome,
                [p.name for one in RED for p in cell.promises(one)],
                cell.counts.judged,
            )
            for cell in cells
        ]
        return (digests, seen)

    def heading(self, core_refs: tuple[str, ...]) -> str:
        """The lines over a column: which Core it is, and what is unusual about it."""
        first, last = self.named[core_refs[0]], self.named[core_refs[-1]]
        if len(core_refs) > 1:
            return f"{first}\nto {last}\n{len(core_refs)} refs alike"
        for cell in self.of_core_ref[core_refs[0]]:
            if cell.evidence and cell.evidence.version:
                source = cell.evidence.source.replace("pypi", "")
                return "\n".join(dict.fromkeys((first, cell.evidence.version, source))).rstrip()
        return first

    @cached_property
    def named(self) -> Mapping[str, str]:
        """Each Core ref of the table by its version, and any other as it is."""
        found = {ref: ref for ref in self.core_refs}
        for cell in self.cells:
            at = named_version(cell.cell)
            if at and cell.cell.core_ref.startswith("core_v"):
                found[cell.cell.core_ref] = str(at)
        return found

    def spans(self, cells: tuple[str, ...]) -> str:
        """Cells of one pack as runs of Cores: `core_v110, 1.2.11 to 1.4.61`."""
        order = self.core_refs
        places = sorted(order.index("core_" + cell.partition("-core_")[2]) for cell in cells)
        runs = []
        for _, members in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
            run = [self.named[order[place]] for _, place in members]
            runs.append(" to ".join(dict.fromkeys((run[0], run[-1]))))
        return ", ".join(runs)

    @property
    def summary(self) -> str:
        said = [f"{number} {outcome}" for outcome, number in self.counts.items() if number]
        counts = [cell.counts for cell in self.cells if cell.outcome.has_verdict]
        partly = sum(one.partly for one in counts)
        known = sum(one.known_breaks > 0 for one in counts)
        but = [f"{partly} partly judged"] if partly else []
        but += [f"{known} with known breaks"] if known else []
        more = f" ({', '.join(but)})" if but else ""
        return f"{len(self.cells)} cells: {', '.join(said)}{more}"

    @property
    def answer(self) -> str:
        """Release, hold or unknown, and why, in one line."""
        every = number(len(self.cells), "cell")
        said = []
        if self.broken:
            packs = {one.pack for one in self.broken}
            of = f"of {min(packs)}" if len(packs) == 1 else f"of {len(packs)} packs"
            are = "is" if len(self.broken) == 1 else "are"
            where = {cell for one in self.broken for cell in one.cells}
            said.append(
                f"{number(len(self.broken), 'promise')} {of} {are} broken,"
                f" in {len(where)} of {every}"
            )
        if without := sum(not cell.outcome.has_verdict for cell in self.cells):
            said.append(f"{without} of {every} without a verdict")
        why = "; ".join(said) or f"nothing that counts is broken in {every}"
        return f"{ANSWERS[self.exit_code]}: {why}"

    @property
    def age(self) -> str:
        """From when to when the evidence was written."""
        started = sorted(cell.evidence.started for cell in self.cells if cell.evidence)
        ends = [moment.astimezone(UTC) for moment in (*started[:1], *started[-1:])]
        said = dict.fromkeys(f"{moment:%Y-%m-%d %H:%M} UTC" for moment in ends)
        return f"Evidence of {' to '.join(said)}" if said else "No evidence"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def exit_code(self) -> ExitCode:
        if self.broken:
            return ExitCode.BROKEN
        return ExitCode.NO_VERDICT if self.without_verdict else ExitCode.FINE


def make_report(
    matrix: Matrix,
    evidence: Mapping[str, Evidence | str],
    packs: Mapping[str, PackOnDisk],
    today: date,
    strength: tuple[PackStrength, ...] = (),
    coverage: tuple[PackCoverage, ...] = (),
) -> Report:
    """Judge every expected cell; evidence of cells that are not expected is left aside."""
    by_name = {cell.name: cell for cell in matrix.cells}
    expected = [by_name[name] for name in matrix.expected]
    cells = tuple(
        judge(cell, evidence.get(cell.name), packs[cell.pack], today) for cell in expected
    )
    outcomes = Counter(cell.outcome for cell in cells)
    supported = tuple(cell for cell in cells if cell.evidence and cell.evidence.supported)
    unsupported = tuple(cell for cell in cells if cell.evidence and not cell.evidence.supported)
    return Report(
        counts={outcome: outcomes[outcome] for outcome in Outcome},
        cells=cells,
        broken=gather(supported, Result.BROKEN, packs, today),
        known_breaks=gather(cells, Result.KNOWN_BREAK, packs, today),
        not_applicable=gather(cells, Result.NOT_APPLICABLE, packs, today),
        unsupported=gather(unsupported, Result.BROKEN, packs, today),
        will_break=will_break(
            Met(
                said, cell.cell.pack, packs[cell.cell.pack].says.owner, promise.name, cell.cell.name
            )
            for cell in supported
            for promise in (cell.evidence.promises if cell.evidence else ())
            for said in promise.deprecations
        ),
        strength=strength,
        coverage=coverage,
    )


def gather(
    cells: tuple[CellReport, ...], result: Result, packs: Mapping[str, PackOnDisk], today: date
) -> tuple[PromiseReport, ...]:
    """Each promise with this result once, with its cells in the matrix's order."""
    found: dict[tuple[str, str], list[tuple[CellReport, Promise]]] = {}
    for cell in cells:
        for promise in cell.promises(result):
            found.setdefault((cell.cell.pack, promise.name), []).append((cell, promise))
    return tuple(
        PromiseReport(
            pack=pack,
            owner=packs[pack].says.owner,
            promise=seen[-1][1],
            listed=listed(seen[-1][1].known_break, seen[-1][1].expires, today),
            cells=tuple(cell.cell.name for cell, _ in seen),
            command=command(seen[-1][0]),
        )
        for (pack, _), seen in found.items()
    )


def command(cell: CellReport) -> str:
    """What runs a cell again, on the Core that it ran on or would run on."""
    asked = cell.evidence.asked if cell.evidence else cell.cell.core
    return run_again(cell.cell.name, asked, cell.evidence.source if cell.evidence else "")


def listed(known_break: str, expires: date | None, today: date) -> str:
    """A pack's entry of a known break, and the days that it has left; empty if there is none."""
    left = f" ({number((expires - today).days, 'day')} left)" if expires else ""
    return f"listed: {known_break}{left}" if known_break else ""


def told(promise: Promise, pack: str, owner: str, *facts: str) -> Iterator[str]:
    """Whose a broken promise is, what else is known of it, what it pins, and why it is broken."""
    yield f"{pack}, owned by {owner}, {promise.name}"
    yield from filter(None, facts)
    if promise.contract:
        yield f"pins {', '.join(promise.contract)}"
    yield from why(promise.message, promise.text)


def some(names: Sequence[str]) -> Iterator[str]:
    """The names, or as many of them as one can take in."""
    yield from names[:MOST_NAMES]
    if len(names) > MOST_NAMES:
        yield f"and {len(names) - MOST_NAMES} more"


def why(message: str, text: str) -> Iterator[str]:
    """The first lines of why: what pytest marks as the error, or else the message."""
    marked = [line[2:] for line in text.splitlines() if line.startswith("E ")]
    for line in (marked or message.splitlines())[:LINES_OF_WHY]:
        yield f"{QUOTED}{cut(line.strip(), LONGEST_LINE)}"
