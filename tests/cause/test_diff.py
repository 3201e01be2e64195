"""`fanout diff`: what changed between two Cores, and who names it, through the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.core_index import CoreIndex
from tests.worlds.core_wheel import make_wheel
from tests.worlds.project import Project

OLD = "class Event:\n    a: int\n\n\ndef send(event: Event) -> None: ...\n\n\ndef other(): ...\n"
NEW = OLD.replace("a: int", "a: str").replace("other()", "other(x)")


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    server.serve({"1.2.0": OLD, "1.3.0": NEW})
    yield server
    server.close()


@pytest.fixture
def packs(project: Project) -> Project:
    """Two packs: `small` names what changed, `other` what stands on it."""
    project.promise("assert int('1')", contract='"Event"')
    project.write(
        "packs/other/test_send.py",
        "import pytest\n\n\n@pytest.mark.contract('send', core='>=1.1')\ndef test_send():\n"
        '    """An event is sent."""\n\n\n@pytest.mark.contract("other", core="<1.3")\n'
        'def test_old():\n    """An old promise."""\n',
    )
    return project


def test_changes_are_shown_with_those_who_name_them(packs: Project, index: CoreIndex) -> None:
    """The first line is the summary; each named change shows both sides, promise and owner."""
    done = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url)
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        "2 public changes in Core from 1.2.0 to 1.3.0: promises of small name 1\n"
        "\n"
        "  Event.a: changed\n"
        "    was: int\n"
        "    now: str\n"
        "    named by 1 of small, owned by small team:\n"
        "      An event has a source.\n"
        "    behind what others name: 1 of other\n"
        "\n"
        "Named by no promise: 1\n"
        "\n"
        "  other: changed\n"
        "    was: def other()\n"
        "    now: def other(x)\n"
    )


def test_a_second_time_needs_no_index(packs: Project, index: CoreIndex) -> None:
    """A release that was read once is kept."""
    first = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url)
    index.status = 500
    again = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url)
    assert (again.exit_code, again.stdout) == (0, first.stdout)


def test_no_difference_is_said(packs: Project, index: CoreIndex) -> None:
    """A Core against itself has no change, and that is no failure."""
    done = packs.fanout("diff", "1.3.0", "1.3.0", "--index", index.url)
    assert (done.exit_code, done.stdout) == (0, "no public change in Core from 1.3.0 to 1.3.0\n")


def test_one_pack_is_asked(packs: Project, index: CoreIndex) -> None:
    """With --pack only that pack's promises are looked through."""
    done = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url, "--pack", "other")
    assert done.stdout.startswith("2 public changes in Core from 1.2.0 to 1.3.0: nobody names any")
    assert "small" not in done.stdout


def test_promise_for_an_earlier_core_does_not_notice(packs: Project, index: CoreIndex) -> None:
    """A promise outside the candidate's range names nothing; for a candidate inside, it does."""
    forth = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url)
    back = packs.fanout("diff", "1.3.0", "1.2.0", "--index", index.url)
    assert "An old promise." not in forth.stdout
    assert "An old promise." in back.stdout


def test_json_holds_all_of_it(packs: Project, index: CoreIndex) -> None:
    """The same for programs: both Cores, each change with both sides, and the promises."""
    done = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url, "--format", "json")
    found = json.loads(done.stdout)
    assert found["schema_version"] == 1
    assert (found["baseline"]["version"], found["candidate"]["version"]) == ("1.2.0", "1.3.0")
    named, unnamed = found["notices"]
    assert (named["change"]["symbol"], named["change"]["what"]) == ("Event.a", "changed")
    assert (named["change"]["baseline"], named["change"]["candidate"]) == ("int", "str")
    assert named["named_by"][0]["promises"][0]["name"] == "test_kept.py::test_kept"
    assert (unnamed["change"]["symbol"], unnamed["named_by"]) == ("other", [])


