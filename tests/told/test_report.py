"""`fanout report`: from evidence to the matrix, what is broken, and the exit code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from fanout.history.surfaces import write_surface
from fanout.strength.answer import Fate
from tests.worlds.project import PACK_TOML, TOX_INI, Case, Project
from tests.worlds.runs import event_surface
from tests.worlds.strengths import RAISES, keep, mutant

CELLS = ("small-core_v110", "small-core_v120", "other-core_v110", "other-core_v120")
KEPT = Case()
BROKEN = Case(
    "test_event.py::test_source",
    "failure",
    "AssertionError",
    "assert 'a' == 'b'",
    "E   assert 'a' == 'b'\nE     - b",
    says="An event names its source.",
)
ERRORED = Case("test_event.py::test_slow", "error", "OSError", "no network")
KNOWN = Case(
    "test_event.py::test_listed",
    "skipped",
    "known-break",
    says="An event is frozen.",
    properties={"reason": "renamed", "link": "https://example.org/1", "expires": "2030-01-31"},
)
NOT_APPLICABLE = Case("test_event.py::test_later", "skipped", "not-applicable", ">=1.3")


def give(project: Project, *cases: Case, **said: str) -> None:
    """Give every expected cell the same evidence."""
    for cell in CELLS:
        project.evidence(cell, *cases, **said)


def test_a_report_names_each_core_by_its_version(project: Project) -> None:
    """Over a column and beside a promise a Core is its version; a command has the cell's name."""
    versions = "".join(f"\n    core_v1{n}0: CORE = market-data-core==1.{n}.0" for n in (1, 2))
    project.write("tox.ini", TOX_INI.replace(" CORE = market-data-core", versions))
    for cell in CELLS:
        number = f"1.{cell[-2]}.0"
        asked = f"market-data-core=={number}"
        project.evidence(cell, BROKEN, asked=asked, version=number)
    lines = [line.strip() for line in project.fanout("report").stdout.splitlines()]
    assert lines[0].split() == ["1.2.0", "1.1.0"]
    assert lines.count("in 2 cells: 1.1.0 to 1.2.0") == 2
    assert "$ tox run -e small-core_v120" in lines
    assert "core_v120" not in " ".join(line for line in lines if line[:1] != "$")


def test_all_kept(project: Project) -> None:
    """With every promise kept in every expected cell, the report ends with 0."""
    give(project, KEPT)
    result = project.fanout("report")
    assert result.exit_code == 0
    assert result.stdout.count("✓ passed") == 4
    assert result.stdout.splitlines()[-2:] == [
        "4 cells: 4 passed",
        "release: nothing that counts is broken in 4 cells",
    ]


