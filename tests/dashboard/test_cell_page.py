"""The page of a cell: what is broken and why, what was tested, and how to run it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import HttpUrl

from fanout.dashboard.edition import LONGEST_SHOWN
from fanout.dashboard.pages import cell as cell_page
from fanout.dashboard.pages import ref as ref_page
from fanout.history.document import make_run, read_run, write_run
from fanout.history.run import Run
from fanout.history.surfaces import write_surface
from fanout.model import (
    Cell,
    CellReport,
    Deprecation,
    KnownBreak,
    Matrix,
    Outcome,
    Pack,
    PackOnDisk,
    Promise,
    Result,
)
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
)

SOURCE = "test_event.py::test_source"
LEVEL = "test_event.py::test_level"
FIRST, SECOND, THIRD = ("1" * 64, "2" * 64, "3" * 64)
TEXT = "test_event.py:3: in test_source\nE   AttributeError: no attribute 'source'\nE     at all"


def broken(
    name: str = SOURCE,
    *,
    says: str = "An event has a source.",
    contract: tuple[str, ...] = ("telemetry.Event.source",),
    message: str = "no attribute 'source'",
    text: str = TEXT,
    result: Result = BROKEN,
) -> Promise:
    return Promise(
        name=name, says=says, contract=contract, result=result, message=message, text=text
    )


def kept(name: str = SOURCE) -> Promise:
    return broken(name, message="", text="", result=KEPT)


def page(tmp_path: Path, name: str = "small-core_v130") -> Page:
    site = build(tmp_path / "history", tmp_path / "site", cell_page.parts)
    return Page(site / f"cells/{name}.html")


def broke_in_the_second(history: Path, *more: CellReport) -> None:
    """A promise that 1.2.0 keeps and 1.3.0 breaks, whose Cores have two contents."""
    record(
        history,
        cell("1.2.0", promises=(kept(), kept(LEVEL)), digest=FIRST),
        cell("1.3.0", promises=(broken(), kept(LEVEL)), digest=SECOND),
        *more,
    )


def test_a_red_cell_is_understood_at_once(tmp_path: Path) -> None:
    """What broke, since when, whose it is, against what, and the command come first."""
    broke_in_the_second(tmp_path / "history")
    seen = page(tmp_path)
    assert seen.all("h1") == ["small on Core 1.3.0 ✗ failed 1"]
    (lead,) = (text for text in seen.all("p") if "broken" in text and "promises" in text)
    assert lead == "1 of 2 promises is broken; it was kept on Core 1.2.0, the one before."
    facts = seen.facts
    assert facts["Verdict"] == "▼ regressed against Core 1.2.0, where it is passed"
    assert (facts["Last green"], facts["First red"]) == ("1.2.0", "1.3.0")
    assert facts["First seen failed"] == "2026-01-01 12:00 UTC"
    assert facts["Pack"] == "small, owned by small team"
    assert "tox run -e small-core_v130" in seen.all("pre")
    assert seen.links["../cells/small-core_v120.html"]


def test_a_broken_promise_is_told_with_its_failure(tmp_path: Path) -> None:
    """Its words, name, verdict and symbols stand over what pytest marks, and that over the rest."""
    broke_in_the_second(tmp_path / "history")
    seen = page(tmp_path)
    assert "An event has a source." in seen.all("h4")
    assert f"▼ regressed {SOURCE}, pins telemetry.Event.source" in seen.all("p")
    assert seen.links["../symbols/telemetry.Event.source.html"] == "telemetry.Event.source"
    why, whole = (text for text in seen.all("pre") if "AttributeError" in text)
    assert why == "AttributeError: no attribute 'source' at all"
    assert whole == " ".join(TEXT.split())


def test_what_will_break(tmp_path: Path) -> None:
    """What Core says will go away stands under its symbol, with the promises that use it."""
    said = Deprecation(symbol="market_data_core.old", message="old goes in <2.0>")
    met = kept().model_copy(update={"deprecations": (said,)})
    record(tmp_path / "history", cell("1.3.0", promises=(met, kept(LEVEL))))
    seen = page(tmp_path)
    assert "Will break" in seen.all("h2")
    assert "market_data_core.old" in seen.all("h3")
    assert "old goes in <2.0>" in seen.all("p")
    assert "1 promise that uses it" in seen.all("summary")
    assert any(SOURCE in text for text in seen.all("li"))


def test_the_cause_in_core(tmp_path: Path) -> None:
    """Promises with one cause stand under the change in Core, told once with both its sides."""
    history = tmp_path / "history"
    both = (broken(), broken(LEVEL, says="A level is lower case."))
    record(
        history,
        cell("1.2.0", promises=(kept(), kept(LEVEL)), digest=FIRST),
        cell("1.3.0", promises=both, digest=SECOND),
        cell("1.4.0", promises=both, digest=THIRD),
    )
    write_surface(history, FIRST, event_surface(source="str", level="str"))
    write_surface(history, SECOND, event_surface(source="int", level="str"))
    for name in ("small-core_v130", "small-core_v140"):
        seen = page(tmp_path, name)
        (heading,) = (text for text in seen.all("h3") if "Core" in text)
        assert heading == "Cause in Core: telemetry.Event.source is int, was str"
        assert "- was: str + now: int" in seen.all("pre")
        assert seen.all("h4") == ["An event has a source.", "A level is lower case."]
        (where,) = (text for text in seen.all("p") if text.startswith("Last kept"))
        assert where.startswith("Last kept on Core 1.2.0, broken since Core 1.3.0:")
        assert "../refs/core_v130.html#changes" in seen.links
    (lead,) = (text for text in seen.all("p") if text.startswith("2 of 2"))
    assert lead == "2 of 2 promises are broken since Core 1.3.0; both were last kept on Core 1.2.0."


@pytest.mark.parametrize(
    ("digests", "known", "said"),
    [
        ((FIRST, SECOND), (), "how Core 1.2.0 looks from outside is not kept in this history"),
        ((FIRST, SECOND), (FIRST,), "how Core 1.3.0 looks from outside is not kept"),
        (("", SECOND), (SECOND,), "no cell on Core 1.2.0 has told which Core it tested"),
        ((FIRST, FIRST), (FIRST,), "Core has the same content on both"),
    ],
)
def test_a_cause_that_is_not_known(
    tmp_path: Path, digests: tuple[str, str], known: Sequence[str], said: str
) -> None:
    """Where a cause is not known, the page says why, and which command tells."""
    history = tmp_path / "history"
    sides = (cell("1.2.0", promises=(kept(),)), cell("1.3.0", promises=(broken(),)))
    record(history, *(of_content(one, digest) for one, digest in zip(sides, digests, strict=True)))
    for digest in known:
        write_surface(history, digest, event_surface(source="str"))
    seen = page(tmp_path)
    assert "The cause in Core is not known" in seen.all("h3")
    assert any(text.startswith(f"It is not known because {said}") for text in seen.all("p"))
    asked = "tox run -e diff -- core_v120 core_v130" in seen.all("pre")
    assert asked == (digests[0] != digests[1])


def of_content(report: CellReport, digest: str) -> CellReport:
    assert report.evidence
    evidence = report.evidence.model_copy(update={"digest": digest})
    return report.model_copy(update={"evidence": evidence})


def test_what_no_change_explains(tmp_path: Path) -> None:
    """Where both Cores are known and nothing in them explains a failure, the page says so."""
    history = tmp_path / "history"
    broke_in_the_second(history)
    for digest in (FIRST, SECOND):
        write_surface(history, digest, event_surface(source="str"))
    assert "No change in Core explains it" in page(tmp_path).all("h3")


def test_a_promise_that_was_never_kept(tmp_path: Path) -> None:
    """A promise that no earlier Core ref keeps is said to have none to compare with."""
    record(
        tmp_path / "history",
        cell("1.2.0", promises=(broken(),), digest=FIRST),
        cell("1.3.0", promises=(broken(),), digest=SECOND),
    )
    seen = page(tmp_path)
    assert "1 of 1 promise is broken since Core 1.2.0; no Core before has kept it." in seen.text
    assert seen.facts["Last green"] == "never before"
    assert "It is not known because no Core before has kept what is broken" in seen.text


def test_promises_that_broke_apart(tmp_path: Path) -> None:
    """Promises that broke on different Core refs stand apart, and are counted by Core ref."""
    record(
        tmp_path / "history",
        cell("1.2.0", promises=(kept(), kept(LEVEL)), digest=FIRST),
        cell("1.3.0", promises=(broken(), kept(LEVEL)), digest=SECOND),
        cell("1.4.0", promises=(broken(), broken(LEVEL)), digest=THIRD),
    )
    seen = page(tmp_path, "small-core_v140")
    assert "2 of 2 promises are broken: 1 first here, 1 since Core 1.3.0." in seen.text
    assert len(list(seen.with_class("cause"))) == 2
    assert seen.facts["Verdict"].startswith("▼ regressed")
    assert [text.split()[1] for text in seen.all("p") if ", pins " in text] == [
        "regressed",
        "still-failing",
    ]


def test_a_streak_ends_where_a_promise_is_kept_again(tmp_path: Path) -> None:
    """What was mended and broke again is broken since the second time."""
    record(
        tmp_path / "history",
        *(
            cell(version, promises=(one,), digest=digest * 64)
            for version, one, digest in (
                ("1.2.0", kept(), "1"),
                ("1.3.0", broken(), "2"),
                ("1.4.0", kept(), "3"),
                ("1.5.0", broken(), "4"),
                ("1.6.0", broken(), "4"),
            )
        ),
    )
    seen = page(tmp_path, "small-core_v160")
    assert (seen.facts["Last green"], seen.facts["First red"]) == ("1.4.0", "1.5.0")


def test_a_ref_that_is_gone_ends_no_streak(tmp_path: Path) -> None:
    """What a Core ref said that the matrix does not have any more counts for no other one."""
    history = tmp_path / "history"
    record(
        history,
        cell("1.2.0", promises=(kept(),), digest=FIRST),
        cell("1.3.0", promises=(broken(),), digest=SECOND),
        cell("1.3.5", promises=(kept(),), digest=SECOND),
        cell("1.4.0", promises=(broken(),), digest=THIRD),
    )
    known = matrix("small-core_v120", "small-core_v130", "small-core_v140")
    write_run(make_run("report", START + timedelta(days=1), (), PACKS, matrix=known), history)
    facts = page(tmp_path, "small-core_v140").facts
    assert (facts["Last green"], facts["First red"]) == ("1.2.0", "1.3.0")
    assert facts["Verdict"].startswith("✗ still-failing against Core 1.3.0")


def test_a_file_that_cannot_be_imported(tmp_path: Path) -> None:
    """A file that stands for its promises was green with them."""
    record(
        tmp_path / "history",
        cell("1.2.0", promises=(kept(), kept(LEVEL)), digest=FIRST),
        cell("1.3.0", promises=(broken("test_event.py", says="", contract=()),), digest=SECOND),
    )
    seen = page(tmp_path)
    assert "it was kept on Core 1.2.0" in seen.text
    assert "▼ regressed test_event.py" in seen.all("p")


def test_a_text_of_a_megabyte(tmp_path: Path) -> None:
    """Of a long text the ends are shown, the whole is a file, and it goes when the text does."""
    history, site = tmp_path / "history", tmp_path / "site"
    text = f"E   the beginning\n{'x' * 1_000_000}\nthe end"
    record(history, cell("1.3.0", promises=(kept(LEVEL), broken(text=text))))
    seen = page(tmp_path)
    assert len(seen.source) < 3 * LONGEST_SHOWN
    assert "the beginning" in seen.text
    assert "the end" in seen.text
    (link,) = (link for link, said in seen.links.items() if said == "the full text")
    assert (site / "cells" / link).read_text("utf-8") == f"{text}\n"
    record(history, cell("1.3.0", promises=(kept(LEVEL), kept()), day=1), day=1)
    assert link not in page(tmp_path).links
    assert not (site / "cells" / link).exists()


def test_a_line_without_an_end(tmp_path: Path) -> None:
    """A reason that is one endless line is cut, too."""
    text = "E   " + "x" * 100_000
    record(tmp_path / "history", cell("1.3.0", promises=(broken(text=text, message=text),)))
    assert len(page(tmp_path).source) < 3 * LONGEST_SHOWN


def test_texts_from_outside_are_texts(tmp_path: Path) -> None:
    """Markup, addresses and control characters from a pack or from Core stay what they are."""
    evil = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\"'\u202e\x1b[31m"
    history = tmp_path / "history"
    record(history, cell("1.2.0", promises=(kept(),), digest=FIRST), cell("1.1.0"))
    hostile = broken(says=evil, contract=(evil, "javascript:alert(1)"), message=evil, text=evil)
    report = cell("1.3.0", promises=(hostile,), digest=SECOND)
    assert report.evidence
    evidence = report.evidence.model_copy(
        update={"python": evil, "distributions": (evil,), "asked": f"x @ git+https://h/{evil}"}
        | {"source": "git"}
    )
    record(history, report.model_copy(update={"evidence": evidence, "reason": evil}), day=1)
    write_surface(history, FIRST, event_surface(source="str"))
    write_surface(history, SECOND, event_surface(source="<script>alert(2)</script>"))
    seen = page(tmp_path)
    assert "<script>alert" not in seen.source
    assert not {"img"} & {tag for tag, _ in seen.elements}
    assert not any(name.startswith("on") for _, found in seen.elements for name in found)
    assert all(found.get("src") for tag, found in seen.elements if tag == "script")
    assert not any(link.startswith("javascript") for link in seen.links)
    assert "\u202e" not in seen.source
    assert "\x1b" not in seen.source
    assert "<script>alert(1)</script>" in seen.text
    assert "tox run -e small-core_v130" in seen.all("pre")


def test_what_is_errored(tmp_path: Path) -> None:
    """A cell whose harness broke says nothing of Core, shows what failed, and what to do."""
    slow = broken(message="no network", text="E   OSError: no network", result=ERRORED)
    report = cell("1.3.0", promises=(slow, kept(LEVEL)))
    record(tmp_path / "history", report.model_copy(update={"reason": "test_slow: no network"}))
    seen = page(tmp_path)
    assert "The harness broke, which says nothing of Core: test_slow: no network" in seen.all("p")
    assert "An event has a source." in seen.all("h3")
    assert "OSError: no network" in seen.all("pre")
    assert any(text.startswith("Nothing is said of Core until") for text in seen.all("p"))
    assert "Broken promises" not in seen.all("h2")


def test_what_is_missing(tmp_path: Path) -> None:
    """A cell without evidence says so, what is not known of it, and what to do."""
    there = cell("1.2.0", name="other-core_v120")
    record(tmp_path / "history", cell("1.1.0"), missing("small-core_v120"), there)
    seen = page(tmp_path, "small-core_v120")
    assert seen.all("h1") == ["small on Core 1.2.0 ? missing"]
    assert "There is no evidence: no evidence" in seen.all("p")
    assert any(text.startswith("Absence is never a pass.") for text in seen.all("p"))
    assert seen.facts["Verdict"].startswith("? unknown against Core 1.1.0")
    for term in ("Core", "Content", "Python"):
        assert seen.facts[term] == "not known"


def test_what_is_not_supported(tmp_path: Path) -> None:
    """On a Core outside the pack's range nothing counts, and no cause is looked for."""
    history = tmp_path / "history"
    record(
        history,
        cell("1.2.0", promises=(kept(),), digest=FIRST),
        cell("2.0.0", promises=(broken(),), digest=SECOND, outcome=Outcome.UNSUPPORTED),
    )
    seen = page(tmp_path, "small-core_v200")
    assert "The pack does not support this Core, only >=1.1,<2. 1 of 1 promise broken" in seen.text
    assert "It is not known because the pack does not support this Core" in seen.text
    assert seen.facts["Verdict"].startswith("? unknown against Core 1.2.0")


