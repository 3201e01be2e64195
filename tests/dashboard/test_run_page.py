"""The pages of runs: one for each, which never changes, and the list of all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fanout.cells.live import Imported
from fanout.cli import main
from fanout.consumers.affected import Affected, Excuse, Fault
from fanout.consumers.installs import Found
from fanout.consumers.takes import Takes
from fanout.dashboard.data.run_summary import RunSummary
from fanout.errors import ExitCode
from fanout.gate.decision import decide
from fanout.history.document import make_run, read_run, to_json, write_run
from fanout.model import Answer, Outcome, Promise
from tests.dashboard.test_matrix_page import EMBEDDED, HOSTILE, build, grid, spread
from tests.notify.telling import core
from tests.worlds.runs import BROKEN, ERRORED, KEPT, PACKS, START, cell, promise, record, run
from tests.worlds.scenes import checked, cut_off, single, steady

CHECKED = "c" * 16


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history"


def only(history: Path, file: Path) -> tuple[str, RunSummary]:
    """The page and the JSON of the run in a document."""
    site = build(history)
    name = read_run(file).id
    summary = (site / f"runs/{name}.json").read_bytes()
    return (site / f"runs/{name}.html").read_text("utf-8"), RunSummary.model_validate_json(summary)


def attempts(text: str) -> Any:
    found = re.search(EMBEDDED.format("attempts"), text, re.DOTALL)
    assert found
    return json.loads(found[1])


def tried(text: str) -> list[str]:
    """The cell of each attempt, as the browser finds it."""
    data, told = grid(text), attempts(text)
    places = accumulate(spread(told["cells"]))
    columns = told["columns"]
    return [f"{data['packs'][at // columns][0]}-{data['refs'][at % columns][0]}" for at in places]


def test_what_counts_for_nothing_is_told_last(history: Path) -> None:
    """What is broken where the pack supports nothing is no broken promise of the run."""
    beyond = cell("1.3.0", {"t.py::beyond": BROKEN}, outcome=Outcome.UNSUPPORTED)
    text, _ = only(history, record(history, cell("1.2.0", BROKEN), beyond))
    titles = re.findall("<h2>(.*?)</h2>", text)
    last = "On Cores that the pack does not support, where nothing counts"
    assert [one for one in titles if one in ("Broken promises", last)] == ["Broken promises", last]
    assert text.index("t.py::beyond") > text.index(f"<h2>{last}")


def test_a_report(history: Path) -> None:
    """The page of a run without an answer tells its cells, what broke where, and the command."""
    file = record(history, cell("1.2.0"), cell("1.2.1", BROKEN), cell("1.3.0", BROKEN))
    text, summary = only(history, file)
    assert "This run, frozen." in text
    assert 'href="../index.html">The latest</a>' in text
    assert "An event has a source." in text
    assert "on 2 Cores: 1.2.1 to 1.3.0" in text
    assert "tox run -e small-core_v121" in text
    assert 'class="answer"' not in text
    assert summary.counts == {
        "passed": 1,
        "failed": 2,
        "errored": 0,
        "missing": 0,
        "unsupported": 0,
    }
    assert summary.cells == {
        "small": {"passed": ("core_v120",), "failed": ("core_v121", "core_v130")}
    }
    assert [(one.name, one.core_refs) for one in summary.broken] == [
        ("test_event.py::test_source", ("core_v121", "core_v130"))
    ]


def test_a_check(history: Path) -> None:
    """The page of a check tells its answer, both sides, the verdicts, and what regressed why."""
    site = build(checked(steady(history, days=1)))
    text = (site / f"runs/{CHECKED}.html").read_text("utf-8")
    summary = RunSummary.model_validate_json((site / f"runs/{CHECKED}.json").read_bytes())
    assert summary.answer is Answer.HOLD
    said = "Core 1.4.0 (path) breaks 3 promises of pipeline, store, of which 1.3.1 breaks 2 too"
    assert summary.headline == f"hold: {said}"
    assert said in text
    assert "from ../core (path)" in text
    order = [
        text.index(title)
        for title in ("<h2>Regressed", "<h2>Still failing", "<h2>Known")
        if title in text
    ]
    assert order == sorted(order)
    regressed = text[order[0] : order[1]]
    assert "since 1.3.1: telemetry.Return is gone: it was class Return(BaseModel)" in regressed
    assert "An event that is published can return." in regressed
    assert "CORE_CANDIDATE=../core tox run -e store-core_candidate" in regressed
    assert {(one.pack, one.name, one.verdict) for one in summary.broken if one.verdict} >= {
        ("store", "test_queue.py::test_return", "regressed"),
        ("store", "test_queue.py::test_soften", "still-failing"),
    }


def test_a_regression_of_unknown_cause(history: Path) -> None:
    """What regressed without a cause in the document says that the cause is not known."""
    checked(history)
    (file,) = history.glob("*.json")
    whole = read_run(file)
    file.unlink()
    write_run(whole.model_copy(update={"causes": ()}), history)
    text = (build(history) / f"runs/{CHECKED}.html").read_text("utf-8")
    assert "The cause is not known" in text


def test_the_consumers_themselves(history: Path) -> None:
    """A check's page has the table of the consumers, and what holds the release of each."""
    checked(history)
    (file,) = history.glob("*.json")
    whole = read_run(file)
    file.unlink()
    known = Excuse(known_break=f"it waits {HOSTILE}", expires=date(9999, 12, 31))
    broken = Fault(name="store.cli", imported=Imported.BROKEN, message=HOSTILE)
    affected = Affected(
        consumer="market-data-store",
        release="1.0",
        pack="store",
        takes=Takes.AT_ONCE,
        installs=Found.YES,
        imports=Imported.BROKEN,
        faults=(
            broken.model_copy(update={"holds": True}),
            broken.model_copy(update={"name": "store.server", "excuse": known}),
        ),
        command="tox run -e store_live-core_candidate",
    )
    write_run(whole.model_copy(update={"consumers": (affected,)}), history)
    text = (build(history) / f"runs/{CHECKED}.html").read_text("utf-8")
    row = text.partition("market-data-store 1.0</th>")[2].partition("</tr>")[0]
    assert re.findall("<td[^>]*>(.*?)</td>", row)[:3] == ["at once", "yes", "broken"]
    assert "<h3>Consumers that this Core breaks</h3>" in text
    assert "Core breaks the import of store.cli: " in text
    assert "<h3>Known breaks of consumers themselves</h3>" in text
    assert "tox run -e store_live-core_candidate" in text
    assert HOSTILE not in text


