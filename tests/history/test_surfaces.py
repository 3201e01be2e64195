"""The surfaces that a history keeps: where they come from, and which files are believed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.core.wheel import keep, wheel_digest
from fanout.history import surfaces
from fanout.history.run import LONGEST_TEXT
from fanout.history.surfaces import (
    LARGEST_SURFACE,
    MOST_NAMES,
    keep_surfaces,
    read_surface,
    surface_file,
    surface_of,
    write_surface,
)
from fanout.history.surfaces import TestedContent as Content  # pytest takes Test... for a test
from fanout.surface.change import changes
from fanout.surface.reader import surface
from fanout.surface.symbol import Surface, Symbol
from tests import ROOT
from tests.servers.core_index import CoreIndex, wheel
from tests.worlds.core_wheel import make_wheel, released

OLD, NEW = "class Event:\n    a: int\n", "class Event:\n    a: str\n"
DIGEST = "0" * 64
CLOSED = "http://127.0.0.1:9/simple/"
SMALL = Surface(
    symbols={"": Symbol(kind="module", says="module"), "A": Symbol(kind="attribute", says="1")},
    exports={"B": "A"},
)


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    server.serve({"1.2.0": OLD, "1.2.1": OLD, "1.3.0": NEW})
    yield server
    server.close()


def content(folder: Path, version: str, code: str, digest: str = "") -> Content:
    """What evidence tells of a release with this code."""
    path = folder / f"market_data_core-{version}-py3-none-any.whl"
    path.write_bytes(wheel(version, code))
    asked = f"market-data-core=={version}"
    return Content(digest or wheel_digest(path), version, "pypi", asked)


def keep_all(folder: Path, *wanted: Content, index: str) -> tuple[str, ...]:
    return keep_surfaces(folder / "history", wanted, folder, index, lambda *_: None)


def names(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "history/cores").iterdir()}


def test_releases_are_kept_once(tmp_path: Path, index: CoreIndex) -> None:
    """Each content is read once, whatever its releases, and then without the index."""
    old, same, new = (
        content(tmp_path, version, code)
        for version, code in (("1.2.0", OLD), ("1.2.1", OLD), ("1.3.0", NEW))
    )
    told: list[tuple[int, int]] = []
    history = tmp_path / "history"
    wanted = (old, same, new)
    assert old.digest == same.digest
    assert keep_surfaces(history, wanted, tmp_path, index.url, lambda *n: told.append(n)) == ()
    assert told == [(1, 2), (2, 2)]
    before, after = (read_surface(history, one.digest) for one in (old, new))
    assert before
    assert after
    assert [change.symbol for change in changes(before, after)] == ["Event.a"]
    inodes = {path: path.stat().st_ino for path in (history / "cores").iterdir()}
    assert len(inodes) == 2
    shutil.rmtree(tmp_path / ".tox")
    assert keep_all(tmp_path, *wanted, index=CLOSED) == ()
    assert {path: path.stat().st_ino for path in (history / "cores").iterdir()} == inodes


def test_real_release_comes_back_as_it_was_read(tmp_path: Path) -> None:
    """The file of a real release holds all of its surface, in less than 300 kB."""
    found = released("1.4.61")
    write_surface(tmp_path, DIGEST, found)
    assert read_surface(tmp_path, DIGEST) == found
    assert surface_file(tmp_path, DIGEST).stat().st_size < 300_000


def test_wheel_of_another_content_is_not_believed(tmp_path: Path, index: CoreIndex) -> None:
    """A release that is now something else is not kept, and that is said on one line."""
    one = content(tmp_path, "1.2.0", OLD, digest="a" * 64)
    (said,) = keep_all(tmp_path, one, index=index.url)
    assert said.startswith("Core 1.2.0, sha256:aaaaaaaaaaaa, is not read: ")
    assert "has another content" in said
    assert not (tmp_path / "history").exists()


def test_another_release_of_the_content_will_do(tmp_path: Path, index: CoreIndex) -> None:
    """Where one release cannot be had, another of the same content is taken."""
    gone, there = content(tmp_path, "1.1.9", OLD), content(tmp_path, "1.2.0", OLD)
    assert keep_all(tmp_path, gone, there, index=index.url) == ()
    assert names(tmp_path) == {there.digest}


def test_index_that_is_away_is_asked_once(tmp_path: Path, index: CoreIndex) -> None:
    """After an index that gives no answer, it is asked no more, but what is here is read."""
    asked: list[str] = []
    index.answers = Counting(asked)
    index.page = ""
    index.status = 500
    path = keep(make_wheel(tmp_path / "given", {"a.py": "A = 1"}), tmp_path)
    given = Content(wheel_digest(path), "1.0", "path", f"market-data-core @ {path.as_uri()}")
    releases = (content(tmp_path, v, v) for v in ("1.2.0", "1.2.1", "1.3.0"))
    (said,) = keep_all(tmp_path, *releases, given, index=f"{index.url}away/")
    assert "Core 1.2.0" in said
    assert "gave no usable answer" in said
    assert len(asked) == 1
    assert names(tmp_path) == {given.digest}


class Counting(dict[str, bytes]):
    """Answers nothing, and notes what was asked for."""

    def __init__(self, asked: list[str]) -> None:
        super().__init__()
        self.asked = asked

    def get(self, path: str, default: object = None) -> None:  # type: ignore[override]
        self.asked.append(path)


def test_stand_in_is_built(tmp_path: Path) -> None:
    """A stand-in of this checkout is built; as it was before it was edited, it cannot be had."""
    tree = tmp_path / "cores/v1.1.0"
    shutil.copytree(ROOT / "cores/v1.1.0", tree)
    files = {
        path.relative_to(tree / "src").as_posix(): path.read_bytes()
        for path in (tree / "src").rglob("*")
        if path.suffix in (".py", ".typed")
    }
    lines = "".join(f"{n}\0{hashlib.sha256(c).hexdigest()}\n" for n, c in sorted(files.items()))
    digest = hashlib.sha256(lines.encode()).hexdigest()
    one = Content(digest, "1.1.0", "stand-in", f"market-data-core @ {tree.as_uri()}")
    earlier, elsewhere = one._replace(digest="b" * 64), one._replace(version="9.9", digest="c" * 64)
    (said,) = keep_all(tmp_path, one, earlier, elsewhere, index=CLOSED)
    assert "bbbbbbbbbbbb" in said
    found = read_surface(tmp_path / "history", digest)
    assert found
    assert found.canonical("telemetry.FeedbackEvent") in found.symbols


@pytest.mark.parametrize(
    ("source", "asked", "version"),
    [
        ("path", "market-data-core @ file:///somewhere/core", "1.0"),
        ("path", "market-data-core @ file:///x/.tox/wheels/0123456789abcdef/gone-1-x.whl", "1.0"),
        ("path", "market-data-core @ file:///x/.tox/wheels/0123456789abcdef/../../x.whl", "1.0"),
        ("git", "market-data-core @ git+https://host/core@main", "1.0"),
        ("stand-in", "market-data-core @ file:///cores", "7.7.7"),
        ("", "", ""),
    ],
)
def test_what_has_no_place_is_left_aside(
    tmp_path: Path, source: str, asked: str, version: str
) -> None:
    """A Core that cannot be had again is no fault, and nothing is kept of it."""
    one = Content(DIGEST, version, source, asked)
    assert keep_all(tmp_path, one, index=CLOSED) == ()
    assert not (tmp_path / "history").exists()


@pytest.mark.parametrize("version", ["../../x", "1.2.0\x1b[31m\n2", "", "9" * 5000])
@pytest.mark.parametrize("source", ["pypi", "stand-in"])
def test_hostile_version_is_one_line(
    tmp_path: Path, index: CoreIndex, version: str, source: str
) -> None:
    """A version that is none, or that the index has not, is said on one short, printable line."""
    one = Content(DIGEST, version, source, "")
    said = keep_all(tmp_path, one, index=index.url)
    (line,) = said
    assert line.isprintable()
    assert len(line) <= LONGEST_TEXT


@pytest.mark.parametrize("digest", ["", "x", "../../history", "A" * 64, DIGEST + "\n", "0" * 63])
def test_hostile_digest_is_no_path(tmp_path: Path, index: CoreIndex, digest: str) -> None:
    """What is no digest names no file: it is not fetched, nor read from one that is there."""
    write_surface(tmp_path / "history", DIGEST, SMALL)
    good = surface_file(tmp_path / "history", DIGEST).read_text()
    surface_file(tmp_path / "history", digest).write_text(
        good.replace(DIGEST, json.dumps(digest)[1:-1])
    )
    one = content(tmp_path, "1.2.0", OLD)._replace(digest=digest)
    assert keep_all(tmp_path, one, index=index.url) == ()
    assert read_surface(tmp_path / "history", digest) is None
    assert not (tmp_path / ".tox").exists()


def damaged_files() -> dict[str, bytes]:
    good = {
        "schema_version": 1,
        "reader": surfaces.READER,
        "digest": DIGEST,
        "surface": SMALL.model_dump(),
    }

    def with_symbol(path: str, says: str = "1") -> dict[str, object]:
        symbols = {path: {"kind": "attribute", "says": says}}
        return good | {"surface": {"symbols": symbols, "exports": {}}}

    many = {f"a{number}": "b" for number in range(MOST_NAMES + 1)}
    wrong = {
        "newer": good | {"schema_version": 2},
        "without a version": {key: good[key] for key in good if key != "schema_version"},
        "another reader": good | {"reader": "0, Python 3.11"},
        "another content": good | {"digest": "1" * 64},
        "unknown field": good | {"colour": "red"},
        "control character": with_symbol("A", "\x1b[31m"),
        "right-to-left name": with_symbol("A\u202e"),
        "long text": with_symbol("A", "x" * (LONGEST_TEXT + 1)),
        "long name": with_symbol("A" * (LONGEST_TEXT + 1)),
        "hostile use": good
        | {
            "surface": {
                "symbols": {"A": {"kind": "class", "says": "A", "uses": ["\0"]}},
                "exports": {},
            }
        },
        "hostile export": good | {"surface": {"symbols": {}, "exports": {"a": "\u2066"}}},
        "too many names": good | {"surface": {"symbols": {}, "exports": many}},
    }
    return {name: json.dumps(said).encode() for name, said in wrong.items()} | {
        "empty": b"",
        "cut off": json.dumps(good).encode()[:-9],
        "deep": b"[" * 100_000,
        "not UTF-8": b'{"reader": "\xff"}',
        "too large": json.dumps(good).encode() + b" " * LARGEST_SURFACE,
    }


@pytest.mark.parametrize("kind", damaged_files())
def test_damaged_file_is_as_if_absent(tmp_path: Path, index: CoreIndex, kind: str) -> None:
    """What this reader would not have written is not read, and gives way to what it writes."""
    history = tmp_path / "history"
    write_surface(history, DIGEST, SMALL)
    assert read_surface(history, DIGEST) == SMALL
    surface_file(history, DIGEST).write_bytes(damaged_files()[kind])
    assert read_surface(history, DIGEST) is None
    one = content(tmp_path, "1.2.0", OLD)
    surface_file(history, one.digest).write_bytes(damaged_files()[kind])
    assert keep_all(tmp_path, one, index=index.url) == ()
    found = read_surface(history, one.digest)
    assert found
    assert "Event.a" in found.symbols


def test_what_is_no_file_is_as_if_absent(tmp_path: Path, index: CoreIndex) -> None:
    """A folder or a pipe with the name of a surface is no crash, and a pipe is not waited for."""
    history = tmp_path / "history"
    pipe, folder = content(tmp_path, "1.2.0", OLD), content(tmp_path, "1.3.0", NEW)
    surface_file(history, folder.digest).mkdir(parents=True)
    os.mkfifo(surface_file(history, pipe.digest))
    assert read_surface(history, pipe.digest) is None
    (said,) = keep_all(tmp_path, pipe, folder, index=index.url)
    assert "cannot be written" in said
    assert read_surface(history, pipe.digest)
    assert [path.name for path in (history / "cores").iterdir() if path.name[0] == "."] == []


def test_too_long_a_text_still_tells_of_a_change(tmp_path: Path) -> None:
    """Of a symbol that says too much the beginning is kept, and a change after it is still seen."""
    long = f"A = [{'1, ' * 4000}"
    for name, end in (("old", "1"), ("new", "2")):
        found = surface(make_wheel(tmp_path / name, {"a.py": f"{long}{end}]"}))
        write_surface(tmp_path / name, DIGEST, found)
    old, new = (read_surface(tmp_path / name, DIGEST) for name in ("old", "new"))
    assert old
    assert new
    assert [change.symbol for change in changes(old, new)] == ["a.A"]
    assert len(new.symbols["a.A"].says) == LONGEST_TEXT


def test_a_surface_is_as_it_is_kept(tmp_path: Path) -> None:
    """A Core that is read now is told from itself as it was kept by nothing, whatever it says."""
    path = make_wheel(tmp_path, {"a.py": f"A = [{'1, ' * 4000}1]"})
    read = surface_of(path, tmp_path / "history")
    assert read_surface(tmp_path / "history", wheel_digest(path)) == read
    assert len(read.symbols["a.A"].says) == LONGEST_TEXT


def test_hostile_wheel_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept wheel that is no zip, or with more names than any Core, is told, not a crash."""
    monkeypatch.setattr(surfaces, "MOST_NAMES", 5)
    many = {"a.py": "\n".join(f"a{number} = 1" for number in range(6))}
    wheels = [keep(make_wheel(tmp_path / "many", many), tmp_path)]
    wheels.append(keep(make_wheel(tmp_path / "broken", {}), tmp_path))
    digests = [wheel_digest(path) for path in wheels]
    wheels[1].write_bytes(b"PK\x03\x04 no zip")
    said = keep_all(
        tmp_path,
        *(
            Content(digest, "1.0", "path", f"market-data-core @ {path.as_uri()}")
            for path, digest in zip(wheels, digests, strict=True)
        ),
        index=CLOSED,
    )
    assert ["more than 5 names" in line for line in said] == [True, False]
    assert "is not a wheel" in said[1]


