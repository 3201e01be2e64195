"""A run as its document holds it: what was tested, and what every cell said of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field, HttpUrl, model_validator

from fanout.cause.fewest import Cause
from fanout.consumers.affected import Affected
from fanout.model import (
    Answer,
    Core,
    CoreRange,
    Deprecation,
    Frozen,
    Outcome,
    Promise,
    Result,
    TakenOver,
    Verdict,
    named,
)
from fanout.wording import printable

SCHEMA_VERSION = 1
LONGEST_CELL = 7 * 24 * 3600.0  # seconds
LONGEST_TEXT = 4000  # characters; of a longer text its beginning and its end are kept
LONGEST_WHOLE_TEXT = 2 * 1024 * 1024  # characters, of the text of a failure
LEFT_OUT = "\n[...]\n"
T = TypeVar("T", bound=Frozen)


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text without what could fool a reader, and without its middle if it is too long."""
    if len(text) > longest:
        kept = (longest - len(LEFT_OUT)) // 2
        text = text[:kept] + LEFT_OUT + text[-kept:]
    return printable(text)


def nearly_whole(text: str) -> str:
    return shortened(text, LONGEST_WHOLE_TEXT)


def all_shortened(thing: T) -> T:
    """The value with each of its texts shortened, however deep in it."""

    def inside(value: object) -> object:
        match value:
            case str():
                return shortened(value)
            case dict():
                return {key: inside(one) for key, one in value.items()}
            case list() | tuple():
                return [inside(one) for one in value]
        return value

    return type(thing).model_validate(inside(thing.model_dump()))


Index = Annotated[int, Field(ge=0)]
Text = Annotated[str, AfterValidator(shortened)]
WholeText = Annotated[str, AfterValidator(nearly_whole)]
Name = Annotated[str, Field(min_length=1), AfterValidator(shortened)]
CellName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*-core_(candidate|baseline|v[0-9_]+)$")]
RunId = Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
TestedCore = Annotated[Core, AfterValidator(all_shortened)]
KnownCause = Annotated[Cause, AfterValidator(all_shortened)]
KnownConsumer = Annotated[Affected, AfterValidator(all_shortened)]
KnownDeprecation = Annotated[Deprecation, AfterValidator(all_shortened)]


class KnownBreakInRun(Frozen):
    """A known break as its pack listed it."""

    core: CoreRange
    test: Text | None = None
    module: Text | None = None  # of the consumer, in place of a promise
    install: bool = False  # the consumer's, in place of a promise
    reason: Text
    link: HttpUrl
    expires: date

    @property
    def of(self) -> str:
        return named(self.test, self.module)


class PackInRun(Frozen):
    """A pack as it was: the digest of its files, and what it said of itself."""

    digest: str
    owner: Text
    consumer: Text
    release: Text
    supports: CoreRange
    known_breaks: tuple[KnownBreakInRun, ...] = ()


class MatrixInRun(Frozen):
    """What tox knew: every pack and every Core ref that names a release or a tag."""

    packs: tuple[Name, ...]
    core_refs: tuple[Name, ...]


class Finding(Frozen):
    """What one promise of a pack said, wherever it said the same."""

    pack: Name
    name: Name
    says: Text = ""
    contract: tuple[Text, ...] = ()
    core: CoreRange = ""
    result: Result
    message: Text = ""
    text: WholeText = ""
    known_break: Text = ""
    deprecations: tuple[KnownDeprecation, ...] = ()

    @property
    def promise(self) -> Promise:
        """The same as a cell's evidence has it."""
        return Promise.model_validate(self.model_dump(exclude={"pack"}))


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
    taken_over: TakenOver | None = None  # then it did not run itself

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
    pending: bool = False  # written no more; of a pack, in a run that knew no pending promise
    reason: Text = ""
    promises: tuple[PromiseDecision, ...] = ()


class Run(Frozen):
    """One run, immutable: every attempt at every cell, and the decision if there was one.

    `command` is check, gate, report or bisect; `only_new` says that the answer is only of what the
    baseline keeps. Findings, results, environments and distributions are held once each, and
    pointed at by their position from 0. Fields at their default are left out of the document.
    """

    schema_version: Literal[1]
    id: RunId
    command: Name
    started: AwareDatetime
    finished: AwareDatetime
    candidate: TestedCore | None = None
    baseline: TestedCore | None = None
    answer: Answer | None = None
    only_new: bool = False
    packs: dict[Name, PackInRun] = Field(default_factory=dict)
    matrix: MatrixInRun | None = None
    attempts: tuple[Attempt, ...] = ()
    verdicts: tuple[CellDecision, ...] = ()
    causes: tuple[KnownCause, ...] = ()  # of what regressed, as far as they are known
    consumers: tuple[KnownConsumer, ...] = ()  # what the candidate means for them
    results: tuple[Results, ...] = ()
    findings: tuple[Finding, ...] = ()
    environments: tuple[Environment, ...] = ()
    distributions: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def points_at_what_is_there(self) -> Run:
        # As sets: most of many thousand pointers are equal.
        for pointers, things in (
            ({one.results for one in self.attempts}, self.results),
            ({one.environment for one in self.attempts}, self.environments),
            ({index for one in self.results for index in one.findings}, self.findings),
            (
                {index for one in self.environments for index in one.distributions},
                self.distributions,
            ),
        ):
            last = max((pointer for pointer in pointers if pointer is not None), default=-1)
            if last >= len(things):
                raise ValueError(f"it points at entry {last} of {len(things)}")
        return self

    def distributions_of(self, environment: Environment) -> Iterator[str]:
        """Every distribution that was installed, as `name==version`."""
        return (self.distributions[index] for index in environment.distributions)

    def findings_of(self, attempt: Attempt) -> Iterator[Finding]:
        """What each promise said in an attempt; nothing without evidence."""
        if attempt.results is not None:
            for index in self.results[attempt.results].findings:
                yield self.findings[index]