def test_every_attempt_is_kept(history: Path) -> None:
    """Of two attempts at a cell both are embedded, and the gravest is what the grid shows."""
    broken, kept = cell("1.2.0", BROKEN), cell("1.2.0", KEPT, day=0.01, seconds=2.5)
    file = write_run(run(broken, cell("1.3.0"), again=(kept,)), history)
    text, summary = only(history, file)
    told = attempts(text)
    assert tried(text) == ["small-core_v120", "small-core_v130", "small-core_v120"]
    assert told["outcome"] == "fpp"
    assert spread(told["number"]) == [1, 1, 2]
    assert told["started"] == [0, 0, 864]
    assert told["took"] == [1000, 1000, 2500]
    assert grid(text)["outcome"] == ["pf"]
    assert summary.cells == {"small": {"passed": ("core_v130",), "failed": ("core_v120",)}}


def test_what_was_installed(history: Path) -> None:
    """Each attempt leads to what it asked for, its Core's content, Python and distributions."""
    file = record(
        history, cell("1.2.0"), cell("1.3.0", digest="same"), cell("1.3.1", digest="same")
    )
    told = attempts(only(history, file)[0])
    at = list(accumulate(spread(told["environment"])))
    asked, source, version, content, python, installed = told["environments"][at[1]]
    assert (asked, source, version) == ("market-data-core==1.3.0", "pypi", "1.3.0")
    assert (told["contents"][content], python) == ("same", "3.11.7")
    names = [told["distributions"][one] for one in accumulate(spread(installed))]
    assert names == ["market-data-core==1.3.0", "pydantic==2.14.3"]


