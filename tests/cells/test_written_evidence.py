"""Evidence as a pack writes it: whatever it says, the tool can read it."""

from __future__ import annotations

import json
import runpy
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.cells.evidence import LARGEST_FILE, read_file
from fanout.model import Evidence
from tests import ROOT

WRITER = runpy.run_path(str(ROOT / "packs/evidence.py"))
CELL = "small-core_candidate"
OUTCOMES = st.sampled_from([None, "failure", "error", "skipped"])


def written(
    results: list[tuple[str, str | None, str]], *, asked: str = "", late: float = 0, says: str = ""
) -> Evidence:
    """What the tool reads of evidence with these names, outcomes and texts."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"{CELL}.xml")
        evidence = WRITER["Evidence"](file, {"cell": CELL, "asked": asked})
        evidence.started += timedelta(seconds=late)
        evidence.write(
            {
                name: WRITER["Result"](tag, "type", text, text, 0.0, {"promise": says or text})
                for name, tag, text in results
            }
        )
        return read_file(file)


@settings(max_examples=50, deadline=None)
@given(
    asked=st.text(),
    names=st.lists(
        st.from_regex(r"test_[a-z]{1,9}\.py::test_[a-z]{1,9}", fullmatch=True),
        min_size=1,
        unique=True,
    ),
    tags=st.lists(OUTCOMES, min_size=1),
    text=st.text(st.characters()),
)
def test_what_is_written_is_read(
    asked: str, names: list[str], tags: list[str | None], text: str
) -> None:
    """Any text, be it no requirement and no XML, leaves evidence of every promise."""
    results = [(name, tags[at % len(tags)], text) for at, name in enumerate(names)]
    assert [one.name for one in written(results, asked=asked).promises] == names


def test_a_clock_that_is_put_back() -> None:
    """A cell whose clock went back while it ran took no time, and has its evidence."""
    assert written([("test_a.py::test_a", None, "")], late=30).seconds == 0


@pytest.mark.parametrize(("text", "promises"), [("\N{SNOWMAN}" * 20_000, 400), ("a" * 9_000, 3)])
def test_much_to_say(text: str, promises: int) -> None:
    """However much its promises say, evidence is small enough, and has the verdict of each."""
    names = [f"test_a.py::test_a[{number}]" for number in range(promises)]
    found = written([(name, "failure", text) for name in names], says="short")
    assert [one.result.value for one in found.promises] == ["broken"] * promises


def test_much_that_will_break(tmp_path: Path) -> None:
    """Where deprecations alone would be too many to read, the verdicts are told without them."""
    said = json.dumps({f"{number}": "goes" * 100 for number in range(25)})
    evidence = WRITER["Evidence"](tmp_path / f"{CELL}.xml", {"cell": CELL, "asked": ""})
    for promises, told in ((2, 25), (1700, 0)):
        result = WRITER["Result"](properties={"deprecations": said})
        evidence.write({f"test_a.py::test_a[{number}]": result for number in range(promises)})
        found = read_file(tmp_path / f"{CELL}.xml").promises
        assert [len(one.deprecations) for one in found] == [told] * promises


def test_too_much_to_say() -> None:
    """Where even the promises' own words are too many, the evidence says that, and is errored."""
    (only,) = written([("test_a.py::test_a", "failure", "a" * LARGEST_FILE)]).promises
    assert (only.name, only.result.value) == ("run", "errored")
    assert "has more than" in only.message
