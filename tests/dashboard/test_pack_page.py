"""The page of a pack: what it says of every Core ref, its promises by symbol, its known breaks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import HttpUrl

from fanout.consumers.needs.usage import How
from fanout.dashboard.pages import pack as pack_page
from fanout.history.document import make_run, write_run
from fanout.model import CellReport, KnownBreak, Pack, PackOnDisk, Promise, Result
from fanout.strength.answer import Fate
from tests.browser.pages import Page, build
from tests.worlds import coverages, scenes
from tests.worlds.runs import BROKEN, ERRORED, KEPT, PACKS, START, cell, missing, record
from tests.worlds.strengths import MARKUP, RAISES, keep, mutant

SOURCE = "test_event.py::test_source"
LEVEL = "test_event.py::test_level"
PLAIN = "test_event.py::test_plain"


def pack(history: Path, name: str = "small") -> Page:
    site = build(history, history.parent / "site", pack_page.parts)
    return Page(site / f"packs/{name}.html")


def promises(source: Result = KEPT) -> tuple[Promise, ...]:
    """One that pins two symbols, one that pins the second of them, and one that names none."""
    return (
        Promise(
            name=SOURCE,
            says="An event has a source.",
            contract=("telemetry.Event", "telemetry.Level"),
            result=source,
        ),
        Promise(name=LEVEL, says="A level has a name.", contract=("telemetry.Level",), result=KEPT),
        Promise(name=PLAIN, says="All is well.", result=KEPT),
    )


def rows(page: Page) -> list[tuple[str, str]]:
    """Version and outcome in each row of the table of Core refs."""
    heads, cells = page.all("th")[4:], page.all("td")
    return list(zip(heads, cells[::3], strict=False))


def test_neighbours_that_look_the_same_are_one_row(tmp_path: Path) -> None:
    """Equal content and equal outcome are one row, newest first, with a link to each cell."""
    history = tmp_path / "history"
    record(
        history,
        cell("1.2.0", digest="a"),
        cell("1.3.0", digest="b"),
        cell("1.4.0", digest="b"),
        cell("1.5.0", BROKEN, digest="b"),
        cell("1.6.0", BROKEN, digest="c"),
    )
    page = pack(history)
    assert rows(page) == [
        ("1.6.0", "✗ failed 1"),
        ("1.5.0", "✗ failed 1"),
        ("1.3.0 to 1.4.0", "✓ passed"),
        ("1.2.0", "✓ passed"),
    ]
    assert len(page.all("summary")) == 1
    assert page.all("summary")[0].startswith("2 Cores, same content")
    assert "../cells/small-core_v140.html" in page.links
    assert "../cells/small-core_v130.html" in page.links


def test_strength(tmp_path: Path) -> None:
    """A page says how strong its pack is, and shows what would slip through; nothing runs of it."""
    history = tmp_path / "history"
    record(history, cell("1.3.0"))
    assert "Strength" not in pack(history).all("h2")
    survived, refused = mutant(RAISES, Fate.SURVIVED), mutant("field-added:A.b", Fate.REFUSED)
    keep(history, mutant("function-gone:A.c", Fate.KILLED), survived, refused, digest="p" * 64)
    page = pack(history)
    assert page.facts["Strength"] == "50 %"
    assert (
        "50 %, 1 of 2 breaking mutants of Core 1.3.0 noticed, 1 false alarm. Measured" in page.text
    )
    assert page.all("summary")[-2:] != []
    assert f"survived {RAISES}" in " ".join(page.all("summary"))
    assert f"fanout strength small --mutant '{RAISES}'" in page.text
    assert MARKUP in page.text
    assert MARKUP not in (history.parent / "site/packs/small.html").read_text()


def test_coverage(tmp_path: Path) -> None:
    """A page says what its pack pins, by kind, what it does not, and what nobody needs."""
    history = tmp_path / "history"
    record(history, cell("1.3.0"))
    assert "Coverage" not in pack(history).all("h2")
    coverages.keep(
        history,
        coverages.judged("A.b", pinned_by=(PLAIN,)),
        coverages.judged("A.c", lacks="no promise reads it"),
        coverages.judged("A.d", How.HASH, lacks="no promise", reason="it is a text"),
        digest="p" * 64,
        idle=SOURCE,
    )
    page = pack(history)
    assert page.facts["Coverage"] == "1 of 3"
    says = "1 of 3 run-time uses of market-data-small 0.1.0 pinned, 1 excused, with Core 1.3.0 on"
    assert f"{says} 2026-01-02. Told" in page.text
    assert page.all("td")[-8:] == ["2", "1", "none", "50 %", "1", "0", "1", "100 %"]
    assert f"A.c, read, in small/{MARKUP}.py:3: no promise reads it" in page.all("li")
    assert f"A.d, hash, in small/{MARKUP}.py:3: it is a text" in page.all("li")
    assert f"{SOURCE}, of telemetry.Idle" in page.all("li")
    assert "fanout uses small --coverage" in page.text
    assert MARKUP not in (history.parent / "site/packs/small.html").read_text()


def test_a_cell_that_never_ran_is_said_not_to_have_run(tmp_path: Path) -> None:
    """A known Core ref without a cell of the pack is in the table, and is no link, nor a pass."""
    history = tmp_path / "history"
    record(history, cell("1.2.0"), cell("1.3.0", name="other-core_v130"))
    page = pack(history)
    assert rows(page) == [("1.3.0", "not run"), ("1.2.0", "✓ passed")]
    assert "../cells/small-core_v130.html" not in page.links
    assert page.all("h1") == ["small not run"]


def test_a_promise_is_listed_once_below_its_first_symbol(tmp_path: Path) -> None:
    """One that pins several symbols names the others; what names none has a group of its own."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", promises=promises()))
    page = pack(history)
    assert page.all("h3") == ["telemetry.Event", "telemetry.Level", "No symbol named"]
    assert page.all("h4") == ["An event has a source.", "A level has a name.", "All is well."]
    assert f"✓ kept {SOURCE}, pins telemetry.Level as well" in page.text
    assert "../symbols/telemetry.Level.html" in page.links


