"""`fanout history`: what all runs so far say of promises and cells, and how runs get there."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from fanout.history.document import document_names, read_run, schema
from fanout.history.past import Past, PromiseHistory
from fanout.history.query import History
from fanout.model import CellReport, Outcome, Result
from fanout.told.history_text import by_need
from tests.worlds.project import Case, Project
from tests.worlds.runs import BROKEN, ERRORED, KEPT, NAME, START, cell, missing, promise, record

NOW = START + timedelta(days=30)
PACK = "p" * 64
OTHER = "test_event.py::test_other"
KNOWN = Result.KNOWN_BREAK


@pytest.fixture(autouse=True)
def no_history_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HISTORY", raising=False)


def past(folder: Path, **only: str) -> Past:
    with History(folder) as history:
        return history.past(NOW, **only)


def told(folder: Path, *cells: CellReport) -> PromiseHistory:
    """The history of the one promise in these cells, each of its own run."""
    for one in cells:
        record(folder, one)
    (found,) = past(folder, promise="test_source").promises
    return found


def test_judgements(tmp_path: Path) -> None:
    """All that was said of a promise is told once: where, by which content, and if it counts.

    What its file says that could not be imported is said of it.
    """
    file = NAME.partition("::")[0]
    record(tmp_path, cell("1.2.0", BROKEN), cell("1.3.0", ERRORED), missing("small-core_v140"))
    record(tmp_path, cell("1.2.0", BROKEN, day=1), cell("1.5.0", pack_digest="old"), day=1)
    record(tmp_path, cell("9", {file: BROKEN}, name="small-core_candidate"), day=2)
    with History(tmp_path) as history:
        assert set(history.judgements("small", NAME)) == {
            ("core_v120", PACK, BROKEN, True),
            ("core_v130", PACK, ERRORED, True),
            ("core_v150", "old", KEPT, True),
            ("core_candidate", PACK, BROKEN, False),
        }
        assert len(list(history.judgements("small", NAME))) == 4
        assert not list(history.judgements("other", NAME))


def test_seconds(tmp_path: Path) -> None:
    """The time of a cell is the median of its 20 newest runs; missing ones took no time."""
    for number in range(30):
        timed = cell(day=number, seconds=100 if number < 10 else number)
        record(tmp_path, timed, missing(), day=number + 0.5)
    with History(tmp_path) as history:
        assert history.seconds("small-core_v120") == 19.5
        assert history.seconds("small-core_v999") is None
    (one,) = past(tmp_path).cells
    assert (one.runs, one.median, one.longest, one.newest) == (60, 19.5, 100, "missing")


def test_results(tmp_path: Path) -> None:
    """Of each promise the newest result, by Core ref and requirement, of that content alone."""
    record(tmp_path, cell("1.2.0", {NAME: BROKEN, OTHER: KEPT}, day=1))
    record(tmp_path, cell("1.2.0", {NAME: KEPT}, day=2), cell("1.3.0", BROKEN, day=2))
    record(tmp_path, cell("1.2.0", BROKEN, day=0), cell("1.4.0", BROKEN, pack_digest="old"))
    record(tmp_path, cell("9", BROKEN, name="small-core_baseline"))
    with History(tmp_path) as history:
        assert history.results("small", PACK) == {
            ("core_v120", "market-data-core==1.2.0"): {NAME: KEPT, OTHER: KEPT},
            ("core_v130", "market-data-core==1.3.0"): {NAME: BROKEN},
        }


def test_last_green_and_first_red(tmp_path: Path) -> None:
    """By version, not by name or time: the newest ref that keeps it, the next that breaks it."""
    found = told(
        tmp_path,
        cell("1.10.0", BROKEN, day=1),
        cell("1.9.0", BROKEN, day=2),
        cell("1.9.0", BROKEN, day=4),
        cell("1.8.0", KEPT, day=5),
        cell("1.2.0", KEPT, day=9),
    )
    assert (found.last_green, found.last_green_at) == ("core_v180", START + timedelta(days=5))
    assert (found.first_red, found.red_since) == ("core_v190", START + timedelta(days=2))
    assert (found.age_in_days, found.flips, found.flips_in_time) == (28, 1, 0)


def test_the_newest_evidence_of_a_ref_counts(tmp_path: Path) -> None:
    """A ref that was mended is green; errored and not applicable say nothing of it."""
    found = told(
        tmp_path,
        cell("1.2.0", BROKEN, day=1),
        cell("1.2.0", KEPT, day=2),
        cell("1.2.0", ERRORED, day=3),
        cell("1.3.0", BROKEN, day=1),
        cell("1.3.0", Result.NOT_APPLICABLE, day=2),
    )
    assert (found.last_green, found.first_red, found.flips) == ("core_v120", "", 0)


def test_broken_and_kept_again(tmp_path: Path) -> None:
    """Where nothing after the last green ref is red, the first red one is told; two flips."""
    found = told(
        tmp_path, cell("1.2.0"), cell("1.3.0", KNOWN), cell("1.4.0", BROKEN), cell("1.5.0")
    )
    assert (found.last_green, found.first_red, found.flips) == ("core_v150", "core_v130", 2)
    again = told(tmp_path, cell("1.6.0", BROKEN))
    assert (again.last_green, again.first_red, again.flips) == ("core_v150", "core_v160", 3)


def test_what_is_not_supported_is_neither(tmp_path: Path) -> None:
    """On a Core outside the pack's range nothing is green or red, and so nothing is told."""
    record(tmp_path, cell("3.0.0", BROKEN), cell("1.0.0", BROKEN))
    assert past(tmp_path).promises == ()
    found = told(tmp_path, cell("1.2.0", BROKEN), cell("1.3.0", KEPT))
    assert (found.last_green, found.first_red, found.flips) == ("core_v130", "core_v120", 1)


