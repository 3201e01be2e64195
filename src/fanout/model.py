"""The words of the project as data: cells, promises, evidence, outcomes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StrictBool,
    computed_field,
    model_validator,
)


@lru_cache  # most promises name one of a few ranges
def core_range(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(f"'{text}' is not a PEP 440 range such as '>=1.2,<2'") from error
    return text


@lru_cache
def in_range(version: str, core_range: str) -> bool:
    """Whether a range of Core has the release that a version is, or will become.

    A range speaks of releases: an rc, dev or local build of 1.10 is 1.10, which is in `>=1.10` and
    not in `<1.10`, as 2.0rc1 is a 2.0 and not in `<2`. A post-release stays what it is, and what is
    no version is in no range.
    """
    try:
        return SpecifierSet(core_range).contains(release_of(version))
    except InvalidVersion:
        return False


def release_of(version: str) -> Version:
    """The release that a version is, or will become; raises InvalidVersion."""
    at = Version(version)
    return Version(at.base_version if at.post is None else f"{at.base_version}.post{at.post}")


@lru_cache
def version_of(text: str) -> Version:
    """The version that a text is, to sort by; what is none comes before all others."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


DISTRIBUTION = "market-data-core"
PACKAGE = "market_data_core"
PACK = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)  # a name that may be one of a pack
LIVE_CELL = re.compile(r"[a-z][a-z0-9_]*_live-core_(candidate|baseline|v[0-9_]+)", re.ASCII)
LONGEST_RANGE = 1000  # characters
SLOTS = ("candidate", "baseline")  # the Core refs that name no release
CoreRange = Annotated[str, Field(max_length=LONGEST_RANGE), AfterValidator(core_range)]
Text = Annotated[str, Field(min_length=1)]
Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$")]  # of a GitHub user


class Frozen(BaseModel):
    """A value: it does not change, and it has no fields but its own."""

    # Built when it is used: a command needs few of them.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class KnownBreak(Frozen):
    """What Core breaks, and a pack lists: where, why, and until when.

    It is a promise, or else a module or the installation of the consumer itself.
    """

    core: CoreRange
    test: Text | None = None
    module: Text | None = None
    install: StrictBool = False
    reason: Text
    link: HttpUrl
    expires: Annotated[date, Field(strict=True)]

    @model_validator(mode="after")
    def names_one(self) -> KnownBreak:
        if [self.test is not None, self.module is not None, self.install].count(True) != 1:
            raise ValueError("a known break names one of test, module and install = true")
        return self

    @property
    def of(self) -> str:
        return named(self.test, self.module)


def named(test: str | None, module: str | None) -> str:
    """What a known break is of, in words: a promise by its name, or a part of the consumer."""
    return test or (f"module {module}" if module else "the installation")


class Pack(Frozen):
    """A consumer's statement about its own pack, as `pack.toml` holds it."""

    consumer: Text
    release: Text
    owner: Text
    supports: CoreRange
    known_breaks: tuple[KnownBreak, ...] = ()
    assignees: tuple[Login, ...] = ()  # who is assigned the issues about its promises


class Equivalent(Frozen):
    """A mutant, by its id, that no use can tell from Core as it is, and why."""

    mutant: Text
    reason: Text


class StrengthAsked(Frozen):
    """The strength that a pack has at least, in percent, and what it need not notice."""

    floor: float = Field(default=0.0, ge=0, le=100)
    equivalent: tuple[Equivalent, ...] = ()


class NotPinned(Frozen):
    """A symbol of Core, as its consumer names it or by its path, that no promise pins, and why."""

    symbol: Text
    reason: Text


class CoverageAsked(Frozen):
    """What of its consumer's uses a pack need not pin."""

    not_pinned: tuple[NotPinned, ...] = ()


class PackOnDisk(Frozen):
    """A pack as it is now: its statement, the digest of its files, the names of its promises."""

    says: Pack
    digest: str
    promises: tuple[str, ...] = ()


class Cell(Frozen):
    """A pack on a Core ref; `core` is the requirement that tox installs for it."""

    name: Text
    pack: Text
    core_ref: Text
    core: str


