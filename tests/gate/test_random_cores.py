"""A few of the Cores of `tox run -e cores-at-random`, and that it can find a wrong answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from tests.bench.cores import Trial, trial
from tests.worlds.random_core import at_random, named, parts, right

# With a break inside, each of these was released once.
DANGEROUS = ("mask-tests@import other-result", "forge-journal@call other-result")
NOTICES = 'return self.results.pop(name).tag == "failure"'


@pytest.fixture(scope="module")
def running(compiled_wheels: None) -> Iterator[Trial]:
    with trial() as found:
        yield found


def test_dangerous_cores_are_not_released(running: Trial) -> None:
    """A Core that breaks a promise, and has its run say otherwise, is not released."""
    for names in DANGEROUS:
        answered = running.check(named(names.split()))
        assert not answered.wrong, answered


def test_a_tool_that_is_weaker_is_found_out(running: Trial) -> None:
    """Without one of its guards the tool answers wrong, and the trial says so."""
    world = running.worlds.get()
    cell = (world.root / "packs/cell.py").read_text("utf-8")
    assert NOTICES in cell
    world.write("packs/cell.py", cell.replace(NOTICES, "return True"))
    running.worlds.put(world)
    answered = running.check(named(DANGEROUS[0].split()))
    assert (answered.answer, answered.wrong) == ("release", True)


def test_every_part_comes() -> None:
    """Every part is in some Core before one comes again, and a seed gives the same Cores."""
    names = {name for section in parts().values() for name in section}
    cores = list(islice(at_random(1), len(names)))
    assert {made_of[0].name for made_of in cores} == names
    again = islice(at_random(1), len(names))
    assert [[p.name for p in core] for core in again] == [[p.name for p in core] for core in cores]


@pytest.mark.parametrize(
    ("names", "answers"),
    [
        ("docstring", {"release"}),
        ("docstring renamed", {"hold"}),
        ("docstring exit-0@call", {"unknown"}),
        ("renamed exit-0@call", {"hold", "unknown"}),
        ("renamed startup", {"unknown"}),
        ("alarm@import", {"release", "unknown"}),
    ],
)
def test_what_is_right(names: str, answers: set[str]) -> None:
    """A part that leaves no release leaves none to the whole, and nothing unbroken holds."""
    assert right(named(names.split())) == answers