def test_what_will_break(project: Project) -> None:
    """What Core says will go away is told with the promises that use it, and counts for nothing."""
    said = json.dumps({"market_data_core.old": "old goes in 2.0, *really*"})
    give(project, Case(properties={"deprecations": said}), Case("test_event.py::test_other"))
    result = project.fanout("report")
    assert result.exit_code == 0
    shown = result.stdout.partition("Will break")[2].splitlines()
    assert [line.strip() for line in shown[1:8]] == [
        "",
        "market_data_core.old: old goes in 2.0, *really*",
        "small, owned by small team, on core_v110 to core_v120",
        "test_event.py::test_kept",
        "other, owned by other team, on core_v110 to core_v120",
        "test_event.py::test_kept",
        "",
    ]
    assert r"old goes in 2.0, \*really\*" in project.fanout("report", "--format", "markdown").stdout
    (going,) = json.loads(project.fanout("report", "--format", "json").stdout)["will_break"]
    assert going["symbol"] == "market_data_core.old"
    assert [user["pack"] for user in going["users"]] == ["small", "other"]
    give(project, Case(properties={"deprecations": "[]"}))
    assert project.fanout("report").exit_code == 3


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("market-data-core==1.5.0", "1.5.0"),
        ("market-data-core @ git+https://h/core@main", "git+https://h/core@main"),
        ("market-data-core @ file:///a/my%20%60core%60", "'/a/my `core`'"),
    ],
)
def test_the_whole_command_of_a_candidate(project: Project, asked: str, named: str) -> None:
    """What runs a candidate's cell again names the candidate, in every format."""
    text = (project.root / "tox.ini").read_text(encoding="utf-8")
    label = "labels = core_candidate: candidate\nset_env = CORE = {env:CORE_CANDIDATE:}\n"
    project.write("tox.ini", re.sub(r"(?s)labels = .*?\n(?=\[pytest)", label, text))
    command = f"CORE_CANDIDATE={named} tox run -e small-core_candidate"
    project.evidence("small-core_candidate", BROKEN, asked=asked, version="1.5.0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORE_CANDIDATE", asked)
        options = ("report", "--label", "candidate", "--format")
        form = {
            form: project.fanout(*options, form, columns=60).stdout
            for form in ("text", "markdown", "json")
        }
    assert f"    $ {command}\n" in form["text"]
    assert f" {command} " in form["markdown"].replace("`CORE", " CORE").replace("`\n", " \n")
    (broken,), (missing,) = (json.loads(form["json"])[key] for key in ("broken", "without_verdict"))
    assert broken["command"] == command
    assert missing["command"] == command.replace("small", "other")


def test_rows_are_packs_and_columns_are_core_refs(project: Project) -> None:
    """Each pack is a row, each Core ref a column with its version and source, newest first."""
    give(project, KEPT, source="git")
    project.evidence("other-core_v120", BROKEN)
    lines = project.fanout("report").stdout.splitlines()
    assert lines[0].split() == ["core_v120", "core_v110"]
    assert lines[1].split() == ["1.2.0", "1.2.0"]
    assert lines[2].split() == ["git", "git"]
    assert lines[3].split() == ["small", "✓", "passed", "✓", "passed"]
    assert lines[4].split() == ["other", "✗", "failed", "1", "✓", "passed"]


@pytest.mark.parametrize(
    ("digests", "outcome", "alike"),
    [
        (("a", "a", "a"), KEPT, True),
        (("a", "b", "a"), KEPT, False),
        (("a", "a", "a"), BROKEN, False),
        (("", "", ""), ERRORED, False),
    ],
)
def test_runs_of_equal_refs(
    project: Project, digests: tuple[str, ...], outcome: Case, alike: bool
) -> None:
    """Three Core refs are one column if their contents and outcomes are known to be equal."""
    for ref, digest in zip(("v110", "v120", "v130"), digests, strict=True):
        for pack in ("small", "other"):
            case = KEPT if (pack, ref) == ("small", "v120") and outcome is BROKEN else outcome
            project.evidence(f"{pack}-core_{ref}", case, digest=digest)
    shown = project.fanout("report", "--label", "history").stdout
    assert ("3 refs alike" in shown) is alike
    assert ("core_v120" in shown.partition("small")[0]) is not alike


def test_narrow_terminal(project: Project) -> None:
    """On a narrow terminal the Core refs continue in a second matrix, none cut off."""
    give(project, KEPT)
    wide, narrow = (project.fanout("report", columns=width).stdout for width in (100, 32))
    assert (wide.count("small "), narrow.count("small ")) == (1, 2)
    assert narrow.count("✓ passed") == 4


def test_broken_promise_is_told_once(project: Project) -> None:
    """A promise broken in two cells is told once: docstring, owner, cells, why, command; 1."""
    give(project, KEPT)
    project.evidence("small-core_v110", KEPT, BROKEN)
    project.evidence("small-core_v120", BROKEN)
    result = project.fanout("report")
    assert result.exit_code == 1
    assert result.stdout.count("An event names its source.") == 1
    told = "\n".join(line.rstrip() for line in result.stdout.splitlines())
    for said in (
        "Broken promises: 1",
        "small, owned by small team, test_event.py::test_source",
        "in 2 cells: core_v110 to core_v120",
        "pins Event",
        "| assert 'a' == 'b'\n    | - b",
        "$ tox run -e small-core_v120",
        "4 cells: 2 passed, 2 failed",
        "hold: 1 promise of small is broken, in 2 of 4 cells",
    ):
        assert said in told


