"""Evidence that anybody may have written: refused with a reason, never green, never obeyed."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from fanout.cells.packs import pack_digest
from tests.worlds.project import Case, Project

GOOD = Case()
SUITE = '<testsuite timestamp="2025-01-31T12:00:00+00:00" time="0.1" COUNTS>'
SAID = (
    '<properties><property name="cell" value="CELL"/><property name="asked" '
    'value="market-data-core"/><property name="pack-digest" value="DIGEST"/>'
    '<property name="version" value="1.2.0"/><property name="supports" value="&gt;=1.1"/>'
    "</properties>"
)
CASE = '<testcase name="test_event.py::test_kept" time="0.1">OUTCOME</testcase>'


def xml(outcome: str = "", *, said: str = SAID, suite: str = SUITE, more: str = "") -> str:
    case = CASE.replace("OUTCOME", outcome)
    tags = {"failures": "<failure", "errors": "<error", "skipped": "<skipped"}
    counts = {"tests": 1} | {name: outcome.count(tag) for name, tag in tags.items()}
    suite = suite.replace("COUNTS", " ".join(f'{k}="{v}"' for k, v in counts.items()))
    return f"<testsuites>{suite}{said}{case}</testsuite>{more}</testsuites>"


BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + xml().replace("0.1", "&b;")
EXTERNAL = '<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + xml("<failure>&a;</failure>")
BROKEN_SUITE = xml("<failure/>")[len("<testsuites>") : -len("</testsuites>")]
BAD = {
    "empty": ("", "the file is empty"),
    "cut off": (xml()[:-20], "cut off or not XML"),
    "not XML": ("all is well", "cut off or not XML"),
    "binary": ("PK\x03\x04\0\0", "cut off or not XML"),
    "unknown encoding": ('<?xml version="1.0" encoding="klingon"?>' + xml(), "cut off or not XML"),
    "entity bomb": (BOMB, "declares entities or a document type"),
    "external entity": (EXTERNAL, "declares entities or a document type"),
    "document type": ('<!DOCTYPE b SYSTEM "b.dtd">' + xml(), "declares entities or a document"),
    "no testsuite": ("<testsuites/>", "no testsuite in it"),
    "other XML": ("<html><p>404</p></html>", "no testsuite in it"),
    "second testsuite": (xml(more=BROKEN_SUITE), "testsuite"),
    "nothing said": (xml(said=""), "not what a pack writes"),
    "other cell": (xml(said=SAID.replace("CELL", "small-core_v999")), "is the evidence of another"),
    "no version": (xml(said=SAID.replace("1.2.0", "new")), "not what a pack writes"),
    "no range": (xml(said=SAID.replace("&gt;=1.1", "1.x")), "not what a pack writes"),
    "no time": (xml(suite=SUITE.replace('time="0.1"', 'time="-1"')), "not what a pack writes"),
    "no start": (xml(suite="<testsuite time='0'>"), "not what a pack writes"),
    "zero tests": (
        xml().replace(CASE.replace("OUTCOME", ""), "").replace('tests="1"', 'tests="0"'),
        "no promise in it",
    ),
    "a testcase cut out": (xml().replace('tests="1"', 'tests="2"'), 'tests="2", but holds 1'),
    "a failure cut out": (xml().replace('failures="0"', 'failures="1"'), "but holds 0"),
    "version left out": (
        xml(said=SAID.replace('<property name="version" value="1.2.0"/>', "")),
        "does not say which Core was tested",
    ),
    "another Core": (
        xml(said=SAID.replace('"market-data-core"', '"market-data-core==9.9"')),
        "stale: the evidence is of 'market-data-core==9.9'",
    ),
    "from the future": (
        xml(suite=SUITE.replace("2025", "2999")),
        "it is from the future, of 2999-01-31T12:00:00+00:00",
    ),
    "from the end of time": (
        xml(suite=SUITE.replace("2025-01-31", "9999-12-31").replace("+00:00", "-23:59")),
        "it is from the future, of 9999-12-31",
    ),
    "a local build": (
        xml(
            said=SAID.replace('"market-data-core"', '"market-data-core==1.2.0"').replace(
                '"1.2.0"', '"1.2.0+local"'
            )
        ),
        "stale: the evidence is of",
    ),
    "another pack content": (xml(said=SAID.replace("DIGEST", "0")), "stale: the pack has changed"),
    "not applicable": (xml('<skipped type="not-applicable"/>'), "no promise was judged"),
    "unknown skip": (xml('<skipped type="pytest.skip" message="later"/>'), "test_kept: later"),
    "skip without a type": (xml('<skipped message="later"/>'), "test_kept: later"),
    "two outcomes": (
        xml('<skipped type="not-applicable"/><error message="late"/>'),
        "more than one outcome",
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Outcome and reason for each bad file, from one report on one cell each."""
    project = Project(tmp_path_factory.mktemp("bad"))
    shutil.rmtree(project.root / "packs/other")
    refs = [f"v{number}" for number in range(len(BAD) + 3)]
    project.write(
        "tox.ini",
        f"[tox]\nenv_list = small-core_{{{','.join(refs)}}}\n[testenv]\nskip_install=1\n"
        "set_env = CORE = market-data-core\n",
    )
    digest = pack_digest(project.root / "packs/small")
    names = [*BAD, "directory", "pipe", "huge"]
    cells = {name: f"small-core_{ref}" for name, ref in zip(names, refs, strict=True)}
    for name, (content, _) in BAD.items():
        content = content.replace("CELL", cells[name]).replace("DIGEST", digest)
        project.write(f"evidence/{cells[name]}.xml", content)
    (project.root / f"evidence/{cells['directory']}.xml").mkdir()
    os.mkfifo(project.root / f"evidence/{cells['pipe']}.xml")
    with (project.root / f"evidence/{cells['huge']}.xml").open("wb") as file:
        file.truncate(2**30)
    result = project.fanout("report", "--format", "json")
    assert result.exit_code == 3, result.stderr
    found = zip(names, json.loads(result.stdout)["cells"], strict=True)
    return {name: (cell["outcome"], cell["reason"]) for name, cell in found}


