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

from fanout.cause.fewest import BrokenPromise, Cause
from fanout.errors import UnreadableDocument, UnusableHistory
from fanout.history.document import (
    LARGEST_DOCUMENT,
    document_names,
    make_run,
    read_run,
    repeatable,
    schema,
    to_json,
    write_run,
)
from fanout.history.gather import LARGEST_TEXTS
from fanout.history.run import LONGEST_TEXT, LONGEST_WHOLE_TEXT, Run
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
from fanout.surface.change import Change, What
from tests import ROOT
from tests.servers.core_index import CoreIndex
from tests.worlds.project import Case, Project
from tests.worlds.runs import BROKEN, KEPT, NAME, PACKS, START, cell, missing, promise, record, run

CANDIDATE = Core(named="1.2.0", core_ref="core_v120", requirement="market-data-core", source="pypi")
CAUSE = Cause(
    changes=(Change(symbol="Event.a", what=What.REMOVED, kind="attribute", baseline="int"),),
    promises=(BrokenPromise(pack="small", name=NAME),),
    since="1.1.0",
)


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
        causes=(CAUSE,),
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
    file = ROOT / "src/fanout/history/run.schema.json"
    assert file.read_text(encoding="utf-8") == schema()
    assert json.loads(schema())["properties"]["schema_version"]["const"] == 1


def test_hostile_text(tmp_path: Path) -> None:
    """Long texts lose their middle, control and bidirectional characters are replaced."""
    hostile = "\x1b[31m\u202e[bold]" + "x" * 5_000_000 + "end"
    one = promise(NAME, BROKEN, hostile, text="short", message=hostile)
    path = record(tmp_path, cell(promises=(one,)))
    assert path.stat().st_size < 5 * LONGEST_TEXT
    (found,) = read_run(path).findings
    assert found.message.endswith("end")
    assert max(map(len, (found.message, found.says))) <= LONGEST_TEXT
    assert "\x1b" not in found.text + found.says
    content = json.loads(path.read_bytes())
    content["findings"][0]["says"] = hostile
    content["candidate"] = CANDIDATE.model_dump() | {"named": hostile}
    path.write_text(json.dumps(content))
    again = read_run(path)
    assert again.candidate
    assert max(map(len, (again.findings[0].says, again.candidate.named))) <= LONGEST_TEXT
    assert not {"\x1b", "\u202e"} & set(again.findings[0].says + again.candidate.named)


def test_text_of_a_failure_is_whole(tmp_path: Path) -> None:
    """A megabyte of failure text is kept to its last character, without what cannot be printed."""
    text = "E   caf\u00e9 \u2713\n" * 100_000 + "\x1b[31m\u202e\ud800end"
    path = record(tmp_path, cell(promises=(promise(NAME, BROKEN, text=text),)))
    (found,) = read_run(path).findings
    assert len(found.text) == len(text) > 1_000_000
    assert found.text.startswith("E   caf\u00e9 \u2713\nE ")
    assert found.text.endswith("\n\ufffd[31m\ufffd\ufffdend")


def test_text_longer_than_any_failure_is_cut(tmp_path: Path) -> None:
    """More than LONGEST_WHOLE_TEXT loses its middle, when written and when read."""
    long = "begin" + "\x1bx" * LONGEST_WHOLE_TEXT + "end"
    path = record(tmp_path, cell(promises=(promise(NAME, BROKEN, text=long),)))
    content = json.loads(path.read_bytes())
    written = content["findings"][0]["text"]
    content["findings"][0]["text"] = long
    path.write_text(json.dumps(content))
    for text in (written, read_run(path).findings[0].text):
        assert LONGEST_WHOLE_TEXT - 1 <= len(text) <= LONGEST_WHOLE_TEXT
        assert (text[:5], text[-3:], "\x1b" in text) == ("begin", "end", False)


def test_texts_have_a_budget(tmp_path: Path) -> None:
    """The first texts are whole; from LARGEST_TEXTS bytes on only what is short is not cut."""
    texts = ["\N{PILE OF POO}" * 1_000_000] * 6 + ["short"]
    promises = (promise(f"a.py::test_{n}", BROKEN, text=text) for n, text in enumerate(texts))
    path = record(tmp_path, cell(promises=tuple(promises)))
    kept = [len(found.text) for found in read_run(path).findings]
    assert kept == [1_000_000] * 4 + [LONGEST_TEXT - 1] * 2 + [5]
    assert path.stat().st_size < LARGEST_TEXTS + 7 * 4 * LONGEST_TEXT


