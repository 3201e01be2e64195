"""The gate on a tiny world: one real check of it, and what its evidence, edited, comes to."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from click.testing import Result as Done
from defusedxml.ElementTree import fromstring, parse

from fanout.cells.packs import pack_digest
from fanout.cli import main
from fanout.commands.check import compare
from fanout.model import Result
from fanout.told.report_markdown import escape
from tests.servers.core_index import CoreIndex, wheel
from tests.worlds.large import CANDIDATE, PACKS, World, checked

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"text": "txt", "json": "json", "markdown": "md", "junit": "xml"}
ANSWERS = {
    "hold": tuple(PACKS),
    "release": ("steady", "excused"),
    "unknown": ("narrow", "shaky", "harness"),
}
EXIT_CODES = {"release": 0, "hold": 1, "unknown": 3}
# What differs from one machine, day or pytest to the next.
VARIES = (
    (r"http://127\.0\.0\.1:\d+", "<index>"),
    (r"\b[0-9a-f]{16}\b", "<digest>"),
    (r"\(\d+ days left\)", "(<days> left)"),
    (r'("text": ")(?:[^"\\]|\\.)+"', r'\1<text>"'),
    (r"(<(?:failure|error) [^>]*>)[^<]*(\n\n\$)", r"\1<text>\2"),
)


class Gate:
    """The gate on a world, its packs and evidence free to be edited, with a history of its own."""

    def __init__(self, checked: World, folder: Path) -> None:
        self.world = checked.copy(folder / "world")
        self.index = checked.index
        self.history = folder / "history"
        (run,) = (checked.root / "runs").iterdir()
        shutil.copytree(run, folder / "evidence")
        self.folders = [folder / "evidence" / number for number in "12"]
        (self.wheel,) = (checked.root / ".tox/wheels").glob("*/market_data_core-2.1.0-*.whl")

    def decide(self, *packs: str, form: str = "text", candidate: str = "", **more: str) -> Done:
        arguments = ["gate", candidate or str(self.wheel), "--root", str(self.world.root)]
        arguments += ["--baseline", more.get("baseline", "2.0.0"), "--format", form]
        arguments += ["--history", str(self.history), "--index", self.index]
        for folder in self.folders:
            arguments += ["--evidence", str(folder)]
        for pack in packs:
            arguments += [pack] if pack.startswith("--") else ["--pack", pack]
        result = CliRunner().invoke(main, arguments, env={"COLUMNS": "100"})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def verdicts(self, pack: str) -> dict[str, str]:
        """The verdict on each promise of a pack, by the name of its test."""
        (cell,) = self.decision(pack)["cells"]
        return {one["name"].partition("::")[2]: one["verdict"] for one in cell["promises"]}

    def decision(self, *packs: str, **more: str) -> Any:
        return json.loads(self.decide(*packs, form="json", **more).stdout)

    def edit(self, cell: str, *pairs: tuple[str, str], attempt: int = 1) -> None:
        """Replace texts in the evidence of a cell, each of which must be there."""
        file = self.folders[attempt - 1] / f"{cell}.xml"
        text = file.read_text()
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        file.write_text(text)

    def judge(self, cell: str, test: str, result: Result, attempt: int) -> None:
        """Say of a promise in the evidence of a cell that it is kept, or that it is broken."""
        file = self.folders[attempt - 1] / f"{cell}.xml"
        root = parse(file).getroot()
        assert root is not None
        (suite,) = root.findall("testsuite")
        (case,) = (one for one in suite.iter("testcase") if one.get("name", "").endswith(test))
        for found in case.findall("failure"):
            case.remove(found)
        if result is Result.BROKEN:
            ElementTree.SubElement(case, "failure", type="E", message="as told")
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        file.write_bytes(ElementTree.tostring(root))

    def add(self, cell: str, *messages: str) -> None:
        """Add promises to the evidence of a cell, broken with a message, or kept without one."""
        for file in [file for folder in self.folders for file in folder.glob(f"{cell}.xml")]:
            root = parse(file).getroot()
            assert root is not None
            (suite,) = root.findall("testsuite")
            for number, message in enumerate(messages):
                name = f"test_promises.py::test_added_{number}"
                case = ElementTree.SubElement(suite, "testcase", name=name, time="0.01")
                if message:
                    ElementTree.SubElement(case, "failure", type="E", message=message)
            suite.set("tests", str(len(suite.findall("testcase"))))
            suite.set("failures", str(len(suite.findall("testcase/failure"))))
            file.write_bytes(ElementTree.tostring(root))

    def install(self, cell: str, *distributions: str, attempt: int = 1) -> None:
        """Say in the evidence of a cell that these were installed too."""
        said = 'name="distributions" value="'
        self.edit(cell, (said, f"{said}{' '.join(distributions)} "), attempt=attempt)

    def edit_pack(self, pack: str, old: str, new: str) -> None:
        """Replace a text in a `pack.toml` before it ever ran: all evidence is of the new one."""
        folder = self.world.root / "packs" / pack
        before, text = pack_digest(folder), (folder / "pack.toml").read_text()
        assert old in text
        (folder / "pack.toml").write_text(text.replace(old, new))
        for number, evidence in enumerate(self.folders, 1):
            for file in evidence.glob(f"{pack}-*.xml"):
                self.edit(file.stem, (before, pack_digest(folder)), attempt=number)

    def judge_old_release(self, pack: str, *pairs: tuple[str, str]) -> None:
        """Put the pack's evidence on Core 1.0.0, as its evidence on 2.0.0 is, in the history."""
        folders, self.folders = self.folders, [self.world.root / "old"]
        shutil.copytree(folders[0], self.folders[0])
        text = (folders[0] / f"{pack}-core_v200.xml").read_text()
        for old, new in (("core_v200", "core_v100"), ("2.0.0", "1.0.0"), *pairs):
            assert old in text, old
            text = text.replace(old, new)
        (self.folders[0] / f"{pack}-core_v100.xml").write_text(text)
        self.decide(pack, candidate="1.0.0", baseline="2.0.0")
        self.folders = folders


