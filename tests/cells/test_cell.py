"""A cell: each promise's result, and evidence in every case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.worlds.project import PACK_TOML, Project, make_python

KEPT = "test_kept.py::test_kept"
KNOWN = """\
[[known_breaks]]
core = "CORE"
test = "test_kept.py::test_kept"
reason = "renamed"
link = "https://example.org/1"
expires = 9999-12-31
"""


def run_all(project: Project, python: Path, expected: Mapping[str, tuple[str, str]]) -> None:
    """Run the pack, whose files `test_p0.py` and on stand for the keys, and compare outcomes."""
    assert project.cell(python).returncode != 0
    found = project.outcomes()
    names = [f"test_p{number}.py::test_p{number}" for number in range(len(expected))]
    assert dict(zip(expected, map(found.get, names), strict=True)) == expected
    assert len(found) == len(expected)


def test_failed_or_errored(project: Project, tmp_path: Path) -> None:
    """What Core lacks is failed; what else stops a promise, a skip too, is errored."""
    expected = {
        "from market_data_core import Gone": ("failure", "ImportError"),
        "import market_data_core.gone": ("failure", "ModuleNotFoundError"),
        "import market_data_core; market_data_core.Gone": ("failure", "AttributeError"),
        "from market_data_core import A; A().gone": ("failure", "AttributeError"),
        "assert 1 == 2": ("failure", "AssertionError"),
        "raise RuntimeError": ("failure", "RuntimeError"),
        "import pandas_not_there": ("error", "ModuleNotFoundError"),
        "open('/not/there')": ("error", "FileNotFoundError"),
        "pytest.skip('later')": ("error", "skipped"),
        "pytest.importorskip('pandas_not_there')": ("error", "skipped"),
        "pytest.xfail('some day')": ("error", "skipped"),
        # What Core raises may be raised from itself.
        "from market_data_core import own; own()": ("failure", "ValueError"),
        "error = ValueError(); raise error from error": ("failure", "ValueError"),
        "a = OSError(2, ''); b = ValueError(); b.__cause__ = a; raise a from b": (
            "error",
            "FileNotFoundError",
        ),
    }
    for number, body in enumerate(expected):
        project.promise(body, name=f"p{number}")
    code = "class A: pass\ndef own():\n    error = ValueError()\n    raise error from error"
    run_all(project, make_python(tmp_path / "python", "1.2.0", code=code), expected)


def test_what_pytest_stumbles_over(project: Project, tmp_path: Path) -> None:
    """A Core that closes what pytest writes to breaks no promise: there is no verdict."""
    project.promise("import market_data_core as core; core.close()")
    code = "import sys\ndef close(): sys.stdout.close(); sys.stderr.close()"
    assert project.cell(make_python(tmp_path / "python", "1.2.0", code=code)).returncode != 0
    assert project.outcomes()[KEPT][0] == "error"


def test_what_stops_the_loop(project: Project, tmp_path: Path) -> None:
    """A Core that stops the event loop of a promise breaks it; what pytest cannot run does not."""
    code = (
        "import asyncio\n"
        "async def publish():\n    asyncio.get_running_loop().stop()\n    await asyncio.sleep(9)"
    )
    project.write(
        "packs/small/test_kept.py",
        "import pytest\nfrom market_data_core import publish\n\n"
        '@pytest.mark.contract("Event")\nasync def test_kept():\n    """An event is sent."""\n'
        "    await publish()\n",
    )
    project.promise("async def wrong(): return 1\n    return wrong()", name="unawaited")
    assert project.cell(make_python(tmp_path / "python", "1.2.0", code=code)).returncode != 0
    assert project.outcomes() == {
        KEPT: ("failure", "RuntimeError"),
        "test_unawaited.py::test_unawaited": ("error", "Failed"),
    }


@pytest.mark.parametrize("code", ["import redis_not_there", "open('/not/there')"])
def test_core_that_cannot_be_imported(project: Project, tmp_path: Path, code: str) -> None:
    """What Core itself raises while it is imported is failed, in every promise that needs it."""
    for name in ("kept", "other"):
        project.promise("import market_data_core", name=name)
    project.cell(make_python(tmp_path / "python", "1.2.0", code=code))
    assert {tag for tag, _ in project.outcomes().values()} == {"failure"}
    assert len(project.outcomes()) == 2


@pytest.mark.parametrize(
    ("code", "line", "tag"),
    [
        ("", "from market_data_core import Gone", "failure"),
        ("import redis_not_there", "import market_data_core", "failure"),
        ("", "import pandas_not_there", "error"),
        ("", "this is no Python", "error"),
        ("", "pytest.skip('later', allow_module_level=True)", "error"),
    ],
)
def test_collection_fails(project: Project, tmp_path: Path, code: str, line: str, tag: str) -> None:
    """A file that cannot be imported is failed or errored, and hides no promise of another file."""
    project.promise("assert int('1')")
    project.write("packs/small/test_broken.py", f"import pytest\n{line}\n")
    done = project.cell(make_python(tmp_path / "python", "1.2.0", code=code))
    found = project.outcomes()
    assert done.returncode != 0
    assert found.pop(KEPT) == ("kept", "")
    assert [found[name][0] for name in found] == [tag]


def test_marks_are_no_way_out(project: Project, python: Path) -> None:
    """A broken promise that is marked as skipped or as expected to fail is errored."""
    marks = ("skip", "skipif(True, reason='later')", "xfail", "xfail(strict=True)")
    for number, mark in enumerate(marks):
        project.promise("assert False", name=f"p{number}", marks=f"@pytest.mark.{mark}")
    run_all(project, python, dict.fromkeys(marks, ("error", "malformed")))


def test_strict_xfail_that_passes(project: Project, python: Path) -> None:
    """The evidence of a run that did not end with 0 is not all green."""
    project.promise("assert int('1')", marks="@pytest.mark.xfail(strict=True)")
    assert project.cell(python).returncode == 1
    assert project.outcomes()[KEPT][0] == "error"


def test_fixtures(project: Project, python: Path) -> None:
    """What goes wrong before or after a promise's own lines counts as well."""
    expected = {
        "assert False; yield": ("failure", "AssertionError"),
        "yield; assert False": ("failure", "AssertionError"),
        "yield; open('/not/there')": ("error", "FileNotFoundError"),
        "": ("error", "FixtureLookupError"),
    }
    for number, body in enumerate(expected):
        above = f"@pytest.fixture\ndef queue():\n    {body}\n" if body else ""
        marks = "@pytest.mark.usefixtures('queue')"
        project.promise("assert int('1')", name=f"p{number}", marks=marks, above=above)
    run_all(project, python, expected)