def test_history_that_cannot_be_written(tmp_path: Path, index: CoreIndex) -> None:
    """Where the history is a file, that is said for each Core, and the others are still tried."""
    (tmp_path / "history").write_text("")
    both = (content(tmp_path, "1.2.0", OLD), content(tmp_path, "1.3.0", NEW))
    said = keep_all(tmp_path, *both, index=index.url)
    assert ["cannot be written" in line for line in said] == [True, True]


def test_reader_has_not_changed(tmp_path: Path) -> None:
    """A Core is read as the reader's version says; one that reads otherwise needs a new version."""
    code = """
import yaml
from enum import Enum
from pydantic import BaseModel, Field

class Level(str, Enum):
    ok = "ok"

class Event(BaseModel):
    \"\"\"An event.\"\"\"
    level: Level
    size: int = Field(default=1, ge=0, description="how many")

    async def send(self, to: "Level | None" = None, *more: int) -> None:
        _check(self)

    def level_of(self) -> "Level":
        return self.level

def _check(event): ...
"""
    made = make_wheel(
        tmp_path, {"__init__.py": "from .event import Event\n", "event.py": code, "py.typed": ""}
    )
    found = surface(made)
    says = {path: symbol.says for path, symbol in found.symbols.items()}
    assert says == {
        "": "module",
        "event": "module; imports pydantic; imports yaml",
        "event.Event": "class Event(BaseModel)",
        "event.Event.level": "Level",
        "event.Event.level_of": "def level_of(self) -> Level",
        "event.Event.send": "async def send(self, to: Level | None=None, *more: int) -> None",
        "event.Event.size": "int = Field(default=1, ge=0)",
        "event.Level": "class Level(str, Enum)",
        "event.Level.ok": "'ok'",
        "file py.typed": "sha256:e3b0c44298fc",
    }
    told = json.dumps(found.model_dump(), sort_keys=True)
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == "0a66024f72ace11e"
    assert surfaces.READER.startswith("3, ")