def test_what_is_kept_and_what_does_not_apply(tmp_path: Path) -> None:
    """What is kept is listed by file, and what does not apply with the Cores that it is for."""
    later = Promise(
        name="test_later.py::test_other",
        says="It is new.",
        core=">=1.4",
        result=Result.NOT_APPLICABLE,
    )
    record(tmp_path / "history", cell("1.3.0", promises=(kept(), later)))
    seen = page(tmp_path)
    assert seen.all("h1") == ["small on Core 1.3.0 ✓ 1 of 2"]
    assert "1 of 2 promises are kept; 1 not applicable." in seen.all("p")
    assert "1 promise kept" in seen.all("summary")
    assert f"An event has a source.{SOURCE}, pins telemetry.Event.source" in seen.all("li")
    assert "It is new.test_later.py::test_other, for Core >=1.4" in seen.all("li")


def test_a_known_break(tmp_path: Path) -> None:
    """A known break is shown with its reason, its link and the last day of its entry."""
    entry = KnownBreak(
        core=">=1.3",
        test=SOURCE,
        reason="It was renamed.",
        link=HttpUrl("https://example.org/1"),
        expires=date(2030, 1, 31),
    )
    says = Pack.model_validate(SMALL.model_dump() | {"known_breaks": (entry,)})
    listed = broken(result=Result.KNOWN_BREAK)
    cells = (cell("1.3.0", promises=(listed,)),)
    packs = {"small": PackOnDisk(says=says, digest="p" * 64)}
    write_run(make_run("report", START, (cells,), packs), tmp_path / "history")
    seen = page(tmp_path)
    assert "0 of 1 promise are kept; 1 known break." in seen.text
    assert any("Listed by the pack: It was renamed." in text for text in seen.all("p"))
    attributes = [found for tag, found in seen.elements if tag == "a"]
    assert {"href": "https://example.org/1", "rel": "noreferrer"} in attributes
    times = [found for tag, found in seen.elements if tag == "time" and "data-left" in found]
    assert [found["datetime"] for found in times] == ["2030-01-31"]