@pytest.fixture(scope="module")
def world(shared: Path, index: CoreIndex, compiled_wheels: None) -> World:
    return checked(shared, index.url)


@pytest.fixture
def gate(world: World, tmp_path: Path) -> Gate:
    return Gate(world, tmp_path)


def test_check_and_gate_agree(world: World, gate: Gate) -> None:
    """The gate on the evidence of a check prints what the check printed; both hold, by code 1."""
    result = gate.decide()
    named = (str(gate.wheel), "core")
    assert result.stdout.replace(*named) == (world.root / "printed").read_text()
    assert result.exit_code == int((world.root / "exit_code").read_text()) == 1


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_golden(gate: Gate, answer: str, form: str) -> None:
    """Each answer in each format is as in `golden/`; `GOLDEN=write` in the env writes it anew."""
    result = gate.decide(*ANSWERS[answer], form=form)
    shown = result.stdout.replace(str(gate.world.root), "<world>")
    for path in (str(gate.wheel), escape(str(gate.wheel))):
        shown = shown.replace(path, "<wheel>")
    for pattern, name in VARIES:
        shown = re.sub(pattern, name, shown)
    golden = GOLDEN / f"{answer}.{FORMATS[form]}"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(shown)
    assert shown.splitlines() == golden.read_text().splitlines()
    assert result.exit_code == EXIT_CODES[answer]


def test_verdicts(gate: Gate) -> None:
    """The world has every verdict: on promises, and on the packs by what is gravest in them."""
    cells = gate.decision()["cells"]
    assert {cell["pack"]: cell["verdict"] for cell in cells} == {
        "mixed": "regressed",
        "steady": "new",
        "narrow": "unknown",
        "excused": "known break",
        "overdue": "still-failing",
        "shaky": "unknown",
        "harness": "unknown",
        "novice": "regressed",
    }
    (mixed,) = (cell for cell in cells if cell["pack"] == "mixed")
    assert Counter(promise["verdict"] for promise in mixed["promises"]) == {
        "regressed": 1,
        "still-failing": 1,
        "fixed": 1,
        "new": 2,
        "unknown": 1,
        "passing": 2,
        "not applicable": 1,
    }


