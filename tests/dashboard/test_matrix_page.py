"""The first page of the dashboard: the answer, the counts, and what its grid is drawn from."""

from __future__ import annotations

import json
import re
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fanout.cli import main
from fanout.dashboard.facts.along import neighbours
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.facts.verdicts import Verdicts
from fanout.history.document import make_run, write_run
from fanout.history.past import RED
from fanout.history.query import History
from fanout.model import Cell, CellReport, Matrix, Outcome
from tests.worlds.runs import (
    BROKEN,
    ERRORED,
    KEPT,
    PACKS,
    START,
    cell,
    missing,
    promise,
    record,
    verdict_on,
)
from tests.worlds.scenes import checked, single, steady, vanished

HOSTILE = "</script><script>alert(1)</script><b>'\"& \u202e"
EMBEDDED = r'<script type="application/json" id="{}">(.*?)</script>'


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history"


def build(history: Path) -> Path:
    """The site of a history, as the command makes it."""
    site = history.parent / "site"
    options = ("--history", history, "--output", site, "--offline")
    done = CliRunner().invoke(main, ["dashboard", *map(str, options)])
    assert done.exit_code == 0, done.output
    return site


def page(history: Path) -> str:
    return (build(history) / "index.html").read_text("utf-8")


def grid(text: str) -> Any:
    found = re.search(EMBEDDED.format("grid"), text, re.DOTALL)
    assert found
    return json.loads(found[1])


def promises(site: Path) -> Any:
    text = (site / "data/promises.js").read_text("utf-8")
    return json.loads(text.partition(" = ")[2].rstrip(";\n"))


def spread(pairs: list[int]) -> list[int]:
    """What the browser makes of values that each have how often they repeat."""
    return list(chain.from_iterable(map(repeat, pairs[::2], pairs[1::2])))


def row(text: str, pack: str) -> dict[str, str]:
    """The outcome of a pack on each Core ref, as words."""
    data = grid(text)
    names = [name for name, *_ in data["packs"]]
    signs = data["outcome"][names.index(pack)]
    words = {sign: word for sign, (_, word) in data["outcomes"].items()} | {" ": ""}
    return {ref[0]: words[sign] for ref, sign in zip(data["refs"], signs, strict=True)}


def released(text: str) -> str:
    """What the page says of the newest Core that is released, in a line."""
    found = re.search(r'<section class="released".*?<p class="counts">(.*?)</p>', text, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]*>", "", found[1]).split())


def in_matrix(*refs: str) -> Matrix:
    """A matrix of the pack `small`, which runs only some of these Core refs."""
    cells = tuple(
        Cell(name=f"small-{ref}", pack="small", core_ref=ref, core="market-data-core")
        for ref in refs
    )
    return Matrix(cells=cells, expected=())


def ran(history: Path, *cells: CellReport, refs: tuple[str, ...]) -> None:
    write_run(make_run("report", START, (cells,), PACKS, matrix=in_matrix(*refs)), history)


def test_no_run(history: Path) -> None:
    """Without any run the page says so and what to run, and shows no grid and no answer."""
    text = page(history)
    assert "No run yet" in text
    assert "tox p" in text
    assert 'id="grid"' not in text
    assert 'class="answer"' not in text


def test_one_run(history: Path) -> None:
    """One run of two Cores says of the newer that nothing is new; it answers for no candidate."""
    text = page(single(history))
    assert released(text).startswith("nothing new compared with Core 1.2.0")
    assert row(text, "small") == {"core_v130": "passed", "core_v120": "passed"}
    assert "No candidate is waiting for its release." in text
    assert "word release" not in text


def test_one_core_ref(history: Path) -> None:
    """One Core has nothing to be compared with, and so nothing is said to be not new."""
    record(history, cell("1.2.0"))
    text = page(history)
    assert "there is no Core before it" in released(text)
    assert "nothing new" not in text


def test_what_is_not_known_is_told_once(history: Path) -> None:
    """Cells without a verdict are counted in words, and Cores that never ran are told once."""
    refs = ("core_v140", "core_v130", "core_v120", "core_v110", "core_v150")
    ran(history, cell("1.2.0"), cell("1.3.0", ERRORED), missing("small-core_v140"), refs=refs)
    text = page(history)
    assert released(text).startswith("? 1 pack not known")
    assert "nothing new" not in text
    assert "Not known: 1 errored, 1 without evidence." in text
    assert text.count("2 Cores of the matrix have never run") == 1