def test_every_attempt_of_the_run(tmp_path: Path) -> None:
    """Every attempt that the run made is shown, with what it said and how long it took."""
    first = cell("1.3.0", promises=(broken(),), seconds=1.5)
    second = cell("1.3.0", promises=(broken(),), day=0.01, seconds=2.25)
    attempts = ((first,), (second,))
    run = make_run("check", START, attempts, PACKS)
    write_run(run, tmp_path / "history")
    seen = page(tmp_path)
    assert [text for text in seen.all("td") if text.endswith(" s")] == ["1.50 s", "2.25 s"]
    assert seen.all("td").count("✗ failed") == 2
    assert f"../runs/{run.id}.html?cell=small-core_v130" in seen.links
    (strip,) = seen.with_class("runs")
    assert (strip["data-pack"], strip["data-cell"]) == ("small", "small-core_v130")


def test_attempts_that_disagree(tmp_path: Path) -> None:
    """What is shown is what the last attempt said, beside the outcomes of the others."""
    attempts = ((cell("1.3.0", promises=(broken(),)),), (cell("1.3.0", day=0.01),))
    write_run(make_run("check", START, attempts, PACKS), tmp_path / "history")
    seen = page(tmp_path)
    assert seen.all("h1") == ["small on Core 1.3.0 ✓ passed"]
    assert "Broken promises" not in seen.all("h2")
    assert [text for text in seen.all("td") if text[2:] in ("failed", "passed")] == [
        "✗ failed",
        "✓ passed",
    ]


