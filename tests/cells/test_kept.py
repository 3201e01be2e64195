"""What is kept of cells that ran: damaged, forged or of something else, it is never taken over."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fanout.cells.evidence import UnreadableEvidence, read_file
from tests.worlds.harness import cell_key, kept, resolution, sealed, takeover
from tests.worlds.project import Case, Project

CELL = "small-core_v120"
CORE = cell_key.CoreSeen("pypi", "1.3.0", "c" * 64, (), "", "")
PARTS: cell_key.Parts = {
    "format": cell_key.FORMAT,
    "pack": "",
    "cell": "",
    "core": "c" * 64,
    "requires": [],
    "requires_python": "",
    "entry_points": "",
    "ranges": {">=1.1,<2": True, ">=1.4": False, ">=1.1": True},
    "known_breaks": ["test_event.py::test_known >=1.1"],
    "distributions": ["pytest==9.0"],
    "python": "3.11.7",
    "implementation": "CPython",
    "platform": "linux-x86_64",
    "environment": {},
}
SAID = {
    "digest": "c" * 64,
    "python": "3.11.7",
    "distributions": "market-data-core==1.2.0 pytest==9.0",
}
BROKEN = Case("test_event.py::test_broken", "failure", "AssertionError", "assert 1 == 2")
KNOWN = Case("test_event.py::test_known", "skipped", "known-break", "assert 1 == 2")


class Kept:
    """A folder of what is kept, with the verdict of one cell."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.store = kept.Store(project.root / "kept")
        self.evidence = project.evidence(CELL, Case(), BROKEN, KNOWN, **SAID).read_text("utf-8")
        (pack_digest,) = (
            row.get("value", "")
            for row in kept.suite_of(self.evidence).iterfind("properties/property")
            if row.get("name") == "pack-digest"
        )
        self.parts: cell_key.Parts = {**PARTS, "pack": pack_digest}
        self.key = cell_key.key_of(self.parts)

    def keep(self, evidence: str = "") -> tuple[str, str] | None:
        both: tuple[str, str] | None = self.store.keep(
            self.key, self.parts, evidence or self.evidence
        )
        return both

    @property
    def file(self) -> Path:
        return self.store.file(self.key)

    def forge(self, **changed: object) -> None:
        """Write another value, sealed as the store does it."""
        value = {"parts": self.parts, "evidence": self.evidence}
        sealed.write(self.file, value | changed)


@pytest.fixture
def store(project: Project) -> Kept:
    made = Kept(project)
    assert made.keep() is None
    return made


def test_a_verdict_is_taken_over(store: Kept) -> None:
    """The evidence of the cell that takes it over is its own, and says of which cell it is."""
    verdict = store.store.find(store.key)
    assert verdict
    name = "small-core_v130"
    file = store.project.root / f"evidence/{name}.xml"
    file.write_bytes(kept.taken_over(verdict, store.key, name, "market-data-core==1.3.0", CORE))
    found, ran = read_file(file), read_file(store.project.root / f"evidence/{CELL}.xml")

    assert (found.cell, found.version, found.asked) == (name, "1.3.0", "market-data-core==1.3.0")
    assert found.distributions == ("market-data-core==1.3.0", "pytest==9.0")
    assert found.promises == ran.promises
    assert found.taken_over
    assert (found.taken_over.cell, found.taken_over.started) == (CELL, ran.started)
    assert found.started > ran.started
    assert verdict.broken == ["broken promise: An event has a source. (test_event.py::test_broken)"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("taken-over-key", "taken-over-kee", "taken-over-key"),
        ('value="small-core_v120"', 'value="other-core_v120"', "another pack's cell"),
        ("2025-01-31T12", "2999-01-31T12", "before that ran"),
        ('value="small-core_v120"', 'value="&lt;b&gt;"', "taken_over"),
    ],
)
def test_forged_evidence_of_a_takeover_is_refused(
    store: Kept, old: str, new: str, said: str
) -> None:
    """Evidence that was taken over names a cell of its pack, an earlier moment, and a key."""
    verdict = store.store.find(store.key)
    assert verdict
    name = "small-core_v130"
    content = kept.taken_over(verdict, store.key, name, "market-data-core==1.3.0", CORE)
    file = store.project.write(f"evidence/{name}.xml", content.decode().replace(old, new))

    with pytest.raises(UnreadableEvidence, match=said.replace("taken_over", "cell")):
        read_file(file)


def test_a_promise_that_tells_the_versions_apart_is_no_takeover(store: Kept) -> None:
    """A range that a promise only has when it is collected keeps the two versions apart."""
    late = Case(properties={"core": ">=1.2.5"})
    store.forge(evidence=store.project.evidence(CELL, late, **SAID).read_text("utf-8"))
    verdict = store.store.find(store.key)
    assert verdict
    with pytest.raises(kept.Refused, match="apart"):
        kept.taken_over(verdict, store.key, "small-core_v130", "market-data-core==1.3.0", CORE)


def test_a_known_break_of_another_core_excuses_nothing(store: Kept) -> None:
    """Evidence of a known break on a Core that it is not of is never kept."""
    store.parts["known_breaks"] = ["test_event.py::test_known >=1.4"]
    store.key = cell_key.key_of(store.parts)
    with pytest.raises(kept.Refused, match="no known break"):
        store.keep()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-20],
        lambda content: b"",
        lambda content: b"[]",
        lambda content: b'{"holds": {}, "sha256": ""}',
        lambda content: content.replace(b"test_kept", b"test_kopt"),
        lambda content: content.replace(b'"python":"3.11.7"', b'"python":"3.11.8"'),
    ],
)
def test_a_damaged_file_is_noticed(store: Kept, damage: Callable[[bytes], bytes]) -> None:
    """One that was cut, emptied or changed in a byte is not believed, and the message names it."""
    store.file.write_bytes(damage(store.file.read_bytes()))
    with pytest.raises(kept.Refused, match=store.key):
        store.store.find(store.key)


