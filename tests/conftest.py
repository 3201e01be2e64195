"""What the tests share."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

from fanout.cells import matrix
from fanout.cells.tox import ToxConfig, read_config
from fanout.wording import number
from tests import ROOT, needs
from tests.browser.visitor import launch
from tests.servers.openapi import prism
from tests.worlds.patched_core import Workbench
from tests.worlds.project import Project, make_python

# Of what tox reads, all but these is the same for every test.
READ_BY_TOX = ("tox.ini", "toxfile.py", "consumers.toml", "pyproject.toml")
OF_ONE_TEST = re.compile("PYTEST|HISTORY")


ABSENT = pytest.StashKey[frozenset[str]]()


def pytest_configure(config: pytest.Config) -> None:
    absent = config.stash[ABSENT] = needs.missing()
    if absent and os.environ.get("CI") == "true":
        raise pytest.UsageError(
            f"there is no {', '.join(sorted(absent))}, and on CI no test is left out;"
            f" {needs.advice(absent)}"
        )
    # Where an outer tox keeps its evidence is nothing to the projects of the tests.
    for name in ("EVIDENCE", "FRESH", "SAMPLE"):
        os.environ.pop(name, None)
    # What a shell starts in the background ignores interrupts, and under `nohup` that the terminal
    # is gone, and hands that down to commands.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for a process or an index."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python in which a tiny Core 1.2.0 is installed."""
    return make_python(tmp_path_factory.mktemp("python"), "1.2.0")


# Not for the session: tests that run an event loop of their own cannot run beside it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is made once for all the processes of a run."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def workbench(shared: Path) -> Workbench:
    return Workbench(shared / "cores")


@pytest.fixture(scope="session")
def compiled_wheels(shared: Path) -> Iterator[None]:
    """A cache of uv whose wheels are compiled, so that not every env compiles them again."""
    cache = shared / "uv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CACHE_DIR", str(cache))
        with FileLock(shared / "uv.lock"):
            if not cache.exists():
                install = ["uv", "pip", "install", "--quiet", "--target", str(shared / "unused")]
                needs = ["-r", "packs/requirements.txt", "-r", "pyproject.toml", "hatchling"]
                needs.append("market-data-core")
                unused = "apprise|libcst"
                compile_all = ["compileall", "-q", "-x", unused, str(cache / "archive-v0")]
                for module in ([*install, *needs], compile_all):
                    subprocess.run([sys.executable, "-m", *module], cwd=ROOT, check=True)
        yield


@pytest.fixture(scope="session")
def described_github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that knows what GitHub takes, and refuses everything else."""
    with prism(tmp_path_factory.mktemp("prism")) as address:
        yield address


@pytest.fixture(scope="session")
def answers_of_tox() -> dict[object, str]:
    return {}


@pytest.fixture(autouse=True)
def one_question_to_tox(monkeypatch: pytest.MonkeyPatch, answers_of_tox: dict[object, str]) -> None:
    """tox is asked once what it makes of equal files in an equal environment."""

    def read(root: Path) -> ToxConfig:
        files = [root / name for name in READ_BY_TOX]
        files += sorted((root / "matrix").glob("*.py"))
        content = [file.read_bytes() if file.is_file() else None for file in files]
        environment = {k: v for k, v in os.environ.items() if not OF_ONE_TEST.match(k)}
        folders = ("cores", "packs")
        there = [str(path) for name in folders for path in sorted((root / name).glob("*"))]
        there = [path.removeprefix(str(root)) for path in there]
        asked = (*content, *there, *sorted(environment.items()))
        if asked not in answers_of_tox:
            answer = read_config(root).model_dump_json()
            answers_of_tox[asked] = answer.replace(str(root), "{root}")
        return ToxConfig.model_validate_json(answers_of_tox[asked].replace("{root}", str(root)))

    monkeypatch.setattr(matrix, "read_config", read)


def needed(item: pytest.Item) -> frozenset[str]:
    """The programs that a test needs: Chromium for a browser."""
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return frozenset({"chromium"} if "browser" in fixtures else ())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = config.stash[ABSENT]
    for item in items:
        if lacking := needed(item) & absent:
            reason = needs.NOT_RUN + ", ".join(sorted(lacking))
            item.add_marker(pytest.mark.skip(reason=reason))
    # The one test that takes minutes starts first, so that the others run beside it.
    items.sort(key=lambda item: item.path.name != "test_documents.py")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    left_out = [reason for reason in skipped if needs.NOT_RUN in reason]
    if absent := [name for name in needs.PROGRAMS if any(name in reason for reason in left_out)]:
        said = f"{number(len(left_out), 'test')} not run: there is no {', '.join(absent)}"
        terminalreporter.write_line(f"{said}; {needs.advice(absent)}", yellow=True)
