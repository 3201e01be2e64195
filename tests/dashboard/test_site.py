"""The folder of the dashboard: what is written, what stays, and what is never touched."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from fanout import processes
from fanout.dashboard.build import build
from fanout.dashboard.site import LOCK, MANIFEST, Part, Written, alone, write_site
from fanout.errors import UnusableOutput
from tests.worlds.project import Project
from tests.worlds.runs import BROKEN, KEPT, cell, promise, record


def part(name: str, key: str = "1", **files: str) -> Part:
    """A part whose files are `a/<name>` unless they are given with their contents."""
    made = {path.replace("_", "/"): text.encode() for path, text in files.items()}
    return Part(f"a/{name}", key, lambda: made or {f"a/{name}": f"{name} {key}".encode()})


def broken(name: str) -> Part:
    def make() -> Mapping[str, bytes]:
        raise KeyboardInterrupt

    return Part(f"a/{name}", "1", make)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a site by its path, without its lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_only_what_changed_is_made(tmp_path: Path) -> None:
    """A part is made when it is new or its key is, and else its files stay as they are."""
    assert write_site([part("one"), part("two")], tmp_path) == Written(2, 2, 0)
    before = (tmp_path / "a/one").stat().st_ino
    assert write_site([part("one"), part("two")], tmp_path) == Written(2, 0, 0)
    assert write_site([part("one"), part("two", "2")], tmp_path) == Written(2, 1, 0)
    assert (tmp_path / "a/one").stat().st_ino == before
    assert (tmp_path / "a/two").read_bytes() == b"two 2"


def test_what_is_gone_is_removed_and_nothing_else(tmp_path: Path) -> None:
    """Files of parts that are gone are removed with their folders; a file of others stays."""
    write_site([part("one"), part("two", a_two="2", b_two="2")], tmp_path)
    (tmp_path / "CNAME").write_text("example.org")
    (tmp_path / "a/mine").write_text("mine")
    assert write_site([part("one")], tmp_path) == Written(1, 0, 2)
    assert contents(tmp_path).keys() == {MANIFEST, "CNAME", "a/mine", "a/one"}
    assert not (tmp_path / "b").exists()


def test_a_file_that_is_missing_is_made_again(tmp_path: Path) -> None:
    """A site out of which a file was deleted is whole again after the next build."""
    write_site([part("one"), part("two")], tmp_path)
    (tmp_path / "a/two").unlink()
    assert write_site([part("one"), part("two")], tmp_path).written == 1
    (tmp_path / MANIFEST).write_text('{"cut off')
    assert write_site([part("one"), part("two")], tmp_path).written == 2


def test_a_stopped_build_is_brought_to_its_end(tmp_path: Path) -> None:
    """What a stopped build had made stays made, and every other part is made by the next one."""
    whole = [part("one"), part("two"), part("three")]
    with pytest.raises(KeyboardInterrupt):
        write_site([part("one"), broken("two"), part("three")], tmp_path)
    assert write_site(whole, tmp_path).written == 2
    other = write_site(whole, tmp_path.parent / "other")
    assert other.written == 3
    assert contents(tmp_path) == contents(tmp_path.parent / "other")


def test_a_killed_build_leaves_no_page_of_another_state(tmp_path: Path) -> None:
    """After a build that died in the middle, no file passes for one of the state before it."""
    write_site([part("one"), part("two")], tmp_path)
    if (child := os.fork()) == 0:
        dying = Part("a/two", "2", lambda: os._exit(1))
        write_site([part("one", "2"), part("new", "2"), dying], tmp_path)
    os.waitpid(child, 0)
    (tmp_path / "a/.page.html.123.part").write_text("half a pa")
    assert (tmp_path / "a/one").read_bytes() == b"one 2"
    assert (tmp_path / "a/new").exists()

    write_site([part("one"), part("two")], tmp_path)

    assert contents(tmp_path).keys() == {MANIFEST, "a/one", "a/two"}
    assert (tmp_path / "a/one").read_bytes() == b"one 1"


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """A block in which no file can become larger than this, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk(tmp_path: Path) -> None:
    """A file that cannot be written whole is an error, and the one that was there stays."""
    write_site([part("one"), part("two", a_two="old")], tmp_path)
    later = [part("one", "2"), part("two", "2", a_two="new" * 1000)]
    with room_for(1500), pytest.raises(UnusableOutput, match="cannot be written: File too large"):
        write_site(later, tmp_path)
    assert contents(tmp_path).keys() == {MANIFEST, "a/one", "a/two"}
    assert (tmp_path / "a/two").read_bytes() == b"old"
    write_site(later, tmp_path)
    assert (tmp_path / "a/two").read_bytes() == b"new" * 1000


