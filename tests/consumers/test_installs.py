"""`fanout consumers --installs`: what the resolver makes of a made-up index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.consumers.test_command import CONSUMERS, NEEDS, TOX_INI
from tests.servers.core_index import CoreIndex, Offer, any_wheel, wheel
from tests.worlds.project import Project

PINNED = "market-data-core==1.2.0"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uv")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[CoreIndex]:
    """An index that has all that is asked for, so that the resolver asks no other."""
    made = CoreIndex()
    monkeypatch.setenv("UV_CACHE_DIR", str(cache))
    made.serve({"1.2.0": "a", "1.4.61": "b"})
    made.offer("market-data-free", Offer("1.0", (NEEDS,)))
    made.offer("market-data-other", Offer("2.0", (PINNED,)))
    made.offer("market-data-small", Offer("0.1.0", (NEEDS, "market-data-free")))
    yield made
    made.close()


@pytest.fixture
def world(project: Project) -> Project:
    project.write("tox.ini", TOX_INI)
    project.write("consumers.toml", CONSUMERS)
    return project


def ask(world: Project, index: CoreIndex, core: str, *names: str) -> tuple[int, Any]:
    """The exit code, and what is said of all, and of each consumer."""
    options = ("--installs", "--core", core, "--format", "json")
    done = world.fanout("consumers", "--index", index.url, *options, *names)
    assert done.exit_code in (0, 1, 3), done.stderr
    return done.exit_code, json.loads(done.stdout)


def found(said: Any) -> list[tuple[str, str]]:
    """What the resolver found for each consumer: as it declares, and with the Core forced."""
    both = (one["installs"] for one in said["consumers"])
    return [(one["declared"]["found"], one["forced"]["found"]) for one in both]


def with_requirement(world: Project, requirement: str, version: str = "1.4.62") -> str:
    """The path of a wheel of Core that requires something."""
    said = f"Metadata-Version: 2.1\nName: market-data-core\nVersion: {version}\n"
    said += f"Provides-Extra: redis\nRequires-Dist: {requirement}\n"
    content = any_wheel("market_data_core", version, "", said.encode())
    return str(world.write(f"dist/market_data_core-{version}-py3-none-any.whl", content))


def test_each_and_all_together(world: Project, index: CoreIndex) -> None:
    """Each consumer, and all together, as they declare and with exactly this Core forced."""
    exit_code, said = ask(world, index, "1.4.61")
    assert (exit_code, said["broken"]) == (0, [])
    assert found(said) == [("yes", "yes"), ("no", "yes"), ("yes", "yes")]
    small, together = said["consumers"][2]["installs"], said["together"]
    assert small["declared"]["distributions"] == 3
    assert (together["declared"]["found"], together["forced"]["found"]) == ("no", "yes")
    assert together["forced"]["distributions"] == 4
    assert "depend on market-data-core==1.2.0" in together["declared"]["why"]


def test_shown(world: Project, index: CoreIndex) -> None:
    """The table says who can be installed, and the lines below it why the others cannot."""
    index.offer("market-data-free", Offer("1.0", (NEEDS, "market-data-small==9")))
    options = ("--index", index.url, "--installs", "--core", "1.4.61")
    done = world.fanout("consumers", *options)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    said = " ".join(lines)
    assert done.exit_code == 1
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "market-data-free 1.0 2026-01-01 at once no >=1.2,<2 no pack" in lines
    assert "market-data-other 2.0 2026-01-01 later if forced ==1.2.0 0.1.0: 1 release" in said
    why = "Because there is no version of market-data-small==9"
    assert f"market-data-free 1.0 cannot be installed with it: {why}" in said
    assert "All 3 together cannot be installed with it: Because" in said
    assert "market-data-other 2.0" not in said.partition("Because")[2]


def test_the_extras_of_core(world: Project, index: CoreIndex) -> None:
    """What a consumer asks of Core's extras comes along with a Core that is forced as well."""
    index.offer("market-data-free", Offer("1.0", ("market-data-core[redis]<1.3",)))
    core = with_requirement(world, 'market-data-small==9; extra == "redis"')
    exit_code, said = ask(world, index, core, "market-data-free")
    assert (exit_code, found(said)) == (0, [("no", "no")])
    assert said["consumers"][0]["declared"]["demands"][0]["extras"] == ["redis"]


