"""Taking over of live cells: a consumer meets each content of Core once."""

from __future__ import annotations

import re
import shutil
import sys

import pytest

from fanout.cells.live import read_live
from tests.servers.core_index import any_wheel
from tests.worlds.taking_over import World

IMPORTS = "from market_data_core import number\n"
OTHERS = "at_least('market-data-core', 1)\n"  # whatever that does
WITH_METADATA = "from importlib.metadata import version\nversion('market-data-core')\n"


@pytest.fixture
def live(world: World) -> World:
    """The same with a consumer, whose live cells install it from the folder of releases."""
    tox_ini = (world.root / "tox.ini").read_text("utf-8")
    tox_ini = re.sub(r"(\[live\].*?) +PYTHONPATH = .*?\n", r"\1", tox_ini, flags=re.DOTALL)
    tox_ini = tox_ini.replace("{env:CONSUMER}", "-r packs/requirements.txt\n    {env:CONSUMER}", 1)
    world.project.write("tox.ini", tox_ini)
    world.project.write("consumers.toml", 'market-data-large = "1.0"\n')
    consume(world, IMPORTS)
    return world


def consume(world: World, code: str, **files: str) -> None:
    """Make the consumer anew, with this code as its one module, and these beside it."""
    metadata = b"Metadata-Version: 2.1\nName: market-data-large\nVersion: 1.0\n"
    metadata += b"Requires-Dist: market-data-core<1.9.1\n"  # which nobody asks
    beside = {f"market_data_large/{name}.py": text for name, text in files.items()}
    made = any_wheel("market_data_large", "1.0", code, metadata, beside)
    (world.root / "releases/market_data_large-1.0-py3-none-any.whl").write_bytes(made)


def imported(world: World) -> dict[str, tuple[str, bool]]:
    """What came of each live cell, by the end of its name, and whether it was taken over."""
    found = [read_live(file) for file in sorted((world.root / "evidence").glob("large_live*.xml"))]
    return {
        one.cell.removeprefix("large_live-core_"): (
            ",".join(module.imported for module in one.modules),
            one.taken_over is not None,
        )
        for one in found
    }


def test_a_live_cell_takes_over(live: World) -> None:
    """A consumer meets each content of Core once, be it broken by it or not, and again never."""
    consume(live, "from market_data_core import number\nassert number == 1\n")
    code, said = live.tox("-m", "live")
    assert "taken over: 2 of 4 cells" in said
    here = {"v192": ("yes", False), "v193": ("own fault", False)}
    there = {"v190": ("yes", True), "v191": ("yes", True)}
    assert (code, imported(live)) == (0, here | there), said

    code, said = live.tox("-m", "live")
    assert "taken over: 4 of 4 cells" in said
    everywhere = {name: (what, True) for name, (what, _) in (here | there).items()}
    assert (code, imported(live)) == (0, everywhere)

    live.project.write("consumers.toml", 'market-data-large = "1.0.0"\n')
    _, said = live.tox("-m", "live")
    assert "taken over: 2 of 4 cells" in said


def test_a_live_cell_that_core_breaks_is_red_again(live: World) -> None:
    """What a live cell takes over counts as much as what it would have found itself."""
    consume(live, "from market_data_core import gone\n")
    for took in (2, 4):
        code, said = live.tox("-m", "live")
        assert f"taken over: {took} of 4 cells" in said
        assert code == 1
        assert {what for what, _ in imported(live).values()} == {"broken"}, said


def test_what_a_module_reads_elsewhere_is_looked_at_again(live: World) -> None:
    """A file that no consumer brings is in no key: whoever reads it meets Core again."""
    golden = live.project.write("golden.json", "1")
    consume(live, f"{IMPORTS}assert open({str(golden)!r}).read() == '1'\n")
    cell = ("-e", "large_live-core_v190")
    for took in (False, True):
        live.tox(*cell)
        assert imported(live) == {"v190": ("yes", took)}

    golden.write_text("2")
    _, said = live.tox(*cell)
    assert imported(live) == {"v190": ("own fault", False)}
    assert "large_live-core_v190 runs: 'golden.json', which it has read, has changed" in said


def test_a_module_that_ends_before_it_tells_is_imported_each_time(live: World) -> None:
    """By itself it ends its process: nobody knows what it has seen until then."""
    consume(live, "import missing\n", one=f"{IMPORTS}import os\nos._exit(3)\n")
    for _ in range(2):
        _, said = live.tox("-e", "large_live-core_v190")
        assert imported(live) == {"v190": ("own fault,undeclared", False)}
    assert "'market_data_large.one' ends before it tells what it sees" in said


@pytest.mark.parametrize(
    ("code", "takes"),
    [
        ("import subprocess\nsubprocess.run(['true'])\n", False),
        pytest.param(
            "open('/proc/self/stat').close()\n",
            True,
            marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux has /proc"),
        ),
        ("open('made', 'x').close()\n", True),
    ],
)
def test_what_a_module_does_when_it_is_imported(live: World, code: str, takes: bool) -> None:
    """One that starts a process is imported each time; a look at the system says nothing."""
    consume(live, IMPORTS + code)
    for _ in range(2):
        live.tox("-e", "large_live-core_v190")
    assert imported(live) == {"v190": ("yes", takes)}


@pytest.mark.parametrize(
    ("code", "files"),
    [
        (IMPORTS + WITH_METADATA, {}),
        (IMPORTS, {"unasked": WITH_METADATA}),
        (IMPORTS, {"unasked": OTHERS}),
    ],
)
def test_a_consumer_that_reads_the_version_meets_every_core(
    live: World, code: str, files: dict[str, str]
) -> None:
    """Wherever in it that is read: by the module that is imported, or by another one."""
    consume(live, code, **files)
    for _ in range(2):
        live.tox("-m", "live")
        assert {taken for _, taken in imported(live).values()} == {False}


def test_another_index_may_have_something_else(live: World) -> None:
    """What was found with one index says nothing of a consumer that another one serves."""
    assert live.tox("-m", "live")[0] == 0
    first, other = live.root / "releases", live.root / "other"
    shutil.copytree(first, other)
    (consumer,) = other.glob("market_data_large*")
    kept = consumer.read_bytes()
    consume(live, "from market_data_core import gone\n")
    consumer.write_bytes((first / consumer.name).read_bytes())
    (first / consumer.name).write_bytes(kept)
    for env in live.root.glob(".tox/large_live*"):
        shutil.rmtree(env)

    code, said = live.tox("-m", "live", UV_FIND_LINKS=str(other))
    assert "taken over: 2 of 4 cells" in said
    assert code == 1