def test_flakiness(tmp_path: Path) -> None:
    """Attempts at one Core ref and the same contents that disagree with most of the others."""
    results = (KEPT, BROKEN, KEPT, KEPT, BROKEN)
    found = told(
        tmp_path,
        *(cell("1.2.0", result, day=day) for day, result in enumerate(results)),
        cell("1.3.0", BROKEN, day=1),
        cell("1.3.0", KEPT, day=2, digest="other"),
        cell("1.3.0", KEPT, day=3, pack_digest="other"),
        cell("1.2.0", ERRORED, day=9),
    )
    assert (found.disagreeing, found.compared, found.flips_in_time) == (2, 5, 3)


def test_broken_now_comes_first_and_a_candidate_floods_nothing(tmp_path: Path) -> None:
    """What is red on the newest Core ref, what is flaky, what was red; a candidate is one line."""
    many = {f"test_event.py::test_{number}": BROKEN for number in range(100)}
    record(tmp_path, cell("1.5.0", many, name="small-core_candidate"), day=3)
    results = {"a_was": (BROKEN, KEPT), "b_now": (KEPT, BROKEN), "c_flaky": (KEPT, KEPT)}
    for day, version in enumerate(("1.2.0", "1.3.0")):
        record(tmp_path, cell(version, {one: said[day] for one, said in results.items()}), day=day)
    record(tmp_path, cell("1.2.0", {"c_flaky": BROKEN}, day=0.5), day=0.5)
    record(tmp_path, cell("1.2.0", {"c_flaky": KEPT}, day=0.7), day=0.7)

    found = past(tmp_path)
    shown = [(title, one.name) for title, group in by_need(found.promises) for one in group]

    assert shown == [("Broken now", "b_now"), ("Flaky", "c_flaky"), ("Not broken now", "a_was")]
    assert found.on_candidates == 100
    assert len(past(tmp_path, cell="small-core_candidate").promises) == 100


