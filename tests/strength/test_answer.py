"""The score, the exit code and the complaints, by rule."""

from __future__ import annotations

import pytest

from fanout.errors import ExitCode
from fanout.model import Equivalent, StrengthAsked
from fanout.strength.answer import Fate, MutantReport, Strength, Strengths, complaints, fate_of


def report(fate: Fate, number: int = 0, **said: object) -> MutantReport:
    breaking = fate not in (Fate.ACCEPTED, Fate.REFUSED)
    return MutantReport.model_validate(
        {"id": f"k:{fate}{number}", "kind": "k", "breaking": breaking, "symbol": "s", "fate": fate}
        | said
    )


def strength(*fates: Fate, floor: float = 0.0, **said: object) -> Strength:
    reports = tuple(report(fate, number) for number, fate in enumerate(fates))
    return Strength.model_validate(
        {"pack": "p", "consumer": "c", "release": "1", "core": "1", "processes": "forked"}
        | {"floor": floor, "mutants": reports}
        | said
    )


@pytest.mark.parametrize(
    ("breaking", "broken", "errored", "listed", "fate"),
    [
        (True, True, True, True, Fate.KILLED),
        (True, False, True, False, Fate.ERRORED),
        (True, False, False, True, Fate.EQUIVALENT),
        (True, False, False, False, Fate.SURVIVED),
        (False, True, False, False, Fate.REFUSED),
        (False, False, True, False, Fate.REFUSED),
        (False, False, False, True, Fate.ACCEPTED),
    ],
)
def test_fate(breaking: bool, broken: bool, errored: bool, listed: bool, fate: Fate) -> None:
    """What a pack said of a mutant decides; what it listed only where nothing noticed it."""
    assert fate_of(breaking, broken, errored, listed) is fate


def test_score() -> None:
    """It is of the breaking mutants that a use meets, and is not rounded up."""
    killed = [Fate.KILLED] * 1998
    others = (Fate.ERRORED, Fate.SURVIVED, Fate.EQUIVALENT, Fate.NOT_MET, Fate.ACCEPTED)
    answer = strength(*killed, *others)
    assert (answer.noticed, answer.counted, answer.score) == (1999, 2000, 99.9)


@pytest.mark.parametrize(
    ("fates", "floor", "code"),
    [
        ([Fate.KILLED], 100, ExitCode.FINE),
        ([Fate.KILLED, Fate.SURVIVED], 50, ExitCode.FINE),
        ([Fate.KILLED, Fate.SURVIVED], 50.1, ExitCode.BROKEN),
        ([Fate.KILLED, Fate.REFUSED], 0, ExitCode.BROKEN),
        ([Fate.NOT_MET, Fate.ACCEPTED], 0, ExitCode.NO_VERDICT),
    ],
)
def test_exit_code(fates: list[Fate], floor: float, code: ExitCode) -> None:
    """A pack is weak below its floor, and where it raises a false alarm."""
    assert strength(*fates, floor=floor).exit_code is code


def test_exit_code_of_several() -> None:
    """A mistake counts most, then a weakness, then what is not known."""
    unknown, weak = strength(), strength(Fate.SURVIVED, floor=1)
    wrong = strength(Fate.KILLED, complaints=("an entry",))
    assert Strengths(packs=(unknown, weak)).exit_code is ExitCode.BROKEN
    assert Strengths(packs=(weak, wrong)).exit_code is ExitCode.UNUSABLE_INPUT
    assert Strengths(packs=(unknown, strength(Fate.KILLED))).exit_code is ExitCode.NO_VERDICT


def test_complaints() -> None:
    """An entry is wrong that is there twice, or matches nothing, a kill or a harmless change."""
    found = [report(Fate.KILLED, broken=("t.py::test",)), report(Fate.ACCEPTED)]
    found += [report(Fate.EQUIVALENT), report(Fate.NOT_CHOSEN)]
    ids = [*(one.id for one in found), "k:none", found[3].id]
    asked = StrengthAsked(equivalent=tuple(Equivalent(mutant=one, reason="r") for one in ids))
    said = complaints(asked, found)
    assert [one.partition(", and ")[2].partition(":")[0] for one in said[:2]] == [
        "t.py",
        "it is compatible",
    ]
    assert ["twice" in said[2], "no such mutant" in said[3], "twice" in said[4]] == [True] * 3
