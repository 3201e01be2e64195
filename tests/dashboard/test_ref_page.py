"""The page of a Core ref: what changed in Core since the one before it, and who noticed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from fanout.dashboard.facts.cell import cell_facts
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.facts.verdicts import Verdicts
from fanout.dashboard.pages import ref as ref_page
from fanout.history.document import make_run, write_run
from fanout.history.query import History
from fanout.history.surfaces import write_surface
from fanout.model import Cell, CellReport, Matrix, Outcome, PackOnDisk, Promise, Result
from tests.browser.pages import Page, build
from tests.worlds.runs import (
    BROKEN,
    ERRORED,
    KEPT,
    PACKS,
    SMALL,
    START,
    cell,
    event_surface,
    missing,
    record,
    verdict_on,
)

SOURCE = "test_event.py::test_source"
LEVEL = "test_event.py::test_level"
FIRST, SECOND = "1" * 64, "2" * 64
OTHER = SMALL.model_copy(update={"consumer": "other", "owner": "other team"})


def promise(result: Result = KEPT, name: str = SOURCE, symbol: str = "source") -> Promise:
    failed = result is BROKEN
    return Promise(
        name=name,
        says=f"An event has a {symbol}.",
        contract=(f"telemetry.Event.{symbol}",),
        result=result,
        message=f"no attribute '{symbol}'" if failed else "",
        text=f"E   AttributeError: no attribute '{symbol}'" if failed else "",
    )


def keep(history: Path, digest: str, **members: str) -> None:
    """Keep a Core whose `telemetry.Event` has these members."""
    write_surface(history, digest, event_surface(**members))


def both(version: str, digest: str, *promises: Promise) -> tuple[CellReport, ...]:
    """The packs `small` and `other`, which say the same."""
    ref = f"core_v{version.replace('.', '')}"
    return tuple(
        cell(version, name=f"{pack}-{ref}", promises=promises, digest=digest)
        for pack in ("small", "other")
    )


def write(history: Path, *cells: CellReport) -> None:
    packs = PACKS | {"other": PackOnDisk(says=OTHER, digest="p" * 64)}
    write_run(make_run("report", START, (cells,), packs), history)


def page(tmp_path: Path, name: str = "core_v130") -> Page:
    return Page(
        build(tmp_path / "history", tmp_path / "site", ref_page.parts) / f"refs/{name}.html"
    )


def test_what_changed_and_who_noticed(tmp_path: Path) -> None:
    """Each change stands with who names it, and the promises that broke stand by their cause."""
    history = tmp_path / "history"
    write(
        history,
        *both("1.2.0", FIRST, promise(), promise(name=LEVEL, symbol="level")),
        *both("1.3.0", SECOND, promise(BROKEN), promise(name=LEVEL, symbol="level")),
    )
    keep(history, FIRST, source="str", level="str")
    keep(history, SECOND, level="str", extra="int")
    seen = page(tmp_path)
    lead = (
        "Since Core 1.2.0: 2 public changes; promises of other, small name 1 of them."
        " 2 promises regressed."
    )
    assert lead in seen.all("p")
    changes = [text for text in seen.all("h3") if text.startswith("telemetry")]
    assert changes == ["telemetry.Event.source removed", "telemetry.Event.extra added"]
    assert "- was: str" in seen.all("pre")
    assert "1 promise of small, owned by small team" in seen.all("summary")
    assert "1 promise of other, owned by other team" in seen.all("summary")
    assert "1 change that no promise names" in seen.all("summary")
    (cause,) = (text for text in seen.all("h3") if "regressed" in text)
    assert cause == "▼ regressed telemetry.Event.source is gone: it was str"
    noticed = [text for text in seen.all("li") if ", pins " in text]
    assert noticed == [
        f"{pack}: An event has a source.{SOURCE}, pins telemetry.Event.source"
        for pack in ("other", "small")
    ]


def test_who_was_helped(tmp_path: Path) -> None:
    """A promise that holds again stands under the change that brought back what it had lacked."""
    history = tmp_path / "history"
    was, now = (
        promise(result).model_copy(update={"contract": ("telemetry.Event",)})
        for result in (BROKEN, KEPT)
    )
    write(history, *both("1.2.0", FIRST, was), *both("1.3.0", SECOND, now))
    keep(history, FIRST, level="str")
    keep(history, SECOND, extra="str", level="str", source="str")
    seen = page(tmp_path)
    (cause,) = (text for text in seen.all("h3") if "fixed" in text)
    assert cause == "▲ fixed telemetry.Event.source is new: str"
    assert "2 promises fixed." in seen.text


def test_the_same_content(tmp_path: Path) -> None:
    """A Core ref with the content of the one before says so, and all that have it are named."""
    write(
        tmp_path / "history",
        *(
            one
            for version in ("1.2.0", "1.3.0", "1.4.0")
            for one in both(version, FIRST, promise())
        ),
        *both("1.5.0", SECOND, promise()),
    )
    seen = page(tmp_path)
    assert "The same content as Core 1.2.0: nothing changed." in seen.all("p")
    assert seen.facts["Same content"] == "1.4.0, 1.2.0"
    assert "Nothing: Core 1.3.0 has the same content as Core 1.2.0." in seen.all("p")
    assert "No promise regressed and none was fixed." in seen.all("p")
    assert page(tmp_path, "core_v150").facts["Same content"] == "no other Core"


def test_a_break_in_the_same_content(tmp_path: Path) -> None:
    """A promise that broke while Core stayed the same is shown, and not laid to Core."""
    write(
        tmp_path / "history",
        *both("1.2.0", FIRST, promise()),
        *both("1.3.0", FIRST, promise(BROKEN)),
    )
    seen = page(tmp_path)
    assert "▼ regressed Core has the same content as before" in seen.all("h3")


def test_what_is_not_known(tmp_path: Path) -> None:
    """Where a Core was never read, the page says so, and which command tells."""
    history = tmp_path / "history"
    write(history, *both("1.2.0", FIRST, promise()), *both("1.3.0", SECOND, promise(BROKEN)))
    keep(history, FIRST, source="str")
    seen = page(tmp_path)
    assert "What changed since Core 1.2.0 is not known. 2 promises regressed." in seen.all("p")
    assert any(
        text.startswith("It is not known because how Core 1.3.0 looks from outside is not kept")
        for text in seen.all("p")
    )
    assert "tox run -e diff -- core_v120 core_v130" in seen.all("pre")
    assert any(text.startswith("▼ regressed How Core 1.3.0 looks") for text in seen.all("h3"))


def test_the_oldest(tmp_path: Path) -> None:
    """The oldest Core ref is compared with none."""
    write(tmp_path / "history", *both("1.2.0", FIRST, promise()))
    seen = page(tmp_path, "core_v120")
    assert "The oldest known Core." in seen.all("p")
    assert "No known Core comes before this one." in seen.all("p")
    assert "Who noticed" not in seen.all("h2")
    assert "nothing before it" in seen.all("td")


def test_each_pack(tmp_path: Path) -> None:
    """Every pack has its outcome and verdict; one that has no run here is said to have none."""
    small, _ = both("1.3.0", SECOND, promise(BROKEN), promise(BROKEN, LEVEL, "level"))
    before = both("1.2.0", FIRST, promise(), promise(BROKEN, LEVEL, "level"))
    write(tmp_path / "history", *before, small)
    seen = page(tmp_path)
    rows = seen.all("td")
    assert rows[:3] == [
        "✗ failed 2 small on Core 1.3.0",
        "▼ regressed",
        "2 of 2: An event has a source.",
    ]
    assert rows[4:7] == ["? not run", "? unknown", "not known"]
    assert "Each pack on Core 1.3.0, its verdict against Core 1.2.0" in seen.all("caption")
    assert seen.links["../cells/small-core_v130.html"]
    assert "../cells/other-core_v130.html" not in seen.links


def test_what_was_not_judged(tmp_path: Path) -> None:
    """A pack without a verdict may have noticed something: the page says that it is not known."""
    small, _ = both("1.3.0", SECOND, promise(ERRORED))
    write(
        tmp_path / "history",
        *both("1.2.0", FIRST, promise()),
        small.model_copy(update={"reason": "no network"}),
        missing("other-core_v130"),
    )
    seen = page(tmp_path)
    assert "No promise regressed and none was fixed, as far as that is known." in seen.all("p")
    for pack, outcome in (("small", "errored"), ("other", "missing")):
        told = f"? unknown Whether {pack} noticed is not known: its cell on Core 1.3.0 is {outcome}"
        assert any(text.startswith(told) for text in seen.all("p"))


def test_a_file_that_cannot_be_imported(tmp_path: Path) -> None:
    """The promises of a file that broke as a whole are told, and the file is not one of them."""
    history = tmp_path / "history"
    whole = Promise(
        name="test_event.py",
        result=BROKEN,
        message="cannot import name 'source'",
        text="E   ImportError: cannot import name 'source'",
    )
    write(
        history,
        *both("1.2.0", FIRST, promise(), promise(name=LEVEL, symbol="level")),
        *both("1.3.0", SECOND, whole),
    )
    keep(history, FIRST, source="str", level="str")
    keep(history, SECOND, level="str")
    seen = page(tmp_path)
    assert "4 promises regressed." in seen.text
    assert "▼ regressed telemetry.Event.source is gone: it was str" in seen.all("h3")


def test_a_promise_with_parameters_is_named_once(tmp_path: Path) -> None:
    """Who names a change is counted in promises, however many parameters they have."""
    history = tmp_path / "history"
    cases = [promise(name=f"{SOURCE}[{case}]") for case in ("soft", "hard")]
    write(history, *both("1.2.0", FIRST, *cases), *both("1.3.0", SECOND, *cases))
    keep(history, FIRST, source="str")
    keep(history, SECOND, source="int")
    assert "1 promise of small, owned by small team" in page(tmp_path).all("summary")


def test_the_stand_in_is_seen(tmp_path: Path) -> None:
    """The stand-in for a tag is called that on its page, and where another is compared with it."""
    first, _ = both("1.1.0", FIRST, promise())
    assert first.evidence
    evidence = first.evidence.model_copy(update={"source": "stand-in"})
    second, _ = both("1.2.0", SECOND, promise())
    write(tmp_path / "history", first.model_copy(update={"evidence": evidence}), second)
    seen = page(tmp_path, "core_v110")
    assert seen.all("h1") == ["Core 1.1.0 stand-in"]
    assert seen.facts["From"] == "a stand-in for a tag that no index serves"
    assert any(
        "may never have been in a release" in t for t in page(tmp_path, "core_v120").all("p")
    )


def test_a_ref_that_is_gone(tmp_path: Path) -> None:
    """A Core ref that the newest run does not know keeps its page, and is no one's baseline."""
    history = tmp_path / "history"
    record(history, cell("1.2.0"), cell("1.3.0"))
    only = Cell(name="small-core_v130", pack="small", core_ref="core_v130", core="x")
    known = Matrix(cells=(only,), expected=())
    write_run(make_run("report", START + timedelta(days=1), ((),), PACKS, matrix=known), history)
    gone, there = page(tmp_path, "core_v120"), page(tmp_path)
    assert any(text.startswith("The newest run does not know this") for text in gone.all("p"))
    assert "The oldest known Core." in there.all("p")