def test_hostile_cause(tmp_path: Path) -> None:
    """What a Core says of itself in a cause is shortened and printable, as every other text."""
    hostile = "\x1b[31m\u202e" + "x" * 1_000_000 + "end"
    change = CAUSE.changes[0].model_copy(update={"symbol": hostile, "names": (hostile, "a")})
    written = make_run(
        "check",
        START,
        ((cell(),),),
        PACKS,
        causes=(
            CAUSE.model_copy(update={"changes": (change,)}),
            Cause(changes=(), promises=(BrokenPromise(pack="small", name=hostile),), since=hostile),
        ),
    )
    path = write_run(written, tmp_path)
    assert path.stat().st_size < 5 * LONGEST_TEXT
    first, second = read_run(path).causes
    (kept,) = first.changes
    assert (kept.what, kept.baseline, kept.names[1]) == (What.REMOVED, "int", "a")
    for text in (kept.symbol, kept.names[0], second.promises[0].name, second.since):
        assert LONGEST_TEXT - 1 <= len(text) <= LONGEST_TEXT
        assert not {"\x1b", "\u202e"} & set(text)
        assert text.endswith("end")


REFS = """\
[tox]
env_list = {small,other}-core_{v110,v120}
[testenv:{small,other}-core_{v110,v120}]
skip_install = true
set_env =
    core_v110: CORE = market-data-core==1.1.0
    core_v120: CORE = market-data-core==1.2.0
"""


def test_a_decision_keeps_what_it_found_out(project: Project) -> None:
    """The document of a gate holds the change in Core that explains what regressed."""
    project.write("tox.ini", REFS)
    project.promise("assert int('1')")
    for version, tag in (("1.1.0", ""), ("1.2.0", "failure")):
        case = Case("test_kept.py::test_kept", tag, "AssertionError", "no source")
        said = {"version": version, "asked": f"market-data-core=={version}"}
        project.evidence(f"small-core_v{version.replace('.', '')}", case, **said)
    index = CoreIndex()
    index.serve({"1.1.0": "class Event:\n    a: int\n", "1.2.0": "class Event:\n    a: str\n"})
    arguments = ("1.2.0", "--baseline", "1.1.0", "--pack", "small", "--index", index.url)
    folders = ("--evidence", str(project.root / "evidence"), "--format", "json")
    done = project.fanout("gate", *arguments, *folders)
    index.close()
    assert done.exit_code == 1, done.output
    (document,) = document_names(project.root / "history")
    (cause,) = read_run(project.root / "history" / document).causes
    assert [(one.symbol, one.candidate) for one in cause.changes] == [("Event.a", "str")]
    assert [one.name for one in cause.promises] == ["test_kept.py::test_kept"]
    assert [cause.model_dump(mode="json")] == json.loads(done.stdout)["causes"]


def test_what_will_break(project: Project) -> None:
    """A promise that will break does not hold; its answer and the run's document say so."""
    project.write("tox.ini", REFS)
    project.promise("assert int('1')")
    for version in ("1.1.0", "1.2.0"):
        # What the baseline said is no news.
        said = {"market_data_core.old": "old goes"} if version == "1.2.0" else {"a": "a goes"}
        case = Case("test_kept.py::test_kept", properties={"deprecations": json.dumps(said)})
        tested = {"version": version, "asked": f"market-data-core=={version}"}
        project.evidence(f"small-core_v{version.replace('.', '')}", case, **tested)
    asked = ["1.2.0", "--baseline", "1.1.0", "--pack", "small"]
    asked += ["--evidence", str(project.root / "evidence")]
    done = project.fanout("gate", *asked)
    assert (done.exit_code, done.stdout.partition(":")[0]) == (0, "release")
    assert "(1 pack, 1 promise, 1 will break)" in done.stdout
    shown = done.stdout.partition("Will break")[2].splitlines()
    assert [line.strip() for line in shown[2:5]] == [
        "small, owned by small team",
        "",
        "market_data_core.old: old goes",
    ]
    told = json.loads(project.fanout("gate", *asked, "--format", "json").stdout)
    assert [one["symbol"] for one in told["will_break"]] == ["market_data_core.old"]
    assert "old goes" in project.fanout("gate", *asked, "--format", "markdown").stdout
    (name, *_) = document_names(project.root / "history")
    run = read_run(project.root / "history" / name)
    met = [(one.symbol, one.message) for find in run.findings for one in find.deprecations]
    assert sorted(met) == [("a", "a goes"), ("market_data_core.old", "old goes")]


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
from tests.worlds.runs import cell, record
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
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
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
