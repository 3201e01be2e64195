"""The documents of the history: what they hold, and that none is ever lost or half there."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fanout.document import (
    LARGEST_DOCUMENT,
    document_names,
    make_run,
    read_run,
    repeatable,
    schema,
    to_json,
    write_run,
)
from fanout.errors import UnreadableDocument, UnusableHistory
from fanout.model import (
    Answer,
    CellReport,
    CellVerdict,
    Core,
    PromiseVerdict,
    Side,
    Standing,
    Verdict,
)
from fanout.run import LONGEST_TEXT, Run
from runs import BROKEN, KEPT, NAME, PACKS, START, cell, missing, promise, record, run

TESTS = Path(__file__).parent
CANDIDATE = Core(named="1.2.0", core_ref="core_v120", requirement="market-data-core", source="pypi")


def test_a_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A run with a decision, two attempts and a missing cell comes back equal."""
    side = Side(standing=Standing.UNKNOWN, attempts=("broken", "kept"))
    promises = tuple(
        PromiseVerdict(name=name, verdict=verdict, candidate=side, baseline=side)
        for name, verdict in ((NAME, Verdict.UNKNOWN), ("test_a.py::test_b", Verdict.PASSING))
    )
    verdict = CellVerdict(
        pack="small",
        owner="small team",
        cell="small-core_v120",
        baseline="small-core_v110",
        verdict=Verdict.UNKNOWN,
        command="tox",
        promises=promises,
    )
    written = make_run(
        "check",
        START,
        ((cell(results=BROKEN), missing("small-core_v110")), (cell(day=1),)),
        PACKS,
        candidate=CANDIDATE,
        baseline=CANDIDATE,
        answer=Answer.UNKNOWN,
        verdicts=(verdict,),
    )
    found = read_run(write_run(written, tmp_path / "new" / "history"))
    assert found == written
    assert [(one.cell, one.number, one.outcome) for one in found.attempts] == [
        ("small-core_v120", 1, "failed"),
        ("small-core_v110", 1, "missing"),
        ("small-core_v120", 2, "passed"),
    ]
    assert [one.result for one in found.findings_of(found.attempts[2])] == [KEPT]
    ((listed,),) = (one.promises for one in found.verdicts)
    assert (listed.name, listed.flaky) == (NAME, True)
    assert (found.finished - START).total_seconds() == 24 * 60 * 60 + 1


def test_names_sort_by_time_and_differ(tmp_path: Path) -> None:
    """The name is the start in UTC and a random id, so two equal runs are two documents."""
    first, second = record(tmp_path, cell()), record(tmp_path, cell())
    assert first.name.startswith("20260101T120000Z-")
    assert len({first.name, second.name}) == 2


def test_a_full_matrix_is_small() -> None:
    """216 cells of 50 promises stay around 100 kB, though every text names its cell."""

    def full(pack: str, ref: int) -> CellReport:
        name = f"{pack}-core_v1{ref}"
        text = f".tox/{name}/lib/python3.11/site-packages/market_data_core/x.py\n" * 10
        return cell(
            f"1.{ref}",
            name=name,
            digest=f"{ref // 10}" * 64,
            promises=tuple(
                promise(
                    f"test_topic.py::test_{number}",
                    BROKEN if number < 3 else KEPT,
                    f"Promise {number} of {pack} says something in about this many words.",
                    text=text if number < 3 else "",
                    message="broken" if number < 3 else "",
                )
                for number in range(50)
            ),
        )

    cells = [full(pack, ref) for pack in ("pipeline", "store", "orchestrator") for ref in range(72)]
    content = to_json(run(*cells))
    assert len(content) < 120_000


def test_an_equal_document_is_left_as_it_is(tmp_path: Path) -> None:
    """An id made of the content gives the same document again; another content, another one."""
    reported = repeatable(run(cell()))
    path = write_run(reported, tmp_path)
    before = path.stat()
    assert write_run(repeatable(run(cell())), tmp_path) == path
    assert path.stat() == before
    assert repeatable(run(cell(results=BROKEN))).id != reported.id
    assert list(tmp_path.iterdir()) == [path]


def test_a_document_is_never_replaced(tmp_path: Path) -> None:
    """Where another content has a document's name, writing fails and changes nothing."""
    written = run(cell())
    path = write_run(written, tmp_path)
    path.write_text("other")
    with pytest.raises(UnusableHistory, match="is another document"):
        write_run(written, tmp_path)
    assert path.read_text() == "other"


def test_the_schema_is_published() -> None:
    """`run.schema.json` is what pydantic says; a change of it needs a new schema version."""
    file = TESTS.parent / "src/fanout/run.schema.json"
    assert file.read_text(encoding="utf-8") == schema()
    assert json.loads(schema())["properties"]["schema_version"]["const"] == 1


