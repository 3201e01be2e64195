"""The consumers in the answer: one real check of a Core that lost names, and the gate on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from defusedxml.ElementTree import fromstring

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
CONSUMERS = {
    "careful": Offer("1.0", CORE, code=CAREFUL),
    "free": Offer("1.0", ("market-data-core>=1,<2.1",), code=NEEDS),
    "steady": Offer("0.1.0", CORE, code="import market_data_core as c\n\nc.Idle\n"),
    "stuck": Offer("1.0", (*CORE, "market-data-free>=2")),
}
TABLE = "".join(f'market-data-{name} = "{one.version}"\n' for name, one in CONSUMERS.items())
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
    """One pack, with a known break of the candidate, and three consumers without one."""
    world = World(tmp_path_factory.mktemp("world"), index.url)
    world.harness(tox_ini())
    known = KNOWN_BREAK.format(test="idle", expires="9999-12-31").replace(">=1", ">=2.1")
    says = PACK_TOML.format(pack="steady", supports=">=1")
    world.write("packs/steady/pack.toml", says + known)
    world.write("packs/steady/test_promises.py", HEAD + PUBLISH + IDLE)
    world.core(MENDED)
    world.write("consumers.toml", TABLE)
    done = world.fanout("check", "core", "--baseline", "2.0.0", "--index", index.url)
    world.write("printed", done.stdout)
    assert done.returncode == 1, done.stderr
    return world


def gate(world: World, *options: str, index: str = "", table: str = TABLE) -> Result:
    """The answer from the evidence of the check, with these consumers; without a table if empty."""
    (run,) = (world.root / "runs").iterdir()
    (wheel,) = (world.root / ".tox/wheels").glob("*/market_data_core-2.1.0-*.whl")
    world.write("consumers.toml", table)
    if not table:
        (world.root / "consumers.toml").unlink()
    arguments = [str(wheel), "--baseline", "2.0.0", "--index", index or world.index]
    for folder in sorted(run.iterdir()):
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
        " possible"
    )
    start = next(n for n, line in enumerate(printed) if line.startswith("consumer "))
    assert printed[start : start + 5] == [
        "consumer                  gets it  installs  promises kept  loses",
        "market-data-careful 1.0   at once  yes       no pack        nothing",
        "market-data-free 1.0      later    yes       no pack        Pacing",
        "market-data-steady 0.1.0  at once  yes       1 of 2         nothing",
        "market-data-stuck 1.0     at once  no        no pack        nothing",
    ]
    said = " ".join(" ".join(printed).split())
    assert "Consumers that this Core breaks: 2" in said
    assert (
        "Pacing is gone, and used without a guard in market_data_free/__init__.py:1 and 1 other"
        " place" in said
    )
    assert "It gets this Core at once, and cannot be installed with it: Because" in said


def test_a_name_that_some_consumer_uses_holds(world: World) -> None:
    """A name that goes and that no promise pins holds, and only where a consumer needs it."""
    found = told(world)
    assert [(one["name"], one["uses"]) for one in found["free"]["lost"]] == [("Pacing", 2)]
    assert {name for name, one in found.items() if one["lost"]} == {"free"}


def test_what_a_promise_says_is_not_said_again(world: World) -> None:
    """A name whose promise is broken is excused with it, and not told of the consumer as well."""
    without = TABLE.replace('market-data-free = "1.0"\n', "").replace(
        'market-data-stuck = "1.0"\n', ""
    )
    result = gate(world, table=without)
    assert result.exit_code == 0
    assert result.stdout.startswith("release: Core 2.1.0 (path) breaks no promise")


def test_without_a_resolver(world: World) -> None:
    """The gate asks no resolver, and says so."""
    assert {one["installs"] for one in told(world).values()} == {None}
    assert "at once  not asked  no pack" in gate(world).stdout


@pytest.mark.parametrize("form", ["markdown", "junit"])
def test_other_formats(world: World, form: str) -> None:
    """Markdown has the same table, and JUnit a suite with a case for each consumer."""
    shown = gate(world, "--format", form).stdout
    if form == "markdown":
        row = next(
            line for line in shown.splitlines() if "market-data-free" in line and "|" in line
        )
        assert row == "| market-data-free 1.0 | later | not asked | no pack | Pacing |"
        return
    (suite,) = (one for one in fromstring(shown) if one.get("name") == "consumers")
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")


def test_one_pack(world: World) -> None:
    """Whoever asks one pack asks of its consumer, and of no other."""
    decision = json.loads(gate(world, "--pack", "steady", "--format", "json").stdout)
    # It is the only pack there is, so that all are asked.
    assert len(decision["consumers"]) == 4


def test_an_index_that_does_not_say(world: World) -> None:
    """What is not known of a consumer decides nothing, and the first line says so."""
    table = TABLE.replace('free = "1.0"', 'free = "7.0"').replace('stuck = "1.0"', 'stuck = "7"')
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


def test_fast(world: World) -> None:
    """A check with --fast asks no resolver either."""
    world.write("consumers.toml", TABLE)
    done = world.fanout("check", "core", "--fast", "--baseline", "2.0.0", "--index", world.index)
    assert (done.returncode, "at once  not asked" in done.stdout) == (1, True), done.stderr