class Core(Frozen):
    """A Core as it was resolved, once: what tox installs, and in which column it runs."""

    named: Text  # as the user named it, without a secret
    core_ref: Text
    requirement: Text
    source: Text  # pypi, git, path or stand-in
    version: str = ""
    commit: str = ""  # the full hash that a git ref named
    wheel: str = ""  # the path of the one wheel that was built or given
    address: str = ""  # what names the same elsewhere, where that is not `named`

    @property
    def given(self) -> str:
        """What names it on another machine too, and when what was built of it is gone."""
        return self.address or (self.named if self.wheel else self.version)

    @property
    def shown(self) -> str:
        """The version, and where it came from unless that is the index."""
        return self.version if self.source == "pypi" else f"{self.version} ({self.source})"

    @property
    def variables(self) -> dict[str, str]:
        """What tox must be told in its environment to install this Core."""
        return self.told(self.wheel or self.version)

    def told(self, value: str) -> dict[str, str]:
        """The variable that tox reads this Core from, if it reads it from any."""
        slot = self.core_ref.removeprefix("core_")
        return {f"CORE_{slot.upper()}": value} if slot in SLOTS else {}


class Matrix(Frozen):
    """Every cell that tox knows, and those that this report expects, in tox's order."""

    cells: tuple[Cell, ...]
    expected: tuple[str, ...]
    yanked: frozenset[str] = frozenset()  # the Core refs that the index has withdrawn
    live: frozenset[str] = frozenset()  # the names of the live cells

    @property
    def names(self) -> frozenset[str]:
        return frozenset(cell.name for cell in self.cells)

    @property
    def packs(self) -> tuple[str, ...]:
        """Every pack that has a cell."""
        return tuple(dict.fromkeys(cell.pack for cell in self.cells))


class Result(StrEnum):
    """What running one promise said."""

    KEPT = "kept"
    BROKEN = "broken"
    KNOWN_BREAK = "known break"  # broken, and listed by the pack
    NOT_APPLICABLE = "not applicable"  # outside the Core range that the promise names
    ERRORED = "errored"  # the harness, not Core
    LISTED_BUT_KEPT = "listed but kept"  # a known break that holds: the list is wrong, not Core


class Deprecation(Frozen):
    """A name in Core that says of itself, when it is used, that it will go away or change."""

    symbol: Text
    message: str


class Promise(Frozen):
    """One promise in one cell: `name` is `test_file.py::test_name`, `says` its docstring."""

    name: Text
    says: str = ""
    contract: tuple[str, ...] = ()
    core: CoreRange = ""
    result: Result
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    known_break: str = ""  # reason, link and expiry date of the pack's entry
    expires: date | None = None  # the last day of that entry
    deprecations: tuple[Deprecation, ...] = ()  # that it met


class TakenOver(Frozen):
    """The cell that really ran in the place of one with the same key, and when it did."""

    cell: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*-core_(candidate|baseline|v[0-9_]+)$")]
    started: AwareDatetime
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @property
    def says(self) -> str:
        return f"taken over from {self.cell}, which ran at {self.started:%Y-%m-%d %H:%M} UTC"


class Evidence(Frozen):
    """What running a cell left behind. The texts are as the cell wrote them: trust none."""

    cell: Text
    started: AwareDatetime
    seconds: float = Field(ge=0)
    asked: str
    source: str = ""  # pypi, git, path or stand-in; empty if the guard refused the Core
    version: str = ""
    digest: str = ""
    python: str = ""
    distributions: tuple[str, ...] = ()
    supports: CoreRange = ""
    pack_digest: str = ""
    taken_over: TakenOver | None = None  # from another cell, or from an earlier run of this one
    promises: tuple[Promise, ...]

    @property
    def supported(self) -> bool:
        """Whether a broken promise counts on this Core."""
        return in_range(self.version, self.supports)


class Outcome(StrEnum):
    """What one cell's evidence says."""

    PASSED = "passed"
    FAILED = "failed"  # a promise is broken, and it counts
    ERRORED = "errored"  # the harness broke: no verdict on Core
    MISSING = "missing"  # no evidence: no verdict either
    UNSUPPORTED = "unsupported"  # this Core is outside what the pack supports

    @property
    def has_verdict(self) -> bool:
        return self not in (Outcome.ERRORED, Outcome.MISSING)


class Counts(Frozen):
    """How many promises a cell has, how many of them it judged, and what came of these."""

    promises: int = 0
    judged: int = 0
    broken: int = 0
    known_breaks: int = 0

    @classmethod
    def of(cls, results: Mapping[Result, int]) -> Counts:
        promises = sum(results.values())
        return cls(
            promises=promises,
            judged=promises - results.get(Result.NOT_APPLICABLE, 0),
            broken=results.get(Result.BROKEN, 0),
            known_breaks=results.get(Result.KNOWN_BREAK, 0),
        )

    @property
    def partly(self) -> bool:
        """Whether some promises do not apply to the cell's Core, so that it judged the others."""
        return 0 < self.judged < self.promises