def test_a_file_under_another_key_is_noticed(store: Kept) -> None:
    """A verdict that is put in the place of another one is not believed, sealed anew or not."""
    other = "0" * 64
    store.store.file(other).write_bytes(store.file.read_bytes())
    with pytest.raises(kept.Refused, match="digest"):
        store.store.find(other)
    sealed.write(store.store.file(other), {"parts": store.parts, "evidence": store.evidence})
    with pytest.raises(kept.Refused, match="another key"):
        store.store.find(other)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("c" * 64, "d" * 64, "'core'"),
        ("3.11.7", "3.11.8", "'python'"),
        ("pytest==9.0", "pytest==9.1", "'distributions'"),
        ('"version" value="1.2.0"', '"version" value="1.5.0"', ">=1.4"),
        ('"version" value="1.2.0"', '"version" value="none"', "cannot be read"),
        ("test_event.py::test_known", "test_event.py::test_other", "no known break"),
        ("known-break", "skipped", "it skips"),
        ("<failure", "<error", "no verdict"),
        ('"asked"', '"taken-over-from"', "itself"),
        ("<testsuites>", '<!DOCTYPE a [<!ENTITY b "c">]><testsuites>', "document type"),
        ("</testsuite>", "</testsuite><testsuite/>", "not what a cell writes"),
    ],
)
def test_evidence_that_does_not_agree_is_refused(
    store: Kept, old: str, new: str, said: str
) -> None:
    """Evidence of another cell than the key is of, or without a verdict, is never kept."""
    forged = store.evidence.replace(old, new)
    assert forged != store.evidence
    store.forge(evidence=forged)
    with pytest.raises(kept.Refused, match=said):
        store.store.find(store.key)
    with pytest.raises(kept.Refused, match=said):
        store.keep(forged)


def test_a_run_without_a_verdict_leaves_nothing_to_take_over(store: Kept) -> None:
    """A cell that ran again and was killed takes with it what it had said before."""
    with pytest.raises(kept.Refused, match="no verdict"):
        store.keep(store.evidence.replace("<failure", "<error"))
    assert store.store.find(store.key) is None


def test_two_that_disagree_are_kept_apart(store: Kept) -> None:
    """Where two runs of one key say different things, both are named, and nothing is taken over."""
    other = store.evidence.replace(CELL, "small-core_v130").replace("failure", "skipped")
    other = other.replace('type="AssertionError"', 'type="known-break"', 1)
    other = other.replace("test_broken", "test_known[a]").replace('skippeds="1"', 'failures="0"')
    store.parts["known_breaks"].append("test_event.py::test_known[a] >=1.1")
    store.key = cell_key.key_of(store.parts)
    assert store.keep() is None
    assert store.keep(other) == (CELL, "small-core_v130")
    assert store.store.find(store.key) is None
    assert store.keep() is None
    assert store.store.find(store.key) is None


def test_what_is_not_believed_is_told_and_removed(store: Kept) -> None:
    """The cell runs; the message names it, the file and what is wrong."""
    said: list[str] = []
    plan = takeover.Plan(store.project.root / "evidence", store.store, None, said.append)
    plan.cells[CELL] = planned(store)
    store.file.write_bytes(json.dumps({"sha256": "", "holds": {}}).encode())
    plan.decide(fresh=False, sample="")

    assert not plan.taken
    assert said == [
        f"{CELL} runs: '{store.file}' is not believed: '{store.file}' does not hold"
        " what was written: its digest is another"
    ]
    assert not store.file.exists()

    store.file.mkdir()
    plan.decide(fresh=False, sample="")
    assert len(said) == 2
    assert not plan.taken


def test_what_cannot_be_written_is_not_taken_over(store: Kept) -> None:
    """A cell whose evidence has no place runs, and says so itself."""
    plan = takeover.Plan(store.project.write("a-file", ""), store.store, None, print)
    plan.cells[CELL] = planned(store)
    plan.decide(fresh=False, sample="")
    assert not plan.taken


def planned(store: Kept) -> takeover.Planned:
    root = store.project.root
    uv = resolution.Installer("uv", sys.executable, {}, root, root / "cores")
    asked = takeover.Asked(CELL, "small", "market-data-core==1.2.0")
    return takeover.Planned(asked, CORE, store.parts, store.key, uv)


def test_another_harness_looks_at_a_core_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads a version is found out once for each Core, and again by a harness that changed."""
    looked: list[Path] = []

    def look_at(folder: Path) -> cell_key.CoreSeen:
        looked.append(folder)
        return CORE

    monkeypatch.setattr(resolution, "look_at", look_at)
    uv = resolution.Installer("uv", sys.executable, {}, tmp_path, tmp_path / "cores")
    monkeypatch.setattr(uv, "ask", lambda *arguments: "")
    for _ in range(2):
        assert uv.core("market-data-core==1.3.0") == CORE
    assert len(looked) == 1
    monkeypatch.setattr(resolution, "HARNESS", "another")
    assert uv.core("market-data-core==1.3.0") == CORE
    assert len(looked) == 2


def test_a_sample_is_one_in_ten() -> None:
    """A sample is the same for everybody who names it so, and another one by another name."""
    cells = [f"small-core_v{number}" for number in range(1000)]
    one, other = ({name for name in cells if takeover.drawn(by, name)} for by in "ab")
    assert 60 < len(one) < 140
    assert one != other
