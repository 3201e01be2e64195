"""What one run says, from its document alone: its cells, its decision, and what broke in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import NamedTuple

from fanout.core.requirement import ask_again, named, run_again
from fanout.dashboard.facts.grid import OUTCOMES
from fanout.dashboard.facts.verdicts import EVERYTHING, NOTHING
from fanout.gate.decision import Decision, reproduce
from fanout.gate.verdict import side
from fanout.history.run import Attempt, CellDecision, Environment, Finding, Run
from fanout.model import (
    Cell,
    CellReport,
    CellVerdict,
    Counts,
    Evidence,
    Outcome,
    Promise,
    PromiseVerdict,
    Result,
    Side,
    Standing,
    Verdict,
)

GRAVEST = tuple(OUTCOMES)
MOST_CELLS = 100_000  # whose names are taken apart once, though every run has them
NOT_KEPT = (Result.BROKEN, Result.ERRORED, Result.LISTED_BUT_KEPT, Result.KNOWN_BREAK)
KEPT, NOT_APPLICABLE = (Side(standing=one) for one in (Standing.KEPT, Standing.NOT_APPLICABLE))


class Failure(NamedTuple):
    """What a promise said in several cells, with one message: `place` is that of the finding."""

    place: int
    finding: Finding
    cells: tuple[str, ...]

    @property
    def core_refs(self) -> tuple[str, ...]:
        return tuple(map(core_ref_of, self.cells))


class RunFacts:
    """A run, and what follows from it."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def tried(self) -> Mapping[str, tuple[Attempt, ...]]:
        """The attempts at each cell, in their order."""
        found: dict[str, list[Attempt]] = {}
        for attempt in sorted(self.run.attempts, key=attrgetter("number")):
            found.setdefault(attempt.cell, []).append(attempt)
        return {cell: tuple(attempts) for cell, attempts in found.items()}

    @cached_property
    def failures(self) -> Mapping[tuple[str, str], tuple[Failure, ...]]:
        """All that is neither kept nor not applicable, by pack and promise."""
        cells: dict[int, dict[str, None]] = {}
        for name, attempts in self.tried.items():
            for attempt in attempts:
                for place in self.not_kept[attempt.results]:
                    cells.setdefault(place, {})[name] = None
        found: dict[tuple[str, str], tuple[Failure, ...]] = {}
        for place in sorted(cells):
            finding = self.run.findings[place]
            key = (finding.pack, finding.name)
            failure = Failure(place, finding, tuple(cells[place]))
            found[key] = (*found.get(key, ()), failure)
        return found

    @cached_property
    def not_kept(self) -> Mapping[int | None, Sequence[int]]:
        """The places of the findings that are neither kept nor not applicable, by results."""
        places = {at for at, one in enumerate(self.run.findings) if one.result in NOT_KEPT}
        found: dict[int | None, Sequence[int]] = {
            at: [place for place in results.findings if place in places]
            for at, results in enumerate(self.run.results)
        }
        return found | {None: ()}

    @cached_property
    def tallies(self) -> Sequence[Mapping[Result, int]]:
        """How many promises have which result, of each results."""
        said = [one.result for one in self.run.findings]
        return [Counter(map(said.__getitem__, one.findings)) for one in self.run.results]

    @cached_property
    def counts(self) -> Mapping[int | None, Counts]:
        """How many promises each results have, and what came of them."""
        return {None: Counts(), **dict(enumerate(map(Counts.of, self.tallies)))}

    @cached_property
    def outcomes(self) -> Mapping[str, Outcome]:
        """The outcome of each cell: of several attempts the gravest."""
        return {cell: gravest(tried).outcome for cell, tried in self.tried.items()}

    def environment(self, attempt: Attempt) -> Environment | None:
        return self.told(attempt.environment)

    def told(self, environment: int | None) -> Environment | None:
        return None if environment is None else self.run.environments[environment]

    @cached_property
    def cores(self) -> Mapping[str, Environment]:
        """What was tested as each Core ref, as the first cell that tells a version shows it."""
        attempts = self.run.attempts
        found: dict[str, Environment] = {}
        for core_ref, at in {(core_ref_of(one.cell), one.environment): None for one in attempts}:
            told, known = self.told(at), found.get(core_ref)
            if told and (known is None or (told.version and not known.version)):
                found[core_ref] = told
        return found

    @cached_property
    def verdicts(self) -> Mapping[tuple[str, str], Verdict]:
        """The verdict on each promise that has one other than passing, by pack and promise."""
        return {
            (pack_of(cell.cell), promise.name): promise.verdict
            for cell in self.run.verdicts
            for promise in cell.promises
        }

    @cached_property
    def decision(self) -> Decision | None:
        """The decision as it was made; None for a run that was not asked for one."""
        run = self.run
        if not (run.answer and run.candidate and run.baseline):
            return None
        return Decision(
            answer=run.answer,
            candidate=run.candidate,
            baseline=run.baseline,
            cells=tuple(map(self.verdict, run.verdicts)),
            only_new=run.only_new,
            causes=run.causes,
            consumers=run.consumers,
        )

    @cached_property
    def promise_verdicts(self) -> Mapping[tuple[str, str], PromiseVerdict]:
        """What the decision says of each promise, by pack and name."""
        cells = self.decision.cells if self.decision else ()
        return {(cell.pack, one.name): one for cell in cells for one in cell.promises}

    def verdict(self, cell: CellDecision) -> CellVerdict:
        pack = pack_of(cell.cell)
        seen, before = (
            [self.report(attempt) for attempt in self.tried.get(name, ())]
            for name in (cell.cell, cell.baseline)
        )
        decided = {one.name: one.verdict for one in cell.promises}
        told = {
            promise.name: promise
            for report in (*before, *seen)
            if report.evidence
            for promise in report.evidence.promises
        }
        return CellVerdict(
            pack=pack,
            owner=self.owner(pack),
            cell=cell.cell,
            baseline=cell.baseline,
            verdict=cell.verdict,
            reason=cell.reason,
            command=self.command(cell.cell),
            promises=tuple(
                self.promise(name, told.get(name), decided.get(name), seen, before)
                for name in dict.fromkeys((*decided, *told))
            ),
        )

    def promise(
        self,
        name: str,
        told: Promise | None,
        verdict: Verdict | None,
        seen: Sequence[CellReport],
        before: Sequence[CellReport],
    ) -> PromiseVerdict:
        """A promise with its verdict; one without a decision was passing or not applicable."""
        beside = told is not None and told.result is Result.NOT_APPLICABLE
        unsaid = NOT_APPLICABLE if beside else KEPT
        now, then = (
            side(reports, name, False) if verdict else unsaid for reports in (seen, before)
        )
        return PromiseVerdict(
            name=name,
            says=told.says if told else "",
            contract=told.contract if told else (),
            core=told.core if told else "",
            verdict=verdict or (Verdict.NOT_APPLICABLE if beside else Verdict.PASSING),
            candidate=now,
            baseline=then,
        )

    def report(self, attempt: Attempt) -> CellReport:
        core = self.environment(attempt) or Environment(asked="")
        promises = tuple(one.promise for one in self.run.findings_of(attempt))
        evidence = Evidence(
            cell=attempt.cell,
            started=attempt.started or self.run.started,
            seconds=attempt.seconds,
            asked=core.asked,
            source=core.source,
            version=core.version,
            digest=core.digest,
            python=core.python,
            distributions=tuple(self.run.distributions_of(core)),
            supports=EVERYTHING if attempt.supported else NOTHING,
            promises=promises,
        )
        return CellReport(
            cell=Cell(
                name=attempt.cell, pack=attempt.pack, core_ref=attempt.core_ref, core=core.asked
            ),
            outcome=attempt.outcome,
            reason=attempt.reason,
            evidence=evidence if promises else None,
        )

    def owner(self, pack: str) -> str:
        return self.run.packs[pack].owner if pack in self.run.packs else ""

    def command(self, cell: str) -> str:
        """What runs a cell again."""
        core_ref = core_ref_of(cell)
        for core in (self.run.candidate, self.run.baseline):
            if core and core.core_ref == core_ref:
                return reproduce(core, cell)
        told = self.cores.get(core_ref)
        return run_again(cell, told.asked, told.source) if told else f"tox run -e {cell}"

    def alone(self, cell: str, promise: str) -> str:
        """What judges one promise of a cell again; empty if its Core cannot be named."""
        pack, _, core_ref = cell.partition("-")
        known = {
            core.core_ref: core.given for core in (self.run.candidate, self.run.baseline) if core
        }
        told = self.cores.get(core_ref)
        if core_ref not in known and told:
            # A stand-in lies where it lay, but its Core ref is known everywhere.
            known[core_ref] = named(told.asked) if told.source != "stand-in" else core_ref
        return ask_again(pack, known[core_ref], promise) if known.get(core_ref) else ""


@lru_cache(maxsize=MOST_CELLS)
def pack_of(cell: str) -> str:
    return cell.partition("-")[0]


@lru_cache(maxsize=MOST_CELLS)
def core_ref_of(cell: str) -> str:
    return cell.partition("-")[2]


def gravest(attempts: Sequence[Attempt]) -> Attempt:
    """The attempt that counts: no attempt undoes another."""
    if len(attempts) == 1:
        return attempts[0]
    return min(attempts, key=lambda one: GRAVEST.index(one.outcome))


def in_order(facts: RunFacts) -> Iterator[str]:
    """The packs of a run, as its matrix orders them."""
    known = facts.run.matrix.packs if facts.run.matrix else ()
    tried = dict.fromkeys(pack_of(cell) for cell in facts.tried)
    yield from (name for name in known if name in tried)
    yield from (name for name in tried if name not in known)