@pytest.mark.parametrize("option", ["-kother", "--deselect=packs/small/test_kept.py::test_kept"])
def test_deselected(project: Project, python: Path, option: str) -> None:
    """A promise that is deselected is errored, while the others are judged."""
    project.promise("assert int('1')")
    project.promise("assert int('1')", name="other")
    assert project.cell(python, "small-core_v120", option).returncode == 1
    assert project.outcomes()[KEPT] == ("error", "deselected")
    assert project.outcomes()["test_other.py::test_other"] == ("kept", "")


def test_stopped_early(project: Project, python: Path) -> None:
    """A promise that did not run because an earlier one stopped the run is errored."""
    project.promise("assert False", name="first")
    project.promise("assert int('1')")
    assert project.cell(python, "small-core_v120", "-x").returncode == 1
    assert project.outcomes()[KEPT] == ("error", "unfinished")


def test_malformed(project: Project, python: Path) -> None:
    """A promise without a docstring or a contract marker, or with a wrong one, is errored."""
    says = "    'An event has a source.'\n"
    texts = (
        f"def test_p0():\n{says}",
        f"@pytest.mark.contract()\ndef test_p1():\n{says}",
        f"@pytest.mark.contract('Event', core='1.x')\ndef test_p2():\n{says}",
        "@pytest.mark.contract('Event')\ndef test_p3():\n    assert int('1')\n",
    )
    for number, text in enumerate(texts):
        project.write(f"packs/small/test_p{number}.py", f"import pytest\n\n{text}")
    run_all(project, python, dict.fromkeys(texts, ("error", "malformed")))


@pytest.mark.parametrize(
    ("core", "body", "returncode", "expected"),
    [
        (">=1.2", "assert False", 0, {KEPT: ("skipped", "known-break")}),
        (">=1.3", "assert False", 1, {KEPT: ("failure", "AssertionError")}),
        (">=1.2", "assert int('1')", 1, {KEPT: ("error", "known-break-kept")}),
        (">=1.3", "assert int('1')", 0, {KEPT: ("kept", "")}),
        (">=1.2", "open('/not/there')", 1, {KEPT: ("error", "FileNotFoundError")}),
    ],
)
def test_known_break(
    project: Project,
    python: Path,
    core: str,
    body: str,
    returncode: int,
    expected: dict[str, tuple[str, str]],
) -> None:
    """A known break excuses what is broken in its range; one that holds there is errored."""
    project.write("packs/small/pack.toml", PACK_TOML + KNOWN.replace("CORE", core))
    project.promise(body)
    assert project.cell(python).returncode == returncode
    assert project.outcomes() == expected


def test_known_break_of_no_promise(project: Project, python: Path) -> None:
    """A known break that matches no promise of the pack is errored, by name."""
    known = KNOWN.replace("CORE", "").replace("::test_kept", "::test_renamed")
    project.write("packs/small/pack.toml", PACK_TOML + known)
    project.promise("assert int('1')")
    done = project.cell(python)
    assert done.returncode == 1
    entry = "pack.toml: known break of test_kept.py::test_renamed"
    assert project.outcomes() == {KEPT: ("kept", ""), entry: ("error", "unmatched")}
    assert entry in done.stdout


@pytest.mark.parametrize("core", [">=1.3", ""])
def test_no_promise_is_judged(project: Project, python: Path, core: str) -> None:
    """A pack without promises, or with none that applies, is errored."""
    if core:
        project.promise("assert int('1')", contract=f'"Event", core="{core}"')
    assert project.cell(python).returncode != 0
    assert project.outcomes()["run"] == ("error", "no-promises")