@pytest.mark.parametrize("answer", ANSWERS)
def test_junit_counts(gate: Gate, answer: str) -> None:
    """The JUnit XML states how many cases, failures, errors and skips it has, one case a promise.

    Only what holds is a failure, and only what is unknown is an error.
    """
    decision = gate.decision(*ANSWERS[answer])
    suites = fromstring(gate.decide(*ANSWERS[answer], form="junit").stdout).findall("testsuite")
    assert [suite.get("name") for suite in suites] == [cell["cell"] for cell in decision["cells"]]
    for suite, cell in zip(suites, decision["cells"], strict=True):
        verdicts = Counter(promise["verdict"] for promise in cell["promises"])
        green = verdicts["passing"] + verdicts["fixed"] + verdicts["new"]
        broken = verdicts["regressed"] + verdicts["still-failing"] + verdicts["broken"]
        counts = [int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")]
        assert counts == [
            (total := verdicts.total()),
            broken,
            verdicts["unknown"],
            total - broken - verdicts["unknown"] - green,
        ]
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(name) == str(len(suite.findall(f"testcase/{tag}")))
        assert len(suite.findall("testcase")) == total


ALIKE = (
    "AttributeError: <Event at 0x7f{0:x}> has no attribute 'close'",
    "ValueError: /srv/{0}/queue holds {0} of 10",
    "AssertionError: 'test_added_{0}' was not called",
)


@pytest.mark.parametrize("error", ALIKE)
def test_a_large_hold_is_told_by_failure(gate: Gate, error: str) -> None:
    """120 promises of three packs that fail alike are one entry, with a command for each pack."""
    packs = ("steady", "excused", "novice")
    before = gate.decide(*packs).stdout
    for pack in packs:
        gate.add(f"{pack}-core_candidate", *(error.format(number) for number in range(40)))
        gate.add(f"{pack}-core_v200", *[""] * 40)
    text, markdown = (gate.decide(*packs, form=form).stdout for form in ("text", "markdown"))
    assert len(text.splitlines()) - len(before.splitlines()) < 36
    assert "\nRegressed: 121\n" in text
    said = "  120 promises of steady, excused, novice\n    was: kept on 2.0.0\n    now: broken"
    assert said in text
    regressed = text.partition("Regressed: ")[2].partition("Still failing: ")[0]
    assert regressed.count(error.partition(":")[0]) == 1
    for pack in packs:
        assert regressed.count(f"-e {pack}-core_candidate") == 1 + (pack == "novice")
    assert "test_added_5, and 34 more" in re.sub(r"\s+", " ", regressed)
    assert "**120 promises of steady, excused, novice**" in markdown
    (folded,) = re.findall(r"steady, owned by .*\n.*<details>.*</details>", markdown)
    assert folded.count("test_added") == 40


def test_different_failures_stay_apart(gate: Gate) -> None:
    """Promises that fail with other words are told apart, however alike the rest is.

    Nothing that changed in Core has these names, so no cause parts them.
    """
    names = ("halt", "peek", "seek")
    errors = [f"AttributeError: no attribute '{names[number % 3]}'" for number in range(9)]
    gate.add("steady-core_candidate", *errors)
    gate.add("steady-core_v200", *[""] * 9)
    text = gate.decide("steady").stdout
    assert text.count("  3 promises of steady\n") == 3
    assert all(text.count(f"no attribute '{name}'") == 1 for name in names)


def test_first_attempt_alone(gate: Gate) -> None:
    """What regressed in the only attempt holds, and the text says that it ran once."""
    gate.folders = gate.folders[:1]
    result = gate.decide("shaky")
    assert result.exit_code == 1
    assert "now: broken on 2.1.0 (path), not yet run a second time" in result.stdout


@pytest.mark.parametrize("attempts", [(0, 1), (1, 0), (0, 1, 1, 1), (1, 1, 0)])
def test_flaky(gate: Gate, attempts: tuple[int, ...]) -> None:
    """Attempts that disagree make the answer unknown, in whatever order, and however often."""
    folders = gate.folders
    gate.folders = []
    for number, attempt in enumerate(attempts):
        folder = folders[0].with_name(f"attempt{number}")
        shutil.copytree(folders[attempt], folder)
        gate.folders.append(folder)
    result = gate.decide("shaky", "steady")
    assert result.exit_code == 3
    assert "flaky (" in result.stdout.splitlines()[0]


def test_every_attempt_is_kept(world: World) -> None:
    """The document of the check has both attempts, the failed one and the one that passed."""
    (document,) = (world.root / "history").glob("*.json")
    said = json.loads(document.read_text())
    tried = [one for one in said["attempts"] if one["cell"] == "shaky-core_candidate"]
    assert [(one.get("number", 1), one["outcome"]) for one in tried] == [
        (1, "failed"),
        (2, "passed"),
    ]
    (verdict,) = (one for one in said["verdicts"] if one["cell"] == "shaky-core_candidate")
    assert [promise["flaky"] for promise in verdict["promises"]] == [True]


def test_attempts_in_other_environments(gate: Gate) -> None:
    """Attempts that disagree in other environments are unknown, not flaky, and say what differs.

    If two in one environment disagree, they are flaky all the same.
    """
    gate.install("shaky-core_candidate", "other==1.0")
    gate.install("shaky-core_candidate", "other==2.0", attempt=2)
    result = gate.decide("shaky")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[0].endswith(
        "on the candidate broken, then kept, in environments that differ: other 1.0 then 2.0"
    )
    (document,) = gate.history.glob("*.json")
    (verdict,) = json.loads(document.read_text())["verdicts"]
    assert not any(promise.get("flaky") for promise in verdict["promises"])
    gate.folders.append(shutil.copytree(gate.folders[1], gate.folders[1].with_name("3")))
    gate.judge("shaky-core_candidate", "test_once", Result.BROKEN, attempt=3)
    assert "flaky (broken, then kept, then broken)" in gate.decide("shaky").stdout.splitlines()[0]


@pytest.mark.parametrize("form", FORMATS)
def test_environments_that_differ(gate: Gate, form: str) -> None:
    """What the two sides did not run with alike is told of its pack, and decides nothing."""
    before = gate.decide("steady", "excused", form=form)
    assert "environment differs" not in before.stdout
    gate.install("steady-core_candidate", "Other==1.0", "market_data_core==9", "a==1", "b==1")
    gate.install("steady-core_v200", "other==2.0", "c==1")
    result = gate.decide("steady", "excused", form=form)
    assert result.exit_code == before.exit_code == 0
    if form == "json":
        cells = {cell["pack"]: cell["environment"] for cell in json.loads(result.stdout)["cells"]}
        assert cells["excused"] == []
        assert cells["steady"][-1] == {"name": "other", "versions": ["1.0", "2.0"]}
    else:
        told = "the environment differs from the baseline's: a 1 instead of none,"
        (line,) = (one for one in result.stdout.splitlines() if "differs" in one)
        assert f"{told} b 1 instead of none, c none instead of 1, 1 more" in html.unescape(
            line
        ).replace("\\", "")


def test_what_runs_again(gate: Gate) -> None:
    """A pack whose sides have other versions runs again; what one side lacks, Core asks for."""
    packs, today = ("steady", "excused"), datetime.now(UTC)
    gate.install("steady-core_candidate", "other==1.0")
    gate.install("excused-core_candidate", "other==1.0")
    gate.install("excused-core_v200", "other==2.0")
    given = (str(gate.wheel), "2.0.0", packs, gate.world.root, today)
    comparison = compare(*given, only_new=False)
    comparison.take(gate.folders[0], reasons={})
    assert comparison.to_confirm == ["excused-core_candidate", "excused-core_v200"]


@pytest.mark.parametrize("first", [Result.KEPT, Result.BROKEN])
def test_baseline_in_another_environment(gate: Gate, first: Result) -> None:
    """What the baseline said in an environment that the candidate never had is not compared."""
    for attempt, result in ((1, first), (2, Result.BROKEN)):
        gate.judge("novice-core_v200", "test_retries", result, attempt)
    gate.install("novice-core_v200", "other==1.0")
    assert gate.verdicts("novice")["test_retries"] == "still-failing"
    assert "environment differs" not in gate.decide("novice").stdout
    assert gate.decide("novice", "--only-new").exit_code == 0


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_content(gate: Gate, form: str) -> None:
    """A candidate whose content is its baseline's says so at the beginning of the answer."""
    (now, then) = (
        re.findall(r'name="digest" value="(\w+)"', (gate.folders[0] / f"{cell}.xml").read_text())
        for cell in ("steady-core_candidate", "steady-core_v200")
    )
    asked = ("steady",)
    assert "same content" not in gate.decide(*asked, form=form).stdout
    gate.edit("steady-core_candidate", (now[0], then[0]))
    result = gate.decide(*asked, form=form)
    if form == "json":
        assert json.loads(result.stdout)["same_content"] is True
    else:
        assert "same content" in "".join(result.stdout.splitlines()[:5])


@pytest.mark.parametrize(("now", "then"), [("kept", "broken"), ("broken", "kept")])
def test_flaky_baseline(gate: Gate, now: str, then: str) -> None:
    """A baseline whose attempts disagree excuses nothing: what the candidate breaks holds.

    Of only what is new it is unknown, because nobody knows what the baseline keeps.
    """
    for attempt, result in enumerate((now, then), 1):
        gate.judge("novice-core_v200", "test_retries", Result(result), attempt)
    held = gate.decide("novice").stdout.splitlines()[0]
    assert held == (
        "hold: Core 2.1.0 (path) breaks 2 promises of novice, of which 2.0.0 breaks 1 too"
        " and 1 may be broken there"
    )
    new = gate.decide("novice", "--only-new")
    assert new.exit_code == 3
    assert f"on the baseline flaky ({now}, then {then})" in new.stdout.splitlines()[0]
    assert new.stdout.splitlines()[0].endswith("; both break 1 promise of novice")


def test_only_new(gate: Gate) -> None:
    """What the baseline breaks too does not hold a pull request, and its number is told."""
    result = gate.decide("novice", "--only-new")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == (
        "hold: Core 2.1.0 (path) breaks 1 promise of novice that 2.0.0 does not break;"
        " both break 1 promise of novice"
    )
    result = gate.decide("overdue", "excused", "--only-new")
    assert "both break 1 promise of overdue" in result.stdout.splitlines()[0]


def test_unproven_excuse(gate: Gate) -> None:
    """A promise of which the history says nothing on an older Core ref is not pending: it holds."""
    assert gate.verdicts("novice") == {"test_close": "still-failing", "test_retries": "regressed"}
    assert gate.decision("novice")["answer"] == "hold"


def test_pending(gate: Gate) -> None:
    """A promise that every Core ref of the env list breaks, as its pack is, decides nothing.

    It does not hide that another promise of its pack regressed, and it is counted.
    """
    gate.judge_old_release("novice")
    assert gate.verdicts("novice") == {"test_close": "pending", "test_retries": "regressed"}
    assert gate.decide("novice").exit_code == 1
    for attempt in (1, 2):
        gate.judge("novice-core_candidate", "test_retries", Result.KEPT, attempt)
    result = gate.decide("novice", "steady")
    assert result.exit_code == 0
    assert "1 pending" in result.stdout.splitlines()[0]
    suites = fromstring(gate.decide("novice", "steady", form="junit").stdout)
    assert not suites.findall(".//failure")


def test_known_break(gate: Gate) -> None:
    """A known break that is still broken is told with the days left, one that holds as fixed."""
    before = datetime.now(UTC).date()
    result = gate.decide("excused")
    days = {(date(9999, 12, 31) - day).days for day in (before, datetime.now(UTC).date())}
    still, _, fixed = result.stdout.partition("Known breaks: 1")[2].partition("Fixed: 1")
    assert result.exit_code == 0
    assert "test_flush" in fixed
    assert "test_close" in still
    assert any(f"({left} days left)" in still for left in days)


def test_expired_since_it_ran(gate: Gate) -> None:
    """Evidence from before a known break expired is stale after that."""
    for cell in ("overdue-core_candidate", "overdue-core_v200"):
        file = gate.folders[0] / f"{cell}.xml"
        text, found = re.subn(r'timestamp="\d{4}', 'timestamp="2019', file.read_text())
        assert found == 1
        file.write_text(text)
    result = gate.decide("overdue")
    assert result.exit_code == 3
    assert "expired on 2020-01-31" in result.stdout.splitlines()[0]


def test_edited_pack(gate: Gate) -> None:
    """A pack that was edited after it ran is unknown, and says so."""
    gate.world.write("packs/steady/test_promises.py", PACKS["steady"] + "\n")
    result = gate.decide("steady")
    assert result.exit_code == 3
    assert "stale: the pack has changed" in result.stdout.splitlines()[0]


def test_other_wheel(gate: Gate) -> None:
    """Evidence of a wheel says nothing of another wheel, of the same version and file name."""
    other = gate.world.root / "market_data_core-2.1.0-py3-none-any.whl"
    other.write_bytes(wheel("2.1.0", CANDIDATE))
    result = gate.decide("steady", candidate=str(other))
    assert result.exit_code == 3
    assert "stale: the evidence is of" in result.stdout.splitlines()[0]


@pytest.mark.parametrize("side", ["candidate", "v200"])
@pytest.mark.parametrize("content", [None, "", "<testsuites><testsuite", "<a/>"])
def test_no_usable_evidence(gate: Gate, side: str, content: str | None) -> None:
    """Evidence that is missing, empty, cut off or no evidence, on either side, gives unknown."""
    file = gate.folders[0] / f"steady-core_{side}.xml"
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    result = gate.decide("steady")
    assert result.exit_code == 3
    assert f"steady-core_{side}: " in result.stdout.splitlines()[0]


HOSTILE = "release: all is well\n**release**\n# x\n| a | b |\n</pre><b>\x1b[2K\u202e[red]`@team`"


def quoted(text: str) -> str:
    """A text as an XML attribute in evidence holds it; XML 1.0 has no escape character at all."""
    shown = text.replace("\x1b", "\ufffd").replace("&", "&amp;").replace("<", "&lt;")
    return shown.replace('"', "&quot;").replace("\n", "&#10;")


def check_nothing_forged(shown: str, form: str) -> None:
    assert not set(shown) & {"\x1b", "\u202e", "\r"}
    if form == "text":
        assert not re.search(r"(?m)^(release|\*\*|#|\| a)", shown)
    elif form == "markdown":
        assert not re.search(r"(?m)^ *(\*\*release|# x|\| a)", shown)
        assert "<b>" not in shown
        assert "@team" not in re.sub("<pre>.*</pre>", "", shown)
    elif form == "junit":
        (suite,) = fromstring(shown).findall("testsuite")
        assert not suite.findall(".//b")
    else:
        assert json.loads(shown)["answer"] != "release"


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_evidence(gate: Gate, form: str) -> None:
    """No text of evidence, or owner, adds a line, a mark or an element of its own."""
    for pack in ("mixed", "harness"):
        gate.edit_pack(pack, f"{pack} team", "**release** <b>[red]`@team` | a |")
    for attempt in (1, 2):
        gate.edit(
            "mixed-core_candidate",
            ("An event is published with", quoted(HOSTILE)),
            ('message="publish()', f'message="{quoted(HOSTILE)}'),
            ('value="publish"', f'value="{quoted(HOSTILE)}"'),
            attempt=attempt,
        )
    gate.install("mixed-core_candidate", quoted(HOSTILE))
    gate.edit("harness-core_v200", ('message="', f'message="{quoted(HOSTILE)}'))
    gate.edit("harness-core_candidate", ('name="test_promises.py"', f'name="{quoted(HOSTILE)}"'))
    for pack in ("mixed", "harness"):
        check_nothing_forged(gate.decide(pack, form=form).stdout, form)


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_owner(gate: Gate, form: str) -> None:
    """An owner that is more than one printable line reaches no reader as it is."""
    owner = r"team\nrelease: all is well\u001b[2K\u202e"
    gate.edit_pack("mixed", "mixed team", owner)
    result = gate.decide("mixed", form=form)
    if result.exit_code == 2:
        check_nothing_forged(result.output, "text")
    else:
        check_nothing_forged(result.stdout, form)


def test_nobody_has_judged(gate: Gate) -> None:
    """Without a pack that supports either Core, nobody has judged it: unknown, and 3."""
    gate.edit_pack("narrow", "<2.1", "<2")
    for side in ("candidate", "v200"):
        gate.edit(f"narrow-core_{side}", ('value="&lt;2.1"', 'value="&lt;2"'))
    gate.folders = gate.folders[:1]
    result = gate.decide("narrow")
    assert result.exit_code == 3
    assert result.stdout.startswith("unknown: no pack that decides has judged Core 2.1.0")
    assert fromstring(gate.decide("narrow", form="junit").stdout).find(".//error") is not None


def test_no_longer_supported(gate: Gate) -> None:
    """What the baseline keeps and the candidate does not judge makes the answer unknown."""
    result = gate.decide("narrow", "steady")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[0] == (
        "unknown: 1 promise of narrow is judged on 2.0.0, and not on 2.1.0 (path)"
    )
    assert "on the candidate unsupported, on the baseline kept" in result.stdout


def test_an_older_candidate(gate: Gate) -> None:
    """A release that is older than its baseline is unknown, and named."""
    gate.judge_old_release("novice")
    shutil.copy(
        gate.world.root / "old/novice-core_v100.xml", gate.folders[0] / "novice-core_v100.xml"
    )
    result = gate.decide("novice", candidate="1.0.0")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[0] == "unknown: Core 1.0.0 is older than its baseline 2.0.0"


def test_no_such_folder(gate: Gate) -> None:
    """A folder of evidence that is not there is unusable input."""
    gate.folders.append(gate.world.root / "nowhere")
    result = gate.decide("steady")
    assert result.exit_code == 2
    assert "is not a folder" in result.stderr


def test_foreign_evidence(gate: Gate) -> None:
    """Evidence of a cell that the matrix does not have is unusable input."""
    shutil.copy(gate.folders[0] / "steady-core_v200.xml", gate.folders[0] / "other-core_v200.xml")
    result = gate.decide("steady")
    assert result.exit_code == 2
    assert "no cell of the matrix" in result.stderr