def test_a_core_ref_that_no_run_has(history: Path) -> None:
    """A Core of the matrix without any run is named, and is no column."""
    ran(history, cell("1.2.0"), refs=("core_v120", "core_v199"))
    text = page(history)
    assert row(text, "small") == {"core_v120": "passed"}
    assert "1 Core of the matrix has never run: <code>core_v199</code>" in text


def test_columns(history: Path) -> None:
    """Core refs stand newest first by minor line; those of one content have one number."""
    data = grid(page(steady(history)))
    assert [ref[1] for ref in data["refs"]] == ["1.3.1", "1.3.0", "1.2.1", "1.2.0", "1.1.0"]
    assert data["groups"] == [["1.3", "line", 2], ["1.2", "line", 2], ["1.1", "line", 1]]
    contents = [ref[3] for ref in data["refs"]]
    assert contents[0] == contents[1] != contents[2] == contents[3] != contents[4]
    assert [ref[2] for ref in data["refs"]] == ["", "", "", "", "stand-in"]


def test_what_the_matrix_no_longer_has(history: Path) -> None:
    """A pack and a Core ref that are gone come last, with the new name and their last run."""
    text = page(vanished(history))
    data = grid(text)
    assert data["packs"][-1][:3] == ["ancient", "renamed to store", 0]
    assert data["groups"][-1] == ["no longer in the matrix", "gone", 1]
    assert row(text, "pipeline")["core_v100"] == "passed"
    assert row(text, "ancient") == dict.fromkeys(row(text, "pipeline"), "") | {
        "core_v100": "passed"
    }
    gone = text[text.index("<h2>No longer in the matrix</h2>") :]
    assert re.search(r'ancient</a>, renamed to <a href="packs/store.html">', gone)
    assert gone.count("last run <time") == 2


def test_details_of_a_cell(history: Path) -> None:
    """A failed cell tells its first broken promise and how many, an errored one its reason."""
    cells = (
        cell("1.2.0", promises=(promise("a::b", BROKEN, "B holds."), promise("a::c", BROKEN))),
        cell("1.3.0", ERRORED).model_copy(update={"reason": "no network"}),
        cell("1.4.0"),
    )
    record(history, *cells)
    data = grid(page(history))
    told = [data["details"][at] if at >= 0 else None for at in spread(data["detail"][0])]
    assert told == [None, ["no network", 0], ["“B holds.”", 2]]


def test_moments_of_a_cell(history: Path) -> None:
    """A cell tells, in minutes before the newest run, when it last ran."""
    record(history, cell("1.2.0", KEPT, day=0))
    record(history, cell("1.2.0", BROKEN, day=1), day=1)
    record(history, cell("1.2.0", BROKEN, day=2), cell("1.3.0", day=2), day=2)
    data = grid(page(history))
    assert spread(data["newest"][0]) == [0, 0]


def test_an_earlier_content_of_the_pack(history: Path) -> None:
    """A cell that ran before its pack was edited is marked."""
    record(history, cell("1.2.0"), cell("1.3.0", pack_digest="e" * 64))
    data = grid(page(history))
    assert spread(data["earlier"][0]) == [1, 0]


def test_verdicts_are_the_gates(history: Path) -> None:
    """The verdict on each cell is what the gate says of it against the Core ref before it."""
    record(
        history,
        cell("1.2.0", {"t.py::one": KEPT, "t.py::two": BROKEN}),
        cell("1.2.1", {"t.py::one": KEPT, "t.py::two": KEPT}),
        cell("1.2.2", {"t.py::one": BROKEN, "t.py::two": KEPT}),
        cell("1.2.3", {"t.py::one": BROKEN}),
        cell("1.2.4", {"t.py": ERRORED, "t.py::two": BROKEN}),
        cell("1.2.5", {"t.py::three": KEPT}),
        missing("small-core_v130"),
        cell("1.4.0", {"t.py::three": BROKEN}),
    )
    steady(history)
    with History(history) as runs:
        snapshot = Snapshot(runs)
        found = {name: one.verdict for name, one in Verdicts(snapshot).known.items()}
        refs = [ref for ref in snapshot.core_refs if ref.known]
        expected = {}
        for ref in refs:
            for pack in (one.name for one in snapshot.packs if one.known):
                before = neighbours(snapshot)[ref.name].before
                if before and f"{pack}-{ref.name}" in snapshot.cells:
                    expected[f"{pack}-{ref.name}"] = verdict_on(snapshot, pack, ref, before).verdict
    assert found == expected
    assert len(set(found.values())) > 3