@pytest.mark.parametrize("name", BAD)
def test_bad_file(told: dict[str, tuple[str, str]], name: str) -> None:
    """A file that says nothing usable makes its cell errored, with the reason."""
    outcome, reason = told[name]
    assert (outcome, BAD[name][1] in reason) == ("errored", True), reason


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("directory", "not a regular file"),
        ("pipe", "not a regular file"),
        ("huge", "the file is larger than"),
    ],
)
def test_no_file(told: dict[str, tuple[str, str]], name: str, said: str) -> None:
    """A directory, a pipe and a gigabyte in place of evidence are errored, and not read."""
    outcome, reason = told[name]
    assert (outcome, said in reason) == ("errored", True), reason


def test_foreign_evidence(project: Project) -> None:
    """Evidence for a cell that the matrix does not have is unusable input."""
    project.evidence("small-core_v999", GOOD)
    result = project.fanout("report")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "evidence for 'small-core_v999', which is no cell of the matrix" in result.stderr
    assert "hint: remove the file" in result.stderr


def test_evidence_twice(project: Project) -> None:
    """Two files for one cell, in whatever folders, are unusable input; both are named."""
    first = project.evidence("small-core_v120", GOOD)
    second = project.write("evidence/download/small-core_v120.xml", first.read_bytes())
    result = project.fanout("report")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "twice for the cell 'small-core_v120'" in result.stderr
    assert str(first) in result.stderr
    assert str(second) in result.stderr


def test_evidence_in_a_subfolder(project: Project) -> None:
    """Evidence is found in subfolders too, as a download of artifacts leaves it."""
    first = project.evidence("small-core_v120", GOOD)
    (project.root / "evidence/download").mkdir()
    first.rename(project.root / "evidence/download/small-core_v120.xml")
    assert "\n4 cells: 1 passed, 3 missing\n" in project.fanout("report").stdout


