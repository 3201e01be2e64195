"""`pack.toml`: a cell and the report read it with two readers, which must agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.worlds.project import PACK_TOML, Project

KNOWN = """\
[[known_breaks]]
core = ">=1.2"
test = "test_kept.py::test_kept"
reason = "renamed"
link = "https://example.org/1"
expires = 9999-12-31
"""
WORTH = """\
[strength]
floor = 50.0

[[coverage.not_pinned]]
symbol = "telemetry.Event"
reason = "it is only handed on"
"""
OF_MODULE = KNOWN.replace('test = "test_kept.py::test_kept"', 'module = "small.cli"')
OF_INSTALL = KNOWN.replace('test = "test_kept.py::test_kept"', "install = true")
REFUSED: dict[str, str | bytes] = {
    "unknown key": PACK_TOML + 'suports = ">=1"\n',
    "unknown table": PACK_TOML + "[tool]\nname = 1\n",
    "missing key": PACK_TOML.replace('owner = "small team"\n', ""),
    "empty": "",
    "empty owner": PACK_TOML.replace("small team", ""),
    "owner is a number": PACK_TOML.replace('"small team"', "7"),
    "release is a number": PACK_TOML.replace('"0.1.0"', "0.1"),
    "supports is a list": PACK_TOML.replace('">=1.1,<2"', '[">=1.1"]'),
    "invalid range": PACK_TOML.replace(">=1.1,<2", "1.x"),
    "not TOML": "consumer: market-data-small\n",
    "not UTF-8": b"consumer = '\xff'\n",
    "assignees are no list": PACK_TOML + 'assignees = "ada"\n',
    "an assignee is a number": PACK_TOML + "assignees = [1]\n",
    "an assignee is no login": PACK_TOML + 'assignees = ["@ada"]\n',
    "known breaks are no list": PACK_TOML + "known_breaks = 1\n",
    "known break is no table": PACK_TOML + "known_breaks = [1]\n",
    "unknown key in a known break": PACK_TOML + KNOWN + "tests = 1\n",
    "missing key in a known break": PACK_TOML + KNOWN.replace('reason = "renamed"\n', ""),
    "empty reason": PACK_TOML + KNOWN.replace("renamed", ""),
    "link is no URL": PACK_TOML + KNOWN.replace("https://example.org/1", "see the wiki"),
    "link is a script": PACK_TOML + KNOWN.replace("https://example.org/1", "javascript:alert(1)"),
    "invalid range of a known break": PACK_TOML + KNOWN.replace(">=1.2", "recent"),
    "date is a text": PACK_TOML + KNOWN.replace("9999-12-31", '"9999-12-31"'),
    "date is no date": PACK_TOML + KNOWN.replace("9999-12-31", "2027-02-30"),
    "date has a time": PACK_TOML + KNOWN.replace("9999-12-31", "2027-01-31T00:00:00"),
    "a known break of nothing": PACK_TOML + KNOWN.replace('test = "test_kept.py::test_kept"\n', ""),
    "a known break of two things": PACK_TOML + KNOWN + 'module = "small.cli"\n',
    "an empty module": PACK_TOML + OF_MODULE.replace("small.cli", " "),
    "a module is a number": PACK_TOML + OF_MODULE.replace('"small.cli"', "1"),
    "install is false": PACK_TOML + OF_INSTALL.replace("true", "false"),
    "install is a number": PACK_TOML + OF_INSTALL.replace("true", "1"),
    "date is a number": PACK_TOML + KNOWN.replace("9999-12-31", "1798675200"),
}
ACCEPTED: dict[str, str] = {
    "two known breaks": PACK_TOML + KNOWN + KNOWN.replace("kept", "source"),
    "known breaks of the consumer itself": PACK_TOML + OF_MODULE + OF_INSTALL,
    "two assignees": PACK_TOML + 'assignees = ["ada", "Grace-Hopper1"]\n',
    "what the pack is worth": PACK_TOML + WORTH,
    "any Core": PACK_TOML.replace(">=1.1,<2", ""),
    "other line endings": PACK_TOML.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_cell_refuses(project: Project, python: Path, name: str) -> None:
    """A cell refuses a wrong pack.toml, naming the file, and leaves that as its evidence."""
    project.write("packs/small/pack.toml", REFUSED[name])
    project.promise("assert int('1')")
    done = project.cell(python)
    assert done.returncode == 1, done.stdout
    assert "packs/small/pack.toml is not a valid pack.toml: " in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert project.outcomes() == {"run": ("error", "guard")}


@pytest.mark.parametrize("name", REFUSED)
def test_the_report_refuses(project: Project, name: str) -> None:
    """The report refuses the same wrong pack.toml as unusable input, naming the file."""
    file = project.write("packs/small/pack.toml", REFUSED[name])
    result = project.fanout("report")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"'{file}' is not " in result.stderr
    assert "hint: " in result.stderr


def test_what_is_wrong_is_named(project: Project, python: Path) -> None:
    """Cell and report name the key that they refuse."""
    project.write("packs/small/pack.toml", REFUSED["unknown key"])
    assert "suports" in project.fanout("report").stderr
    assert "suports" in project.cell(python).stderr


@pytest.mark.parametrize("name", ACCEPTED)
def test_both_accept(project: Project, python: Path, name: str) -> None:
    """A right pack.toml is accepted by the cell and by the report."""
    project.write("packs/small/pack.toml", ACCEPTED[name])
    project.promise("assert False")
    project.promise("assert False", name="source")
    assert project.cell(python).returncode in (0, 1)
    assert set(project.outcomes()) == {f"test_{n}.py::test_{n}" for n in ("kept", "source")}
    assert project.fanout("report").exit_code in (1, 3)


def test_none_there(project: Project, python: Path) -> None:
    """Neither the cell nor the report does without the pack.toml of a pack."""
    (project.root / "packs/small/pack.toml").unlink()
    project.promise("assert int('1')")
    done = project.cell(python)
    assert done.returncode == 1
    assert "packs/small/pack.toml is not there" in done.stderr
    result = project.fanout("report")
    assert result.exit_code == 2
    assert "small" in result.stderr


def test_expiry_is_a_day(project: Project, python: Path) -> None:
    """A known break excuses on the day on which it expires, and no longer on the day after."""
    today = datetime.now(UTC).date()
    project.promise("assert False")
    outcomes = {}
    for day in (today + timedelta(days=1), today - timedelta(days=2)):
        known = KNOWN.replace("9999-12-31", day.isoformat())
        project.write("packs/small/pack.toml", PACK_TOML + known)
        outcomes[day > today] = (project.cell(python).returncode, project.outcomes())
    name = "test_kept.py::test_kept"
    assert outcomes[True] == (0, {name: ("skipped", "known-break")})
    returncode, found = outcomes[False]
    assert returncode == 1
    assert found[name] == ("failure", "AssertionError")
    assert found[f"pack.toml: known break of {name}"] == ("error", "expired")