def test_another_environment_is_another_thing(tmp_path: Path) -> None:
    """Attempts with other distributions or Python are not the same; another Core's name is."""
    old, other = cell(results=BROKEN, day=1, pydantic="2.7"), cell(results=BROKEN, day=2)
    assert other.evidence
    python = other.model_copy(
        update={"evidence": other.evidence.model_copy(update={"python": "3.14.0"})}
    )
    found = told(tmp_path, cell(), old, python)
    assert (found.disagreeing, found.compared, found.flips_in_time) == (0, 0, 0)
    found = told(tmp_path, cell(day=3, pydantic="2.7"), cell(day=4, pydantic="2.7"))
    assert (found.disagreeing, found.compared, found.flips_in_time) == (1, 3, 1)


def test_a_document_without_environments(tmp_path: Path) -> None:
    """What an old document does not say of its environments is read, and is one of its own."""
    for day, result in enumerate((KEPT, BROKEN)):
        path = record(tmp_path, cell(results=result, day=day), day=day)
        said = json.loads(path.read_text())
        for one in said["environments"]:
            del one["python"], one["distributions"]
        path.write_text(json.dumps(said))
    found = told(tmp_path, cell(day=2), cell(day=3))
    assert (found.disagreeing, found.compared) == (1, 4)


def test_two_attempts_of_one_run_disagree(tmp_path: Path) -> None:
    """A promise that breaks and holds when it is run again is flaky, by one of two."""
    record(tmp_path, cell(results=BROKEN), cell(results=KEPT, day=0.01))
    (found,) = past(tmp_path).promises
    assert (found.disagreeing, found.compared) == (1, 2)


def test_evidence_in_two_documents_counts_once(tmp_path: Path) -> None:
    """Evidence that a second run holds again is one attempt, not two."""
    found = told(tmp_path, cell(results=BROKEN), cell(results=BROKEN), cell(day=1))
    assert (found.disagreeing, found.compared) == (1, 2)
    assert past(tmp_path).cells[0].runs == 2


def test_only_what_was_asked_for(tmp_path: Path) -> None:
    """Shown are promises that were red once; by name or words also one that never was."""
    results = {NAME: BROKEN, OTHER: KEPT}
    record(tmp_path, cell("1.2.0", results), cell("1.3.0", KEPT), missing("other-core_v120"))
    names = {
        "red": [one.name for one in past(tmp_path).promises],
        "text": [one.name for one in past(tmp_path, promise="EVENT HAS").promises],
        "pack": [one.name for one in past(tmp_path, pack="other").promises],
        "cell": [one.name for one in past(tmp_path, cell="small-core_v130").promises],
    }
    assert names == {"red": [NAME], "text": [OTHER, NAME], "pack": [], "cell": []}
    cells = past(tmp_path, cell="small-core_v130").cells
    assert [one.cell for one in cells] == ["small-core_v130"]


def give(project: Project, *cases: Case) -> None:
    for name in ("small-core_v110", "small-core_v120", "other-core_v110"):
        project.evidence(name, *cases, version=f"1.{name[-2]}.0", digest=name[-3:])


BREAK = Case("test_event.py::test_source", "failure", "E", "no [bold]", says="A [red]source.")


def test_report_and_history(project: Project) -> None:
    """A report keeps its run, missing cells too; history shows it in words, within 100 columns."""
    give(project, Case())
    project.evidence("small-core_v120", BREAK, version="1.2.0", digest="1")
    folder = project.root / "history"
    for form in ("text", "json", "markdown"):
        done = project.fanout("report", "--history", str(folder), "--format", form)
        assert done.exit_code == 1
    (name,) = document_names(folder)
    outcomes = {one.cell: one.outcome for one in read_run(folder / name).attempts}
    assert outcomes["other-core_v120"] is Outcome.MISSING
    assert outcomes["small-core_v120"] is Outcome.FAILED
    shown = project.fanout("history")
    assert shown.exit_code == 0
    lines = [line.rstrip() for line in shown.stdout.splitlines()]
    assert max(map(len, lines)) <= 100
    assert lines[0] == "1 run"
    assert lines[2] == "Broken now: 1"
    assert lines[6].split()[:4] == ["A", "[red]source.", "never", "core_v120"]
    assert lines[-4].split()[:7] == ["other", "2", "2", "1", "passed,", "1", "missing"]
    only = project.fanout("history", "--cell", "small-core_v120").stdout
    assert "small-core_v120  1     failed          2025-01-31  0.1 s   0.1 s" in only
    assert "small-core_v110" not in only