@pytest.mark.parametrize(
    ("source", "asked", "command"),
    [
        ("pypi", "market-data-core==1.1.0", "tox run -e small-core_v110"),
        ("stand-in", "market-data-core @ file:///a/cores/v1.1.0", "tox run -e small-core_v110"),
        (
            "git",
            "market-data-core @ git+https://example.org/core@v1.1.0",
            "CORE_V110=git+https://example.org/core@v1.1.0 tox run -e small-core_v110",
        ),
        (
            "path",
            "market-data-core @ file:///a/my%20core",
            "CORE_V110='/a/my core' tox run -e small-core_v110",
        ),
        ("git", "market-data-core @ git+https://h/$(rm x)@v1", "tox run -e small-core_v110"),
    ],
)
def test_the_command_runs_the_same_core(
    tmp_path: Path, source: str, asked: str, command: str
) -> None:
    """The command names the Core again, where the cell ran on another one than tox.ini names."""
    report = cell("1.1.0")
    assert report.evidence
    evidence = report.evidence.model_copy(update={"source": source, "asked": asked})
    record(tmp_path / "history", report.model_copy(update={"evidence": evidence}))
    seen = page(tmp_path, "small-core_v110")
    assert command in seen.all("pre")
    assert (len(list(seen.with_class("stand-in"))) > 1) == (source == "stand-in")


