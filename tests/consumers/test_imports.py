"""`fanout consumers --imports`: what live cells make of a made-up index, run by tox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fanout.cells.live import Imported, Module
from fanout.consumers.imports import Imports
from tests.servers.core_index import CoreIndex, Offer
from tests.worlds.small import SmallWorld

PINNED = "market-data-core==1.2.0"
LOOSE = "market-data-core>=1.2,<2"
BAR = "from market_data_core import Bar\n"
LATER = "def f():\n    import redis\n"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CoreIndex]:
    made = CoreIndex()
    made.serve({"1.2.0": "Bar = 1", "1.3.0": "Bar = Gone = 2", "1.4.0": "x = 1"})
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", made.url)
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path) -> SmallWorld:
    made = SmallWorld(tmp_path / "world", {"1.2.0": "", "1.3.0": ""})
    made.promises(kept="pass")
    made.project.write("consumers.toml", 'market-data-small = "0.1.0"\nmarket-data-more = "1.0"\n')
    return made


def ask(world: SmallWorld, core: str) -> tuple[int, dict[str, Any], list[str]]:
    """The exit code, what came of the live cell of each consumer, and who is broken."""
    options = ("--imports", "--core", core, "--format", "json")
    done = world.project.fanout("consumers", *options)
    assert done.exit_code in (0, 1, 3), done.stderr
    said = json.loads(done.stdout)
    imports = {one["distribution"]: one["imports"] for one in said["consumers"]}
    return done.exit_code, imports, said["broken"]


def test_whatever_a_consumer_declares(world: SmallWorld, index: CoreIndex) -> None:
    """A release is imported with the Core that is asked for, also if it is pinned to another."""
    index.offer("market-data-small", Offer("0.1.0", (PINNED,), code=BAR + LATER))
    index.offer("market-data-more", Offer("1.0", (PINNED, "market-data-small"), code=BAR))
    exit_code, said, _ = ask(world, "1.3.0")
    assert (exit_code, said["market-data-more"]["found"]) == (0, "yes")
    small = said["market-data-small"]
    assert (small["cell"], small["release"]) == ("small_live-core_v130", "0.1.0")
    assert (small["found"], [one["name"] for one in small["faults"]]) == (
        "undeclared",
        ["undeclared: redis"],
    )


def test_who_takes_it_up_at_once_and_cannot_import_it(world: SmallWorld, index: CoreIndex) -> None:
    """An import that Core breaks, of who takes it up at once, ends with 1; of others it is told.

    A Core ref that is none of the default matrix has no live cells, and is that of a slot.
    """
    table = (world.root / "tox.ini").read_text()
    world.project.write("tox.ini", table.replace("[live]", "core_v140 = 1.4.0\n[live]"))
    index.offer("market-data-small", Offer("0.1.0", (LOOSE,), code=BAR))
    index.offer("market-data-more", Offer("1.0", (PINNED,), code=BAR))
    exit_code, said, broken = ask(world, "1.4.0")
    assert {one["found"] for one in said.values()} == {"broken"}
    assert said["market-data-small"]["cell"] == "small_live-core_candidate"
    assert (exit_code, broken) == (1, ["market-data-small"])


def test_shown(world: SmallWorld, index: CoreIndex) -> None:
    """The table has a word for each consumer, and the lines below it why, and how to ask again."""
    index.offer("market-data-small", Offer("0.1.0", (LOOSE,), code="import jinja9\n" + BAR))
    index.offer("market-data-more", Offer("1.0", (PINNED, "gone-by"), code=BAR))
    done = world.project.fanout("consumers", "--imports", "--core", "1.3.0")
    shown = [" ".join(line.split()) for line in done.stdout.splitlines()]
    said = " ".join(shown)
    assert done.exit_code == 3  # one of them cannot be installed, so nobody knows
    assert "market-data-more 1.0 2026-01-01 later errored ==1.2.0 no pack" in shown
    assert "market-data-small 0.1.0, imported with it:" in said
    assert "own fault: market_data_small: ModuleNotFoundError: No module named 'jinja9'" in said
    assert "undeclared: jinja9: imported at market_data_small/__init__.py:1" in said
    assert "errored: its env cannot be made: " in said
    assert "$ tox run -e small_live-core_v130" in shown


def test_what_has_no_core(world: SmallWorld, index: CoreIndex) -> None:
    """Live cells need a Core that is there."""
    done = world.project.fanout("consumers", "--imports")
    assert done.exit_code == 2
    assert "--imports needs --core" in done.stderr


def test_what_fails_with_the_candidate_alone() -> None:
    """What fails in a consumer's own code, and not with the baseline, is the candidate's fault."""
    own = Module(name="small.one", imported=Imported.OWN)
    before = Imports(cell="small_live-core_v120", modules=(own, own.model_copy(update=TWO)))
    after = Imports(
        cell="small_live-core_v130", modules=(own, own.model_copy(update={"name": "small.two"}))
    )
    assert (after.found, before.found) == (Imported.OWN, Imported.OWN)
    assert [one.imported for one in after.against(before).modules] == ["own fault", "broken"]


TWO = {"name": "small.two", "imported": Imported.YES}