def test_hostile_text(tmp_path: Path) -> None:
    """Long texts lose their middle, control and bidirectional characters are replaced."""
    hostile = "\x1b[31m\u202e[bold]" + "x" * 5_000_000 + "end"
    one = promise(NAME, BROKEN, hostile, text=hostile, message=hostile)
    path = record(tmp_path, cell(promises=(one,)))
    assert path.stat().st_size < 5 * LONGEST_TEXT
    (found,) = read_run(path).findings
    assert found.text.endswith("end")
    assert max(map(len, (found.text, found.message, found.says))) <= LONGEST_TEXT
    assert "\x1b" not in found.text + found.says
    content = json.loads(path.read_bytes())
    content["findings"][0]["says"] = hostile
    content["candidate"] = CANDIDATE.model_dump() | {"named": hostile}
    path.write_text(json.dumps(content))
    again = read_run(path)
    assert again.candidate
    assert max(map(len, (again.findings[0].says, again.candidate.named))) <= LONGEST_TEXT
    assert not {"\x1b", "\u202e"} & set(again.findings[0].says + again.candidate.named)


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00"]
)
def test_hostile_times(tmp_path: Path, moment: str) -> None:
    """A start at the end of time or without an offset, and an endless duration, are kept."""
    odd = cell(seconds=float("inf"))
    assert odd.evidence
    evidence = odd.evidence.model_copy(update={"started": datetime.fromisoformat(moment)})
    path = record(tmp_path, odd.model_copy(update={"evidence": evidence}))
    (attempt,) = read_run(path).attempts
    assert attempt.started
    assert attempt.started.tzinfo


def broken_documents() -> dict[str, tuple[bytes, str]]:
    good = to_json(run(cell()))
    content = json.loads(good)
    newer = content | {"schema_version": 2, "colour": "red"}
    hostile = content | {"packs": {"\x1b[31m": {}}}
    pointing = content | {"attempts": [content["attempts"][0] | {"results": 7}]}
    return {
        "cut off": (good[:-40], "cut off or not JSON"),
        "empty": (b"", "cut off or not JSON"),
        "deep": (b"[" * 100_000, "cut off or not JSON"),
        "not UTF-8": (b'{"id": "\xff"}', "cut off or not JSON"),
        "foreign": (b'{"\\u001b[31m": 1}', "is not the document of a run"),
        "hostile": (json.dumps(hostile).encode(), "is not the document of a run: packs."),
        "newer": (json.dumps(newer).encode(), "has schema version 2, and this fanout reads up"),
        "pointing": (json.dumps(pointing).encode(), "it points at entry 7 of 1"),
        "too large": (b" " * (LARGEST_DOCUMENT + 1), "is larger than"),
    }


@pytest.mark.parametrize("kind", broken_documents())
def test_a_document_that_cannot_be_read(tmp_path: Path, kind: str) -> None:
    """Each way in which a document can be wrong is said with its name and what to do."""
    content, said = broken_documents()[kind]
    path = tmp_path / "20260101T120000Z-0123456789ab.json"
    path.write_bytes(content)
    with pytest.raises(UnreadableDocument) as raised:
        read_run(path)
    assert said in raised.value.what
    assert f"'{path}'" in raised.value.what
    assert "\x1b" not in raised.value.what
    assert ("upgrade" if kind == "newer" else "move it out") in raised.value.hint


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder or a pipe with a document's name is refused, and a pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("pipe.json", "folder.json", "nothing.json"):
        with pytest.raises(UnreadableDocument, match="not a regular file"):
            read_run(tmp_path / name)


def test_a_full_disk(tmp_path: Path) -> None:
    """Where a document does not fit, the error says so; earlier ones stay, and no part is left."""
    path = record(tmp_path, cell())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(UnusableHistory, match="cannot be written: File too large") as raised:
            record(tmp_path, cell(day=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.exit_code == 3
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """A history that cannot be a folder is said in words, not by a traceback."""
    (tmp_path / "history").write_text("")
    for folder in (tmp_path / "history", tmp_path / "history" / "below"):
        with pytest.raises(UnusableHistory, match="cannot be written"):
            record(folder, cell())
    with pytest.raises(UnusableHistory, match="cannot be read"):
        document_names(tmp_path / "history")


WRITE_FOREVER = """
import sys
from pathlib import Path
from runs import cell, record
print("ready", flush=True)
while True:
    record(Path(sys.argv[1]), cell())
"""


def test_kill_while_writing(tmp_path: Path) -> None:
    """Two writers at once, killed again and again, leave only whole documents."""
    seen: frozenset[str] = frozenset()
    for number in range(4):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITE_FOREVER, tmp_path],
                cwd=TESTS,
                env=os.environ | {"PYTHONPATH": str(TESTS)},
                stdout=subprocess.PIPE,
            )
            for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.013 * number)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        names = document_names(tmp_path)
        assert seen < names
        seen = names
        for name in names:
            assert isinstance(read_run(tmp_path / name), Run)


def test_time_zone(tmp_path: Path) -> None:
    """A start in another time zone is named and kept in UTC."""
    moment = datetime.fromisoformat("2026-01-01T14:00:00+02:00")
    path = write_run(make_run("bisect", moment, ((cell(),),), PACKS), tmp_path)
    assert path.name.startswith("20260101T120000Z-")
    assert read_run(path).started == moment.astimezone(UTC)
