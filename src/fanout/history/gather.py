"""What the cells of a run said, every distinct thing once."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from fanout.history.run import (
    LONGEST_CELL,
    Attempt,
    Environment,
    Finding,
    Results,
    nearly_whole,
    shortened,
)
from fanout.model import CellReport, Evidence, Promise

LATEST = datetime.max.replace(tzinfo=UTC)
LARGEST_TEXTS = 16 * 1024 * 1024  # bytes, of all texts of failures that are held whole
T = TypeVar("T", bound=Hashable)


class Once(Generic[T]):
    """Distinct things in the order in which they were first seen, each at its position."""

    def __init__(self) -> None:
        self.seen: dict[T, int] = {}

    def at(self, thing: T) -> int:
        return self.seen.setdefault(thing, len(self.seen))


class Gathered:
    """What the attempts of a run point at, each held once."""

    def __init__(self) -> None:
        self.results: Once[Results] = Once()
        self.said: Once[Finding] = Once()
        self.texts: dict[int, str] = {}
        self.environments: Once[Environment] = Once()
        self.distributions: Once[str] = Once()

    def attempt(self, report: CellReport, number: int) -> Attempt:
        evidence = report.evidence
        if evidence is None:
            return Attempt(
                cell=report.cell.name, number=number, outcome=report.outcome, reason=report.reason
            )
        return Attempt(
            cell=report.cell.name,
            number=number,
            outcome=report.outcome,
            reason=report.reason,
            supported=evidence.supported,
            started=utc(evidence.started),
            seconds=min(evidence.seconds, LONGEST_CELL),
            environment=self.environments.at(self.environment(evidence)),
            results=self.results.at(self.told(report.cell.pack, evidence)),
            taken_over=evidence.taken_over,
        )

    def environment(self, evidence: Evidence) -> Environment:
        return Environment(
            asked=evidence.asked,
            source=evidence.source,
            version=evidence.version,
            digest=evidence.digest,
            python=evidence.python,
            distributions=tuple(map(self.distributions.at, evidence.distributions)),
        )

    def told(self, pack: str, evidence: Evidence) -> Results:
        return Results(
            pack_digest=evidence.pack_digest,
            findings=tuple(self.finding(pack, promise) for promise in evidence.promises),
        )

    def finding(self, pack: str, promise: Promise) -> int:
        said = Finding(
            pack=pack,
            name=promise.name,
            says=promise.says,
            contract=promise.contract,
            core=promise.core,
            result=promise.result,
            message=promise.message,
            known_break=promise.known_break,
            deprecations=promise.deprecations,
        )
        index = self.said.at(said)
        # Where all else is equal, texts differ in the paths of their cells alone: one is enough.
        self.texts.setdefault(index, promise.text)
        return index

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Each with its text: whole while there is room, and from then on shortened."""
        left = LARGEST_TEXTS
        found = []
        for said, index in self.said.seen.items():
            text = nearly_whole(self.texts[index])
            size = len(text.encode())
            if size > left:
                text = shortened(text)
            else:
                left -= size
            found.append(said.model_copy(update={"text": text}))
        return tuple(found)


def utc(moment: datetime) -> datetime:
    """The moment in UTC; one without an offset is taken to be in it already."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def ended(started: datetime, attempt: Attempt) -> datetime:
    """When an attempt ended, one without evidence as soon as its run began."""
    began = attempt.started or started
    return began + min(timedelta(seconds=attempt.seconds), LATEST - began)