@pytest.mark.parametrize(
    "body", ["import os; os._exit(0)", "pytest.exit('enough', 0)", "raise KeyboardInterrupt"]
)
def test_killed(project: Project, python: Path, body: str) -> None:
    """A run that ends in its middle leaves evidence, in which nothing is kept by mistake."""
    project.promise("assert int('1')", name="first")
    project.promise(body)
    project.evidence("small-core_v120")
    assert project.cell(python).returncode == 1
    found = project.outcomes()
    assert (found["test_first.py::test_first"][0], found[KEPT][0]) == ("kept", "error")
    assert project.fanout("report").exit_code == 3


def test_evidence_cannot_be_written(project: Project, python: Path) -> None:
    """A cell that cannot write its evidence does not end with 0."""
    project.promise("assert int('1')")
    project.write("evidence", "in the way")
    done = project.cell(python)
    assert done.returncode != 0


def test_broken_outside_the_supported_range(project: Project, python: Path) -> None:
    """What breaks on a Core that the pack does not support is recorded, and ends with 0."""
    project.write("packs/small/pack.toml", PACK_TOML.replace(">=1.1,<2", ">=1.3"))
    project.promise("assert False")
    assert project.cell(python).returncode == 0
    assert project.outcomes() == {KEPT: ("failure", "AssertionError")}


@pytest.mark.parametrize(
    "marker", ["'Event', core=1.2", "'Event', since='>=1.2'", "['Event']", "'', core='>=1.2'"]
)
def test_marker_that_says_nothing_usable(project: Project, python: Path, marker: str) -> None:
    """A mistake in a marker is the error of that promise; the others are judged."""
    project.promise("assert int('1')", contract=marker, name="marked")
    project.promise("assert int('1')")
    done = project.cell(python)
    assert done.returncode == 1
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert project.outcomes() == {
        "test_marked.py::test_marked": ("error", "malformed"),
        KEPT: ("kept", ""),
    }


def test_failing_subtest(project: Project, python: Path) -> None:
    """A promise that fails in a part of its test is broken, whatever its end says."""
    project.write(
        "packs/small/test_parts.py",
        "import pytest\n\n@pytest.mark.contract('Event')\ndef test_parts(subtests):\n"
        '    """An event has parts."""\n    with subtests.test():\n        assert 1 == 2\n',
    )
    assert project.cell(python).returncode == 1
    assert project.outcomes() == {"test_parts.py::test_parts": ("failure", "AssertionError")}


def test_stopped_after_a_part_that_holds(project: Project, python: Path) -> None:
    """A promise whose test was stopped is not kept, whatever a part of it has shown."""
    project.write(
        "packs/small/test_parts.py",
        "import pytest\n\n@pytest.mark.contract('Event')\ndef test_parts(subtests):\n"
        '    """An event has parts."""\n    with subtests.test():\n        pass\n'
        "    pytest.exit('enough', 0)\n",
    )
    project.cell(python)
    assert project.outcomes() == {"test_parts.py::test_parts": ("error", "unfinished")}


@pytest.mark.parametrize(
    ("body", "teardown", "expected"),
    [
        ("assert False", "open('/not/there')", ("error", "teardown")),
        ("assert False", "market_data_core.close()", ("skipped", "known-break")),
        ("assert False", "assert False", ("skipped", "known-break")),
        ("assert int('1')", "market_data_core.close()", ("skipped", "known-break")),
        ("assert int('1')", "assert False", ("skipped", "known-break")),
        ("assert int('1')", "open('/not/there')", ("error", "FileNotFoundError")),
        ("assert int('1')", "pass", ("error", "known-break-kept")),
    ],
)
def test_known_break_and_its_teardown(
    project: Project, tmp_path: Path, body: str, teardown: str, expected: tuple[str, str]
) -> None:
    """A known break excuses what Core breaks, also after the promise, and no error of the pack."""
    project.write("packs/small/pack.toml", PACK_TOML + KNOWN.replace("CORE", ">=1"))
    fixture = f"@pytest.fixture\ndef bus():\n    yield\n    {teardown}\n"
    above = f"import market_data_core\n{fixture}"
    project.promise(body, above=above, marks="@pytest.mark.usefixtures('bus')")
    python = make_python(tmp_path / "python", "1.2.0", code="def close(): raise RuntimeError")
    assert project.cell(python).returncode == (expected[0] == "error")
    assert project.outcomes() == {KEPT: expected}


def test_equal_names_in_two_folders(project: Project, python: Path) -> None:
    """Promises of equal names in two folders of a pack are two, and the broken one shows."""
    for folder, body in (("a", "assert False"), ("b", "assert int('1')")):
        project.promise(body, name="kept")
        file = project.root / "packs/small/test_kept.py"
        project.write(f"packs/small/{folder}/__init__.py", "")
        file.rename(project.root / f"packs/small/{folder}/test_kept.py")
    assert project.cell(python).returncode == 1
    assert project.outcomes() == {
        "a/test_kept.py::test_kept": ("failure", "AssertionError"),
        "b/test_kept.py::test_kept": ("kept", ""),
    }