class CellReport(Frozen):
    """One expected cell: its outcome, why, and the evidence behind it."""

    cell: Cell
    outcome: Outcome
    reason: str = ""
    evidence: Evidence | None = None

    @property
    def judges(self) -> bool:
        """Whether a promise of this cell can have a verdict: a known Core judged some of them."""
        found = self.evidence.promises if self.evidence and self.evidence.version else ()
        return any(promise.result is not Result.NOT_APPLICABLE for promise in found)

    def because(self, reason: str) -> CellReport:
        """The report with the reason of its missing evidence, if that is missing and known."""
        known = self.outcome is Outcome.MISSING and reason
        return self.model_copy(update={"reason": reason}) if known else self

    @computed_field  # type: ignore[prop-decorator]
    @property
    def counts(self) -> Counts:
        found = self.evidence.promises if self.evidence else ()
        return Counts.of(Counter(promise.result for promise in found))

    def promises(self, result: Result) -> tuple[Promise, ...]:
        found = self.evidence.promises if self.evidence else ()
        return tuple(promise for promise in found if promise.result is result)


class Standing(StrEnum):
    """What one side, candidate or baseline, says of a promise over all its attempts."""

    KEPT = "kept"
    BROKEN = "broken"
    KNOWN_BREAK = "known break"
    PENDING = "pending"  # broken, and never kept by any Core ref as it is written now
    NOT_APPLICABLE = "not applicable"
    UNSUPPORTED = "unsupported"  # the pack does not support this Core: nothing counts
    ABSENT = "absent"  # the pack has no such promise there
    UNKNOWN = "unknown"  # errored, missing, stale, or attempts that disagree


class Verdict(StrEnum):
    """What a promise or a cell says of the candidate, compared with the baseline."""

    PASSING = "passing"
    REGRESSED = "regressed"  # broken, and not on the baseline
    STILL_FAILING = "still-failing"  # broken on the baseline too
    BROKEN = "broken"  # and what the baseline says is not known
    KNOWN_BREAK = "known break"
    PENDING = "pending"
    FIXED = "fixed"
    NEW = "new"
    REMOVED = "removed"
    NOT_APPLICABLE = "not applicable"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"


class Answer(StrEnum):
    """The gate's answer over all cells."""

    RELEASE = "release"
    HOLD = "hold"
    UNKNOWN = "unknown"


class InstalledVersions(Frozen):
    """The version of a distribution, or of Python, in each of some envs; empty if not installed."""

    name: str
    versions: tuple[str, ...]


class Side(Frozen):
    """A promise on one side: where it stands, what each attempt said, and why.

    `environment` is what differs between attempts that disagree, if no two in one environment do.
    """

    standing: Standing
    attempts: tuple[str, ...] = ()  # a result each, or the outcome of a cell without evidence
    message: str = ""
    text: str = ""
    environment: tuple[InstalledVersions, ...] = ()

    @property
    def flaky(self) -> bool:
        """Whether attempts that judged the promise disagree, though they ran in one environment."""
        judged = {said for said in self.attempts if said in JUDGED}
        return self.standing is Standing.UNKNOWN and len(judged) > 1 and not self.environment


class PromiseVerdict(Frozen):
    """One promise, on the candidate and on the baseline."""

    name: Text
    says: str = ""
    contract: tuple[str, ...] = ()
    core: str = ""
    verdict: Verdict
    candidate: Side
    baseline: Side
    known_break: str = ""
    expires: date | None = None
    deprecations: tuple[Deprecation, ...] = ()  # that it met on the candidate

    @property
    def flaky(self) -> bool:
        return self.candidate.flaky or self.baseline.flaky

    @property
    def unjudged(self) -> bool:
        """Whether the baseline judged it and the candidate does not, though nothing went wrong."""
        known = Standing.UNKNOWN not in (self.candidate.standing, self.baseline.standing)
        return self.verdict is Verdict.UNKNOWN and known


class CellVerdict(Frozen):
    """One pack on the candidate and on the baseline, its promises rolled up.

    `environment` is what the two did not run with alike: the candidate's version, the baseline's.
    """

    pack: Text
    owner: str
    cell: Text
    baseline: Text
    verdict: Verdict
    reason: str = ""  # why it has no verdict
    command: str
    environment: tuple[InstalledVersions, ...] = ()
    taken_over: TakenOver | None = None  # what the candidate says, which then did not run
    promises: tuple[PromiseVerdict, ...]

    def having(self, verdict: Verdict) -> tuple[PromiseVerdict, ...]:
        return tuple(promise for promise in self.promises if promise.verdict is verdict)


JUDGED = frozenset(Result) - {Result.ERRORED}
