"""`fanout cores`: the table of Core refs in tox.ini against a package index."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv
from defusedxml.ElementTree import parse

from tests import ROOT
from tests.servers.core_index import CoreIndex, any_wheel, page
from tests.worlds.project import Project, make_python

TOX_INI = """\
# Päcks and Core refs.
[tox]
env_list = report

[cores]
default = v110 v120
core_v110 = cores/v1.1.0
core_v120 = 1.2.0
core_v1461 = 1.4.61

[cell]
deps =  {env:CORE}  \t
; no newline at the end"""
RELEASES = {"1.2.0": "a", "1.4.61": "b"}


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    made = CoreIndex()
    made.serve(RELEASES)
    yield made
    made.close()


@pytest.fixture
def tox_ini(project: Project) -> Path:
    return project.write("tox.ini", TOX_INI)


def run(project: Project, index: CoreIndex, *options: str) -> tuple[int, str, str]:
    done = project.fanout("cores", "--index", index.url, *options)
    return done.exit_code, done.stdout, done.stderr


def test_shown(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """Each Core ref is shown with its content and whether table and index have it; 1 if not."""
    index.serve({"1.2.0": "a", "1.2.1": "a"})
    exit_code, shown, said = run(project, index)
    rows = [line.split() for line in shown.splitlines()[1:]]
    digest = rows[1][2]
    assert exit_code == 1
    assert rows[0] == ["core_v110", "1.1.0", "unknown", "yes", "not", "there"]
    assert rows[1] == ["core_v120", "1.2.0", digest, "yes", "yes"]
    assert rows[2] == ["core_v121", "1.2.1", digest, "1.2.0", "missing", "yes"]
    assert rows[3] == ["core_v1461", "1.4.61", "unknown", "yes", "not", "there"]
    assert "1 releases are not in" in said
    assert tox_ini.read_bytes().decode() == TOX_INI


def test_what_is_required_is_content(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """A release that changes only what it requires is another one, and joins the default matrix."""
    index.serve(RELEASES | {"1.3.0": "a", "1.4.0": "a"})
    for version, needs in (("1.3.0", "redis"), ("1.4.0", "redis"), ("1.2.0", "")):
        told = f"Name: market-data-core\nVersion: {version}\n" + f"Requires-Dist: {needs}\n" * bool(
            needs
        )
        content = any_wheel(
            "market_data_core", version, "a", f"Metadata-Version: 2.1\n{told}".encode()
        )
        index.answers[f"/files/market_data_core-{version}-py3-none-any.whl"] = content
    index.describe()
    assert run(project, index, "--update")[0] == 0
    assert "default = v110 v120 v130 v1461\n" in tox_ini.read_text(encoding="utf-8")
    found = json.loads(run(project, index, "--format", "json")[1])
    assert [one["same_as"] for one in found] == ["", "", "", "1.3.0", ""]


def test_complete_table(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """A table that names every release ends with 0, and an update of it changes no byte."""
    tox_ini.write_text(TOX_INI.replace("v110 v120", "v110 v120 v1461"), encoding="utf-8")
    before = tox_ini.read_bytes()
    for options in ((), ("--update",)):
        assert run(project, index, *options)[0] == 0
        assert tox_ini.read_bytes() == before


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_update(project: Project, index: CoreIndex, tox_ini: Path, newline: str) -> None:
    """An update adds new releases to the table, and keeps every other byte."""
    tox_ini.write_bytes(TOX_INI.replace("\n", newline).encode())
    tox_ini.chmod(0o640)
    index.serve(RELEASES | {"1.10.0": "c", "1.3.0": "a", "1.10.1": "c", "2.0.0rc1": "d"})
    assert run(project, index, "--update")[0] == 0
    new = {"v1100": "1.10.0", "v1101": "1.10.1"}
    expected = TOX_INI.replace("v110 v120\n", "v110 v120 v1461 v1100 v1101\n")
    line = "core_v1461 = 1.4.61\n"
    added = "".join(line.replace("v1461", f).replace("1.4.61", v) for f, v in new.items())
    before = line.replace("v1461", "v130").replace("1.4.61", "1.3.0")
    expected = expected.replace(line, before + line + added)
    assert tox_ini.read_bytes().decode() == expected.replace("\n", newline)
    assert tox_ini.stat().st_mode & 0o777 == 0o640
    assert run(project, index, "--update")[0] == 0
    assert tox_ini.read_bytes().decode() == expected.replace("\n", newline)
    assert run(project, index)[0] == 0


def test_documents(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """The newest release is renewed wherever a document names it, and nothing else there is."""
    said = "tox run -e store-core_v1461; fanout check 1.4.61, or v1.4.61 against 1.2.0.\r\n"
    kept = "market-data-orchestrator ==1.4.61; core_v14610; 11.4.61; 1.4.610; 1.4.61.1\n"
    documents = [project.write(path, said + kept) for path in ("README.md", "docs/gate.md")]
    other = project.write("packs/small/README.md", said)
    index.serve(RELEASES | {"1.5.0": "c"})
    assert run(project, index, "--update")[0] == 0
    renewed = said.replace("1.4.61", "1.5.0").replace("v1461", "v150")
    for document in documents:
        assert document.read_bytes().decode() == renewed + kept
    assert other.read_bytes().decode() == said


def test_yanked(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """A yanked release is shown as such, stays in the table, and leaves the default matrix."""
    tox_ini.write_text(TOX_INI.replace("v110 v120", "v110 v120 v1461"), encoding="utf-8")
    before = tox_ini.read_text(encoding="utf-8")
    index.yanked = frozenset({"1.2.0", "1.4.61"})
    index.serve(RELEASES | {"1.3.0": "a"})
    exit_code, shown, said = run(project, index)
    assert (exit_code, shown.splitlines()[2].split()[-1]) == (1, "yanked")
    assert "does not say what is yanked" in said
    assert run(project, index, "--update")[0] == 0
    # 1.3.0 is now the first of its content that is not yanked, and the newest.
    expected = before.replace("v110 v120 v1461\n", "v110 v130\nyanked = v120 v1461\n")
    expected = expected.replace("core_v1461", "core_v130 = 1.3.0\ncore_v1461")
    assert tox_ini.read_text(encoding="utf-8") == expected
    exit_code, shown, _ = run(project, index, "--format", "json")
    assert exit_code == 0
    assert [one["version"] for one in json.loads(shown) if one["yanked"]] == ["1.2.0", "1.4.61"]
    index.yanked = frozenset()
    index.describe()
    assert run(project, index)[0] == 1
    run(project, index, "--update")
    assert "yanked" not in tox_ini.read_text(encoding="utf-8")


def test_yanked_and_gone(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """A yanked release that the index no longer serves stays yanked."""
    marked = TOX_INI.replace("v110 v120\n", "v110 v120\nyanked = v1461\n")
    tox_ini.write_text(marked, encoding="utf-8")
    index.serve({"1.2.0": "a"})
    assert run(project, index, "--update")[0] == 0
    assert tox_ini.read_text(encoding="utf-8") == marked


def test_documents_never_name_a_yanked_release(
    project: Project, index: CoreIndex, tox_ini: Path
) -> None:
    """Where the newest release is yanked, documents name the one before, and later the next."""
    document = project.write("README.md", "fanout check 1.4.61\n")
    index.yanked = frozenset({"1.4.61"})
    index.serve(RELEASES)
    run(project, index, "--update")
    assert document.read_text() == "fanout check 1.2.0\n"
    index.serve(RELEASES | {"1.4.62": "c"})
    run(project, index, "--update")
    assert document.read_text() == "fanout check 1.4.62\n"


def test_a_release_is_yanked_as_a_whole(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """A release of which one file is left is not yanked."""
    path, content = next(iter(index.answers.items()))
    index.answers[path.replace("-py3-", "-py2.py3-")] = content
    index.describe()
    page = json.loads(index.page)
    page["files"][0]["yanked"] = "built wrongly"
    index.page = json.dumps(page)
    _, shown, _ = run(project, index, "--format", "json")
    assert [one["yanked"] for one in json.loads(shown)] == [False, False, False]


def test_shared_digits(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """Versions that share their digits get factors of their own; the one in use stays."""
    index.serve({"1.46.1": "c", "14.6.1": "d", "1.4.61": "b", "1.2.0": "a"})
    run(project, index, "--update")
    text = tox_ini.read_text(encoding="utf-8")
    assert "core_v1461 = 1.4.61\n" in text
    assert "core_v1_46_1 = 1.46.1\n" in text
    assert "core_v14_6_1 = 14.6.1\n" in text
    _, shown, _ = run(project, index, "--format", "json")
    assert len({ref["factor"] for ref in json.loads(shown)}) == 5


def test_release_that_the_index_lacks(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """A release that the index no longer serves stays in the table."""
    index.serve({"1.4.61": "b", "1.5.0": "c"})
    assert run(project, index, "--update")[0] == 0
    assert "core_v120 = 1.2.0\ncore_v1461 = 1.4.61\ncore_v150 = 1.5.0\n" in tox_ini.read_text(
        encoding="utf-8"
    )


def test_own_table(project: Project, index: CoreIndex) -> None:
    """The tox.ini of this repository holds a table; an update adds to it, and only that."""
    before = (ROOT / "tox.ini").read_bytes()
    tox_ini = project.write("tox.ini", before)
    _, shown, _ = run(project, index, "--format", "json")
    known = {ref["version"]: "x" for ref in json.loads(shown) if ref["version"] != "1.1.0"}
    index.serve(known | {"9.9.9": "z"})
    assert run(project, index, "--update")[0] == 0
    added = set(tox_ini.read_bytes().splitlines()) - set(before.splitlines())
    assert b"core_v999 = 9.9.9" in added
    assert len(added) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("default = v110 v120\n", ""),
        ("[cell]\n", "[cell]\ndefault = v110\n"),
        ("= 1.2.0\n", "= 1.2.0\n# the newest one\n"),
        ("core_v1", "v1"),
    ],
    ids=["no default matrix", "two of them", "a line between", "no line"],
)
def test_broken_table(
    project: Project, index: CoreIndex, tox_ini: Path, old: str, new: str
) -> None:
    """A tox.ini whose table is not whole is refused, and left as it is."""
    assert old in TOX_INI
    tox_ini.write_text(TOX_INI.replace(old, new), encoding="utf-8")
    before = tox_ini.read_bytes()
    exit_code, shown, said = run(project, index, "--update")
    assert (exit_code, shown, tox_ini.read_bytes()) == (2, "", before)
    assert "does not hold the table of Core refs" in said


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["not there", "not UTF-8"])
def test_no_table(project: Project, index: CoreIndex, content: bytes | None) -> None:
    """A tox.ini that cannot be read is unusable input."""
    (project.root / "tox.ini").unlink()
    if content:
        project.write("tox.ini", content)
    exit_code, _, said = run(project, index, "--update")
    assert (exit_code, "cannot be read" in said) == (2, True)


def break_index(index: CoreIndex, how: str) -> None:
    path = next(iter(index.answers))
    match how:
        case "not there":
            index.close()
        case "no such project":
            index.status = 404
        case "server error":
            index.status = 500
        case "not JSON":
            index.page = "<html>sign in</html>"
        case "other JSON":
            index.page = '{"message": "sign in"}'
        case "no release":
            index.page = page([])
        case "future format":
            index.page = page([], version="2.0")
        case "wheel is not there":
            del index.answers[path]
        case "wheel with another content":
            index.answers[path] += b"."
        case "wheel is no zip":
            index.answers[path] = b"sign in"
            index.describe()
        case "wheel with a damaged file":
            start = 30 + len("market_data_core/__init__.py")
            index.answers[path] = b"\xff".join(
                (index.answers[path][:start], index.answers[path][start + 1 :])
            )
            index.describe()
        case "wheel without a hash":
            index.page = page([{"filename": path[7:], "url": path, "hashes": {}}])


BROKEN = ["not there", "no such project", "server error", "not JSON", "other JSON", "no release"]
BROKEN += ["future format", "wheel is not there", "wheel with another content", "wheel is no zip"]
BROKEN += ["wheel with a damaged file", "wheel without a hash"]


@pytest.mark.parametrize("how", BROKEN)
def test_broken_index(project: Project, index: CoreIndex, tox_ini: Path, how: str) -> None:
    """An index without a usable answer ends with 3, and leaves tox.ini as it is."""
    break_index(index, how)
    exit_code, shown, said = run(project, index, "--update")
    assert (exit_code, shown) == (3, "")
    assert "gave no usable answer for 'market-data-core'" in said
    assert "hint: " in said
    assert tox_ini.read_bytes().decode() == TOX_INI


def test_interrupted_write(project: Project, index: CoreIndex, tox_ini: Path) -> None:
    """A write that the disk has no room for leaves the old file, and is told in a line."""
    text = TOX_INI + "\n# " + "x" * 100_000
    tox_ini.write_text(text, encoding="utf-8")
    index.serve(RELEASES | {"1.5.0": "c"})
    command = [sys.executable, "-m", "fanout", "cores", "--update", "--index", index.url]
    done = subprocess.run(
        [*command, "--root", str(project.root)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert done.returncode == 2
    assert "cannot be written and is as it was: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert tox_ini.read_text(encoding="utf-8") == text
    assert list(project.root.glob("*.part")) == []


def test_digest_is_that_of_the_evidence(
    project: Project, index: CoreIndex, tox_ini: Path, tmp_path: Path
) -> None:
    """The content digest of a release is the one in the evidence of a cell that installed it."""
    python = make_python(tmp_path / "python")
    name, content = next(iter(index.answers.items()))
    file = project.write(Path(name).name, content)
    install = [uv.find_uv_bin(), "pip", "install", "--offline", "--no-deps", "--python"]
    subprocess.run([*install, str(python), str(file)], check=True, capture_output=True)
    project.promise("assert int('1')")
    project.cell(python, asked=f"market-data-core @ {file.as_uri()}")
    suite = parse(project.root / "evidence/small-core_v120.xml")
    found = suite.find(".//property[@name='digest']")
    _, shown, _ = run(project, index, "--format", "json")
    assert found is not None
    assert found.get("value") == json.loads(shown)[1]["digest"]