def matrix(*cells: str) -> Matrix:
    found = (
        Cell(name=name, pack=name.partition("-")[0], core_ref=name.partition("-")[2], core="x")
        for name in cells
    )
    return Matrix(cells=tuple(found), expected=())


@pytest.mark.parametrize(
    ("pack", "ref", "consumer", "said"),
    [
        ("small", "core_v120", "small", "the newest run does not know Core 1.3.0."),
        ("tiny", "core_v130", "small", "the pack small is called tiny now."),
        ("tiny", "core_v130", "other", "the newest run does not know the pack small."),
    ],
)
def test_a_cell_that_is_gone(tmp_path: Path, pack: str, ref: str, consumer: str, said: str) -> None:
    """A cell that the matrix does not have any more keeps its page, which says why."""
    history = tmp_path / "history"
    record(history, cell("1.3.0"))
    says = SMALL.model_copy(update={"consumer": consumer})
    name = f"{pack}-{ref}"
    run = make_run(
        "report",
        START + timedelta(days=1),
        ((cell("1.2.0", name=name, day=1),),),
        {pack: PackOnDisk(says=says, digest="p" * 64)},
        matrix=matrix(name),
    )
    write_run(run, history)
    (banner,) = (t for t in page(tmp_path).all("p") if t.startswith("This cell is no longer"))
    assert banner.startswith(f"This cell is no longer in the matrix: {said}")
    assert not any(t.startswith("This cell") for t in page(tmp_path, name).all("p"))