def test_a_requirement_of_the_candidate_that_nobody_can_meet(
    world: Project, index: CoreIndex
) -> None:
    """Who takes up at once what cannot be installed is broken, and that ends with 1."""
    index.offer("market-data-free", Offer("1.0", (NEEDS, "market-data-small<1")))
    core = with_requirement(world, "market-data-small>=1")
    exit_code, said = ask(world, index, core, "market-data-free", "other")
    assert (exit_code, said["broken"]) == (1, ["market-data-free"])
    assert found(said) == [("no", "no"), ("no", "no")]


def test_a_wheel(world: Project, index: CoreIndex) -> None:
    """A wheel is installed as it is, whichever releases the index has."""
    core = world.write("dist/market_data_core-1.9.0-py3-none-any.whl", wheel("1.9.0", "c"))
    exit_code, said = ask(world, index, str(core), "market-data-free")
    assert (exit_code, said["core"], found(said)) == (0, "1.9.0", [("yes", "yes")])


def test_a_folder(world: Project, index: CoreIndex) -> None:
    """A folder is built, and installed as what it became."""
    world.write("core/pyproject.toml", FOLDER)
    world.write("core/backend.py", BACKEND.format(wheel("1.9.0", "c")))
    exit_code, said = ask(world, index, str(world.root / "core"), "market-data-free")
    assert (exit_code, said["core"], found(said)) == (0, "1.9.0", [("yes", "yes")])


FOLDER = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """\
from pathlib import Path

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "market_data_core-1.9.0-py3-none-any.whl"
    Path(folder, name).write_bytes({!r})
    return name
"""


def test_a_version_that_will_become_a_release(world: Project, index: CoreIndex) -> None:
    """A candidate before its release is judged as that, which a resolver does not know."""
    index.offer("market-data-free", Offer("1.0", ("market-data-core>=1.9",)))
    version = "1.9.0rc1"
    core = world.write(f"dist/market_data_core-{version}-py3-none-any.whl", wheel(version, "c"))
    exit_code, said = ask(world, index, str(core), "market-data-free")
    assert (exit_code, said["broken"]) == (0, [])
    assert said["consumers"][0]["takes"] == "at once"
    assert found(said) == [("no", "yes")]


def test_what_a_resolver_does_not_run(world: Project, index: CoreIndex) -> None:
    """What has no wheel is not built, and is not in the set."""
    index.offer("market-data-free", Offer("1.0", (NEEDS, "only-source")))
    index.offer("only-source", Offer("1.0", file=".tar.gz"))
    exit_code, said = ask(world, index, "1.4.61", "market-data-free")
    assert (exit_code, found(said)) == (1, [("no", "no")])
    assert "only-source" in said["consumers"][0]["installs"]["declared"]["why"]


def test_a_resolver_without_an_answer(world: Project, index: CoreIndex) -> None:
    """An index that breaks down gives no verdict, and that is no break."""
    index.offer("market-data-free", Offer("1.0", (NEEDS, "gone")))
    index.pages["gone"] = "no JSON"
    exit_code, said = ask(world, index, "1.4.61", "market-data-free")
    assert (exit_code, found(said)) == (3, [("unknown", "unknown")])


def test_a_version_that_is_not_there(world: Project, index: CoreIndex) -> None:
    """A version that the index lacks is no candidate, and is told with the newest that it has."""
    options = ("--index", index.url, "--installs", "--core", "1.4.62")
    done = world.fanout("consumers", *options)
    assert done.exit_code == 2
    assert "has no 'market-data-core' 1.4.62; the newest is 1.4.61" in done.stderr
