"""The last line of tox: what was found, why, and where the page is."""

from __future__ import annotations

import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from matrix.answer import print_answer
from tests.worlds.checkout import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, compiled_wheels: None) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (("report,dashboard",), "unknown: 52 of 52 cells without a verdict (dashboard/index.html)"),
        (("check", "--", "nowhere"), "error: 'nowhere' is no version, and no folder"),
        (("check", "--", "--wrong"), "unknown: this run ended without an answer"),
        (("history",), "  congratulations :) "),
    ],
)
def test_tox_ends_with_the_answer(
    checkout: Checkout, arguments: tuple[str, ...], last: str
) -> None:
    """What report, check or gate found is said after all that tox says, and where the page is."""
    lines = checkout.tox("run", "-e", *arguments).stdout.splitlines()
    assert lines[-1].startswith(last)
    assert [line for line in lines[:-1] if line.startswith("  evaluation failed")] or "cong" in last
    assert not [line for line in lines if line.startswith("ROOT")]


def test_commands_at_once_make_their_env_anew_once(checkout: Checkout) -> None:
    """With `-r` no command removes the env in which another one runs, and all are fresh."""
    made = checkout.tox("run", "--notest", "-e", "gate")
    assert made.returncode == 0, made.stdout
    said = checkout.tox("p", "--parallel-no-spinner", "-r", "-e", "gate,history").stdout
    assert said.count("remove tox env folder") == 1
    assert "ModuleNotFoundError" not in said
    assert "FRESH" in checkout.tox("config", "-e", "check", "-k", "pass_env").stdout.split()


def test_the_gravest_answer_is_the_last_line(tmp_path: Path) -> None:
    """Of two answers in one run the green one hides no other, whichever came later."""
    file = tmp_path / "answers"
    file.write_text("hold: 3 promises are broken\n/site/index.html\nrelease: nothing is broken\n")
    said = StringIO()
    print_answer(file, True, said, False)
    assert said.getvalue().startswith("hold: 3 promises are broken (")


def test_check_ends_with_the_page_of_its_run(checkout: Checkout) -> None:
    """`check` builds the dashboard, and ends with the answer and the page of this very run."""
    asked = ("1.2.11", "--baseline", "1.2.9", "--pack", "store", "--fast")
    last = checkout.tox("run", "-e", "check", "--", *asked).stdout.splitlines()[-1]
    assert last.startswith("release: Core 1.2.11 breaks no promise")
    page = last.rpartition("(")[2].removesuffix(")")
    assert page.startswith("dashboard/runs/")
    assert "1.2.11" in (checkout.root / page).read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal elsewhere")
def test_a_run_that_is_interrupted_says_so_last(checkout: Checkout) -> None:
    """After Ctrl-C the last line is that there is no answer, though a report was to come."""
    command = [sys.executable, "-m", "tox", "run-parallel", "-e", "store-core_v120,report"]
    with subprocess.Popen(command, cwd=checkout.root, stdout=subprocess.PIPE, text=True) as tox:
        assert tox.stdout
        tox.stdout.read(1)
        tox.send_signal(signal.SIGINT)
        last = tox.stdout.read().splitlines()[-1]
    assert last.startswith("unknown: ")


def test_one_of_many_red_cells_prints_a_line_for_each_broken_promise(checkout: Checkout) -> None:
    """A red cell in a matrix names what is broken; alone it shows the traceback as well."""
    promise = checkout.root / "packs/store/test_broken.py"
    promise.write_text(
        "import pytest\n\n\n"
        '@pytest.mark.contract("telemetry.FeedbackEvent")\n'
        "def test_broken() -> None:\n"
        '    """An event flies."""\n'
        "    from market_data_core.telemetry import fly\n\n"
        "    assert fly\n"
    )
    try:
        many = checkout.tox("p", "-e", "store-core_v120,store-core_v128").stdout
        kept = (checkout.root / "evidence/store-core_v120.xml").read_text()
        alone = checkout.tox("run", "-e", "store-core_v120").stdout
    finally:
        promise.unlink()
    said = "broken promise: An event flies. (test_broken.py::test_broken)"
    assert [many.count(said), alone.count(said)] == [2, 1]
    assert ["cannot import name" in text for text in (many, alone, kept)] == [False, True, True]