def test_the_matrix_without_scripts(history: Path) -> None:
    """Without scripts the matrix is a table of links, newest first, neighbours alike in one."""
    text = page(steady(history))
    table = text[text.index("<noscript>") : text.index("</noscript>")]
    heads = re.findall(
        r'<th scope="col">(?:<a[^>]*>([^<]*)</a>)(?: to <a[^>]*>([^<]*)</a>)?', table
    )
    assert heads == [("1.3.0", "1.3.1"), ("1.2.1", ""), ("1.2.0", ""), ("1.1.0", "")]
    for pack in ("pipeline", "store", "narrow"):
        assert f'href="cells/{pack}-core_v131.html"' in table
        assert f'href="packs/{pack}.html"' in table


def test_hostile_texts(history: Path) -> None:
    """Words, reasons and owners that hold markup stay text, also inside the embedded data."""
    cells = (
        cell("1.2.0", promises=(promise("a::b", BROKEN, HOSTILE),)),
        cell("1.3.0", ERRORED).model_copy(update={"reason": HOSTILE}),
    )
    record(history, *cells)
    site = build(history)
    text = (site / "index.html").read_text("utf-8")
    assert "<script>alert" not in text
    assert "\u202e" not in text
    shown = [told for told, _ in grid(text)["details"]]
    assert any("</script><script>alert(1)</script>" in told for told in shown)
    assert promises(site)["packs"]["small"][0][2].startswith("</script>")


def test_many_reasons_are_bounded(history: Path) -> None:
    """However much the cells have to say, the grid stays small, and says where more is told."""
    cells = [
        cell(f"1.{number}.0", ERRORED, name=f"small-core_v1{number}0").model_copy(
            update={"reason": f"{number} ü" * 2000}
        )
        for number in range(300)
    ]
    record(history, *cells)
    text = page(history)
    assert len(text) < 120_000
    assert ["its page says why", 0] in grid(text)["details"]


def test_promise_index(history: Path) -> None:
    """The search knows each promise of each pack, its symbols, and where it is broken."""
    site = build(steady(history))
    refs = [ref[0] for ref in grid((site / "index.html").read_text("utf-8"))["refs"]]
    index = promises(site)
    found = {
        f"{index['files'][file]}::{name}": (says, [index["symbols"][at] for at in pins], broken)
        for file, name, says, pins, broken, _ in index["packs"]["store"]
    }
    says, symbols, broken = found["test_queue.py::test_soften"]
    assert says == "An event that is published can soften."
    assert symbols == ["telemetry.Soften", "telemetry.FeedbackEvent"]
    assert refs[broken[0] : broken[0] + broken[1]] == ["core_v131", "core_v130"]
    assert found["test_queue.py::test_wait"][2] == []
    errors = {one[1]: index["errors"][one[5]] for one in index["packs"]["store"] if one[5] >= 0}
    assert errors["test_soften"] == "AssertionError: assert 'soft' == 'hard'"
    assert "test_wait" not in errors
    with History(history) as runs:
        snapshot = Snapshot(runs)
        seen = {
            (cell.pack, one.name, cell.core_ref)
            for cell in snapshot.cells.values()
            for one in snapshot.promises(cell.results)
            if one.result in RED
        }
    told = {
        (pack, f"{index['files'][file]}::{name}", refs[first + step])
        for pack, members in index["packs"].items()
        for file, name, _, _, pairs, _ in members
        for first, times in zip(pairs[::2], pairs[1::2], strict=True)
        for step in range(times)
    }
    assert told == seen


def test_the_same_history_gives_the_same_bytes(history: Path) -> None:
    """A site that was brought up to date run by run is the one that is made at once."""
    steady(history, days=1)
    build(history)
    run = next(history.glob("*.json"))
    whole = checked(steady(history.with_name("whole")))
    for document in sorted(whole.glob("*.json")):
        if document.name != run.name:
            (history / document.name).write_bytes(document.read_bytes())
            brought = build(history)
    before = contents(brought)
    brought.rename(brought.with_name("old"))
    (history / "history.sqlite").unlink()
    afresh = contents(build(history))
    assert len(afresh) > 60
    assert {name for name in before | afresh if before.get(name) != afresh.get(name)} == set()


def contents(site: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(site)): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_outcomes_are_all_in_the_legend(history: Path) -> None:
    """Every outcome has a sign, a word, and a glyph where it is one of Core's or the harness's."""
    data = grid(page(single(history)))
    words = [word for _, word in data["outcomes"].values()]
    assert words == ["failed", "errored", "missing", "not run", "unsupported", "passed"]
    assert {*map(str, Outcome)} < {*words}
