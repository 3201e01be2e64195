"""The strips and the trends: what the last runs said, and how steady it was."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fanout.dashboard.facts.snapshot import WINDOW
from fanout.dashboard.pages import strips
from fanout.model import Outcome, Promise, Result
from tests.browser.pages import Page, build
from tests.worlds.runs import BROKEN, ERRORED, KEPT, NAME, START, cell, missing, record

CELL = "small-core_v120"
OTHER = "test_event.py::test_other"
DAY = 24 * 3600


def read(history: Path, pack: str = "small") -> dict[str, Any]:
    """What the script of a pack hands to the page."""
    site = build(history, history.parent / "site", strips.parts)
    text = (site / f"data/strips-{pack}.js").read_text("ascii")
    head, _, value = text.partition(" = ")
    assert head == f'(self.fanoutData ??= {{}})["strips-{pack}"]'
    found: dict[str, Any] = json.loads(value.removesuffix(";\n"))
    return found


def told(history: Path) -> dict[str, Any]:
    """What it tells of CELL."""
    found: dict[str, Any] = read(history)["cells"][CELL]
    return found


def run_days(history: Path, *said: Result, pack_digest: str = "p" * 64, first: int = 0) -> None:
    """One run of CELL a day."""
    for day, result in enumerate(said, first):
        record(history, cell("1.2.0", result, day=day, pack_digest=pack_digest), day=day)


def test_attempts_of_a_cell(tmp_path: Path) -> None:
    """Of each attempt, oldest first: its outcome, duration, run, and seconds since its run."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", KEPT, day=0, seconds=0.8125), day=0)
    record(history, cell("1.2.0", BROKEN, day=1 + 5 / DAY, seconds=2), day=1)
    record(history, missing(CELL), day=2)
    found = read(history)
    attempts = found["cells"][CELL]
    assert attempts["outcomes"] == "pfm"
    assert attempts["took"] == "812 2000 0"
    assert attempts["run"] == "0 1 2"
    assert attempts["after"] == "0 5 0"
    moments = [START + timedelta(days=day) for day in range(3)]
    assert [at for _, at in found["runs"]] == [round(moment.timestamp()) for moment in moments]
    assert all(len(run) >= 12 for run, _ in found["runs"])


def test_no_more_than_the_newest_runs(tmp_path: Path) -> None:
    """Of many runs the newest are there."""
    history = tmp_path / "history"
    run_days(history, *[BROKEN] * 3, *[KEPT] * WINDOW)
    found = read(history)
    assert found["cells"][CELL]["outcomes"] == "p" * WINDOW
    assert len(found["runs"]) == WINDOW


def test_a_promise_over_the_refs(tmp_path: Path) -> None:
    """Known Core refs from the oldest to the newest by version, by the newest evidence of each."""
    history = tmp_path / "history"
    for version, result in {
        "1.10.0": BROKEN,
        "1.9.0": BROKEN,
        "1.1.0": Result.NOT_APPLICABLE,
        "1.3.0": KEPT,
        "1.2.0": KEPT,
        "1.11.0": Result.KNOWN_BREAK,
        "1.12.0": ERRORED,
        "1.13.0": BROKEN,
        "2.0.0": BROKEN,
    }.items():
        record(history, cell(version, {NAME: result, OTHER: KEPT}))
    record(history, cell("1.2.0", KEPT, day=-1), cell("1.9.0", KEPT, day=-1), day=-1)
    record(history, cell("2.1.0", name="other-core_v210"))
    found = read(history)
    assert found["promises"][NAME]["refs"] == "1u1s1b1u1l2b2k1n"
    newest_first = "2.1.0 2.0.0 1.13.0 1.12.0 1.11.0 1.10.0 1.9.0 1.3.0 1.2.0 1.1.0"
    assert found["refs"] == newest_first.split()


