"""The first screen: may we release what is next, why, who gets it and who breaks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fanout.consumers.affected import Affected
from fanout.consumers.takes import Takes
from fanout.core.given import known_as, shown_as
from fanout.dashboard.build import build
from fanout.dashboard.facts.candidate import MOST_READ
from fanout.history.document import read_run, write_run
from fanout.history.run import Run
from fanout.model import Answer, Core, Outcome
from tests.browser.pages import Page
from tests.browser.visitor import Visitor
from tests.worlds import scenes
from tests.worlds.runs import BROKEN, KEPT, cell, record

COMMIT = "3f2c91a" + "0" * 33
ALONE = ", asked of pipeline and store alone"  # of three packs
REPOSITORY = "git+https://example.org/acme/core"


def git(ref: str) -> Core:
    return Core(
        named=f"{REPOSITORY}@{ref}",
        core_ref="core_candidate",
        requirement="market-data-core @ file:///srv/.tox/wheels/core.whl",
        source="git",
        version="1.4.0",
        commit=COMMIT,
        wheel="/srv/.tox/wheels/core.whl",
        address=f"{REPOSITORY}@{COMMIT}",
    )


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return scenes.checked(scenes.steady(tmp_path / "history"))


def first(history: Path) -> Page:
    build(history, history.parent / "site", 24, lambda count, of: None)
    return Page(history.parent / "site/index.html")


def checked(history: Path) -> Run:
    return read_run(next(path for path in history.glob("*.json") if path.stem.endswith("c" * 16)))


def again(history: Path, number: int, **changed: object) -> None:
    """The check once more, some hours later."""
    run, later = checked(history), timedelta(hours=number)
    moments = {"started": run.started + later, "finished": run.finished + later}
    write_run(run.model_copy(update={"id": f"{number:016x}", **moments, **changed}), history)


@pytest.mark.parametrize(
    ("core", "name", "given"),
    [
        (git("refs/pull/12/head"), "pull request 12 at 3f2c91a", f"{REPOSITORY}@{COMMIT}"),
        (git("main"), "main at 3f2c91a", f"{REPOSITORY}@{COMMIT}"),
        (git(COMMIT), "commit 3f2c91a", f"{REPOSITORY}@{COMMIT}"),
        (
            git("main").model_copy(update={"named": "main"}),
            "main at 3f2c91a",
            f"{REPOSITORY}@{COMMIT}",
        ),
        (
            git("x").model_copy(
                update={"named": "./core", "source": "path", "commit": "", "address": ""}
            ),
            "./core",
            "./core",
        ),
        (
            git("x").model_copy(
                update={"named": "1.5.0rc1", "source": "pypi", "commit": "", "address": ""}
            ),
            "1.5.0rc1",
            "1.5.0rc1",
        ),
    ],
)
def test_names(core: Core, name: str, given: str) -> None:
    """A candidate has the name that people know it by, and is given again as it was given."""
    assert shown_as(core) == name
    assert core.given == given
    assert known_as(core) in name


def test_the_answer(history: Path) -> None:
    """The first words are the question and the answer, then why, and who breaks."""
    page = first(history)
    assert page.all("h1") == [f"May we release ../core{ALONE}?"]
    assert "✗ hold Core 1.4.0 (path) breaks 3 promises" in page.text
    assert page.facts["Cause"] == (
        "telemetry.Return is gone: it was class Return(BaseModel), since 1.3.1"
    )
    assert page.facts["Who"] == "pipeline and store break"
    links = {text.strip(): href for href, text in page.links.items()}
    assert links["▼ 1 regressed"] == "?verdict=regressed&ref=candidate#matrix"
    rows = page.all("th")
    assert rows.index("store") < rows.index("pipeline")  # what is new comes first


def test_the_newest_run_of_a_candidate_counts(history: Path) -> None:
    """A pull request that was asked of often is one candidate, held since the first such answer."""
    core = git("refs/pull/12/head")
    earlier = core.model_copy(update={"commit": "a" * 40})
    again(history, 1, candidate=earlier, answer=Answer.RELEASE)
    again(history, 2, candidate=earlier)
    again(history, 3, candidate=core)
    page = first(history)
    assert page.all("h1") == [f"May we release pull request 12 at 3f2c91a{ALONE}?"]
    assert f"runs/{2:016x}.html" in page.links  # since when
    assert f"runs/{1:016x}.html" not in page.links
    assert "../core" in page.links[f"runs/{'c' * 16}.html"]  # another candidate


def test_an_answer_stands_for_its_own_question(history: Path) -> None:
    """What some packs say of a candidate, or a fork of the same name, replaces no whole answer."""
    run = checked(history)
    assert run.matrix
    two = run.matrix.model_copy(update={"packs": ("pipeline", "store")})
    again(history, 1, candidate=git("main"), matrix=two)
    again(history, 2, candidate=git("main"), answer=Answer.RELEASE)
    fork = git("main").model_copy(update={"named": "git+https://example.org/fork/core@main"})
    again(history, 3, candidate=fork, answer=Answer.RELEASE)
    links = first(history).links
    assert f"runs/{1:016x}.html" in links
    assert f"runs/{2:016x}.html" not in links
    assert f"runs/{3:016x}.html" in links


def test_who_gets_it(history: Path) -> None:
    """Beside who breaks, it is told who gets the candidate, and when."""
    takes = {"pipeline": Takes.AT_ONCE, "store": Takes.LATER}
    consumers = tuple(
        Affected(consumer=f"market-data-{name}", release="0.1", pack=name, takes=one)
        for name, one in takes.items()
    )
    again(history, 1, consumers=consumers)
    page = first(history)
    assert page.facts["Who"] == (
        "pipeline and store break; pipeline gets it at once; store gets it with its next release"
    )


def test_what_is_released_is_no_candidate(history: Path) -> None:
    """A candidate whose content is that of a Core in the matrix waits for no release any more."""
    run = checked(history)
    (digest,) = {one.digest for one in run.environments if one.version == "1.3.1"}
    built = tuple(one.model_copy(update={"digest": digest}) for one in run.environments)
    again(history, 1, environments=built)
    page = first(history)
    assert "May we release" not in page.text
    assert f"../core{ALONE}, released as 1.3.1" in page.text


def test_what_is_released_is_told_by_its_content(tmp_path: Path) -> None:
    """A Core with the content of the one before says what its content did, not that all is well."""
    history = scenes.steady(tmp_path / "history")
    page = first(history)
    assert page.all("h1")[0].startswith("Released: Core 1.3.1")
    assert "▼ 2 newly broken ~ 1 known break new compared with Core 1.2.1" in page.text
    assert "release" not in {one["class"] for one in page.with_class("word")}


def test_what_was_broken_before(tmp_path: Path) -> None:
    """What an older Core broke is told with that Core, as known breaks are."""
    history = tmp_path / "history"
    broken = {"t.py::one": scenes.BROKEN, "t.py::two": scenes.KNOWN, "t.py::three": KEPT}
    record(
        history,
        cell("1.2.0", dict.fromkeys(broken, KEPT)),
        cell("1.2.11", broken, outcome=Outcome.FAILED),
        cell("1.4.61", broken, outcome=Outcome.FAILED, name="small-core_v1461"),
    )
    page = first(history)
    assert "nothing new ✗ 1 broken since 1.2.11 ~ 1 known break since 1.2.11" in page.text


@pytest.mark.parametrize(
    "line",
    [
        "E   AssertionError: assert 'soft' == 'hard'",
        "E   AssertionError: assert 'so",
        "FAILED test_queue.py::test_soften - AssertionError: assert 'soft' == 'hard' in 2 s",
    ],
)
def test_a_pasted_error_is_found(browser: Browser, site: Path, line: str) -> None:
    """A line of a failure finds the promises that said so, also in part, or with more around."""
    with Visitor(browser, site.as_uri()) as visitor:
        page = visitor.open()
        page.locator("#search").fill(line)
        expect(page.locator("#matches li").first).to_contain_text("AssertionError")
        expect(page.locator("#matches")).to_contain_text("can soften")


@pytest.mark.parametrize(
    ("count", "cells"),
    [
        ("1 regressed", ["store"]),
        ("2 still-failing", ["pipeline", "store"]),
        ("1 known", ["store"]),
    ],
)
def test_a_count_is_a_filter(browser: Browser, site: Path, count: str, cells: list[str]) -> None:
    """Each count of the candidate shows what was counted and no other, also beside what is graver.

    The candidate's cell of store has all three: a cell is found by each of its verdicts.
    """
    with Visitor(browser, site.as_uri()) as visitor:
        page = visitor.open()
        page.locator(".next .counts").get_by_role("link", name=count).click()
        expect(page.locator("#shown")).to_contain_text(f"{len(cells)} of 17 cells shown")
        shown = page.locator("#matrix a.box:not(.aside)")
        names = [str(one.get_attribute("data-cell")) for one in shown.all()]
        assert names == [f"{pack}-core_candidate" for pack in cells]


def test_a_candidate_beyond_what_was_read(history: Path) -> None:
    """Where only the last answers were looked at, nobody says more than that, nor a later since."""
    run = checked(history)
    (digest,) = {one.digest for one in run.environments if one.version == "1.3.1"}
    built = tuple(one.model_copy(update={"digest": digest}) for one in run.environments)
    for number in range(1, MOST_READ + 1):
        again(history, number, environments=built)
    told = f"None of the last {MOST_READ} candidates that were asked about is waiting"
    assert told in first(history).text
    for number in range(MOST_READ + 1, 2 * MOST_READ + 2):
        again(history, number, candidate=git("main"))
    assert first(history).facts["Since"].startswith("at least 2026-")


@pytest.mark.parametrize("width", [1280, 1440])
def test_no_column_is_cut(browser: Browser, tmp_path: Path, width: int) -> None:
    """However many Cores there are, the matrix is as wide as the page, the rest folded."""
    history = tmp_path / "history"
    record(
        history,
        *(
            cell(f"1.{minor}.{n}", digest=f"{minor}{n}".ljust(64, "0"))
            for minor in range(14)
            for n in range(6)
        ),
    )
    build(history, tmp_path / "site", 24, lambda count, of: None)
    with Visitor(
        browser, (tmp_path / "site").as_uri(), viewport={"width": width, "height": 900}
    ) as visitor:
        page = visitor.open()
        wide, seen = page.evaluate(
            "(({scrollWidth, clientWidth}) => [scrollWidth, clientWidth])"
            "(document.getElementById('matrix').parentElement)"
        )
        assert wide <= seen
        expect(page.locator("#matrix thead")).to_contain_text("1.13.5")
        assert page.locator("#matrix tbody tr").first.locator("td").count() > 8


def test_a_heading_is_as_wide_as_its_columns(browser: Browser, tmp_path: Path) -> None:
    """Of Cores of one content some may be folded, and the heading is of those that are not."""
    history = tmp_path / "history"
    record(
        history,
        *(cell(f"1.13.{n}", (KEPT, BROKEN)[n % 2], digest="a" * 64) for n in range(40)),
        *(cell(f"1.12.{n}", digest="b" * 64) for n in range(3)),
    )
    build(history, tmp_path / "site", 24, lambda count, of: None)
    with Visitor(browser, (tmp_path / "site").as_uri()) as visitor:
        page = visitor.open()
        expect(page.locator("#matrix thead")).to_contain_text("40 Cores, same content")
        expect(page.locator("#matrix thead")).to_contain_text("Cores, folded")
        head, body = (
            page.evaluate(
                "(cells) => Math.max(...[...document.querySelectorAll(cells)]"
                ".map((cell) => cell.getBoundingClientRect().right))",
                f"#matrix {cells}",
            )
            for cells in ("thead th", "tbody td")
        )
        assert head == body