def test_a_failure_without_a_traceback(project: Project) -> None:
    """An error of which pytest marks no line is told as it is, also where it begins with an E."""
    give(project, Case("test_event.py::test_source", "failure", "EOFError", "EOFError: it ends"))

    assert "| EOFError: it ends" in project.fanout("report").stdout


def test_one_promise_name_in_two_packs(project: Project) -> None:
    """Promises of the same name in two packs are two broken promises, one with each owner."""
    give(project, BROKEN)
    result = project.fanout("report")
    assert "Broken promises: 2" in result.stdout
    assert "small, owned by small team" in result.stdout
    assert "other, owned by other team" in result.stdout


def test_broken_outranks_errored(project: Project) -> None:
    """A cell with a broken promise and an errored one is failed; the exit code is 1, not 3."""
    give(project, ERRORED, BROKEN)
    result = project.fanout("report")
    assert (result.exit_code, result.stdout.count("✗ failed")) == (1, 4)


def test_errored(project: Project) -> None:
    """A harness that broke is errored, named with its reason, and ends the report with 3."""
    give(project, KEPT)
    project.evidence("small-core_v110", KEPT, ERRORED)
    result = project.fanout("report")
    assert result.exit_code == 3
    assert "! errored" in result.stdout
    assert "errored: small, core_v110" in result.stdout
    assert "test_event.py::test_slow: no network" in result.stdout
    assert "$ tox run -e small-core_v110" in result.stdout


def test_missing(project: Project) -> None:
    """Without evidence a cell is missing, never passed; a pack's missing cells are one entry."""
    result = project.fanout("report")
    assert (result.exit_code, result.stdout.count("? missing")) == (3, 4)
    assert "No verdict: 4 cells" in result.stdout
    assert "missing: small, core_v110 to core_v120" in result.stdout
    assert result.stdout.splitlines()[-2:] == [
        "4 cells: 4 missing",
        "unknown: 4 of 4 cells without a verdict",
    ]


def test_unsupported(project: Project) -> None:
    """What breaks outside the pack's range is shown and does not count."""
    give(project, KEPT)
    project.evidence("small-core_v110", BROKEN, version="1.0.9")
    result = project.fanout("report")
    assert result.exit_code == 0
    assert "– unsupported 1" in result.stdout
    assert "Broken promises" not in result.stdout
    assert "Broken outside what the pack supports: 1" in result.stdout


def test_unsupported_but_kept(project: Project) -> None:
    """A Core outside the pack's range is unsupported, also when every promise holds there."""
    give(project, KEPT, version="2.0.0")
    result = project.fanout("report")
    assert (result.exit_code, result.stdout.count("– unsupported")) == (0, 4)


def test_unsupported_and_errored(project: Project) -> None:
    """A broken harness gives no verdict, also on a Core outside the pack's range."""
    give(project, ERRORED, BROKEN, version="2.0.0")
    assert project.fanout("report").exit_code == 3


def test_known_break(project: Project) -> None:
    """A known break does not count, and is told with its reason, link and expiry date."""
    give(project, KEPT, KNOWN)
    result = project.fanout("report")
    assert (result.exit_code, result.stdout.count("~ known 1")) == (0, 4)
    assert "Known breaks, listed by the pack: 2" in result.stdout
    assert "listed: renamed, https://example.org/1, 2030-01-31 (" in result.stdout
    assert "days left)" in result.stdout
    assert result.stdout.splitlines()[-2] == "4 cells: 4 passed (4 with known breaks)"


