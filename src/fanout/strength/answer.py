"""What a pack caught: the score, what survived, and what it refused for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import computed_field

from fanout.errors import ExitCode
from fanout.model import Equivalent, Frozen, StrengthAsked, Text


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"  # a promise broke
    ERRORED = "errored"  # noticed, as the harness could not judge it
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"  # survived, and listed by the pack
    REFUSED = "refused"  # compatible, and a promise broke: a false alarm
    ACCEPTED = "accepted"  # compatible, and every promise is kept
    NOT_MET = "not met"  # no use that is seen can meet it: it did not run
    NOT_CHOSEN = "not in the sample"


class UseAt(Frozen):
    """A place that would meet a change: in the consumer's release, or else in its pack."""

    by: Text  # consumer or pack
    file: Text
    line: int
    text: str = ""


class MutantReport(Frozen):
    """One mutant: what it changes, who would meet it, and what became of it."""

    id: Text
    kind: Text
    breaking: bool
    symbol: Text
    fate: Fate
    use: UseAt | None = None
    broken: tuple[str, ...] = ()
    errored: tuple[str, ...] = ()
    message: str = ""
    reason: str = ""  # of the pack, why nothing can tell it from Core as it is
    seconds: float = 0.0
    diff: str = ""


class KindReport(Frozen):
    """All mutants of one kind that ran."""

    kind: Text
    breaking: bool
    mutants: int
    noticed: int
    survivors: int
    equivalent: int


class Strength(Frozen):
    """The strength of a pack on one Core."""

    pack: Text
    consumer: Text
    release: Text
    core: Text
    processes: Text  # forked for each mutant, or fresh where there is no fork
    seed: int = 0
    sample: int = 0  # of how many mutants; none of all
    floor: float = 0.0
    floor_before: float = 0.0  # when this was measured last
    seconds: float = 0.0
    mutants: tuple[MutantReport, ...]
    complaints: tuple[str, ...] = ()  # about `[strength]` in pack.toml

    def having(self, *fates: Fate) -> tuple[MutantReport, ...]:
        return tuple(one for one in self.mutants if one.fate in fates)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def noticed(self) -> int:
        return len(self.having(Fate.KILLED, Fate.ERRORED))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def counted(self) -> int:
        """How many breaking mutants a use can meet, those that equal Core as it is aside."""
        return self.noticed + len(self.having(Fate.SURVIVED))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def score(self) -> float:
        """In percent, rounded down: a score is not reached before it is."""
        return int(1000 * self.noticed / self.counted) / 10 if self.counted else 0.0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kinds(self) -> tuple[KindReport, ...]:
        names = {(not one.breaking, one.kind) for one in self.mutants if one.fate in RAN}
        return tuple(self.kind(name, not other) for other, name in sorted(names))

    def kind(self, name: str, breaking: bool) -> KindReport:
        mine = [one for one in self.mutants if one.kind == name and one.breaking == breaking]
        fates = [one.fate for one in mine]
        noticed = sum(fate in (Fate.KILLED, Fate.ERRORED, Fate.REFUSED) for fate in fates)
        return KindReport(
            kind=name,
            breaking=breaking,
            mutants=sum(fate in RAN for fate in fates),
            noticed=noticed,
            survivors=fates.count(Fate.SURVIVED),
            equivalent=fates.count(Fate.EQUIVALENT),
        )

    @property
    def exit_code(self) -> ExitCode:
        if self.complaints:
            return ExitCode.UNUSABLE_INPUT
        if not self.counted:
            return ExitCode.NO_VERDICT
        weak = self.score < self.floor or self.having(Fate.REFUSED)
        return ExitCode.BROKEN if weak else ExitCode.FINE


class Strengths(Frozen):
    """The strength of several packs on one Core."""

    packs: tuple[Strength, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Of what the packs say, what counts most: a mistake, a weakness, then nothing known."""
        codes = {one.exit_code for one in self.packs}
        order = (ExitCode.UNUSABLE_INPUT, ExitCode.BROKEN, ExitCode.NO_VERDICT)
        return next((code for code in order if code in codes), ExitCode.FINE)


RAN = (Fate.KILLED, Fate.ERRORED, Fate.SURVIVED, Fate.EQUIVALENT, Fate.REFUSED, Fate.ACCEPTED)


def fate_of(breaking: bool, broken: bool, errored: bool, equivalent: bool) -> Fate:
    if not breaking:
        return Fate.REFUSED if broken or errored else Fate.ACCEPTED
    if broken:
        return Fate.KILLED
    if errored:
        return Fate.ERRORED
    return Fate.EQUIVALENT if equivalent else Fate.SURVIVED


def complaints(asked: StrengthAsked, mutants: Iterable[MutantReport]) -> tuple[str, ...]:
    """What is wrong in the list of mutants that a pack need not notice."""
    found = {one.id: one for one in mutants}
    names = [one.mutant for one in asked.equivalent]
    return tuple(
        complaint
        for one in asked.equivalent
        if (complaint := complaint_about(one, found.get(one.mutant), names.count(one.mutant)))
    )


def complaint_about(entry: Equivalent, found: MutantReport | None, times: int) -> str:
    said = f"pack.toml lists '{entry.mutant}' as equivalent"
    if found is None:
        return f"{said}, and there is no such mutant of this Core: remove the entry"
    if times > 1:
        return f"{said} twice: remove one entry"
    if found.fate in (Fate.KILLED, Fate.ERRORED):
        first = (*found.broken, *found.errored)[0]
        return f"{said}, and {first} notices it: remove the entry"
    if not found.breaking:
        return f"{said}, and it is compatible: remove the entry"
    return ""