def test_a_read_only_file_is_replaced(tmp_path: Path) -> None:
    """A page is replaced, and never written to: it may be read-only, or linked to elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("elsewhere")
    site = tmp_path / "site"
    write_site([part("one"), part("two")], site)
    (site / "a/one").chmod(0o444)
    (site / "a/two").unlink()
    (site / "a/two").symlink_to(elsewhere)
    write_site([part("one", "2"), part("two", "2")], site)
    assert (site / "a/one").read_bytes() == b"one 2"
    assert (site / "a/two").read_bytes() == b"two 2"
    assert elsewhere.read_text() == "elsewhere"


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside", "a/../../outside"])  # noqa: S108
def test_a_path_that_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    """No part writes a file outside of its folder."""
    site = tmp_path / "site"
    with pytest.raises(UnusableOutput, match="outside of"):
        write_site([Part("one", "1", lambda: {path: b"1"})], site)
    assert contents(tmp_path).keys() == {f"site/{MANIFEST}"}


def test_one_build_at_a_time(tmp_path: Path) -> None:
    """A second build of the same folder says that it waits, and goes on after the first."""
    waits, goes_on = Event(), Event()

    def second() -> None:
        with alone(tmp_path, waits.set):
            goes_on.set()

    with alone(tmp_path):
        thread = Thread(target=second)
        thread.start()
        assert waits.wait(10)
        assert not goes_on.is_set()
    thread.join(10)
    assert goes_on.is_set()


def test_a_build_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second build gives up in the end, and says why."""
    monkeypatch.setattr("fanout.dashboard.site.LONGEST_WAIT", 0.1)
    with alone(tmp_path), pytest.raises(UnusableOutput, match="another build"), alone(tmp_path):
        pass


@pytest.mark.parametrize("output", ["packs", ".", "history", "history/site", "link", "link/site"])
def test_a_folder_of_something_else(project: Project, output: str) -> None:
    """No site is written over other files or among the documents: an error, and nothing changes."""
    record(project.root / "history", cell())
    project.fanout("history")
    (project.root / "link").symlink_to("history", target_is_directory=True)
    before = contents(project.root)

    done = project.fanout("dashboard", "--output", str(project.root / output))

    assert done.exit_code == 2
    assert "with --output" in done.stderr
    assert contents(project.root) == before


def test_an_empty_history_as_the_output(project: Project) -> None:
    """A site in the folder of a history without documents would be read as such: it is refused."""
    done = project.fanout("dashboard", "--output", str(project.root / "history"))
    assert done.exit_code == 2
    assert not (project.root / "history").exists()


@pytest.mark.parametrize("output", ["tox.ini", "tox.ini/site"])
def test_an_output_that_is_no_folder(project: Project, output: str) -> None:
    """A file, or a place in one, is no folder: an error without a traceback."""
    done = project.fanout("dashboard", "--output", str(project.root / output))
    assert done.exit_code == 2
    assert "tox.ini" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_behind_a_link(project: Project) -> None:
    """A folder that is a symbolic link is written to, and stays a link."""
    record(project.root / "history", cell())
    (project.root / "real").mkdir()
    (project.root / "site").symlink_to("real", target_is_directory=True)
    for _ in range(2):
        assert project.fanout("dashboard", "--output", str(project.root / "site")).exit_code == 0
    assert (project.root / "site").is_symlink()
    assert (project.root / "real/latest.json").is_file()


def test_one_more_run_is_as_if_built_from_nothing(project: Project) -> None:
    """The same documents give the same bytes, in one build or in several, in whatever order."""
    history, apart = project.root / "history", project.root / "apart"
    for day in range(4):
        turning = cell("1.2.0", BROKEN if day % 2 else KEPT, day=day)
        record(apart, turning, cell("1.3.0", day=day), day=day)
    history.mkdir()
    first, second, third, last = sorted(apart.iterdir())
    for document in (last, second, third, first):
        shutil.copy(document, history)
        assert project.fanout("dashboard").exit_code == 0
    whole = ("--history", str(apart), "--output", str(project.root / "other"))
    assert project.fanout("dashboard", *whole).exit_code == 0
    assert contents(project.root / "dashboard") == contents(project.root / "other")


def test_pages_that_other_processes_make(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages of runs that are made by several processes are those that one process makes."""
    history, sites = project.root / "history", [project.root / name for name in ("one", "many")]
    failed = promise(result=BROKEN, text="E  assert\n" * 1000)
    for day in range(6):
        record(history, cell(day=day, promises=(failed,)), day=day)
    one = build(history, sites[0], 24, lambda count, of: None)
    monkeypatch.setattr(processes, "WORTHWHILE", 0.0)
    many = build(history, sites[1], 24, lambda count, of: None)
    assert contents(sites[1]) == contents(sites[0])
    assert many == one
    assert one.written == one.files  # though every run has the text of the same failure
    assert len(list((sites[0] / "texts").iterdir())) == 1


def test_a_run_that_is_gone_again(project: Project) -> None:
    """Without a document that was copied in, the site is what it was before it."""
    history = project.root / "history"
    record(history, cell(), day=0)
    project.fanout("dashboard")
    before = contents(project.root / "dashboard")
    added = record(history, cell("1.3.0", BROKEN, day=1), cell("1.2.0", BROKEN, day=1), day=1)
    project.fanout("dashboard")
    assert contents(project.root / "dashboard") != before
    added.unlink()
    project.fanout("dashboard")
    assert contents(project.root / "dashboard") == before
