"""No evidence, whatever it is, makes the gate say more than it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from fanout.cells.outcome import founded, judge
from fanout.gate.decision import Decision, decide
from fanout.model import (
    Answer,
    Cell,
    Core,
    Evidence,
    KnownBreak,
    Pack,
    PackOnDisk,
    Promise,
    Result,
    Verdict,
)
from fanout.told.decision.headline import headline

TODAY = date(2026, 1, 15)
DIGEST = "as-it-is"
VERSIONS = {"candidate": "2.1.0", "v200": "2.0.0"}
FILES = ("test_a.py", "test_b.py")
NAMES = ("test_a.py::test_one", "test_a.py::test_two", "test_b.py::test_level")
PARAMETERS = ("", "[ok]", "[soft]")  # of the last one, and which there are, Core decides
ODD = ("promises", "started", "asked", "version", "guard", "digest")
RESULTS = (*[Result.KEPT] * 6, *Result)


@dataclass(frozen=True)
class Situation:
    """What the gate is given: `evidence` by attempt and cell, a text for what cannot be read."""

    packs: Mapping[str, PackOnDisk]
    evidence: Sequence[Mapping[str, Evidence | str | None]]
    pending: frozenset[tuple[str, str]] = frozenset()

    def decide(self, *, only_new: bool = False) -> Decision:
        attempts = [
            {
                name: judge(cell(name), evidence, self.packs[name.partition("-")[0]], TODAY)
                for name, evidence in attempt.items()
            }
            for attempt in self.evidence
        ]
        return decide(
            core("candidate"),
            core("v200"),
            attempts,
            self.packs,
            self.pending,
            only_new=only_new,
        )

    def cells(self, pack: str, side: str) -> list[Evidence | str | None]:
        """The attempts that count: of the baseline's those with what the candidate ran with."""
        name = f"{pack}-core_{side}"
        found = [attempt[name] for attempt in self.evidence if name in attempt]
        if side == "candidate":
            return found
        there = {
            one.distributions
            for one in self.cells(pack, "candidate")
            if isinstance(one, Evidence) and usable(one, "candidate", self.packs[pack])
        } - {()}
        judged = [one for one in found if usable(one, side, self.packs[pack])]
        if not any(isinstance(one, Evidence) and one.distributions in there for one in judged):
            return found
        there.add(())
        return [
            one
            for one in found
            if one not in judged or (isinstance(one, Evidence) and one.distributions in there)
        ]


def core(side: str) -> Core:
    version = VERSIONS[side]
    return Core(
        named=version,
        core_ref=f"core_{side}",
        requirement=f"market-data-core=={version}",
        source="pypi",
        version=version,
    )


def cell(name: str) -> Cell:
    pack, _, core_ref = name.partition("-")
    requirement = core(core_ref.removeprefix("core_")).requirement
    return Cell(name=name, pack=pack, core_ref=core_ref, core=requirement)


def file_of(promise: str) -> str:
    return promise.partition("::")[0]


@st.composite
def packs(draw: st.DrawFn) -> PackOnDisk:
    known = [
        KnownBreak.model_validate(
            {
                "core": "",
                "test": name,
                "reason": "r",
                "link": "https://example.org",
                "expires": draw(st.sampled_from([TODAY - timedelta(1), TODAY, date(2027, 1, 1)])),
            }
        )
        for name in draw(st.lists(st.sampled_from(NAMES), max_size=1))
    ]
    says = Pack(
        consumer="c",
        release="1",
        owner="o",
        supports=draw(st.sampled_from([">=1", ">=1", ">=1", "<2.1", ">=2.1", "<2"])),
        known_breaks=tuple(known),
    )
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    return PackOnDisk(says=says, digest=DIGEST, promises=tuple(sorted(names)))


