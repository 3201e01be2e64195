"""The consumers in the answer: one real check of a Core that lost names, and the gate on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import SubElement

import pytest
from click.testing import Result
from defusedxml.ElementTree import fromstring, tostring

from fanout.commands.check import compare
from fanout.consumers.answer import judging
from fanout.consumers.installs import Found, Installs, Resolution
from fanout.consumers.table import Asked
from fanout.consumers.takes import Takes
from fanout.gate.check import decided
from fanout.gate.consumers import Question, with_consumers
from fanout.model import Standing, Verdict
from fanout.told.decision.account import account
from tests.servers.core_index import CoreIndex, Offer
from tests.worlds.large import (
    HEAD,
    KNOWN_BREAK,
    MENDED,
    PACK_TOML,
    PUBLISH,
    RELEASES,
    World,
    tox_ini,
)

GONE = "\n\nclass Pacing(Exception): ...\n\n\nclass Idle: ...\n"
CORE = ("market-data-core>=1,<3",)
NEEDS = "from market_data_core import Pacing\n\nraise Pacing()\n"
IDLE = '''
@pytest.mark.contract("Idle")
def test_idle():
    """There is a state for a queue that is empty."""
    assert core.Idle
'''
CAREFUL = "try:\n    from market_data_core import Pacing\nexcept ImportError:\n    Pacing = None\n"
# What fails in its own code, and not with the baseline, is Core's fault.
HASTY = 'from market_data_core import LEVELS\n\nassert "soft" in LEVELS\n'
ODD = {"market_data_hasty/odd.py": "import market_data_core\nimport no_such_thing\n"}
STEADY = {
    "market_data_steady/needs.py": "import market_data_core as c\n\nc.Idle\n",
    "market_data_steady/fine.py": "import market_data_core\n",
}
CONSUMERS = {
    "careful": Offer("1.0", CORE, code=CAREFUL),
    "free": Offer("1.0", ("market-data-core>=1,<2.1",), code=NEEDS),
    "hasty": Offer("1.0", CORE, code=HASTY, files=ODD),
    "never": Offer("1.0", CORE, code="from market_data_core import NeverThere\n"),
    "steady": Offer("0.1.0", CORE, files=STEADY),
    "stuck": Offer("1.0", (*CORE, "market-data-free>=2")),
}
TABLE = "".join(f'market-data-{name} = "{one.version}"\n' for name, one in CONSUMERS.items())
OF_MODULE = 'module = "market_data_steady.needs"'
FINE = "".join(line for line in TABLE.splitlines(True) if "careful" in line or "steady" in line)
CLOSED = "http://127.0.0.1:9/simple/"


@pytest.fixture(scope="module")
def index() -> Iterator[CoreIndex]:
    index = CoreIndex()
    index.serve({version: code + GONE for version, code in RELEASES.items()})
    for name, one in CONSUMERS.items():
        index.offer(f"market-data-{name}", one)
    yield index
    index.close()


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, index: CoreIndex, compiled_wheels: None
) -> World:
    """One pack, with known breaks of the candidate, and five consumers without one."""
    world = World(tmp_path_factory.mktemp("world"), index.url)
    world.harness(tox_ini())
    list_breaks(world, "9999-12-31", OF_MODULE)
    world.write("packs/steady/test_promises.py", HEAD + PUBLISH + IDLE)
    world.core(MENDED)
    world.write("consumers.toml", TABLE)
    done = world.fanout("check", "core", "--baseline", "2.0.0", "--index", index.url)
    world.write("printed", done.stdout)
    assert done.returncode == 1, done.stderr
    return world


def list_breaks(world: World, expires: str, *of: str) -> None:
    """Have the pack list the promise that the candidate breaks, and these of its consumer."""
    known = KNOWN_BREAK.format(test="idle", expires="9999-12-31").replace(">=1", ">=2.1")
    says = PACK_TOML.format(pack="steady", supports=">=1") + known
    for one in of:
        line = known.replace('test = "test_promises.py::test_idle"', one)
        says += line.replace("9999-12-31", expires)
    world.write("packs/steady/pack.toml", says)


def left(world: World) -> tuple[str, list[Path]]:
    """The wheel of the candidate, and the folders of evidence of the check."""
    run = min((world.root / "runs").iterdir())
    (wheel,) = (world.root / ".tox/wheels").glob("*/market_data_core-2.1.0-*.whl")
    return str(wheel), sorted(run.iterdir())


def gate(world: World, *options: str, index: str = "", table: str = TABLE) -> Result:
    """The answer from the evidence of the check, with these consumers; without a table if empty."""
    world.write("consumers.toml", table)
    if not table:
        (world.root / "consumers.toml").unlink()
    wheel, folders = left(world)
    arguments = [wheel, "--baseline", "2.0.0", "--index", index or world.index]
    for folder in folders:
        arguments += ["--evidence", str(folder)]
    return world.ask("gate", *arguments, *options)


def told(world: World, **more: str) -> dict[str, Any]:
    """What is said of each consumer."""
    decision = json.loads(gate(world, "--format", "json", **more).stdout)
    return {one["consumer"].rpartition("-")[2]: one for one in decision["consumers"]}


def test_the_table(world: World) -> None:
    """A check gives a line for each consumer, and says first who loses what, and who is stuck."""
    printed = (world.root / "printed").read_text().splitlines()
    assert printed[0] == (
        "hold: Core 2.1.0 (path) lacks Pacing, which market-data-free 1.0 uses; "
        "whoever installs market-data-stuck 1.0 gets Core 2.1.0 (path), with which that is not"
        " possible; whoever installs market-data-hasty 1.0, market-data-never 1.0 gets Core 2.1.0"
        " (path), which breaks the import of 2 modules"
    )
    start = next(n for n, line in enumerate(printed) if line.startswith("consumer "))
    assert printed[start : start + 7] == [
        "consumer                  gets it  installs  imports      promises kept  loses",
        "market-data-careful 1.0   at once  yes       yes          no pack        nothing",
        "market-data-free 1.0      later    yes       broken       no pack        Pacing",
        "market-data-hasty 1.0     at once  yes       broken       no pack        nothing",
        "market-data-never 1.0     at once  yes       broken       no pack        nothing",
        "market-data-steady 0.1.0  at once  yes       known break  1 of 2         nothing",
        "market-data-stuck 1.0     at once  no        errored      no pack        nothing",
    ]
    said = " ".join(" ".join(printed).split())
    assert "Consumers that this Core breaks: 4" in said
    assert (
        "Pacing is gone, and used without a guard in market_data_free/__init__.py:1 and 1 other"
        " place" in said
    )
    assert "It gets this Core at once, and cannot be installed with it: Because" in said
    assert "Core breaks the import of market_data_hasty: AssertionError" in said
    assert "$ CORE_CANDIDATE=core tox run" in said
    assert "tox run -e hasty_live-core_candidate" in said
    assert "not asked" not in said


def test_what_holds_nothing(world: World) -> None:
    """A fault of the consumer's own is told if it is new, and a broken import of whoever waits."""
    printed = (world.root / "printed").read_text()
    section = " ".join(printed.partition("which holds nothing: ")[2].split())
    assert section.startswith("1 market-data-free 1.0 Core breaks the import of market_data_free:")
    assert "no_such_thing" not in printed
    faults = {one["name"]: one for one in told(world)["hasty"]["faults"]}
    odd = faults["market_data_hasty.odd"]
    assert (odd["imported"], odd["before"]) == ("own fault", "own fault")


