"""`fanout consumers --table`: which releases go with which Cores, on a made-up index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fanout.core.wheel import wheel_digest
from fanout.dashboard.pages.consumers import overview as consumers_page
from fanout.dashboard.pages.consumers import page as consumer_page
from fanout.model import Result
from tests.browser.pages import Page, build
from tests.servers.core_index import CoreIndex, Offer
from tests.worlds import scenes
from tests.worlds.project import Case, Project
from tests.worlds.runs import cell, record

TOX_INI = """\
[tox]
env_list = small-core_{v120,v130,v140}
[testenv:small-core_{v120,v130,v140}]
skip_install = true
set_env =
    core_v120: CORE = market-data-core==1.2.0
    core_v130: CORE = market-data-core==1.3.0
    core_v140: CORE = market-data-core==1.4.0
"""
BAR = "from market_data_core import Bar\n"
GONE = "from market_data_core import Gone\n"
LOOSE = ("market-data-core>=1.2,<2",)
NEWER = ("market-data-core>=1.3,<2",)
SMALL, MORE, PINS = "market-data-small", "market-data-more", "market-data-pins"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, CoreIndex]]:
    """Three Cores of two contents, two consumers, and what ran of one: in a history, and live."""
    index = CoreIndex()
    index.serve({"1.2.0": "Bar = 1", "1.3.0": "Bar = Gone = 2", "1.4.0": "Bar = Gone = 2"})
    index.offer(
        SMALL,
        Offer("0.1.0", LOOSE, code=BAR),
        Offer("0.2.0", NEWER, code=GONE),
        Offer("0.2.1", NEWER, code=GONE, yanked=True),
        Offer("0.3.0", ("market-data-core==1.4.0",), code=GONE),
        Offer("0.4.0", LOOSE, code=f"\n{GONE}"),
        Offer("0.5.0", ("market-data-core>=1.9",), file=".tar.gz"),
    )
    index.offer(MORE, Offer("1.0", (*LOOSE, f"{SMALL}==9.9"), code=BAR))
    pins = (Offer(f"1.{minor}", (f"market-data-core==1.{minor}.0",)) for minor in (2, 3, 9))
    index.offer(PINS, *pins)
    project = Project(tmp_path_factory.mktemp("world"))
    project.write("tox.ini", TOX_INI)
    project.write("consumers.toml", f'{SMALL} = "0.4.0"\n{MORE} = "1.0"\n{PINS} = "1.9"\n')
    (project.root / "packs/other/pack.toml").unlink()
    old, new = (
        wheel_digest(
            project.write(
                f"{name}-py3-none-any.whl", index.answers[f"/files/{name}-py3-none-any.whl"]
            )
        )
        for name in ("market_data_core-1.2.0", "market_data_core-1.3.0")
    )
    results = {"test_a.py::test_a": Result.KEPT, "test_a.py::test_b": Result.KNOWN_BREAK}
    record(project.root / "history", cell("1.2.0", results, digest=old))
    said = {"consumer": SMALL, "release": "0.4.0", "version": "1.3.0", "digest": new}
    project.evidence("small_live-core_v130", Case("market_data_small"), **said)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CACHE_DIR", str(tmp_path_factory.mktemp("uv")))
        patch.delenv("EVIDENCE", raising=False)
        yield project, index
    index.close()


World = tuple[Project, CoreIndex]


def run(world: World, *options: str) -> str:
    project, index = world
    done = project.fanout("consumers", "--table", "--index", index.url, *options)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def table(world: World) -> dict[str, Any]:
    """What is said of each consumer: by its releases, and by the versions of each content."""
    found = json.loads(run(world, "--format", "json"))
    return {
        one["consumer"]: {
            (run["versions"][0], run["versions"][-1]): {
                content["versions"][0]: fit
                for content, fit in zip(one["contents"], run["fits"], strict=False)
            }
            for run in one["runs"]
        }
        for one in found["consumers"]
    }


@pytest.fixture(scope="module")
def shown(world: World) -> str:
    return run(world)


def test_alike(table: dict[str, Any]) -> None:
    """Neighbours that need the same are one row, wherever it stands in them; one yanked is not."""
    assert list(table[SMALL]) == [
        ("0.5.0", "0.5.0"),
        ("0.3.0", "0.4.0"),
        ("0.2.1", "0.2.1"),
        ("0.2.0", "0.2.0"),
        ("0.1.0", "0.1.0"),
    ]


@pytest.mark.parametrize(
    ("releases", "core", "declared", "versions"),
    [
        (("0.3.0", "0.4.0"), "1.3.0", "some", ["1.3.0", "1.4.0"]),
        (("0.3.0", "0.4.0"), "1.2.0", "some", ["1.2.0"]),
        (("0.2.0", "0.2.0"), "1.3.0", "yes", ["1.3.0", "1.4.0"]),
        (("0.2.0", "0.2.0"), "1.2.0", "no", []),
    ],
)
def test_declared(
    table: dict[str, Any], releases: tuple[str, str], core: str, declared: str, versions: list[str]
) -> None:
    """What ranges let in is told of all releases and versions, of some, or of none."""
    fit = table[SMALL][releases][core]
    assert (fit["declared"], fit["versions"]) == (declared, versions)


def test_installs(table: dict[str, Any]) -> None:
    """A resolver is asked with what is declared, and where that leads nowhere without it."""
    fit = table[SMALL]["0.2.0", "0.2.0"]
    assert (fit["1.3.0"]["installs"], fit["1.3.0"]["forced"]) == ("yes", "yes")
    assert (fit["1.2.0"]["installs"], fit["1.2.0"]["forced"]) == ("no", "yes")
    more = table[MORE]["1.0", "1.0"]["1.3.0"]
    assert (more["installs"], more["forced"]) == ("no", "no")
    assert f"there is no version of {SMALL}==9.9" in more["refusal"]


def test_imports(table: dict[str, Any]) -> None:
    """What ran is believed before what was read, of the very release and content alone."""
    fit = table[SMALL]["0.3.0", "0.4.0"]
    assert (fit["1.3.0"]["imports"], fit["1.3.0"]["ran"]) == ("yes", "0.4.0")
    assert (fit["1.2.0"]["imports"], fit["1.2.0"]["ran"]) == ("broken", "")
    assert fit["1.2.0"]["fault"] == "Gone is not there (market_data_small/__init__.py:2)"


def test_promises(table: dict[str, Any]) -> None:
    """Promises are of the releases among which is the one that the pack was read from."""
    fit = table[SMALL]["0.1.0", "0.1.0"]["1.2.0"]
    assert (fit["kept"], fit["excused"], fit["judged"]) == (1, 1, 2)
    assert table[SMALL]["0.2.0", "0.2.0"]["1.2.0"]["judged"] == 0


def test_shown(shown: str) -> None:
    """The signs of each place stand in columns, below the first and the last of the versions."""
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[lines.index(f"{SMALL} –1.4.0 1.2.0") - 1] == "1.3.0"
    assert "0.3.0–0.4.0 ~✓✓· ~✓-·" in lines
    assert "0.2.1, yanked ✓✓+· ✗f-·" in lines
    assert "0.1.0 ✓✓+· ✓✓+~" in lines
    assert "1.0 ✓✗+· ✓✗+·" in lines
    assert "0.5.0: it has no wheel" in lines


def test_contradictions(shown: str) -> None:
    """What is declared and does not go, and what goes and is not declared, is told with why."""
    lines = [line.strip() for line in shown.splitlines()]
    fault = "Gone is not there (market_data_small/__init__.py:2)"
    assert f"Core 1.2.0: 0.3.0–0.4.0 declare it, and it breaks their imports ({fault})" in lines
    assert any(
        line.startswith(
            "Core 1.2.0–1.4.0: 1.0 declare it, and cannot be installed with it (Because"
        )
        for line in lines
    )


def test_pinned(shown: str) -> None:
    """Who pins every release to one Core is told so, and which are pinned to none that there is."""
    assert "1.2–1.9 declare one version of Core alone, each its own" in shown
    assert "1.9 declare no Core that is asked about here" in shown


def test_one_core(world: World) -> None:
    """Of one Core the newest release that has all is told first, or what comes nearest."""
    shown = run(world, "--core", "1.3.0")
    assert f"{SMALL} 0.4.0 is the newest that has all; nothing is known of its promises" in shown
    assert f"{MORE}: none has all; 1.0 comes nearest, but installs: no: Because" in shown
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "0.4.0 yes yes yes, 0.4.0 ran not known >=1.2,<2" in rows
    assert "0.3.0 no if forced yes, read not known ==1.4.0" in rows
    shown = run(world, "--core", "1.2.0")
    assert f"{SMALL} 0.1.0 is the newest that has all; its imports were only read" in shown
    assert json.loads(run(world, "--core", "1.2.0", "--format", "json"))["newest"] == {
        SMALL: "0.1.0",
        PINS: "1.2",
    }


def test_asked_once_a_day(world: World, shown: str) -> None:
    """What a resolver said is believed for the rest of the day, and no longer."""
    project, _ = world
    (kept,) = (project.root / ".tox/wheels").glob("index-*/resolutions.json")
    said = json.loads(kept.read_text())
    answers = {key: {"found": "no", "why": "It rains."} for key in said["answers"]}
    kept.write_text(json.dumps({**said, "answers": answers}))
    assert "cannot be installed with it (It rains.)" in run(world, SMALL)
    kept.write_text(json.dumps({"day": "2020-01-01", "answers": answers}))
    assert "It rains." not in run(world, SMALL)


def test_alone(world: World) -> None:
    """The table is asked for alone."""
    project, _ = world
    done = project.fanout("consumers", "--table", "--update")
    assert done.exit_code == 2
    assert "give --table alone, or with --core" in done.stderr


def test_on_the_dashboard(world: World, shown: str) -> None:
    """The page shows what was kept, with its date; one Core alone is not kept."""
    project, _ = world
    history = project.root / "history"
    site = build(history, project.root / "site", consumers_page.parts, consumer_page.parts)
    links = Page(site / "consumers.html").links
    assert {f"consumers/{SMALL}.html", f"consumers/{MORE}.html"} <= {*links}
    page = Page(site / f"consumers/{SMALL}.html")
    kept = page.all("li").index("~ 1/2 kept")
    assert page.all("li")[kept - 3 : kept] == ["✓ declared", "✓ installs", "✓ imports, read"]
    assert "Gone is not there (market_data_small/__init__.py:2)" in page.text
    assert "fanout consumers --table" in Page(site / "consumers.html").all("pre")


def test_nothing_is_kept(project: Project) -> None:
    """Without a table the page says which command makes it."""
    site = build(project.root / "history", project.root / "site", consumers_page.parts)
    page = Page(site / "consumers.html")
    assert "Nothing is kept yet of which releases go with which Cores." in page.text
    assert page.all("pre") == ["fanout consumers --table"]


def test_what_others_wrote(project: Project) -> None:
    """What this version would not have written is as if it were not there."""
    project.write("history/compatibility/small.json", '{"schema_version": 1, "made": 1}')
    project.write("history/compatibility/other.json", "<script>")
    lacks = (
        '"contents": [{"digest": "a", "versions": []}], "runs": []',
        '"contents": [{"digest": "a", "versions": ["1.0"]}], "runs": [{"versions": []}]',
        '"contents": [], "runs": [{"versions": ["1.0"], "fits": [{}]}]',
    )
    for name, one in zip("abc", lacks, strict=True):
        text = f'{{"made": "2026-01-01T00:00:00Z", "consumer": {{"consumer": "{name}", {one}}}}}'
        project.write(f"history/compatibility/{name}.json", text)
    for says in ("\N{RIGHT-TO-LEFT OVERRIDE}", "\N{ESCAPE}[31m"):
        scenes.tabled(project.root / "history", says)
        site = build(project.root / "history", project.root / "site", consumers_page.parts)
        assert "Nothing is kept yet" in Page(site / "consumers.html").text