def test_a_cell_without_evidence(history: Path) -> None:
    """Cells that left nothing are shown as missing, with the reason and without an environment."""
    cut_off(history)
    (file,) = history.glob("*.json")
    text, summary = only(history, file)
    told = attempts(text)
    assert summary.cells["small"][Outcome.MISSING] == ("core_v130", "core_v140")
    assert told["started"] == [0, -1, -1]
    assert told["reasons"] == ["no evidence"]
    assert list(accumulate(spread(told["environment"])))[1:] == [-1, -1]
    assert "No promise is broken" in text


def test_long_texts(history: Path) -> None:
    """A text that is too long for the page is cut there, and whole in a file beside it."""
    long = "".join(f"E   line {number} of a failure\n" for number in range(20_000))
    cells = [cell("1.2.0", promises=(promise("a::b", BROKEN, text=long, message="it broke"),))]
    file = record(history, *cells)
    text, _ = only(history, file)
    assert len(text) < 60_000
    (link,) = re.findall(r'href="\.\./(texts/[^"]+)"', text)
    assert (history.parent / "site" / link).read_text("utf-8").strip() == long.strip()
    assert f"{len(long)} characters" in text


def test_many_broken_promises(history: Path) -> None:
    """With hundreds of broken promises the page stays small, and says how many it leaves out."""
    found = tuple(
        promise(f"t.py::test_{number}", BROKEN, f"Promise {number}.", text="E   no\n" * 500)
        for number in range(400)
    )
    file = record(history, cell("1.2.0", promises=found))
    text, summary = only(history, file)
    assert len(text) < 400_000
    assert "200 further promises of 400 are not shown here" in text
    assert len(summary.broken) == 400


def test_hostile_run(history: Path) -> None:
    """Markup in names, words, messages, texts and reasons stays text."""
    cells = (
        cell("1.2.0", promises=(promise(HOSTILE, BROKEN, HOSTILE, text=HOSTILE, message=HOSTILE),)),
        cell("1.3.0", ERRORED).model_copy(update={"reason": HOSTILE}),
    )
    file = record(history, *cells)
    text, _ = only(history, file)
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert any(HOSTILE[:9] in reason for reason in attempts(text)["reasons"])


def test_a_range_that_is_none(history: Path) -> None:
    """A document whose finding names a Core range that is none is refused, and named."""
    checked(history)
    (file,) = history.glob("*.json")
    whole = read_run(file)
    file.unlink()
    findings = tuple(one.model_copy(update={"core": "<b>"}) for one in whole.findings)
    file = write_run(whole.model_copy(update={"findings": findings}), history)
    done = CliRunner().invoke(
        main, ["dashboard", "--history", str(history), "--output", str(history.parent / "site")]
    )
    assert done.exit_code == ExitCode.UNUSABLE_INPUT
    assert "'<b>' is not a PEP 440 range" in done.stderr
    assert file.name in done.stderr


def test_a_run_is_made_once(history: Path) -> None:
    """Later runs change neither the page of a run nor its JSON."""
    file = single(history)
    site = build(history)
    name = next(read_run(one).id for one in file.glob("*.json"))
    page = site / f"runs/{name}.html"
    before, made = page.read_bytes(), page.stat().st_ino
    steady(history)
    build(history)
    assert (page.read_bytes(), page.stat().st_ino) == (before, made)


def test_a_document_under_two_names(history: Path) -> None:
    """A document that was copied beside itself is one run in the list, and one page."""
    file = record(history, cell("1.2.0"))
    name = read_run(file).id
    (history / "20270101T000000Z-copy.json").write_bytes(file.read_bytes())
    site = build(history)
    assert (site / "runs/index.html").read_text("utf-8").count(f'href="{name}.html"') == 1


def test_the_list_of_runs(history: Path) -> None:
    """The newest run comes first, each with its command, what it compared, answer and cells."""
    text = (build(checked(steady(history))) / "runs/index.html").read_text("utf-8")
    ids = re.findall(r'<th scope="row"><a href="(\w+)\.html">', text)
    assert ids == [CHECKED, f"{2:016x}", f"{1:016x}", f"{0:016x}"]
    first = text[text.index(CHECKED) : text.index(f"{2:016x}")]
    assert "check" in first
    assert "1.4.0 (path), 1.3.1" in first
    assert "hold" in first
    assert "4 failed" in first