def test_a_name_that_some_consumer_uses_holds(world: World) -> None:
    """A name that goes and that no promise pins holds, and only where a consumer needs it."""
    found = told(world)
    assert [(one["name"], one["uses"]) for one in found["free"]["lost"]] == [("Pacing", 2)]
    assert {name for name, one in found.items() if one["lost"]} == {"free"}


def test_what_a_promise_says_is_not_said_again(world: World) -> None:
    """A name whose promise is broken is excused with it, and not told of the consumer as well."""
    result = gate(world, table=FINE)
    assert result.exit_code == 0
    assert result.stdout.startswith("release: Core 2.1.0 (path) breaks no promise")


def test_an_import_that_core_breaks(world: World) -> None:
    """It holds where the consumer gets the candidate at once, and a known break excuses it."""
    found = told(world)
    holding = {
        name: [fault["name"] for fault in one["faults"] if fault["holds"]]
        for name, one in found.items()
    }
    assert {name: one for name, one in holding.items() if one} == {
        "hasty": ["market_data_hasty"],
        "never": ["market_data_never"],
    }
    assert found["free"]["imports"] == "broken"
    (fault,) = found["steady"]["faults"]
    assert fault["excuse"]["known_break"].startswith("idle is being rewritten, https://example.org")
    said = gate(world, table=FINE).stdout
    assert "Known breaks of consumers themselves: 1" in said
    assert "listed: idle is being rewritten" in said