MARKUP = (
    "[red]alarm[/red] <script>alert(1)</script> </pre><img src=x> | a | ![i](http://e.example/i)"
    " [l](http://e.example) `c` **b** ~~s~~ http://e.example www.e.example @team"
)
UNSEEN = "\x9b\u061c\u200e\u202e\u2066\u2028"
FORGED = "\n4 cells: 4 passed\n\n| small | ✓ passed |"


@dataclass
class Said:
    """What every part of the evidence of `misled` says, and where it may be shown."""

    project: Project

    def show(self, form: str) -> str:
        return self.project.fanout("report", "--format", form, columns=600).stdout


@pytest.fixture
def misled(project: Project) -> Said:
    """Evidence in which every text that anybody may choose tries to mislead."""
    payload = MARKUP + UNSEEN + FORGED
    broken = Case(payload, "failure", payload, payload, "E   " + payload, says=payload)
    listed = Case("listed", "skipped", "known-break", says=payload)
    listed.properties.update(reason=payload, link=payload, contract=payload)
    listed.properties["expires"] = "2030-01-31"
    said = dict.fromkeys(("source", "digest", "python", "distributions"), payload)
    project.evidence("small-core_v120", broken, listed, **said)
    error = Case(payload, "error", payload, payload)
    project.evidence("other-core_v120", error, **said, asked=payload)
    return Said(project)


def test_text_shows_markup_as_it_is(misled: Said) -> None:
    """In the text report, markup of every kind is text; what cannot be seen is replaced."""
    shown = misled.show("text")
    assert shown.count(MARKUP) >= 6
    assert not set(UNSEEN) & set(shown)


def test_text_cannot_be_forged(misled: Said) -> None:
    """No text in the evidence makes a line that looks like the report's own."""
    lines = misled.show("text").splitlines()
    assert [line for line in lines if line.startswith("4 cells")] == [lines[-2]]
    assert lines[-2] == "4 cells: 1 failed, 1 errored, 2 missing (1 with known breaks)"
    answers = [line for line in lines if line.startswith(("release", "hold", "unknown"))]
    assert answers == [lines[-1]]
    assert lines[-1] == (
        "hold: 1 promise of small is broken, in 1 of 4 cells; 3 of 4 cells without a verdict"
    )
    assert not [line for line in lines if line.startswith("| small")]


def test_json_holds_markup_as_it_is(misled: Said) -> None:
    """As JSON, texts are kept as they are, but for what cannot be seen, which is replaced."""
    shown = misled.show("json")
    promise = json.loads(shown)["broken"][0]["promise"]
    assert promise["says"].startswith(MARKUP + "\ufffd" * len(UNSEEN))
    assert promise["message"].endswith(FORGED)
    assert not set(UNSEEN) & set(shown)


class Tags(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_markdown_shows_markup_as_text(misled: Said) -> None:
    """As Markdown, markup in evidence is rendered as text: no link, image, script or table."""
    markdown = misled.show("markdown")
    page = Tags(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown))
    own = {"p", "strong", "ul", "li", "br", "pre", "code", "h3"}
    assert page.tags <= own | {"table", "thead", "tbody", "tr", "th", "td"}
    assert "<script>alert(1)</script>" in page.text
    assert "**b** ~~s~~" in page.text
    assert markdown.count("\n| ") == 4
    for linked in ("http://", "www.", "@team"):
        outside = [line for line in markdown.splitlines() if "<pre>" not in line]
        assert linked not in "\n".join(outside)


def test_control_characters_of_a_real_cell(project: Project, python: Path) -> None:
    """Terminal escapes in a promise's name, message and docstring never reach the terminal."""
    project.write(
        "packs/small/test_event.py",
        "import pytest\n\n@pytest.mark.contract('Event')\n@pytest.mark.parametrize('x', ['\\x1b'])"
        "\ndef test_event(x):\n    'An event \\x1b[31m has \\0 a source.'\n    assert 'a' == x\n",
    )
    project.cell(python)
    result = project.fanout("report")
    assert result.exit_code == 1
    assert "An event \ufffd[31m has \ufffd a source." in result.stdout
    assert not {"\x1b", "\0"} & set(result.stdout)