def test_not_applicable(project: Project) -> None:
    """A promise that is not applicable is neither kept nor broken, and is shown as such."""
    give(project, KEPT)
    project.evidence("small-core_v110", KEPT, NOT_APPLICABLE)
    result = project.fanout("report")
    assert result.exit_code == 0
    assert "small: 1 promise on core_v110" in result.stdout
    assert "✓ 1 of 2 " in result.stdout
    assert "passed (1 partly judged)" in result.stdout
    assert "| ✓ 1 of 2 |" in project.fanout("report", "--format", "markdown").stdout
    said = json.loads(project.fanout("report", "--format", "json").stdout)
    counts = next(one["counts"] for one in said["cells"] if one["cell"]["name"].endswith("v110"))
    assert counts == {"promises": 2, "judged": 1, "broken": 0, "known_breaks": 0}


def test_strength(project: Project) -> None:
    """What was measured of a pack is told with the matrix, and that it was edited since."""
    give(project, KEPT)
    history = project.root / "history"
    keep(history, mutant(RAISES, Fate.SURVIVED), digest="d" * 64)
    said = "0 %, 0 of 1 breaking mutant of Core 1.3.0 noticed, 0 false alarms, less than the 50 %"
    text, markdown, told = (
        project.fanout("report", "--history", str(history), "--format", form).stdout
        for form in ("text", "markdown", "json")
    )
    assert f"Strength of small: {said}" in " ".join(text.split())
    assert "measured before the pack was edited" in " ".join(text.split())
    assert f"- small: {said}" in markdown
    (strength,) = json.loads(told)["strength"]
    assert (strength["pack"], strength["score"]) == ("small", 0.0)
    assert strength["survivors"] == [RAISES]


def test_partly_judged(project: Project) -> None:
    """A cell that judged a part of its pack says which, whatever else it says."""
    give(project, KEPT)
    project.evidence("small-core_v110", BROKEN, NOT_APPLICABLE)
    project.evidence("small-core_v120", KNOWN, NOT_APPLICABLE)
    stdout = project.fanout("report", "--format", "markdown").stdout
    assert "| ~ known 1, 1/2 judged | ✗ failed 1, 1/2 judged |" in stdout
    assert "(2 partly judged, 1 with known breaks)" in stdout


def test_label(project: Project) -> None:
    """With --label the expected cells are those of the label; evidence of others is left aside."""
    give(project, KEPT)
    project.evidence("small-core_v130", KEPT)
    project.evidence("other-core_v130", BROKEN)
    assert project.fanout("report").exit_code == 0
    history = project.fanout("report", "--label", "history")
    assert history.exit_code == 1
    assert "6 cells: 5 passed, 1 failed" in history.stdout


def test_unknown_label(project: Project) -> None:
    """A label that no cell has is unusable input, not an empty matrix that passes."""
    result = project.fanout("report", "--label", "histroy")
    assert result.exit_code == 2
    assert "no cell has the label 'histroy'" in result.stderr


def test_no_tox_ini(project: Project) -> None:
    """A folder that is not this repository's is named, and so is the option that names another."""
    (project.root / "tox.ini").unlink()
    result = project.fanout("report")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"there is no tox.ini in '{project.root}'" in result.stderr
    assert "--root" in result.stderr


def test_a_pack_without_a_cell(project: Project) -> None:
    """A pack that tox.ini knows nothing of is named, and nothing is reported without it."""
    project.write("packs/third/pack.toml", PACK_TOML)
    result = project.fanout("report")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'packs/third' has no cell" in result.stderr


@pytest.mark.parametrize("tox_ini", ["[tox]\nenv_list = py\n", "[tox\n"])
def test_no_matrix(project: Project, tox_ini: str) -> None:
    """A tox.ini without a matrix is unusable input."""
    project.write("tox.ini", tox_ini)
    result = project.fanout("report")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert "hint: " in result.stderr