def test_where_a_promise_broke_is_said_in_words(tmp_path: Path) -> None:
    """The newest green and the oldest red Core ref after it, and where it is broken."""
    history = tmp_path / "history"
    for version, result in {"1.2.0": KEPT, "1.3.0": BROKEN, "1.4.0": BROKEN}.items():
        record(history, cell(version, promises=promises(result)))
    page = pack(history)
    assert (
        "Last green on 1.2.0, first red on 1.3.0. Broken on 1.3.0 to 1.4.0 (2 Cores)." in page.text
    )
    assert "Never red. Last green on 1.4.0." in page.text


def test_what_is_broken_comes_first(tmp_path: Path) -> None:
    """A broken promise has its error and command, and stands above kept ones of a line each."""
    history = tmp_path / "history"
    said = promises(BROKEN)
    first = said[0].model_copy(update={"message": "AssertionError: no source"})
    record(history, cell("1.2.0", promises=(first, *said[1:])))
    page = pack(history)
    assert page.all("h2")[0] == "Broken"
    assert page.all("h3")[0] == "An event has a source."
    assert page.all("h4") == ["A level has a name.", "All is well."]
    assert page.all("summary") == ["✓ kept", "✓ kept"]
    assert "AssertionError: no source" in page.all("pre")[0]
    assert page.all("pre")[1] == f"fanout probe small 1.2.0 --promise {SOURCE}"


def test_broken_mended_and_broken_again(tmp_path: Path) -> None:
    """The first red Core ref is the one after the last green, and every broken one is told."""
    history = tmp_path / "history"
    for minor, result in enumerate((BROKEN, KEPT, BROKEN, BROKEN), 2):
        record(history, cell(f"1.{minor}.0", promises=promises(result)))
    assert (
        "Last green on 1.3.0, first red on 1.4.0."
        " Broken on 1.2.0, 1.4.0 to 1.5.0 (2 Cores)." in pack(history).text
    )


def test_since_when_neighbours_look_the_same(tmp_path: Path) -> None:
    """A row is as old as the first of its cells."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", digest="a", day=4), cell("1.3.0", digest="a", day=2), day=2)
    assert pack(history).all("td")[2] == "2026-01-03 12:00 UTC"


def test_what_is_not_known_is_not_kept(tmp_path: Path) -> None:
    """Without evidence on the newest known Core ref, no promise is kept there."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", promises=promises()), cell("1.3.0"), missing("small-core_v140"))
    record(history, cell("1.4.0", name="other-core_v140"))
    page = pack(history)
    assert page.all("h1") == ["small ? missing"]
    assert "of 3 promises: 3 unknown." in page.text
    assert "✓ kept" not in "".join(page.all("p"))


def test_an_errored_promise_is_unknown(tmp_path: Path) -> None:
    """A harness that broke says nothing of Core."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", {SOURCE: KEPT, LEVEL: ERRORED}))
    assert "of 2 promises: 1 kept, 1 unknown." in pack(history).text


def test_strips_are_asked_for_by_pack_and_promise(tmp_path: Path) -> None:
    """Every promise has a place for what a script draws over the refs and in time."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", promises=promises()))
    page = pack(history)
    for kind in ("over-refs", "over-time"):
        told = [(one["data-pack"], one["data-promise"]) for one in page.with_class(kind)]
        assert told == [("small", SOURCE), ("small", LEVEL), ("small", PLAIN)]
    assert "../data/strips-small.js" in page.source