def test_texts_from_outside_are_texts(tmp_path: Path) -> None:
    """Markup in promises, owners and Core itself stays text."""
    evil = "<script>alert(1)</script>"
    history = tmp_path / "history"
    says = SMALL.model_copy(update={"owner": evil})
    cells = (
        cell("1.2.0", promises=(promise(),), digest=FIRST),
        cell("1.3.0", promises=(promise(BROKEN).model_copy(update={"says": evil}),), digest=SECOND),
    )
    packs = {"small": PackOnDisk(says=says, digest="p" * 64)}
    write_run(make_run("report", START, (cells,), packs), history)
    keep(history, FIRST, source=evil)
    keep(history, SECOND, source="str")
    seen = page(tmp_path)
    assert "<script>alert" not in seen.source
    assert seen.text.count(evil) > 3


def test_verdicts_are_those_of_the_gate(tmp_path: Path) -> None:
    """On every pair of results a page has the verdict that the gate gives."""
    history = tmp_path / "history"
    results = [*Result, None]
    pairs = [(before, after) for before in results for after in results]
    sides: tuple[list[Promise], list[Promise]] = ([], [])
    for number, pair in enumerate(pairs):
        for side, result in zip(sides, pair, strict=True):
            if result:
                side.append(promise(result, f"test_{number}.py::test_{number}"))
    before, after = (
        cell(version, promises=tuple(side))
        for version, side in zip(("1.2.0", "1.3.0"), sides, strict=True)
    )
    beyond = cell("2.0.0", promises=tuple(sides[0]), outcome=Outcome.UNSUPPORTED)
    record(history, before, after, missing("small-core_v110"), beyond)
    with History(history) as runs:
        snapshot = Snapshot(runs)
        verdicts = Verdicts(snapshot)
        found = [facts for facts in cell_facts(snapshot) if facts.near.before]
        for facts in found:
            judged = verdicts.of("small", facts.ref)
            assert judged
            assert facts.near.before
            by_gate = verdict_on(snapshot, "small", facts.ref, facts.near.before)
            assert judged.verdict is by_gate.verdict
            assert judged.promises == {one.name: one.verdict for one in by_gate.promises}
        assert len(found) == 3