def test_github_actions_does_not_empty_the_matrix(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The expected cells are the same in a GitHub workflow, where tox would list none."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert project.fanout("report").stdout.splitlines()[-2] == "4 cells: 4 missing"


def test_json(project: Project) -> None:
    """As JSON the report holds every cell's outcome, evidence included, and the exit code."""
    give(project, KEPT)
    project.evidence("small-core_v110", KEPT, BROKEN)
    project.evidence("other-core_v110", NOT_APPLICABLE, KEPT, KNOWN)
    (project.root / "evidence/other-core_v120.xml").unlink()
    result = project.fanout("report", "--format", "json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["exit_code"], said["schema_version"]) == (1, 1, 1)
    assert said["broken"][0]["command"] == "tox run -e small-core_v110"
    assert [found["cells"] for found in said["without_verdict"]] == [["other-core_v120"]]
    assert [cell["outcome"] for cell in said["cells"]] == ["failed", "passed", "passed", "missing"]
    assert said["counts"]["passed"] == 2
    assert said["broken"][0]["promise"]["says"] == "An event names its source."
    assert said["broken"][0]["cells"] == ["small-core_v110"]
    assert said["known_breaks"][0]["promise"]["name"] == "test_event.py::test_listed"
    assert said["not_applicable"][0]["promise"]["core"] == ""
    assert said["cells"][0]["evidence"]["version"] == "1.2.0"


def test_markdown(project: Project) -> None:
    """As Markdown the report is a table of outcomes, and a list of what is broken and why."""
    give(project, KEPT, KNOWN)
    project.evidence("small-core_v110", BROKEN)
    (project.root / "evidence/other-core_v120.xml").unlink()
    result = project.fanout("report", "--format", "markdown")
    assert result.exit_code == 1
    assert "| small | ~ known 1 | ✗ failed 1 |\n| other | ? missing | ~ known 1 |" in result.stdout
    assert "### Broken promises\n\n- **An event names its source.**" in result.stdout
    assert "### Known breaks, listed by the pack" in result.stdout
    assert "### No verdict\n\n- **other, core\\_v120**: missing" in result.stdout
    assert "`tox run -e small-core_v110`" in result.stdout


def test_evidence_of_a_real_cell(project: Project, python: Path) -> None:
    """What a cell writes is what the report reads: kept, broken, listed and not applicable."""
    known = 'reason = "renamed"\nlink = "https://example.org/1"\nexpires = 9999-12-31\n'
    project.write(
        "packs/small/pack.toml",
        f'{PACK_TOML}[[known_breaks]]\ncore = ""\ntest = "test_listed.py::test_listed"\n{known}',
    )
    project.promise("assert int('1')")
    project.promise("assert 'a' == 'b'", name="source")
    project.promise("assert False", name="listed")
    project.promise("assert False", name="later", contract='"Event", core=">=1.3"')
    give(project, KEPT)
    assert project.cell(python).returncode == 1
    result = project.fanout("report")
    assert result.exit_code == 1
    assert "Broken promises: 1\n" in result.stdout
    assert "| AssertionError: assert 'a' == 'b'" in result.stdout
    assert "listed: renamed, https://example.org/1, 9999-12-31" in result.stdout
    assert "small: 1 promise on core_v120" in result.stdout


def test_a_quoted_line_that_wraps_keeps_its_mark(project: Project) -> None:
    """At 80 columns each line of a long error has the mark of what is quoted."""
    long = " ".join(f"word{number}" for number in range(40))
    broken = Case(tag="failure", type="E", message=long, text=f"E   {long}")
    project.evidence("small-core_v120", broken)
    lines = project.fanout("report", columns=80).stdout.splitlines()
    quoted = [line for line in lines if "word" in line]
    assert len(quoted) > 3
    assert all(line.startswith("    | word") for line in quoted)


def test_help_and_module() -> None:
    """`python -m fanout report --help` prints the table of exit codes."""
    command = [sys.executable, "-m", "fanout", "report", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for said in ("0 nothing is broken", "1 a promise is broken", "2 unusable", "3 a cell has no"):
        assert said in shown


def test_name_that_is_no_cell(project: Project) -> None:
    """An env that looks like a cell but cannot be one is refused, not left out."""
    tox_ini = (project.root / "tox.ini").read_text()
    project.write("tox.ini", tox_ini.replace("{small,other}", "{small,Other}"))
    result = project.fanout("report")
    assert result.exit_code == 2
    assert "'Other-core_v110' is no name of a cell" in result.stderr


@pytest.mark.parametrize(
    ("expires", "outcome", "code"),
    [("2025-06-30", "errored", 3), ("2024-12-31", "failed", 1)],
)
def test_known_break_that_expired(project: Project, expires: str, outcome: str, code: int) -> None:
    """An entry that has expired since makes the evidence stale; before, it excused nothing."""
    entry = "core = '>=1'\ntest = 't'\nreason = 'r'\nlink = 'https://example.org/1'\n"
    said = (project.root / "packs/small/pack.toml").read_text()
    said += f"[[known_breaks]]\n{entry}expires = {expires}\n"
    project.write("packs/small/pack.toml", said)
    project.evidence("small-core_v120", KEPT, BROKEN)
    done = project.fanout("report", "--format", "json")
    cells = json.loads(done.stdout)["cells"]
    (found,) = (cell for cell in cells if cell["cell"]["name"] == "small-core_v120")
    assert (found["outcome"], done.exit_code) == (outcome, code)


def test_what_changed_around_a_core_that_is_the_same(project: Project) -> None:
    """A promise that a Core kept, and breaks beside another release of something, says of which."""
    history = str(project.root / "history")

    def report(case: Case, pydantic: str, at: str) -> Result:
        about = {"python": "3.11.7", "distributions": f"market-data-core==1.2.0 {pydantic}"}
        file = project.evidence("small-core_v120", case, version="1.2.0", digest="a" * 64, **about)
        said = re.sub('timestamp="[^"]*"', f'timestamp="{at}"', file.read_text("utf-8"))
        file.write_text(said, "utf-8")
        return project.fanout("report", "--history", history)

    report(Case(BROKEN.name), "pydantic==2.12.0", "2026-01-01T00:00:00+00:00")
    changed = report(BROKEN, "pydantic==2.13.0", "2026-01-02T00:00:00+00:00")
    flaky = report(BROKEN, "pydantic==2.12.0", "2026-01-03T00:00:00+00:00")

    told = "    the world changed, and Core did not, since 2026-01-01: pydantic 2.13.0 instead of"
    assert f"{told} 2.12.0\n" in changed.stdout
    assert "the world changed" not in flaky.stdout


def test_what_changed_in_core_where_a_promise_broke(project: Project) -> None:
    """Beside a broken promise is the change since the last Core that kept it, if both are kept."""
    kept = Case(BROKEN.name)
    broken = replace(BROKEN, properties={"contract": "telemetry.Event"})
    for cell, case, version, digest in (
        ("small-core_v110", kept, "1.1.0", "a" * 64),
        ("small-core_v120", broken, "1.2.0", "b" * 64),
        ("other-core_v110", kept, "1.1.0", "a" * 64),
        ("other-core_v120", kept, "1.2.0", "b" * 64),
    ):
        project.evidence(cell, case, version=version, digest=digest)
    history = project.root / "history"
    write_surface(history, "a" * 64, event_surface(source="str", level="str"))

    unknown = project.fanout("report", "--history", str(history))
    write_surface(history, "b" * 64, event_surface(source="int", level="str"))
    told = project.fanout("report", "--history", str(history))
    asked = project.fanout("report", "--history", str(history), "--format", "json")

    assert (unknown.exit_code, told.exit_code) == (1, 1)
    assert "since Core" not in unknown.stdout
    assert "    since Core 1.2.0: telemetry.Event.source is int, was str\n" in told.stdout
    because = [one["because"] for one in json.loads(asked.stdout)["broken"]]
    assert because == ["since Core 1.2.0: telemetry.Event.source is int, was str"]