def test_a_pack_that_was_edited(tmp_path: Path) -> None:
    """A cell that ran before its pack was edited says so."""
    history = tmp_path / "history"
    record(history, cell("1.2.0"), cell("1.3.0"))
    other = {"small": PackOnDisk(says=SMALL, digest="q" * 64)}
    cells = (cell("1.3.0", day=1, pack_digest="q" * 64),)
    write_run(make_run("report", START + timedelta(days=1), (cells,), other), history)
    assert "The pack was edited after this ran" in page(tmp_path, "small-core_v120").text
    assert "The pack was edited" not in page(tmp_path).text


def of_other(version: str, day: float, **said: str) -> CellReport:
    """A cell of another pack, which says more of a Core ref."""
    report = cell(version, day=day, name=f"other-core_v{version.replace('.', '')}", digest=FIRST)
    assert report.evidence
    return report.model_copy(update={"evidence": report.evidence.model_copy(update=said)})


def test_a_page_follows_all_that_it_shows(tmp_path: Path) -> None:
    """After any change to the history, the pages that stay are those that a new build makes."""
    history = tmp_path / "history"
    both = (kept(), kept(LEVEL))
    owned = {"small": PackOnDisk(says=SMALL.model_copy(update={"owner": "o"}), digest="q" * 64)}
    refs = [f"core_v{version}" for version in ("110", "120", "125", "130", "140", "150")]
    long = broken(text=f"{TEXT}{'x' * 10_000}")

    def add(day: float, *cells: CellReport) -> None:
        record(history, *cells, day=day)

    def tell(day: float, packs: Mapping[str, PackOnDisk], *names: str) -> None:
        moment, known = START + timedelta(days=day), matrix(*names) if names else None
        write_run(make_run("report", moment, (), packs, matrix=known), history)

    def both_ways(day: float) -> None:
        add(day, cell("1.3.0", promises=both, digest=SECOND, day=day))
        again = cell("1.3.0", promises=(broken(), kept(LEVEL)), digest=SECOND, day=day + 0.5)
        add(day + 0.5, again)

    changes: tuple[Callable[[], object], ...] = (
        lambda: broke_in_the_second(history, cell("1.4.0", promises=(broken(),), digest=THIRD)),
        lambda: write_surface(history, FIRST, event_surface(source="str")),
        lambda: write_surface(history, SECOND, event_surface(source="int")),
        lambda: both_ways(1),
        lambda: add(2, cell("1.3.0", promises=both, digest=SECOND, day=2)),
        lambda: add(3, cell("1.4.0", promises=(long,), digest=FIRST, day=3)),
        lambda: add(4, cell("1.2.5", promises=both, day=4)),
        lambda: add(5, cell("1.1.0", promises=both, day=5)),
        lambda: add(6, cell("1.1.0", promises=(kept(), broken(LEVEL)), day=6)),
        lambda: add(7, of_other("1.5.0", 7)),
        lambda: add(8, cell("1.5.0", promises=both, digest=FIRST, day=8, name="small-core_v150")),
        lambda: add(9, of_other("1.5.0", 9, source="stand-in")),
        lambda: tell(10, owned),
        lambda: tell(11, PACKS, *(f"small-{ref}" for ref in refs)),
        lambda: tell(12, PACKS, *(f"tiny-{ref}" for ref in refs)),
        lambda: tell(13, PACKS | {"tiny": PACKS["small"]}),
        lambda: tell(14, PACKS, *(f"small-{ref}" for ref in refs[2:])),
        lambda: min(history.glob("*.json")).unlink(),
    )
    for number, change in enumerate(changes):
        change()
        kept_up, made = (
            contents(build(history, tmp_path / name, cell_page.parts, ref_page.parts))
            for name in ("site", f"made{number}")
        )
        differing = [path for path, page in made.items() if kept_up.get(path) != page]
        assert (number, differing, kept_up.keys() - made.keys()) == (number, [], set())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*")}


def test_a_document_is_read_once_for_its_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many cells have their evidence in a document, a build reads it once for them."""
    history = tmp_path / "history"
    names = [f"small-core_v1{number:02}" for number in range(24)]
    for day in range(8):
        found = (cell("1.2.0", name=name, day=day) for name in names[day::8])
        record(history, *found, day=day)
    seen: list[str] = []

    def read(path: Path) -> Run:
        seen.append(path.name)
        return read_run(path)

    monkeypatch.setattr("fanout.dashboard.facts.said.read_run", read)
    build(history, tmp_path / "site", cell_page.parts)
    assert len(seen) == 8