def test_refs_of_one_content_may_differ(tmp_path: Path) -> None:
    """What counts is what the evidence says, whatever it should say of equal contents."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", KEPT, digest="same"), cell("1.3.0", BROKEN, digest="same"))
    assert read(history)["promises"][NAME]["refs"] == "1b1k"


def test_a_promise_that_came_later_is_absent_before(tmp_path: Path) -> None:
    """A pack that judged a Core, but not this promise, does not leave it unknown there."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", {OTHER: KEPT}), cell("1.3.0", {OTHER: KEPT, NAME: KEPT}))
    record(history, cell("1.3.0", {OTHER: KEPT}, day=-1), day=-1)
    assert read(history)["promises"][NAME] == {"refs": "1k1a", "time": "1a1k"}


def test_a_file_that_fails_stands_for_its_promises(tmp_path: Path) -> None:
    """Where a file cannot be imported, its promises are broken, and it is no promise itself."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", KEPT), cell("1.3.0", {"test_event.py": BROKEN}))
    assert read(history)["promises"] == {NAME: {"refs": "1b1k", "time": "1b"}}


def test_a_promise_over_time(tmp_path: Path) -> None:
    """The last attempts on the newest known Core ref, as runs of one letter."""
    history = tmp_path / "history"
    run_days(history, KEPT, KEPT, BROKEN, ERRORED)
    record(history, missing(CELL), cell("1.2.0", name="other-core_v120"), day=4)
    record(history, cell("1.1.0", BROKEN, day=9), day=9)
    assert read(history)["promises"][NAME]["time"] == "2k1b2u"


@pytest.mark.parametrize(
    ("said", "flaky"),
    [
        ((KEPT, KEPT, KEPT), None),
        ((KEPT, BROKEN), [1, 2, [[NAME, 1, 2]]]),
        ((KEPT, BROKEN, KEPT, KEPT), [1, 4, [[NAME, 1, 4]]]),
        ((BROKEN, KEPT, BROKEN, BROKEN, KEPT), [2, 5, [[NAME, 2, 5]]]),
        ((KEPT, ERRORED, KEPT), None),
        ((BROKEN, Result.KNOWN_BREAK), None),
    ],
)
def test_flaky(tmp_path: Path, said: tuple[Result, ...], flaky: object) -> None:
    """Of the attempts at the same contents, those that disagree with most; an error is none."""
    history = tmp_path / "history"
    run_days(history, *said)
    assert told(history).get("flaky") == flaky


def test_other_contents_may_disagree(tmp_path: Path) -> None:
    """A pack that was edited, or another Core, is no flakiness, but each for itself may be."""
    history = tmp_path / "history"
    run_days(history, KEPT, KEPT)
    run_days(history, BROKEN, BROKEN, pack_digest="edited", first=2)
    record(history, cell("1.2.0", KEPT, digest="another", day=4), day=4)
    assert "flaky" not in told(history)
    run_days(history, KEPT, pack_digest="edited", first=5)
    assert told(history)["flaky"] == [1, 5, [[NAME, 1, 5]]]


def test_other_environments_may_disagree(tmp_path: Path) -> None:
    """With other distributions beside Core, an attempt that disagrees is no flakiness."""
    history = tmp_path / "history"
    for day, pydantic in enumerate(("2.7", "2.14", "2.14")):
        results = BROKEN if pydantic == "2.7" else KEPT
        record(history, cell("1.2.0", results, day=day, pydantic=pydantic), day=day)
    assert "flaky" not in told(history)


def test_which_promise_is_flaky(tmp_path: Path) -> None:
    """A cell is flaky if any promise is, and names each that is, with its own numbers."""
    history = tmp_path / "history"
    for day, (one, other) in enumerate([(KEPT, BROKEN), (BROKEN, BROKEN), (KEPT, KEPT)]):
        record(history, cell("1.2.0", {NAME: one, OTHER: other}, day=day), day=day)
    found = told(history)["flaky"]
    assert found == [2, 3, [[OTHER, 1, 3], [NAME, 1, 3]]]


@pytest.mark.parametrize(
    ("said", "green", "red"),
    [
        ((KEPT, KEPT), None, None),
        ((KEPT, BROKEN, KEPT), [1], None),
        ((BROKEN, BROKEN, KEPT, BROKEN, KEPT), [2, 1], None),
        ((BROKEN, ERRORED, BROKEN, KEPT), [3], None),
        ((KEPT, BROKEN, BROKEN), None, 1),
        ((KEPT, BROKEN, ERRORED), None, 1),
        ((BROKEN, KEPT, BROKEN), [1], 2),
    ],
)
def test_time_to_green(
    tmp_path: Path, said: tuple[Result, ...], green: list[int] | None, red: int | None
) -> None:
    """How many days each red streak lasted that ended, and the day on which one began that is open.

    An errored attempt neither ends a streak nor begins one.
    """
    history = tmp_path / "history"
    run_days(history, *said)
    found = told(history)
    assert found.get("green") == (green and [days * DAY for days in green])
    since = None if red is None else round(START.timestamp()) + red * DAY
    assert found.get("red") == since


def test_red_for_longer_than_the_window(tmp_path: Path) -> None:
    """A streak that began before the newest runs is as old as the history says."""
    history = tmp_path / "history"
    run_days(history, KEPT, *[BROKEN] * (WINDOW + 3))
    assert told(history)["red"] == round(START.timestamp()) + DAY


def test_strips_change_with_a_run_of_their_pack_alone(tmp_path: Path) -> None:
    """Another pack's run leaves a pack's strips alone; the same history gives the same bytes."""
    history = tmp_path / "history"
    run_days(history, KEPT, BROKEN)
    record(history, cell("1.2.0", name="other-core_v120"))
    site = build(history, tmp_path / "site", strips.parts)
    file = site / "data/strips-small.js"
    inode = file.stat().st_ino
    record(history, cell("1.2.0", BROKEN, name="other-core_v120", day=3), day=3)
    build(history, site, strips.parts)
    assert file.stat().st_ino == inode
    run_days(history, KEPT, first=4)
    build(history, site, strips.parts)
    assert file.stat().st_ino != inode
    (history / "history.sqlite").unlink()
    anew = build(history, tmp_path / "anew", strips.parts)
    for path in site.rglob("*.*"):
        assert path.read_bytes() == (anew / path.relative_to(site)).read_bytes()


def test_hostile_names_stay_in_the_script(tmp_path: Path) -> None:
    """A promise's name is ASCII in the script, whatever it holds, and ends no line of it."""
    history = tmp_path / "history"
    name = "test_x.py::</script>\N{LINE SEPARATOR}__proto__"
    record(history, cell(promises=(Promise(name=name, result=KEPT),)))
    assert "__proto__" in "".join(read(history)["promises"])