def test_no_runs(history: Path) -> None:
    """The list of an empty history says so, and what to run."""
    text = (build(history) / "runs/index.html").read_text("utf-8")
    assert "The history holds no run" in text
    assert "tox p" in text


def test_many_runs(history: Path) -> None:
    """Of 250 runs the newest 100 are on the first page, and each on some page; full ones stay."""
    one = run(cell("1.2.0"))
    for number in range(250):
        of_run = {"id": f"{number:016x}", "started": START + timedelta(hours=number)}
        name = f"{of_run['started']:%Y%m%dT%H%M%SZ}-{of_run['id']}.json"
        history.mkdir(exist_ok=True)
        (history / name).write_bytes(to_json(one.model_copy(update=of_run)))
    site = build(history)
    ids = {
        page.name: re.findall(r'<th scope="row"><a href="(\w+)\.html">', page.read_text("utf-8"))
        for page in (site / "runs").glob("[ip]*.html")
    }
    assert {name: len(found) for name, found in ids.items()} == {
        "index.html": 100,
        "page-1.html": 100,
        "page-2.html": 100,
    }
    assert ids["index.html"][0] == f"{249:016x}"
    assert ids["page-1.html"][-1] == f"{0:016x}"
    assert len(set().union(*ids.values())) == 250


def held(history: Path, then: Sequence[Promise], *attempts: Sequence[Promise]) -> str:
    """The page of a check of a candidate in git that a pack judged so, against 1.2.0."""
    now, before = core("candidate", "1.3.0"), core("v120", "1.2.0")
    now = now.model_copy(
        update={
            "named": "git+https://example.org/core@main",
            "address": f"git+https://example.org/core@{'a' * 40}",
            "wheel": "/srv/.tox/wheels/gone.whl",
            "source": "git",
        }
    )
    sides = [
        [cell("1.3.0", name="small-core_candidate", promises=tuple(said))] for said in attempts
    ]
    sides[0].append(cell("1.2.0", promises=tuple(then)))
    by_name = [{one.cell.name: one for one in side} for side in sides]
    decision = decide(now, before, by_name, PACKS, ())
    made = make_run(
        "check",
        START,
        sides,
        PACKS,
        candidate=now,
        baseline=before,
        answer=decision.answer,
        verdicts=decision.cells,
    )
    return only(history, write_run(made, history))[0]


def test_many_that_fail_alike(history: Path) -> None:
    """Forty promises with one error are one entry on the page, each whole inside it, and linked."""
    names = [f"test_event.py::test_{at}" for at in range(40)]
    now = [
        promise(name, BROKEN, message=f"ValueError: <Event at 0x{at:x}> is late")
        for at, name in enumerate(names)
    ]
    text = held(history, [promise(name) for name in names], now, now)
    (entry,) = re.findall(r'<article class="promise many">.*?<details>', text, re.DOTALL)
    assert "<h4>40 promises of small fail alike</h4>" in entry
    assert "was: kept on 1.2.0; now: broken on 1.3.0 (git), 2 times out of 2" in entry
    assert entry.count("is late") == 1
    assert entry.count(f"CORE_CANDIDATE=git+https://example.org/core@{'a' * 40} tox run") == 1
    assert [text.count(f'id="promise-{at}"') for at in (1, 40)] == [1, 1]
    alone = f"fanout probe small git+https://example.org/core@{'a' * 40} --promise {names[7]}"
    assert text.count(f"{alone}<") == 1
    assert "gone.whl" not in text


def test_what_else_a_check_found(history: Path) -> None:
    """What is flaky, new and removed, and a pack's counts, are told as in the text."""
    shaky, other, old, new = (f"test_event.py::test_{one}" for one in ("a", "b", "old", "new"))
    first = [promise(shaky, BROKEN, message="busy"), promise(other, BROKEN), promise(new)]
    second = [promise(shaky), promise(other, BROKEN), promise(new)]
    text = held(history, [promise(shaky), promise(other), promise(old)], first, second)
    assert "1 more is flaky" in text
    assert "on the candidate flaky (broken, then kept)" in text
    assert "<td>1 regressed, 2 unknown, 1 new</td>" in text
    assert "<h2>New, and kept</h2>" in text
    assert "on the candidate absent, on the baseline kept" in text