def test_broken_on_both_sides(world: World, tmp_path: Path) -> None:
    """With --only-new, what the baseline breaks too does not hold, be it import or installation."""
    headline = gate(world, "--only-new").stdout.splitlines()[0]
    assert "market-data-hasty 1.0 gets Core 2.1.0 (path), which breaks the import of 1 module" in (
        headline
    )
    assert "never" not in headline
    (wheel, folders), now = left(world), datetime.now(UTC)
    for only_new, stuck in ((False, True), (True, False)):
        comparison = compare(wheel, "2.0.0", (), world.root, now, only_new)
        comparison.take(folders[0], {})
        decision, _ = decided("check", comparison, now, tmp_path, world.index, print)
        assert [one.breaks for one in decision.consumers if "stuck" in one.consumer] == [stuck]


def test_a_baseline_that_nobody_asks_for(world: World, index: CoreIndex, tmp_path: Path) -> None:
    """With --only-new, a release that asks for newer Cores than the baseline is no broken one."""
    now, requires = datetime.now(UTC), ("market-data-core>=2.1", "market-data-free>=2")
    index.offer("market-data-newer", Offer("1.0", requires))
    asked = (Asked("market-data-newer", "1.0"), Asked("market-data-stuck", "1.0"))
    comparison = compare(left(world)[0], "2.0.0", (), world.root, now, only_new=True)
    comparison = replace(comparison, consumers=asked)
    decision, _ = decided("check", comparison, now, tmp_path, world.index, print)
    # Neither can be installed with the candidate, nor the second with the baseline.
    assert [one.breaks for one in decision.consumers] == [False, False]
    index.offer("market-data-free", Offer("2.0", ("market-data-core<2.1",)))
    try:
        decision, _ = decided("check", comparison, now, tmp_path, world.index, print)
    finally:
        index.offer("market-data-free", CONSUMERS["free"])
    # What stands in the way now is the range of another, which the baseline is in.
    assert [one.breaks for one in decision.consumers] == [True, True]


def test_an_early_candidate() -> None:
    """An rc is judged as what it becomes, also where the installation is shown."""
    no, yes = Resolution(found=Found.NO, why="it is older"), Resolution(found=Found.YES)
    found = Installs(releases={"a": "1"}, declared=no, forced=yes)
    assert judging(Takes.AT_ONCE, found, "2.1.0rc1") == yes
    assert judging(Takes.AT_ONCE, found, "2.1.0") == no
    assert judging(Takes.LATER, found, "2.1.0") == yes


def test_a_name_that_a_failing_promise_names(world: World, tmp_path: Path) -> None:
    """With --only-new, a promise that was broken before hides no name that is lost now."""
    now = datetime.now(UTC)
    comparison = compare(left(world)[0], "2.0.0", (), world.root, now, only_new=True)
    asked = (Asked("market-data-free", "1.0", "steady"),)
    comparison = replace(comparison, consumers=asked)
    comparison.take(left(world)[1][0], {})
    decision = comparison.decide()
    (cell,) = decision.cells
    promise = next(one for one in cell.promises if one.candidate.standing is Standing.KNOWN_BREAK)
    broken = promise.candidate.model_copy(update={"standing": Standing.BROKEN})
    for verdict, lost in ((Verdict.STILL_FAILING, 1), (Verdict.REGRESSED, 0)):
        changed = {"contract": ("Pacing",), "candidate": broken, "verdict": verdict}
        promises = (promise.model_copy(update=changed),)
        cells = (cell.model_copy(update={"promises": promises}),)
        question = Question(
            consumers=asked,
            packs=comparison.packs,
            live={},
            imports={},
            root=world.root,
            history=tmp_path,
            index=world.index,
            today=now.date(),
            fast=True,
        )
        found = with_consumers(decision.model_copy(update={"cells": cells}), question)
        assert len(found.consumers[0].lost) == lost


