"""A run as its document holds it: what was tested, and what every cell said of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from fanout.evidence import printable
from fanout.model import Answer, Core, Frozen, Outcome, Result, Verdict

SCHEMA_VERSION = 1
LONGEST_CELL = 7 * 24 * 3600.0  # seconds
LONGEST_TEXT = 4000  # characters; of a longer text its beginning and its end are kept
LEFT_OUT = "\n[...]\n"


def shortened(text: str) -> str:
    """The text without what could fool a reader, and without its middle if it is too long."""
    if len(text) > LONGEST_TEXT:
        kept = (LONGEST_TEXT - len(LEFT_OUT)) // 2
        text = text[:kept] + LEFT_OUT + text[-kept:]
    return printable(text)


def core_shortened(core: Core) -> Core:
    return Core.model_validate({name: shortened(text) for name, text in core})


Index = Annotated[int, Field(ge=0)]
Text = Annotated[str, AfterValidator(shortened)]
Name = Annotated[str, Field(min_length=1), AfterValidator(shortened)]
CellName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*-core_(candidate|baseline|v[0-9_]+)$")]
RunId = Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
TestedCore = Annotated[Core, AfterValidator(core_shortened)]


class PackInRun(Frozen):
    """A pack as it was: the digest of its files, and what it said of itself."""

    digest: str
    owner: Text
    consumer: Text
    release: Text
    supports: Text


class Finding(Frozen):
    """What one promise of a pack said, wherever it said the same."""

    pack: Name
    name: Name
    says: Text = ""
    contract: tuple[Text, ...] = ()
    core: Text = ""
    result: Result
    message: Text = ""
    text: Text = ""
    known_break: Text = ""


class Results(Frozen):
    """All that one content of a pack said: `findings` point into those of the run."""

    pack_digest: Text
    findings: tuple[Index, ...]


class Environment(Frozen):
    """What was asked for and installed: `distributions` point into those of the run."""

    asked: Text
    source: Text = ""
    version: Text = ""
    digest: Text = ""
    python: Text = ""
    distributions: tuple[Index, ...] = ()


class Attempt(Frozen):
    """One attempt at a cell; without evidence it has no start, environment or results.

    `number` counts the attempts at this cell in this run from 1; `seconds` is what the promises
    took, without the making of the env; `supported` says whether a broken promise counts.
    """

    cell: CellName
    number: Annotated[int, Field(ge=1)] = 1
    outcome: Outcome
    reason: Text = ""
    supported: bool = True
    started: AwareDatetime | None = None
    seconds: Annotated[float, Field(ge=0, le=LONGEST_CELL, allow_inf_nan=False)] = 0.0
    environment: Index | None = None
    results: Index | None = None

    @property
    def pack(self) -> str:
        return self.cell.partition("-")[0]

    @property
    def core_ref(self) -> str:
        return self.cell.partition("-")[2]


class PromiseDecision(Frozen):
    """The verdict on a promise that is neither passing nor not applicable."""

    name: Name
    verdict: Verdict
    flaky: bool = False


class CellDecision(Frozen):
    """The verdict on a pack, on the candidate's cell against the baseline's."""

    cell: CellName
    baseline: CellName
    verdict: Verdict
    pending: bool = False
    reason: Text = ""
    promises: tuple[PromiseDecision, ...] = ()


class Run(Frozen):
    """One run, immutable: every attempt at every cell, and the decision if there was one.

    `command` is check, gate, report or bisect. Findings, results, environments and distributions
    are held once each, and pointed at by their position from 0. Fields at their default are left
    out of the document.
    """

    schema_version: Literal[1]
    id: RunId
    command: Name
    started: AwareDatetime
    finished: AwareDatetime
    candidate: TestedCore | None = None
    baseline: TestedCore | None = None
    answer: Answer | None = None
    packs: dict[Name, PackInRun] = Field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    verdicts: tuple[CellDecision, ...] = ()
    results: tuple[Results, ...] = ()
    findings: tuple[Finding, ...] = ()
    environments: tuple[Environment, ...] = ()
    distributions: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def points_at_what_is_there(self) -> Run:
        for pointers, things in (
            ((one.results for one in self.attempts), self.results),
            ((one.environment for one in self.attempts), self.environments),
            ((index for one in self.results for index in one.findings), self.findings),
            (
                (index for one in self.environments for index in one.distributions),
                self.distributions,
            ),
        ):
            last = max((pointer for pointer in pointers if pointer is not None), default=-1)
            if last >= len(things):
                raise ValueError(f"it points at entry {last} of {len(things)}")
        return self

    def findings_of(self, attempt: Attempt) -> Iterator[Finding]:
        """What each promise said in an attempt; nothing without evidence."""
        if attempt.results is not None:
            for index in self.results[attempt.results].findings:
                yield self.findings[index]
