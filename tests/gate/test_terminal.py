"""What `fanout check` leaves last on a terminal of 80 by 24, in each of its situations."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.servers.core_index import CoreIndex
from tests.worlds.large import MENDED, World

if sys.platform == "win32":
    pytest.skip("Windows has no such terminal", allow_module_level=True)

from tests.worlds.terminal import Screen, on_screen


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, index: CoreIndex, compiled_wheels: None
) -> World:
    made = World(tmp_path_factory.mktemp("terminal") / "world", index.url).make()
    made.core(MENDED)
    built = ("--output", "site", "--offline", "--url", "https://example.org", "--every", "200")
    assert made.ask("dashboard", *built).exit_code == 0
    return made


def check(world: World, *arguments: str, interrupt: str = "") -> Screen:
    command = [sys.executable, "-m", "fanout", "check", *arguments, "--index", world.index]
    return on_screen(command, world.root, world.environment(), interrupt)


@pytest.mark.parametrize(
    ("pack", "exit_code", "answer"),
    [("excused", 0, "release: "), ("novice", 1, "hold: "), ("harness", 3, "unknown: ")],
)
def test_the_screen_ends_with_the_answer(
    world: World, pack: str, exit_code: int, answer: str
) -> None:
    """Whatever the answer is, its last lines are the answer, why, and the page of the run.

    The site keeps the address and the hours that it was built with.
    """
    asked = ("core", "--baseline", "2.0.0", "--pack", pack, "--dashboard", "site")
    screen = check(world, *asked)
    assert screen.exit_code == exit_code
    (start,) = [at for at, line in enumerate(screen.last) if line.startswith(answer)]
    said = "".join(screen.last[start:])
    assert pack in said
    assert said.endswith(".html)")
    (page,) = (world.root / "site/runs").glob(f"{Path(said.rpartition('/')[2]).stem}.html")
    assert page.is_file()
    site = json.loads((world.root / "site/latest.json").read_bytes())
    assert (site["every"], site["url"]) == (200, "https://example.org/")


def test_the_screen_of_a_check_that_was_interrupted(world: World) -> None:
    """After Ctrl-C the last line says that there is no answer, and it ends as a shell would."""
    world.write("packs/steady/test_slow.py", "import time\n\ntime.sleep(60)\n")
    screen = check(world, "core", "--baseline", "2.0.0", "--pack", "steady", interrupt="running: ")
    assert screen.exit_code == 130
    assert screen.last[-1] == "interrupted: there is no answer"
    assert not [line for line in screen.lines if "Traceback" in line]


def test_an_error_wraps_beside_its_mark(world: World) -> None:
    """A long error and its hint fill the terminal's width, and nothing stands below their marks."""
    screen = check(world, "2.0.0", "--pack", "nobody-" * 9 + " knows of this one")
    assert screen.exit_code == 2
    beside = [line[:9] for line in screen.lines if line.startswith(" ")]
    assert beside == ["       'n", "       th", "      ste"]
    assert [line[:6] for line in screen.lines if line[:9] not in beside] == ["error:", "hint: "]