def test_an_installation_that_is_excused(world: World, tmp_path: Path) -> None:
    """A known break excuses that a consumer cannot be installed, and is an error where it can."""
    (wheel, _), now = left(world), datetime.now(UTC)
    list_breaks(world, "9999-12-31", "install = true")
    try:
        comparison = compare(wheel, "2.0.0", (), world.root, now, only_new=False)
    finally:
        list_breaks(world, "9999-12-31", OF_MODULE)
    asked = (
        Asked("market-data-stuck", "1.0", "steady"),
        Asked("market-data-free", "1.0", "steady"),
    )
    comparison = replace(comparison, consumers=asked)
    decision, _ = decided("check", comparison, now, tmp_path, world.index, print)
    stuck, free = decision.consumers
    assert (stuck.breaks, stuck.wrong) == (False, ())
    assert stuck.excuse is not None
    assert free.wrong == (
        "the installation is listed as a known break, but holds: remove the entry",
    )
    told = account(decision, now.date())
    assert [row[2] for row in told.consumers] == ["installs", "known break", "yes"]


@pytest.mark.parametrize(
    ("expires", "of", "said"),
    [
        ("2020-01-31", OF_MODULE, "module market_data_steady.needs expired on 2020-01-31"),
        ("9999-12-31", 'module = "steady"', "no module that imports Core is called so"),
        ("9999-12-31", 'module = "market_data_steady.fine"', "but holds: remove the entry"),
    ],
    ids=["expired", "of no module", "kept"],
)
def test_a_known_break_that_excuses_nothing(world: World, expires: str, of: str, said: str) -> None:
    """An entry that has expired, is of nothing, or is not needed any more is told as an error."""
    list_breaks(world, expires, of)
    try:
        result = gate(world, table=FINE)
        steady = told(world, table=FINE)["steady"]
    finally:
        list_breaks(world, "9999-12-31", OF_MODULE)
    assert (result.exit_code, steady["imports"]) == (1, "broken")
    assert "Entries of pack.toml that excuse nothing: 1" in result.stdout
    assert said in " ".join(result.stdout.split())


def test_evidence_of_something_else(world: World) -> None:
    """Evidence of another release, or cut off, decides nothing, and the first line says so."""
    table = FINE.replace('careful = "1.0"', 'careful = "2.0"')
    result = gate(world, table=table)
    assert (
        "; whether market-data-careful 2.0 can be imported is not known"
        in (result.stdout.splitlines()[0])
    )
    assert "the evidence is of market-data-careful 1.0, not 2.0" in result.stdout
    assert result.exit_code == 0


@contextmanager
def forged(world: World, cell: str, pattern: str, other: str) -> Iterator[None]:
    """The evidence of a live cell of the check, with something else in it, for a while."""
    file = left(world)[1][0] / f"{cell}.xml"
    text = file.read_text()
    changed = re.sub(pattern, other, text)
    assert changed != text
    file.write_text(changed)
    try:
        yield
    finally:
        file.write_text(text)


@pytest.mark.parametrize("digest", ["0" * 64, ""])
def test_evidence_of_another_content(world: World, digest: str) -> None:
    """Evidence of a Core of the same version, and not the one that the packs ran on, is stale."""
    changed = rf"\g<1>{digest}"
    with forged(world, "careful_live-core_candidate", r'(name="digest" value=")\w+', changed):
        result = gate(world, table=FINE)
    assert (
        "; whether market-data-careful 1.0 can be imported is not known"
        in (result.stdout.splitlines()[0])
    )
    assert "not that of the Core that the packs ran on" in " ".join(result.stdout.split())