@st.composite
def evidence(draw: st.DrawFn, name: str, pack: PackOnDisk) -> Evidence | str | None:
    """Evidence of a cell: mostly whole and fresh, but anything may be wrong with it."""
    odd = draw(st.sampled_from(["whole"] * 14 + [*ODD, "missing", "unreadable"]))
    if odd in ("missing", "unreadable"):
        return None if odd == "missing" else "cut off"
    version = VERSIONS[name.rpartition("_")[2]]
    expected = list(pack.promises)
    if odd == "promises":
        expected = draw(st.lists(st.sampled_from([*NAMES, *FILES, "other.py::x"]), max_size=3))
    promises = {}
    for promise in expected:
        suffixes = PARAMETERS if promise == NAMES[2] else ("",)
        for suffix in draw(st.lists(st.sampled_from(suffixes), min_size=1, max_size=2)):
            full = draw(st.sampled_from([promise + suffix] * 7 + [file_of(promise)]))
            promises[full] = Promise(name=full, result=draw(st.sampled_from(RESULTS)))
    asked = "9.9" if odd == "asked" else version
    return Evidence(
        cell=name,
        started=datetime(2026, 1, 13 if odd == "started" else 15, tzinfo=UTC),
        seconds=1,
        asked=f"market-data-core=={asked}",
        python="3.11.7",
        distributions=draw(st.sampled_from([("a==1",)] * 4 + [("a==2",), ()])),
        version={"version": "9.9", "guard": ""}.get(odd, version),
        supports=pack.says.supports,
        pack_digest="as-it-was" if odd == "digest" else DIGEST,
        promises=tuple(promises.values()),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    found = {name: draw(packs()) for name in ("one", "two")[: draw(st.integers(1, 2))]}
    names = [f"{pack}-core_{side}" for pack in found for side in VERSIONS]
    attempts = [
        {
            name: draw(evidence(name, found[name.partition("-")[0]]))
            for name in names
            if number == 0 or draw(st.booleans())
        }
        for number in range(draw(st.sampled_from([1, 1, 2, 3])))
    ]
    if draw(st.integers(0, 9)) == 0:
        attempts[0].pop(draw(st.sampled_from(names)))
    promises = [(pack, name) for pack in found for name in (*NAMES, f"{NAMES[2]}[ok]")]
    pending = draw(st.lists(st.sampled_from(promises), max_size=2))
    return Situation(packs=found, evidence=attempts, pending=frozenset(pending))


# What follows says what the gate must say, in words of its own: nothing of it is the gate's.


def usable(evidence: Evidence | str | None, side: str, pack: PackOnDisk) -> bool:
    """Whether evidence is there, of this Core and of the pack as it is, and judges a promise."""
    return (
        isinstance(evidence, Evidence)
        and evidence.version == VERSIONS[side]
        and evidence.asked.endswith(f"=={VERSIONS[side]}")
        and evidence.pack_digest == DIGEST
        and not any(
            evidence.started.date() <= known.expires < TODAY for known in pack.says.known_breaks
        )
        and any(promise.result is not Result.NOT_APPLICABLE for promise in evidence.promises)
    )


def said(evidence: Evidence | str | None, name: str, side: str, pack: PackOnDisk) -> str:
    """What one attempt says of a promise, or of one parameter of it: a word, `unknown` if none."""
    if not isinstance(evidence, Evidence) or not usable(evidence, side, pack):
        return "unknown"
    results = {promise.name: promise.result for promise in evidence.promises}
    result = results.get(name, results.get(file_of(name)))
    supported = SpecifierSet(pack.says.supports).contains(VERSIONS[side])
    if result is Result.ERRORED:
        return "unknown"
    if result is None:
        promise = name.partition("[")[0]
        others = [other for other in results if other.partition("[")[0] == promise]
        if not others and promise in pack.promises:
            return "unknown"
        return "absent" if supported else "unsupported"
    if result is Result.NOT_APPLICABLE:
        return "not applicable"
    if not supported:
        return "unsupported"
    return "kept" if result is Result.LISTED_BUT_KEPT else result.value


def words(situation: Situation, pack: str, name: str, side: str) -> set[str]:
    """What all attempts say of a promise on one side; more than one word is a disagreement."""
    about = situation.packs[pack]
    return {said(one, name, side, about) for one in situation.cells(pack, side)} or {"unknown"}


def names(situation: Situation, pack: str) -> set[str]:
    """Every promise of a pack: those that it has, and what usable evidence calls otherwise."""
    found = {
        promise.name
        for side in VERSIONS
        for one in situation.cells(pack, side)
        if isinstance(one, Evidence) and usable(one, side, situation.packs[pack])
        for promise in one.promises
    }
    own = situation.packs[pack].promises
    with_parameters = {name.partition("[")[0] for name in found if "[" in name} - found
    files = {file_of(name) for name in own}
    return (set(own) - with_parameters) | (found - files)


def known(now: set[str], then: set[str]) -> bool:
    return len(now) == len(then) == 1 and "unknown" not in now | then


def holds(now: set[str], then: set[str], pending: bool) -> bool:
    """Broken in every attempt, whatever the baseline says, unless no Core ref ever kept it."""
    return now == {"broken"} and (not pending or then == {"kept"})


def excused(now: set[str], then: set[str], pending: bool) -> bool:
    """Kept, listed, pending, or not in question on either side; with everything known."""
    if not known(now, then) or holds(now, then, pending):
        return False
    if now <= {"kept", "known break", "broken"}:
        return True
    return then <= {"not applicable", "unsupported", "absent", "known break"} or (
        then == {"broken"} and pending
    )


def regressed(now: set[str], then: set[str], pending: bool) -> bool:
    """Held by the rule, and on the baseline known to be something else than broken."""
    return holds(now, then, pending) and known(now, then) and not then & {"broken", "known break"}


EXAMPLES = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
FIRST = settings(EXAMPLES, phases=[Phase.generate])


def told(situation: Situation) -> Iterator[tuple[set[str], set[str], bool]]:
    """What every promise says of the candidate and of the baseline, and whether it is pending."""
    for pack in situation.packs:
        for name in names(situation, pack):
            now, then = (words(situation, pack, name, side) for side in VERSIONS)
            yield now, then, (pack, name) in situation.pending


def whole(situation: Situation) -> bool:
    """Whether all evidence of every expected cell can be used."""
    return all(
        cells and all(usable(one, side, situation.packs[pack]) for one in cells)
        for pack in situation.packs
        for side in VERSIONS
        for cells in (situation.cells(pack, side),)
    )


@EXAMPLES
@given(situations())
def test_release_is_proven(situation: Situation) -> None:
    """Release is said only if every promise of every expected cell is kept, or else excused.

    At least one of them must have been judged on the candidate.
    """
    if situation.decide().answer is not Answer.RELEASE:
        return
    assert whole(situation)
    assert all(excused(*one) for one in told(situation))
    assert any(now & {"kept", "known break"} for now, _, _ in told(situation))


@EXAMPLES
@given(situations())
def test_hold_is_proven(situation: Situation) -> None:
    """Hold is said exactly if a promise is broken in every attempt, and nobody has excused it."""
    found = any(holds(*one) for one in told(situation))
    assert (situation.decide().answer is Answer.HOLD) is found


@EXAMPLES
@given(situations())
def test_the_baseline_excuses_nothing(situation: Situation) -> None:
    """What holds does so whatever is said of the baseline, be it nothing."""
    asked = Situation(situation.packs, situation.evidence)
    silent = [
        {name: None if "v200" in name else one for name, one in attempt.items()}
        for attempt in situation.evidence
    ]
    held = asked.decide().answer is Answer.HOLD
    assert (Situation(situation.packs, silent).decide().answer is Answer.HOLD) is held


@EXAMPLES
@given(situations())
def test_only_new(situation: Situation) -> None:
    """Of only what is new, hold is said exactly if a promise regressed.

    Release is said only if all else is excused, or broken on both sides in every attempt.
    """
    answer = situation.decide(only_new=True).answer
    assert (answer is Answer.HOLD) is any(regressed(*one) for one in told(situation))
    if answer is Answer.RELEASE:
        assert whole(situation)
        for now, then, pending in told(situation):
            both = now == {"broken"} and then <= {"broken", "known break"}
            assert both or excused(now, then, pending)


@EXAMPLES
@given(situations())
def test_disagreement_is_unknown(situation: Situation) -> None:
    """A promise of which two attempts on one side disagree is unknown; or broken, by all others."""
    for judged in situation.decide().cells:
        for promise in judged.promises:
            now, then = (words(situation, judged.pack, promise.name, side) for side in VERSIONS)
            if len(now) > 1:
                assert promise.verdict is Verdict.UNKNOWN
            elif len(then) > 1:
                assert promise.verdict in (Verdict.UNKNOWN, Verdict.BROKEN)


@EXAMPLES
@given(situations())
def test_every_piece_of_evidence_counts(situation: Situation) -> None:
    """A release without any one piece of its evidence is unknown."""
    if situation.decide().answer is not Answer.RELEASE:
        return
    for number, attempt in enumerate(situation.evidence):
        for name in attempt:
            evidence = list(situation.evidence)
            evidence[number] = {**attempt, name: None}
            less = Situation(situation.packs, evidence, situation.pending)
            assert less.decide().answer is Answer.UNKNOWN


@pytest.mark.parametrize("answer", Answer)
def test_every_answer_is_found(answer: Answer) -> None:
    """The situations that these tests draw come to each of the three answers."""
    assert find(situations(), lambda one: one.decide().answer is answer, settings=FIRST)


def cell_evidence(pack: PackOnDisk, side: str, *names: str) -> Evidence:
    """Fresh evidence of the pack `one`, in which these promises are kept."""
    return Evidence(
        cell=f"one-core_{side}",
        started=datetime(2026, 1, 15, tzinfo=UTC),
        seconds=1,
        asked=f"market-data-core=={VERSIONS[side]}",
        version=VERSIONS[side],
        supports=pack.says.supports,
        pack_digest=DIGEST,
        promises=tuple(Promise(name=name, result=Result.KEPT) for name in names),
    )


@pytest.mark.parametrize(
    ("candidate", "baseline", "source", "answer"),
    [
        ("v200", "candidate", "pypi", Answer.UNKNOWN),
        ("v200", "candidate", "stand-in", Answer.UNKNOWN),
        ("v200", "candidate", "git", Answer.RELEASE),
        ("v200", "v200", "pypi", Answer.RELEASE),
        ("candidate", "v200", "pypi", Answer.RELEASE),
    ],
)
def test_an_older_candidate(candidate: str, baseline: str, source: str, answer: Answer) -> None:
    """A release before its baseline is unknown, if it keeps all; a commit may have any version."""
    says = Pack(consumer="c", release="1", owner="o", supports=">=1")
    pack = PackOnDisk(says=says, digest=DIGEST, promises=NAMES[:1])
    found = {
        f"one-core_{side}": judge(
            cell(f"one-core_{side}"), cell_evidence(pack, side, NAMES[0]), pack, TODAY
        )
        for side in VERSIONS
    }
    asked = core(candidate).model_copy(update={"source": source})
    made = decide(asked, core(baseline), [found], {"one": pack}, ())
    assert made.answer is answer
    said = "unknown: Core 2.0.0" in headline(
        made
    ) and "is older than its baseline 2.1.0" in headline(made)
    assert said is (answer is Answer.UNKNOWN)


@pytest.mark.parametrize(
    ("supports", "kept"),
    [(">=1", NAMES[:1]), ("<2.1", (*NAMES[:1], f"{NAMES[2]}[ok]")), ("<2.1", NAMES[:1])],
    ids=["cell in part", "unsupported", "both"],
)
def test_parameters_that_are_gone(supports: str, kept: tuple[str, ...]) -> None:
    """That the candidate lacks parameters of a promise is no answer where none was judged at all.

    Either the cell ran in part, or it is of a Core that the pack does not support.
    """
    says = Pack(consumer="c", release="1", owner="o", supports=supports)
    pack = PackOnDisk(says=says, digest=DIGEST, promises=(NAMES[0], NAMES[2]))
    before = (NAMES[0], f"{NAMES[2]}[ok]", f"{NAMES[2]}[soft]")
    found = {
        "one-core_candidate": cell_evidence(pack, "candidate", *kept),
        "one-core_v200": cell_evidence(pack, "v200", *before),
    }
    situation = Situation({"one": pack}, [found])
    assert situation.decide().answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("result", "name", "supports", "reason"),
    [
        (Result.KNOWN_BREAK, NAMES[0], ">=1", "no known break of the pack"),
        (Result.NOT_APPLICABLE, NAMES[0], ">=1", "so it is applicable"),
        (Result.KEPT, NAMES[0], ">=9", "it says that the pack supports"),
    ],
)
def test_an_excuse_is_the_packs_own(result: Result, name: str, supports: str, reason: str) -> None:
    """Evidence cannot excuse itself: what the pack does not list, or support, is errored."""
    says = Pack(consumer="c", release="1", owner="o", supports=">=1")
    pack = PackOnDisk(says=says, digest=DIGEST, promises=NAMES[:2])
    said = cell_evidence(pack, "candidate", *NAMES[:2])
    first = said.promises[0].model_copy(update={"result": result})
    forged = {"promises": (first, *said.promises[1:]), "supports": supports}
    for evidence, believed in ((said, True), (said.model_copy(update=forged), False)):
        report = judge(cell("one-core_candidate"), evidence, pack, TODAY)
        assert (founded(report, pack).evidence is not None) is believed
    assert reason in founded(report, pack).reason