def test_requirement_is_named_in_words(packs: Project, tmp_path: Path) -> None:
    """A promise that speaks of a distribution is told when Core no longer brings it along."""
    packs.write(
        "packs/small/test_more.py",
        "import pytest\n\n\n@pytest.mark.contract('Event')\ndef test_client():\n"
        '    """Core brings the Redis client along."""\n',
    )
    old = make_wheel(tmp_path / "old", {}, requires="Requires-Dist: redis\n")
    new = make_wheel(tmp_path / "new", {})
    done = packs.fanout("diff", str(old), str(new))
    assert "  Requires-Dist redis: removed\n    was: redis\n    named by 1 of small" in done.stdout
    assert "Core brings the Redis client along." in done.stdout


def test_text_from_outside_cannot_steer(packs: Project, tmp_path: Path) -> None:
    """Neither markup nor control characters of a Core or a pack reach the terminal or a comment."""
    packs.promise("pass", contract='"A"', name="kept")
    file = packs.root / "packs/small/test_kept.py"
    file.write_text(file.read_text().replace("An event", "[red]@all <b>\\x1b[31m An event"))
    old = make_wheel(tmp_path / "old", {"__init__.py": "A = 1\na_b_c = 1"})
    new = make_wheel(
        tmp_path / "new", {"__init__.py": "A = f'[bold]\x1b[31m<script>{1}'\na_b_c = 2"}
    )
    text = packs.fanout("diff", str(old), str(new)).stdout
    assert "[red]@all <b>" in text
    assert "\x1b" not in text
    markdown = packs.fanout("diff", str(old), str(new), "--format", "markdown").stdout
    assert "\x1b" not in markdown
    assert "<script>" not in markdown
    assert "@all" not in markdown
    assert "**A**: changed" in markdown
    assert r"**a\_b\_c**: changed" in markdown


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["1.2.0"], 2, "Missing argument"),
        (["1.2.0", "no-such-core"], 2, "'no-such-core'"),
        (["1.2.0", "9.9.9"], 2, "has no 'market-data-core' 9.9.9"),
        (["1.2.0", "1.3.0", "--pack", "nobody"], 2, "no pack 'nobody'"),
    ],
)
def test_unusable_input_is_named(
    arguments: list[str], code: int, said: str, packs: Project, index: CoreIndex
) -> None:
    """A Core or pack that is not there is an error with its name."""
    done = packs.fanout("diff", *arguments, "--index", index.url)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr


def test_pack_that_is_not_python_is_named(packs: Project, index: CoreIndex) -> None:
    """A file of a pack that cannot be read is unusable input, with file and line."""
    packs.write("packs/small/test_bad.py", "x = 1\ndef (\n")
    done = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url)
    assert done.exit_code == 2
    assert "test_bad.py' is not Python: line 2" in done.stderr


def test_unreachable_index_is_no_answer(packs: Project, index: CoreIndex) -> None:
    """Without the index, or with a file that is not what the index said, there is no answer."""
    name = "/files/market_data_core-1.3.0-py3-none-any.whl"
    index.answers[name] = index.answers[name] + b"more"
    done = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url)
    assert (done.exit_code, done.stdout) == (3, "")
    index.status = 500
    index.answers.clear()
    done = packs.fanout("diff", "1.2.0", "1.3.0", "--index", "http://127.0.0.1:1/simple/")
    assert done.exit_code == 3
    assert "127.0.0.1:1" in done.stderr


def test_folder_that_cannot_be_written_is_named(packs: Project, index: CoreIndex) -> None:
    """Where a release cannot be kept, the error says where."""
    packs.write(".tox/wheels", "a file where a folder belongs")
    done = packs.fanout("diff", "1.2.0", "1.3.0", "--index", index.url)
    assert (done.exit_code, done.stdout) == (2, "")
    assert ".tox/wheels" in done.stderr


def test_help_shows_an_example_and_the_exit_codes(packs: Project) -> None:
    """The help ends with the exit codes and an example."""
    said = packs.fanout("diff", "--help").stdout
    assert "Exit codes: 0" in said
    assert "Example: fanout diff 1.2.31 1.2.33" in said