def test_evidence_of_no_core(world: World) -> None:
    """Evidence that does not say which Core was tested breaks nothing, whatever it says."""
    cell, version = "never_live-core_candidate", r'<property name="version" value="2.1.0" />'
    counts = 'tests="{0}" failures="1" errors="{1}"'
    error = '<testcase classname="x" name="x" time="0"><error /></testcase></testsuite>'
    with (
        forged(world, cell, version, ""),
        forged(world, cell, counts.format(1, 0), counts.format(2, 1)),
        forged(world, cell, "</testsuite>", error),
    ):
        result = gate(world, table=FINE + 'market-data-never = "1.0"\n')
    assert (result.exit_code, "does not say which Core was tested" in result.stdout) == (0, True)


def test_evidence_that_is_lost(world: World) -> None:
    """A live cell that left no evidence, beside those that did, is said in the first line."""
    table = FINE + 'market-data-hasty = "1.0"\n'
    _, folders = left(world)
    file = folders[0] / "hasty_live-core_candidate.xml"
    text = file.read_bytes()
    file.unlink()
    try:
        result = gate(world, table=table)
        junit = fromstring(gate(world, "--format", "junit", table=table).stdout)
    finally:
        file.write_bytes(text)
    said = "; whether market-data-hasty 1.0 can be imported is not known"
    assert said in result.stdout.splitlines()[0]
    assert "there is no evidence of its live cell" in result.stdout
    case = next(one for one in junit.iter("testcase") if one.get("name") == "market-data-hasty 1.0")
    assert case.find("skipped") is not None


def test_a_module_that_ends_the_process(world: World) -> None:
    """What can be imported with the baseline, and ends otherwise with the candidate, is unknown."""
    _, folders = left(world)
    file = folders[0] / "steady_live-core_candidate.xml"
    before = file.read_bytes()
    suites = fromstring(before)
    suite = suites[0]
    suite.set("errors", "1")
    ended = {"type": "crashed", "message": "it ended with code 0"}
    SubElement(next(suite.iter("testcase")), "error", ended)
    file.write_bytes(tostring(suites))
    try:
        result = gate(world, table=FINE)
    finally:
        file.write_bytes(before)

    assert result.exit_code == 3
    assert result.stdout.startswith(
        "unknown: the import of 1 module of market-data-steady 0.1.0 gives no verdict: it ended"
        " with code 0"
    )


def test_a_resolver_that_does_not_say(world: World, tmp_path: Path) -> None:
    """Whether a consumer can be installed is said not to be known where no resolver says it."""
    now = datetime.now(UTC)
    comparison = compare(left(world)[0], "2.0.0", (), world.root, now, only_new=False)
    comparison.take(left(world)[1][0], {})
    comparison = replace(comparison, consumers=comparison.consumers[:1])
    decision, _ = decided("gate", comparison, now, tmp_path, world.index, print, fast=True)
    slow = {"installs": Found.UNKNOWN, "why": "it did not end"}
    asked = tuple(one.model_copy(update=slow) for one in decision.consumers)
    said = account(decision.model_copy(update={"consumers": asked}), now.date())
    assert said.headline.startswith("release: ")
    assert "; whether market-data-careful 1.0 can be installed is not known" in said.headline
    assert "the resolver gave no answer: it did not end" in str(said.sections)


@pytest.mark.parametrize("metadata", [b"", b"Requires-Dist: market-data-core ?\n"])
def test_a_range_that_cannot_be_read(
    world: World, index: CoreIndex, metadata: bytes, tmp_path: Path
) -> None:
    """When a consumer gets the candidate is said not to be known where its range is not."""
    name, version = "market-data-vague", f"{len(metadata)}.0"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    index.offer(name, Offer(version, metadata=head + metadata, code=NEEDS))
    asked, now = (Asked(name, version),), datetime.now(UTC)
    comparison = compare(left(world)[0], "2.0.0", (), world.root, now, only_new=False)
    comparison = replace(comparison, consumers=asked)
    decision, _ = decided("gate", comparison, now, tmp_path, world.index, print, fast=True)
    assert f"; when {name} {version} gets it is not known" in account(decision, now.date()).headline