def listing(core: str, expires: date) -> dict[str, PackOnDisk]:
    entry = KnownBreak(
        core=core,
        test=SOURCE,
        reason="it <b>waits</b>",
        link=HttpUrl("https://example.org/1"),
        expires=expires,
    )
    says = Pack(consumer="small", release="1", owner="us", supports=">=1.1", known_breaks=(entry,))
    return {"small": PackOnDisk(says=says, digest="p" * 64)}


def test_known_breaks(tmp_path: Path) -> None:
    """An entry has its reason, link, range of known Core refs, and last day for the browser."""
    history = tmp_path / "history"
    packs = listing(">=1.3,<1.5", date(2026, 2, 28))
    known = promises(Result.KNOWN_BREAK)
    cells = [cell(f"1.{minor}.0", promises=known) for minor in (2, 3, 5, 6)]
    cells.append(cell("1.4.0rc1", name="small-core_v140", promises=known))
    write_run(make_run("report", START, [cells], packs), history)
    page = pack(history)
    assert "it <b>waits</b>" in page.text
    assert page.links["https://example.org/1"] == "https://example.org/1"
    assert "1.3.0 to 1.4.0rc1 (2 Cores)" in page.text
    assert ("time", {"datetime": "2026-02-28", "data-left": None}) in page.elements
    assert "~ known break" in page.all("td")
    assert page.facts["Known breaks"] == "1"


def test_a_pack_and_a_ref_that_are_gone(tmp_path: Path) -> None:
    """A pack that was renamed says so with a link, and a ref that is gone comes apart."""
    history = scenes.vanished(tmp_path / "history")
    page = pack(history, "ancient")
    assert "This pack is no longer in the matrix: its consumer's pack is called store now." in (
        page.text
    )
    assert "store.html" in "".join(page.links)
    assert "No longer in the matrix" in pack(history, "pipeline").all("h3")
    assert "../cells/pipeline-core_v100.html" in pack(history, "pipeline").links


def test_stand_in(tmp_path: Path) -> None:
    """A Core that is a stand-in is marked as one."""
    page = pack(scenes.steady(tmp_path / "history"), "pipeline")
    assert "1.1.0 stand-in" in page.all("th")


HOSTILE = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"


def hostile() -> CellReport:
    return cell(
        promises=(
            Promise(
                name=f"test_x.py::{HOSTILE}",
                says=HOSTILE * 200,
                contract=(HOSTILE, "../x"),
                result=KEPT,
            ),
        ),
    )


def test_hostile_texts_are_texts(tmp_path: Path) -> None:
    """Markup in a name, a promise, a symbol or an owner stays text, and is cut if it is long."""
    history = tmp_path / "history"
    says = Pack(consumer=HOSTILE, release=HOSTILE, owner=HOSTILE, supports=">=1")
    packs = {
        "small": PackOnDisk(says=says, digest="p" * 64),
        "../../small": PackOnDisk(says=says, digest="p" * 64),
    }
    write_run(make_run("report", START, [[hostile()]], packs), history)
    page = pack(history)
    assert "<script>alert" not in page.source
    assert "<script>alert(1)</script>" in page.facts["Owner"]
    assert max(map(len, page.all("h4"))) < 500
    assert all(not href.endswith("../x.html") for href in page.links)
    assert [path.name for path in tmp_path.rglob("*.html")] == ["small.html"]


def test_a_page_is_made_again_only_for_what_it_shows(tmp_path: Path) -> None:
    """One more run that says the same leaves the page alone; another result does not."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", promises=promises()))
    page = pack(history)
    inode = page.path.stat().st_ino
    record(history, cell("1.2.0", promises=promises(), day=1), day=1)
    assert pack(history).path.stat().st_ino == inode
    record(history, cell("1.2.0", promises=promises(BROKEN), day=2), day=2)
    changed = pack(history)
    assert changed.path.stat().st_ino != inode
    assert (
        changed.source
        == Page(build(history, tmp_path / "anew", pack_page.parts) / "packs/small.html").source
    )


def test_no_run(tmp_path: Path) -> None:
    """An empty history has no page of a pack."""
    site = build(tmp_path / "history", tmp_path / "site", pack_page.parts)
    assert not (site / "packs").exists()


def test_no_statement(tmp_path: Path) -> None:
    """A pack that no run states has a page that says so."""
    history = tmp_path / "history"
    record(history, cell("1.2.0", name="other-core_v120"))
    assert "other" not in PACKS
    assert "No run states whose pack this is." in pack(history, "other").text
