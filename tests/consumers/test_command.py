"""`fanout consumers`: who takes up a Core, against a made-up index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.core_index import CoreIndex, Offer
from tests.worlds.project import Project

TOX_INI = """\
[tox]
env_list = {small,other}-core_{v120,v1461}
[testenv:{small,other}-core_{v120,v1461}]
skip_install = true
set_env =
    core_v120: CORE = market-data-core==1.2.0
    core_v1461: CORE = market-data-core==1.4.61
"""
CONSUMERS = """\
# Whö builds on Core.
market-data-free = "1.0"
market-data-other = "2.0"   # it has a pack
market-data-small = "0.1.0"
"""
NEEDS = "market-data-core>=1.2,<2"
BAD_BYTES = b"Metadata-Version: 2.1\nName: market-data-free\nVersion: 1.0\n"


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    made = CoreIndex()
    made.serve({"1.2.0": "a", "1.4.61": "b"})
    made.offer("market-data-free", Offer("1.0", (NEEDS,)))
    made.offer("market-data-other", Offer("2.0", ("market-data-core==1.4.61",)))
    made.offer("market-data-small", Offer("0.1.0", (NEEDS,)))
    yield made
    made.close()


@pytest.fixture
def world(project: Project) -> Project:
    project.write("tox.ini", TOX_INI)
    project.write("consumers.toml", CONSUMERS)
    return project


def run(world: Project, index: CoreIndex, *options: str) -> tuple[int, str, str]:
    done = world.fanout("consumers", "--index", index.url, *options)
    return done.exit_code, done.stdout, done.stderr


def ask(world: Project, index: CoreIndex, *options: str) -> dict[str, Any]:
    """What is said of each consumer."""
    exit_code, shown, said = run(world, index, "--format", "json", *options)
    assert exit_code == 0, said
    return {one["distribution"]: one for one in json.loads(shown)["consumers"]}


def free(world: Project, index: CoreIndex, *offers: Offer, core: str = "") -> Any:
    """What is said of a consumer with these releases, when a Core is released."""
    index.offer("market-data-free", *offers)
    options = ("--core", core) if core else ()
    return ask(world, index, "market-data-free", *options)["market-data-free"]


def test_shown(world: Project, index: CoreIndex) -> None:
    """Each consumer is shown on a line of 100 columns, with what it does with the next Core."""
    index.offer(
        "market-data-small",
        Offer("0.1.0", ("market-data-core<1.2",), at="2025-12-28T12:00:00Z"),
        Offer("0.1.1", (NEEDS,), at="2025-12-30T12:00:00Z"),
        Offer("0.2.0", (NEEDS,), at="2025-12-31T12:00:00Z"),
    )
    exit_code, shown, said = run(world, index)
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert exit_code == 0
    assert max(map(len, shown.splitlines())) <= 100
    assert "Who takes up Core 1.4.62:" in lines
    assert "market-data-free 1.0 2026-01-01 at once >=1.2,<2 no pack" in lines
    assert "market-data-other 2.0 2026-01-01 later ==1.4.61 0.1.0: 1 release behind" in lines
    assert (
        "market-data-small 0.2.0 2025-12-31 at once >=1.2,<2 0.1.0: 2 releases, 3 days behind"
        in lines
    )
    assert "1 newest release not in consumers.toml: run with --update" in said


@pytest.mark.parametrize(
    ("core_range", "core", "takes"),
    [
        (">=1.2,<2", "1.4.62", "at once"),
        ("", "9.9", "at once"),
        ("==1.4.61", "1.4.61", "at once"),
        ("==1.4.61", "1.4.61+local", "at once"),
        (">=1.4.61", "1.4.61rc1", "at once"),
        ("==1.4.61", "1.4.61.post1", "later"),
        ("==1.4.61", "1.4.62", "later"),
        ("==1.4.*", "1.5.0", "later"),
        ("~=1.4.0", "1.5.0", "later"),
        ("===1.4.61", "1.4.62", "later"),
        ("<1.4.62", "1.4.62", "later"),
        ("<=1.4", "1.4.62", "later"),
        ("<2,>=1.2", "2.0rc1", "later"),
        ("==1.4.61", "1.4.60", "never"),
        ("==1.4.*", "1.3.0", "never"),
        ("~=1.4.0", "1.3.0", "never"),
        (">=1.4.63", "1.4.62", "never"),
        (">1.4.62", "1.4.62", "never"),
        ("!=1.4.62", "1.4.62", "never"),
        (">=1.2,!=1.4.*,<2", "1.4.62", "never"),
        (">=2,<1", "1.4.62", "never"),
    ],
)
def test_taken_up(world: Project, index: CoreIndex, core_range: str, core: str, takes: str) -> None:
    """At once if the range has it; later if pinned or capped below; never if it is left out."""
    offer = Offer("1.0", (f"market-data-core{core_range}",))
    assert free(world, index, offer, core=core)["takes"] == takes


@pytest.mark.parametrize(
    ("requires", "shown", "takes"),
    [
        (('market-data-core==1; extra == "core"',), [("==1", 'extra == "core"')], "later"),
        (
            (NEEDS, 'Market.Data_Core[redis]>=1.4.62; extra == "new"'),
            [(">=1.2,<2", ""), (">=1.2,>=1.4.62,<2", 'extra == "new"')],
            "at once",
        ),
        (
            (
                'market-data-core>=v1.5; python_version >= "3.14"',
                'market-data-core<2; python_version < "3.14"',
            ),
            [("<2", 'python_version < "3.14"'), (">=1.5", 'python_version >= "3.14"')],
            "at once",
        ),
        (("market-data-core>=1.2", "market-data-core!=1.4.62"), [(">=1.2,!=1.4.62", "")], "never"),
        (("pydantic>=2",), [], "unknown"),
    ],
    ids=["only in an extra", "also in an extra", "by Python", "on two lines", "no Core"],
)
def test_extras_and_markers(
    world: Project,
    index: CoreIndex,
    requires: tuple[str, ...],
    shown: list[tuple[str, str]],
    takes: str,
) -> None:
    """What is required by an extra, or in some environments, is told apart, with its marker."""
    said = free(world, index, Offer("1.0", requires), core="1.4.62")
    assert [(one["core"], one["where"]) for one in said["declared"]["demands"]] == shown
    assert said["takes"] == takes


def test_an_address_in_place_of_a_range(world: Project, index: CoreIndex) -> None:
    """A consumer that names one Core by its address has it until its next release."""
    offer = Offer("1.0", ("market-data-core @ git+https://user:secret@host/core@v1",))
    said = free(world, index, offer)
    assert said["takes"] == "later"
    assert said["declared"]["demands"][0]["address"] == "git+https://host/core@v1"


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        (b"Name: market-data-core\nVersion: 1.0\n", "its metadata is of 'market-data-core 1.0'"),
        (b"Name: market-data-free\nVersion: 1.1\n", "its metadata is of 'market-data-free 1.1'"),
        (b"", "its metadata is of ''"),
        (BAD_BYTES + b"Name: other\n", "gives Name twice"),
        (BAD_BYTES + b"Requires-Dist: market-data-core\xff>=1\n", "gives Requires-Dist twice"),
        (BAD_BYTES + b"Requires-Dist: market-data-core==\n", "'market-data-core==' is no requirem"),
        (BAD_BYTES + b"Requires-Dist: \x1b[31mred\n", "'\ufffd[31mred' is no requirement"),
        (
            BAD_BYTES + b"Requires-Dist: market-data-core>=" + b"9" * 5000 + b"\n",
            "its range of Core has more than 1000 characters",
        ),
        (
            BAD_BYTES + b"Requires-Dist: market-data-core>=1\n" * 100,
            "its range of Core has more than 1000 characters",
        ),
        (b"Name: market-data-free\nVersion: " + b"1" * 5000 + b"\n", "its metadata is of"),
        (BAD_BYTES + b"Requires-Dist: a; " + b"(" * 50000 + b"\n", "is no requirement"),
        (BAD_BYTES + b"Keywords: " + b"x" * 2**20 + b"\n", "more than 1048576 bytes"),
    ],
    ids=[
        "name",
        "version",
        "nothing",
        "two",
        "bytes",
        "no range",
        "colour",
        "long",
        "often",
        "many digits",
        "deep",
        "huge",
    ],
)
@pytest.mark.parametrize("beside", [True, False], ids=["beside the wheel", "in the wheel"])
def test_hostile_metadata(
    world: Project, index: CoreIndex, metadata: bytes, why: str, beside: bool
) -> None:
    """Metadata that is not that of the release decides nothing, and why is said."""
    offer = Offer("1.0", metadata=metadata or b"\n", beside=beside)
    said = free(world, index, offer)
    assert why in said["declared"]["unreadable"]
    assert said["takes"] == "unknown"


def test_a_description_in_another_encoding(world: Project, index: CoreIndex) -> None:
    """What is not read may have odd bytes."""
    metadata = BAD_BYTES + f"Requires-Dist: {NEEDS}\n\n".encode() + b"caf\xe9"
    assert free(world, index, Offer("1.0", metadata=metadata))["takes"] == "at once"


def test_a_release_without_a_wheel(world: Project, index: CoreIndex) -> None:
    """An sdist is not built to see what it requires: that would run it."""
    said = free(world, index, Offer("1.0", (NEEDS,), file=".tar.gz"))
    assert (said["newest"], said["takes"]) == ("1.0", "unknown")
    assert said["declared"]["unreadable"] == "it has no wheel"


def test_a_wheel_beside_an_sdist(world: Project, index: CoreIndex) -> None:
    """Of a release with both, the wheel is read."""
    offers = (Offer("1.0", file=".tar.gz"), Offer("1.0", (NEEDS,)))
    assert free(world, index, *offers)["takes"] == "at once"


def test_a_wheel_that_is_none(world: Project, index: CoreIndex) -> None:
    """A file that is no archive is said to be unreadable, and is not kept."""
    index.offer("market-data-free", Offer("1.0", (NEEDS,), beside=False))
    path = next(path for path in index.answers if "free" in path and path.endswith(".whl"))
    index.pages["market-data-free"] = index.pages["market-data-free"].replace("sha256", "md5")
    index.answers[path] = b"no wheel"
    said = ask(world, index, "market-data-free")["market-data-free"]
    assert said["declared"]["unreadable"] == "its wheel cannot be read"
    assert not list(world.root.rglob("market_data_free*"))


def test_a_file_that_is_not_as_told(world: Project, index: CoreIndex) -> None:
    """A file with another hash than the index gives is believed nothing: there is no answer."""
    index.answers["/files/market_data_free-1.0-py3-none-any.whl.metadata"] += b"more"
    exit_code, _, said = run(world, index)
    assert exit_code == 3
    assert "is not the file that it names" in said


def test_newest(world: Project, index: CoreIndex) -> None:
    """Neither a yanked release nor a pre-release is the newest; what is yanked is shown."""
    offers = (
        Offer("0.9", ("market-data-core<1.2",)),
        Offer("0.10", (NEEDS,)),
        Offer("1.1", (NEEDS,), yanked=True),
        Offer("2.0rc1", (NEEDS,)),
    )
    said = free(world, index, *offers)
    assert (said["newest"], said["yanked"]) == ("0.10", ["1.1"])
    _, shown, _ = run(world, index, "market-data-free")
    assert "0.10, 1.1 yanked" in shown


def test_every_release_is_yanked(world: Project, index: CoreIndex) -> None:
    """Where every release is yanked there is none to judge."""
    said = free(world, index, Offer("1.0", (NEEDS,), yanked=True))
    assert (said["newest"], said["takes"]) == ("", "unknown")
    assert "all yanked" in run(world, index)[1]


def test_what_a_year_of_releases_declared(world: Project, index: CoreIndex) -> None:
    """Releases that declare the same are one run; a range without any Core is told as such."""
    offers = (
        Offer("0.1", ("market-data-core<1",), at="2024-12-31T00:00:00Z"),
        Offer("0.2", (NEEDS,), at="2025-01-02T00:00:00Z"),
        Offer("0.3", ("market-data-core<2,>=1.2",)),
        Offer("0.4", ("market-data-core==0.8.55",)),
        Offer("1.0", ("market-data-core==v1.4.61",)),
    )
    runs = free(world, index, *offers)["runs"]
    assert [(one["first"], one["last"], one["releases"], one["met"]) for one in runs] == [
        ("0.2", "0.3", 2, True),
        ("0.4", "0.4", 1, False),
        ("1.0", "1.0", 1, True),
    ]
    _, shown, _ = run(world, index, "market-data-free")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "0.2 to 0.3, 2 releases >=1.2,<2" in lines
    assert "0.4 ==0.8.55: no Core" in lines


def test_metadata_is_downloaded_once(world: Project, index: CoreIndex) -> None:
    """Metadata is read beside the wheel where the index has it, and then as it was kept."""
    index.offer("market-data-free", Offer("1.0", (NEEDS,), beside=False))
    ask(world, index)
    files = [path for path in index.asked if path.startswith("/files/")]
    assert sorted(files) == [
        "/files/market_data_free-1.0-py3-none-any.whl",
        "/files/market_data_other-2.0-py3-none-any.whl.metadata",
        "/files/market_data_small-0.1.0-py3-none-any.whl.metadata",
    ]
    before = ask(world, index)
    assert [path for path in index.asked if path.startswith("/files/")] == files
    assert before["market-data-free"]["takes"] == "at once"


def test_named_by_distribution_or_pack(world: Project, index: CoreIndex) -> None:
    """A consumer is named by its distribution, however it is spelt, or by its pack."""
    assert list(ask(world, index, "small", "Market_Data.Free", "small")) == [
        "market-data-small",
        "market-data-free",
    ]


def test_update(world: Project, index: CoreIndex) -> None:
    """An update writes the newest releases, and keeps every other byte."""
    text = CONSUMERS.replace("\n", "\r\n")
    file = world.write("consumers.toml", text)
    index.offer("market-data-other", Offer("2.0", (NEEDS,)), Offer("2.10", (NEEDS,)))
    for _ in range(2):
        assert run(world, index, "--update")[0] == 0
        assert file.read_bytes().decode() == text.replace('"2.0"', '"2.10"')
    assert "run with --update" not in run(world, index)[2]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "at least 1 item"),
        ("market-data-free = 1.0\n", "market-data-free: Input should be a valid string"),
        ('market-data-free = ">=1"\n', "market-data-free: String should match"),
        ('Market_Data = "1.0"\n', "Market_Data: String should match"),
        ('market_data = "1.0"\n', "an index calls it 'market-data'"),
        ('market-data-core = "1.4.61"\n', "Core is no consumer of itself"),
        ('[market-data-free]\nrelease = "1.0"\n', "Input should be a valid string"),
        ('market-data-free = "1.0"\n', "does not name 'market-data-other', whose pack is 'other'"),
        ("market-data-free =\n", "is not TOML"),
        ('"\x00" = 1', "is not TOML"),
    ],
)
def test_a_table_that_is_none(world: Project, index: CoreIndex, text: str, why: str) -> None:
    """What is wrong with the table is said by its key, before the index is asked."""
    world.write("consumers.toml", text)
    exit_code, _, said = run(world, index)
    assert exit_code == 2
    assert why in " ".join(said.split())
    assert index.asked == []


def test_an_update_of_a_table_in_another_style(world: Project, index: CoreIndex) -> None:
    """A table that cannot be renewed line by line stays as it is, and that is said."""
    text = CONSUMERS.replace('"2.0"', "'2.0'")
    file = world.write("consumers.toml", text)
    index.offer("market-data-other", Offer("2.1", (NEEDS,)))
    exit_code, _, said = run(world, index, "--update")
    assert exit_code == 2
    assert "on a line of its own" in said
    assert file.read_text(encoding="utf-8") == text


def test_usage(world: Project, index: CoreIndex) -> None:
    """No consumer, no file, no Core and no index end as they do elsewhere, with what to do."""
    assert run(world, index, "nobody")[0] == 2
    assert run(world, index, "--core", "no such core")[0] == 2
    assert run(world, index, "--installs")[0] == 2
    del index.pages["market-data-free"]
    exit_code, _, said = run(world, index)
    assert exit_code == 3
    assert "'market-data-free'" in said
    (world.root / "consumers.toml").unlink()
    assert run(world, index)[0] == 2