def test_without_a_resolver(world: World) -> None:
    """The gate asks no resolver, and says so."""
    assert {one["installs"] for one in told(world).values()} == {None}
    printed = gate(world).stdout
    assert "at once  not asked  broken       no pack" in printed
    assert "\nnot asked: whether the consumers can be installed\n" in printed


@pytest.mark.parametrize("form", ["markdown", "junit"])
def test_other_formats(world: World, form: str) -> None:
    """Markdown has the same table, and JUnit a suite with a case for each consumer."""
    shown = gate(world, "--format", form).stdout
    if form == "markdown":
        row = next(
            line for line in shown.splitlines() if "market-data-free" in line and "|" in line
        )
        assert row == "| market-data-free 1.0 | later | not asked | broken | no pack | Pacing |"
        return
    (suite,) = (one for one in fromstring(shown) if one.get("name") == "consumers")
    assert (suite.get("tests"), suite.get("failures")) == ("6", "3")
    hasty = next(one for one in suite if one.get("name") == "market-data-hasty 1.0")
    assert "Core breaks the import of market_data_hasty: " in hasty.findtext("failure", "")
    said = {one.get("name"): one.get("value") for one in hasty.iterfind("properties/property")}
    assert said["imports"] == "broken"


def test_one_pack(world: World) -> None:
    """Whoever asks one pack asks of its consumer, and of no other."""
    decision = json.loads(gate(world, "--pack", "steady", "--format", "json").stdout)
    # It is the only pack there is, so that all are asked.
    assert len(decision["consumers"]) == 6


def test_an_index_that_does_not_say(world: World) -> None:
    """What is not known of a consumer decides nothing, and the first line says so."""
    table = FINE + 'market-data-free = "7.0"\nmarket-data-stuck = "7"\n'
    for index, unread in (
        (world.index, "market-data-free 7.0, market-data-stuck 7"),
        (CLOSED, "market-data-careful 1.0, market-data-free 7.0, market-data-steady 0.1.0"),
    ):
        result = gate(world, index=index, table=table)
        assert result.exit_code == 0
        assert result.stdout.startswith("release: Core 2.1.0 (path) breaks no promise")
        assert f"; what {unread}" in result.stdout.splitlines()[0]


@pytest.mark.parametrize("table", ["x", 'market-data-free = "1.0"\n'])
def test_a_table_that_cannot_be_read(world: World, table: str) -> None:
    """A consumers.toml that is none, or lacks the consumer of a pack, is a mistake."""
    result = gate(world, table=table)
    assert (result.exit_code, "consumers.toml" in result.stderr) == (2, True)


def test_a_checkout_without_a_table(world: World) -> None:
    """Without consumers.toml the packs alone answer."""
    result = gate(world, table="")
    assert (result.exit_code, "gets it" in result.stdout) == (0, False)


def test_kept_in_the_history(world: World, tmp_path: Path) -> None:
    """The run's document says of each consumer what the answer said."""
    gate(world, "--history", str(tmp_path))
    (document,) = tmp_path.glob("*.json")
    kept = json.loads(document.read_text())["consumers"]
    assert [one["consumer"] for one in kept if one.get("lost")] == ["market-data-free"]
    holding = [fault["name"] for one in kept for fault in one.get("faults", ()) if "holds" in fault]
    assert holding == ["market_data_hasty", "market_data_never"]


def test_fast(world: World) -> None:
    """A check with --fast runs no live cell and asks no resolver, and says so in one line."""
    world.write("consumers.toml", FINE)
    done = world.fanout("check", "core", "--fast", "--baseline", "2.0.0", "--index", world.index)
    assert done.returncode == 0, done.stderr
    assert "at once  not asked  not asked  no pack" in done.stdout
    assert "\nnot asked: whether the consumers can be installed and imported\n" in done.stdout
    assert "_live" not in done.stdout + done.stderr
