"""What the dashboard publishes for programs: JSON by its schemas, badges, and the database."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from defusedxml.ElementTree import fromstring
from jsonschema import Draft202012Validator

from fanout.history.document import document_names, make_run, write_run
from fanout.history.strengths import strength_file
from fanout.model import Answer, Cell, CellReport, Core, Matrix, PackOnDisk, Result
from fanout.strength.answer import Fate
from tests.worlds import strengths
from tests.worlds.project import Project
from tests.worlds.runs import (
    BROKEN,
    ERRORED,
    KEPT,
    NAME,
    PACKS,
    START,
    cell,
    missing,
    promise,
    record,
)
from tests.worlds.runs import SMALL as STATEMENT
from tests.worlds.strengths import RAISES, mutant

SVG = "{http://www.w3.org/2000/svg}"
OTHER = PackOnDisk(says=STATEMENT.model_copy(update={"consumer": "other"}), digest="o" * 64)
STATEMENT_DIGEST = PACKS["small"].digest
BOTH = {**PACKS, "other": OTHER}


def keep(project: Project, *cells: CellReport, refs: tuple[str, ...] = ()) -> None:
    """Keep a run of these cells, in a matrix of both packs on these Core refs."""
    known = tuple(
        Cell(name=f"{pack}-{ref}", pack=pack, core_ref=ref, core="market-data-core")
        for pack in BOTH
        for ref in refs
    )
    matrix = Matrix(cells=known, expected=()) if refs else None
    write_run(make_run("report", START, (cells,), BOTH, matrix=matrix), project.root / "history")


def built(project: Project, *options: str) -> Path:
    """The folder of the dashboard, after a build."""
    done = project.fanout("dashboard", "--offline", *options)
    assert done.exit_code == 0, done.output
    return project.root / "dashboard"


def read(file: Path) -> Any:
    return json.loads(file.read_bytes())


def scene(project: Project) -> Path:
    """Two packs on three Core refs: one broken promise, one cell missing, and two never run."""
    keep(
        project,
        cell("1.2.0", {NAME: KEPT, "test_event.py::test_b": KEPT}),
        cell("1.3.0", {NAME: BROKEN, "test_event.py::test_b": BROKEN}, day=1),
        cell("1.2.0", name="other-core_v120"),
        missing("other-core_v130"),
        refs=("core_v120", "core_v130", "core_v140"),
    )
    return built(project)


def test_latest(project: Project) -> None:
    """`latest.json` has the answer, every cell, and counts that include what never ran."""
    latest = read(scene(project) / "latest.json")

    assert (latest["answer"], latest["exit_code"]) == ("hold", 1)
    assert latest["headline"].startswith("hold: Core 1.3.0 breaks 2 promises of small")
    assert (latest["core_ref"], latest["baseline"]) == ("core_v130", "core_v120")
    assert latest["counts"] == {
        "passed": 2,
        "failed": 1,
        "errored": 0,
        "missing": 1,
        "unsupported": 0,
        "not run": 2,
    }
    assert latest["not_run"] == ["small-core_v140", "other-core_v140"]
    cells = {one["cell"]: one for one in latest["cells"]}
    red = cells["small-core_v130"]
    assert (red["outcome"], red["broken"], red["known"]) == ("failed", 2, True)
    assert red["first_broken"] == {
        "name": "test_event.py::test_b",
        "says": "An event has a source.",
    }
    assert red["since"] == red["newest"] == "2026-01-02T12:00:00Z"
    assert cells["other-core_v130"]["reason"] == "no evidence"
    assert latest["newest_run"]["command"] == "report"
    assert latest["newest_answer"] is None


@pytest.mark.parametrize(
    ("oldest", "answer", "said"),
    [
        (
            BROKEN,
            "release",
            "breaks no promise that nobody has excused (1 pack, 2 promises, 1 p",
        ),
        (KEPT, "hold", "breaks 1 promise of small, of which 1.3.0 breaks 1 too"),
        (ERRORED, "hold", "breaks 1 promise of small, of which 1.3.0 breaks 1 too"),
    ],
)
def test_a_pending_promise(project: Project, oldest: Result, answer: str, said: str) -> None:
    """A promise that every Core ref of the matrix breaks is pending; else it holds."""
    keep(
        project,
        *(
            cell(version, {NAME: result, "test_event.py::test_b": KEPT})
            for version, result in (("1.2.0", oldest), ("1.3.0", BROKEN), ("1.4.0", BROKEN))
        ),
    )
    latest = read(built(project) / "latest.json")
    assert latest["answer"] == answer
    assert said in latest["headline"]


def test_an_empty_history(project: Project) -> None:
    """Without any run there is no answer, which is never a green one."""
    site = built(project)
    latest = read(site / "latest.json")
    assert (latest["answer"], latest["exit_code"], latest["newest_run"]) == (None, 3, None)
    assert read(site / "badges/answer.json")["color"] != "#1a7f37"
    assert sum(latest["counts"].values()) == 0


def test_a_pack(project: Project) -> None:
    """`packs/<pack>.json` has the statement, each ref newest first, and each promise over them."""
    keep(
        project,
        cell("1.2.0", BROKEN),
        cell("1.3.0", KEPT),
        cell("1.10.0", BROKEN),
        cell("1.4.0", BROKEN),
        cell("2.0", BROKEN, name="small-core_v20"),
    )
    pack = read(built(project) / "packs/small.json")

    assert (pack["pack"], pack["owner"], pack["supports"]) == ("small", "small team", ">=1.1,<2")
    assert pack["known"]
    refs = ["core_v20", "core_v1100", "core_v140", "core_v130", "core_v120"]
    assert [one["core_ref"] for one in pack["refs"]] == refs
    assert [one["supported"] for one in pack["refs"]] == [False, True, True, True, True]
    (one,) = pack["promises"]
    assert list(one["results"].items())[2:4] == [("core_v140", "broken"), ("core_v130", "kept")]
    assert (one["last_green"], one["first_red"]) == ("core_v130", "core_v140")


@pytest.mark.parametrize(
    ("results", "last_green", "first_red"),
    [
        ((KEPT, KEPT), "core_v130", ""),
        ((BROKEN, BROKEN), "", "core_v120"),
        ((BROKEN, KEPT), "core_v130", "core_v120"),
        ((KEPT, BROKEN), "core_v120", "core_v130"),
    ],
)
def test_last_green_and_first_red(
    project: Project, results: tuple[Any, ...], last_green: str, first_red: str
) -> None:
    """They are what `fanout history` calls so."""
    keep(project, cell("1.2.0", results[0]), cell("1.3.0", results[1]))
    (one,) = read(built(project) / "packs/small.json")["promises"]
    assert (one["last_green"], one["first_red"]) == (last_green, first_red)
    told = json.loads(project.fanout("history", "--promise", "e", "--format", "json").stdout)
    (said,) = told["promises"]
    assert (said["last_green"], said["first_red"]) == (last_green, first_red)


def test_everything_published_fits_its_schema(project: Project) -> None:
    """Each JSON for programs, and each document of the history, is as its schema says."""
    site = scene(project)
    published = {
        "latest": ["latest.json"],
        "pack": ["packs/small.json", "packs/other.json"],
        "badge": [f"badges/{path.name}" for path in (site / "badges").glob("*.json")],
        "document": [f"../history/{name}" for name in document_names(project.root / "history")],
        "run": [f"runs/{path.name}" for path in (site / "runs").glob("*.json")],
    }
    for name, paths in published.items():
        assert paths, name
        schema = read(site / f"schemas/{name}.json")
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        for path in paths:
            found = [error.message for error in validator.iter_errors(read(site / path))]
            assert found == [], path
        assert not validator.is_valid({"schema_version": 99})
    assert len(published["badge"]) == 5


def test_each_command_prints_json_by_its_schema(project: Project) -> None:
    """What `fanout report --format json` prints is as the published schema says."""
    project.evidence("small-core_v120")
    told = json.loads(project.fanout("report", "--format", "json").stdout)
    site = built(project)
    assert Draft202012Validator(read(site / "schemas/report.json")).is_valid(told)
    assert not Draft202012Validator(read(site / "schemas/decision.json")).is_valid(told)


def test_every_schema_is_listed(project: Project) -> None:
    """The page of the schemas links each of them, with a sentence."""
    site = built(project)
    page = (site / "schemas/index.html").read_text()
    names = {path.name for path in (site / "schemas").glob("*.json")}
    assert len(names) >= 6
    for name in names:
        assert f'href="../schemas/{name}"' in page


def test_partly_judged(project: Project) -> None:
    """A cell that judged a part says which on its badge, in the matrix and in `latest.json`."""
    part = {NAME: KEPT, "test_event.py::test_b": Result.NOT_APPLICABLE}
    keep(project, cell("1.3.0", part), refs=("core_v130",))
    site = built(project)
    assert read(site / "badges/small.json")["message"] == "✓ 1 of 2 on Core 1.3.0 · 2026-01-01"
    told = read(site / "latest.json")["cells"][0]
    assert (told["judged"], told["promises"], told["outcome"]) == (1, 2, "passed")
    assert '"words":[["1 of 2","partly-judged"' in "".join(
        file.read_text().replace(": ", ":") for file in (site / "data").glob("*.js")
    ) + (site / "index.html").read_text().replace(": ", ":")


def test_strength_badges(project: Project) -> None:
    """A pack is shown to be as strong as it was when measured; green only if it still is."""
    history, page = project.root / "history", "badges/strength-small.json"
    keep(project, cell("1.3.0"), refs=("core_v130",))
    half = (mutant("function-gone:A.b", Fate.KILLED), mutant(RAISES, Fate.SURVIVED))
    assert not (built(project) / page).exists()
    for floor, digest, message, good in (
        (50, STATEMENT_DIGEST, "✓ 50 %", True),
        (60, STATEMENT_DIGEST, "? 50 %", False),
        (50, "e" * 64, "? 50 %, of an earlier pack", False),
    ):
        strengths.keep(history, *half, digest=digest, floor=floor)
        badge = read(built(project) / page)
        said = badge["message"].partition(" · ")[0]
        assert (said, badge["isError"]) == (message, not good)
    alarm = mutant("field-added:A.b", Fate.REFUSED)
    strengths.keep(history, *half, alarm, digest=STATEMENT_DIGEST)
    assert read(built(project) / page)["isError"]
    strength_file(history, "small").write_text('{"schema_version": 9}')
    assert not (built(project) / page).exists()


def test_badges(project: Project) -> None:
    """A badge has glyph, word, day and colour; only a pass is green."""
    scene(project)
    site = built(project, "--every", "48")
    shields = {path.stem: read(path) for path in (site / "badges").glob("*.json")}

    assert shields["small"] == {
        "schemaVersion": 1,
        "label": "small",
        "message": "✗ failed 2 on Core 1.3.0 · 2026-01-02",
        "color": "#b3261e",
        "isError": True,
    }
    assert shields["other"]["message"] == "? missing on Core 1.3.0 · 2026-01-01"
    assert shields["core_v120"]["message"] == "✓ 2 of 2 packs passed · 2026-01-01"
    assert shields["core_v130"]["message"] == "✗ 1 of 2 packs failed · 2026-01-01"
    assert shields["answer"]["label"] == "Core 1.3.0"
    assert shields["answer"]["message"] == "✗ hold · 2026-01-01"
    green = [name for name, one in shields.items() if one["color"] == "#1a7f37"]
    assert green == [name for name, one in shields.items() if not one["isError"]] == ["core_v120"]
    drawn = fromstring((site / "badges/small.svg").read_bytes())
    texts = [element.text for element in drawn.iter(f"{SVG}text")]
    assert texts == ["small", "✗ failed 2 on Core 1.3.0 · 2026-01-02"]
    assert drawn.findtext(f"{SVG}title") == "small: failed 2 on Core 1.3.0, run on 2026-01-02 UTC"
    page = (site / "badges/index.html").read_text()
    assert "[![small](badges/small.svg)](packs/small.html)" in page


def test_an_old_badge_is_grey(project: Project) -> None:
    """What was older than its schedule when the newest run ended is grey, whatever it says."""
    site = scene(project)
    colors = {name: read(site / f"badges/{name}.json")["color"] for name in ("small", "core_v120")}
    assert colors == {"small": "#b3261e", "core_v120": "#5b6270"}
    assert read(site / "badges/core_v120.json")["isError"]


def test_what_is_unknown_is_not_green(project: Project) -> None:
    """A pack that never ran on the newest ref, and a ref on which one pack passed, are amber."""
    keep(project, cell("1.2.0"), cell("1.3.0"), refs=("core_v120", "core_v130"))
    site = built(project)
    assert read(site / "badges/other.json")["message"] == "? not run"
    assert read(site / "badges/core_v130.json")["message"] == "? 1 of 2 packs missing · 2026-01-01"
    for name in ("other", "core_v130", "core_v120"):
        assert read(site / f"badges/{name}.json")["isError"]


def test_a_hostile_version_is_text(project: Project) -> None:
    """Markup in a version is drawn as it is, in well-formed SVG without any other element."""
    hostile = '</text><script>alert(1)</script>"\x1b\u202e&amp;'
    keep(project, cell("1.2.0"), cell(hostile, name="small-core_v130"), refs=("core_v130",))
    site = built(project)
    for file in (site / "badges").glob("*.svg"):
        drawn = fromstring(file.read_bytes())
        tags = {element.tag.removeprefix(SVG) for element in drawn.iter()}
        assert tags == {"svg", "title", "rect", "path", "g", "text"}
    label = ElementTree.fromstring((site / "badges/core_v130.svg").read_bytes())  # noqa: S314
    shown = next(label.iter(f"{SVG}text")).text or ""
    assert "<script>alert(1)</script>" in shown
    assert not {"\x1b", "\u202e"} & set(shown)
    assert "<script>alert" not in (site / "badges/index.html").read_text()


def test_the_newest_answer(project: Project) -> None:
    """`latest.json` tells the newest run that has an answer, with what it compared."""
    core = Core(
        named="1.5.0", core_ref="core_v150", requirement="r", source="pypi", version="1.5.0"
    )
    before = core.model_copy(update={"version": "1.4.0"})
    run = make_run(
        "check", START, ((cell(),),), PACKS, candidate=core, baseline=before, answer=Answer.UNKNOWN
    )
    write_run(run, project.root / "history")
    record(project.root / "history", cell(), day=1)

    latest = read(built(project) / "latest.json")

    told = latest["newest_answer"]
    assert (told["id"], told["answer"]) == (run.id, "unknown")
    assert (told["candidate"], told["baseline"]) == ("1.5.0", "1.4.0")
    assert latest["newest_run"]["id"] != run.id


def test_the_database(project: Project) -> None:
    """`history.sqlite` is the database of the history, the same in one build as in several."""
    site = scene(project)
    with sqlite3.connect(site / "history.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = {name for (name,) in database.execute("SELECT name FROM document")}
    assert names == document_names(project.root / "history")
    first = (site / "history.sqlite").read_bytes()
    new = (promise("test_event.py::test_new"),)
    record(project.root / "history", cell("1.4.0", day=1, promises=new), day=1)
    second = (built(project) / "history.sqlite").read_bytes()
    assert second != first
    (project.root / "history/history.sqlite").unlink()
    (site / "history.sqlite").unlink()
    assert (built(project) / "history.sqlite").read_bytes() == second