def test_report_again_after_a_change(project: Project) -> None:
    """New evidence is another run; without any evidence there was no run."""
    folder = project.root / "history"
    options = ("report", "--history", str(folder))
    assert project.fanout(*options).exit_code == 3
    assert not folder.exists()
    give(project, Case())
    for _ in range(2):
        project.fanout(*options)
        give(project, BREAK)
    assert len(document_names(folder)) == 2


def test_report_without_the_option(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a report that is told to keeps its run."""
    monkeypatch.setenv("HISTORY", str(project.root / "kept"))
    give(project, Case())
    project.fanout("report")
    assert not (project.root / "kept").exists()
    assert not (project.root / "history").exists()


def test_report_that_cannot_be_kept(project: Project) -> None:
    """The report is printed all the same; it ends with 3 and says what to do."""
    give(project, BREAK)
    folder = project.write("file", "")
    done = project.fanout("report", "--history", str(folder / "history"))
    assert done.exit_code == 3
    assert "✗ failed 1" in done.stdout
    assert "cannot be written: Not a directory" in done.stderr
    assert "hint: make room, or name a folder" in done.stderr


def test_an_empty_history(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without runs the folder is named, as is the way to get some; nothing is made."""
    shown = project.fanout("history", columns=300)
    assert (shown.exit_code, shown.stdout.splitlines()) == (
        0,
        [
            f"No runs in '{project.root / 'history'}': `tox p`, `fanout check` and others keep"
            " theirs there."
        ],
    )
    monkeypatch.setenv("HISTORY", str(project.root / "elsewhere"))
    assert "elsewhere" in project.fanout("history", columns=300).stdout
    assert not (project.root / "history").exists()


def test_a_document_that_cannot_be_read(project: Project) -> None:
    """`fanout history` names the document and what to do, and ends with 2."""
    bad = project.write("history/20260101T000000Z-0123456789ab.json", '{"schema_version": 2}')
    shown = project.fanout("history")
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert f"error: '{bad}' has schema version 2" in shown.stderr
    assert "hint: upgrade fanout" in shown.stderr


def test_json(project: Project) -> None:
    """With --format json the same numbers are data."""
    record(project.root / "history", cell(results=BROKEN, day=-1), cell("1.1.0"))
    shown = json.loads(project.fanout("history", "--format", "json").stdout)
    (found,) = shown["promises"]
    assert (shown["schema_version"], shown["runs"]) == (1, 1)
    assert (found["last_green"], found["first_red"]) == ("core_v110", "core_v120")
    assert [one["newest"] for one in shown["cells"]] == ["passed", "failed"]


def test_hostile_words(project: Project) -> None:
    """Markup and control characters of a document do not reach the terminal as such."""
    words = "An [bold]event[/bold] \x1b[31mhas\u202e a source."
    one = promise(NAME, BROKEN, words)
    record(project.root / "history", cell(promises=(one,)))
    shown = project.fanout("history").stdout
    assert "[bold]event[/bold]" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


def test_schema_and_help(project: Project) -> None:
    """`--schema` prints the published schema; the help tells exit codes and an example."""
    assert project.fanout("history", "--schema").stdout == schema()
    shown = project.fanout("history", "--help").stdout
    for said in ("0 shown", "2 unusable", "3 the database", "Example: fanout history"):
        assert said in shown
