"""`fanout uses`: where what was read of a release disagrees with what ran of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fanout.core.wheel import wheel_digest
from fanout.model import Promise, Result
from tests.consumers.test_compatibility import TOX_INI
from tests.servers.core_index import CoreIndex, Offer
from tests.worlds.project import Case, Project
from tests.worlds.runs import cell, record

CORE = """\
class Event:
    def share(self, of): ...
class Other: ...
"""
CODE = """\
from market_data_core import Event
def share(event: Event):
    event.share()
"""
LATER = "def later():\n    from market_data_core import Gone\n"
SMALL, CELL = "market-data-small", "small_live-core_v120"
NOT_MET = "Event.share needs 'of'"
PLACE = "market_data_small/__init__.py:3"
LACKS = ("market_data_small.later", "Gone is not there (market_data_small/later.py:2)")


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    """A release that gives `share` too little, and imports what is not there, on one Core."""
    index = CoreIndex()
    index.serve({"1.2.0": CORE, "1.3.0": CORE, "1.4.0": CORE})
    index.offer(SMALL, Offer("0.1.0", code=CODE, files={"market_data_small/later.py": LATER}))
    yield index
    index.close()


@pytest.fixture
def world(project: Project) -> Project:
    project.write("tox.ini", TOX_INI)
    project.write("consumers.toml", f'{SMALL} = "0.1.0"\n')
    (project.root / "packs/other/pack.toml").unlink()
    return project


def digest_in(world: Project, index: CoreIndex) -> str:
    name = "market_data_core-1.2.0-py3-none-any.whl"
    return wheel_digest(world.write(name, index.answers[f"/files/{name}"]))


def imported(world: Project, index: CoreIndex, *cases: Case, release: str = "0.1.0") -> None:
    """Leave the evidence of a live cell."""
    said = {"consumer": SMALL, "release": release, "digest": digest_in(world, index)}
    world.evidence(CELL, *cases, **said)


def judged(
    world: Project, index: CoreIndex, *said: tuple[str, Result, str], name: str = "Event.share"
) -> None:
    """Record what promises of the pack said that pin a symbol: by name, and with which message."""
    promises = (
        Promise(name=word, contract=(name,), result=result, message=message)
        for word, result, message in said
    )
    found = cell("1.2.0", digest=digest_in(world, index), promises=tuple(promises))
    record(world.root / "history", found)


def ask(world: Project, index: CoreIndex) -> list[tuple[str, str, str]]:
    """Where the two disagree, what was read there, and what ran."""
    done = world.fanout("uses", "--core", "1.2.0", "--format", "json", "--index", index.url)
    assert done.exit_code == 1, done.output
    (said,) = json.loads(done.stdout)["disagreements"]
    return [(one["where"], one["read"], one["ran"]) for one in said["found"]]


def test_a_module_that_imports_what_is_not_there(world: Project, index: CoreIndex) -> None:
    """What was read to be lacking, and was imported, is listed with its place."""
    imported(world, index, Case("market_data_small"), Case("market_data_small.later"))
    assert ask(world, index) == [(*LACKS, "it can be imported")]


@pytest.mark.parametrize(
    ("name", "message", "agree"),
    [
        ("market_data_small", "ImportError: cannot import name 'Other'", False),
        ("market_data_small", "ImportError: cannot import name 'Gone'", True),
        ("market_data_small.later", "ImportError: cannot import name 'Other'", True),
    ],
)
def test_a_module_that_core_breaks(
    world: Project, index: CoreIndex, name: str, message: str, agree: bool
) -> None:
    """What Core breaks and was not read to lack anything is listed, if none of it is behind it."""
    imported(world, index, Case(name, "failure", "core", message, says=""))
    assert ask(world, index) == ([] if agree else [(name, "all that it imports is there", message)])


def test_promises_that_do_not_notice(world: Project, index: CoreIndex) -> None:
    """A use that is not met is listed where each promise about it, or its class, is kept."""
    judged(world, index, ("test_a", Result.KEPT, ""), name="Event")
    assert ask(world, index) == [(PLACE, NOT_MET, "test_a: kept")]


def test_a_promise_that_notices(world: Project, index: CoreIndex) -> None:
    """One promise that is broken, or known to be, is enough for the two to agree."""
    judged(world, index, ("test_a", Result.KEPT, ""), ("test_b", Result.KNOWN_BREAK, "TypeError"))
    assert ask(world, index) == []


@pytest.mark.parametrize(
    ("name", "message", "read"),
    [
        ("Event", "AttributeError: type object 'Event' has no attribute 'of'", ""),
        ("Event", "assert 1 == 2", ""),
        ("Other", "ImportError: cannot import name 'Other'", "nothing uses Other"),
        ("Other", "assert 1 == 2", ""),
    ],
)
def test_a_broken_promise(
    world: Project, index: CoreIndex, name: str, message: str, read: str
) -> None:
    """A promise that is broken by what is there, and not by a value, is asked of the uses."""
    judged(world, index, ("test_a", Result.BROKEN, message), name=name)
    assert ask(world, index) == ([("test_a", read, message)] if read else [])


def test_a_broken_promise_of_what_is_met(world: Project, index: CoreIndex) -> None:
    """Where each use of what it pins is met, that is said."""
    index.offer(
        SMALL,
        Offer("0.1.0", code=CODE.replace("share()", "share(1)") + "import market_data_core.gone"),
    )
    message = "TypeError: Event.share() missing 1 required positional argument: 'of'"
    judged(world, index, ("test_a", Result.BROKEN, message))
    assert ask(world, index) == [("test_a", "each use of Event.share is met", message)]


def test_shown(world: Project, index: CoreIndex) -> None:
    """The Cores of which anything ran are told together, and of another release nothing is."""
    imported(world, index, Case("market_data_small.later"))
    judged(world, index, ("test_a", Result.KEPT, ""), name="Event")
    shown = world.fanout("uses", "--all", "--index", index.url).stdout
    assert shown.splitlines()[-7:] == [
        "Where reading and running disagree, of 1 promise and 1 module that ran:",
        f"  {SMALL} 0.1.0, Core 1.2.0 to 1.4.0: market_data_small.later",
        f"    read: {LACKS[1]}",
        "    ran:  it can be imported",
        f"  {SMALL} 0.1.0, Core 1.2.0 to 1.4.0: {PLACE}",
        f"    read: {NOT_MET}",
        "    ran:  test_a: kept",
    ]
    index.offer(SMALL, Offer("0.2.0", code=CODE))
    shown = world.fanout("uses", f"{SMALL}==0.2.0", "--all", "--index", index.url).stdout
    assert "disagree" not in shown


def test_nowhere(world: Project, index: CoreIndex) -> None:
    """That the two agree wherever anything ran is told as well."""
    imported(world, index, Case("market_data_small"))
    shown = world.fanout("uses", "--core", "1.2.0", "--index", index.url).stdout
    assert shown.splitlines()[-2:] == [
        "Where reading and running disagree, of 0 promises and 1 module that ran:",
        "  nowhere",
    ]