def test_the_page_of_trends(tmp_path: Path) -> None:
    """The page is a frame with every pack and its data; one more run leaves it as it is."""
    history = tmp_path / "history"
    record(history, cell(), cell(name="other-core_v120"))
    page = Page(build(history, tmp_path / "site", strips.parts) / "trends.html")
    assert [one["data-pack"] for one in page.with_class("trend")] == ["small", "other"]
    for pack in ("small", "other"):
        assert f"data/strips-{pack}.js" in page.source
        assert f"packs/{pack}.html" in page.links
    inode = page.path.stat().st_ino
    record(history, cell(results=BROKEN, day=1), day=1)
    build(history, tmp_path / "site", strips.parts)
    assert page.path.stat().st_ino == inode


def test_no_run(tmp_path: Path) -> None:
    """Without a run the page says so, and how to make one."""
    page = Page(build(tmp_path / "history", tmp_path / "site", strips.parts) / "trends.html")
    assert "The history holds no run of a pack yet." in page.text
    assert "tox p" in page.all("pre")


def test_every_outcome_has_a_letter() -> None:
    """No outcome is left to be drawn as another."""
    assert set(strips.OUTCOMES) == {outcome.value for outcome in Outcome}
    assert len(set(strips.OUTCOMES.values())) == len(Outcome)
