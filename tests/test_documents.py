"""The README's commands, run by being pasted; these tests need a package index."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fanout.model import Pack
from tests import ROOT
from tests.browser.visitor import Visitor
from tests.worlds.checkout import Checkout

pytestmark = pytest.mark.usefixtures("compiled_wheels")
README = (ROOT / "README.md").read_text(encoding="utf-8")
# These would run this very test again, or take minutes; so much of them is run here.
SHORTER = {
    "tox run -e lint,tests": "tox run -e lint,tests --notest",
    "tox run -e bench": "tox run -e bench -x testenv:bench.commands="
    "'python -m tests.bench.cells --quick --runs 1'",
    "tox p -m history": "tox p -m history --skip-env '^(?!.*_v1460$)'",
}
MAY_FIND_BROKEN_PROMISES = re.compile(r"tox p|-e report|_candidate|-e check")
MAY_HAVE_NO_VERDICT = re.compile(r"-e report-history")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", README, re.MULTILINE | re.DOTALL)


def test_every_command_works_by_being_pasted(tmp_path: Path, browser: Browser) -> None:
    """In a clone, with Python alone, each command of the README does what it says."""
    checkout = Checkout(tmp_path / "clone")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "python"], check=True)
    # What pip installs runs once, so that most of it need not be compiled.
    variables = {"PIP_NO_COMPILE": "1"}
    path = f"{tmp_path / 'python/bin'}{os.pathsep}{os.environ['PATH']}"
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) > 10

    for command in commands:
        done = checkout.run("bash", "-c", SHORTER.get(command, command), path=path, **variables)

        fine = [0]
        fine += [1] if MAY_FIND_BROKEN_PROMISES.search(command) else []
        fine += [3] if MAY_HAVE_NO_VERDICT.search(command) else []
        assert done.returncode in fine, f"{command}\n{done.stdout}"
        assert "Traceback" not in done.stdout, f"{command}\n{done.stdout}"
        if re.search("tox run -e [a-z]+-core_", command):
            assert re.search(r"-core_\w+: Core \d", done.stdout), f"{command}\n{done.stdout}"
        if command.endswith(("tox p", "-m candidate")):
            assert not re.search(r" cells: .*(missing|errored)", done.stdout), done.stdout
        if command == "tox p":
            check_matrix(done)
            page = checkout.root / "dashboard/index.html"
            assert page.is_file()
            assert done.stdout.index(f"\n{page}\n") > done.stdout.index(" cells: ")
            follow_a_promise(browser, page)


def follow_a_promise(browser: Browser, file: Path) -> None:
    """The page of a real run leads from a word to the cells that it is about, and to a command."""
    with Visitor(browser, file.parent.as_uri()) as visitor:
        page = visitor.open()
        page.keyboard.press("/")
        page.keyboard.type("redis")
        expect(page.locator("#shown")).to_contain_text("24 of 216 cells")
        address = page.url
        page.locator("a.box.failed").first.click()
        command = page.locator(".command code").first
        expect(command).to_have_text(re.compile(r"tox run -e pipeline-core_v14\d+"))
        page.goto(address)
        expect(page.locator("#shown")).to_contain_text("24 of 216 cells")


def check_matrix(done: subprocess.CompletedProcess[str]) -> None:
    """`tox p` ends with the report, and fails exactly if the report does."""
    summary = re.findall(r"^(\d+) cells: (.*)$", done.stdout, re.MULTILINE)
    assert len(summary) == 1
    outcomes = {said.split()[1] for said in summary[0][1].split(", ")}
    assert done.returncode == int(not outcomes <= {"passed", "unsupported"})
    cells = re.findall(r"^  \w+-core_v\w+: (?:OK|FAIL)", done.stdout, re.MULTILINE)
    assert int(summary[0][0]) == len(cells)
    assert done.stdout.index(" cells: ") > done.stdout.rindex("commands[0]> pytest")


def test_the_promise_of_the_readme_is_one(tmp_path: Path) -> None:
    """The test that the README shows runs as a part of a pack."""
    checkout = Checkout(tmp_path)
    (example,) = blocks("python")
    test = checkout.root / "packs/store/test_readme.py"
    test.write_text(example, encoding="utf-8")

    done = checkout.tox("run", "-e", "store-core_v110", "--", "-rA")

    assert "packs/store/test_readme.py::test_unknown_fields_are_ignored" in done.stdout
    assert done.returncode == 0


def test_the_pack_of_the_readme_is_one() -> None:
    """The two pieces of `pack.toml` that the README shows make a valid one."""
    known_break, pack = blocks("toml")

    read = Pack.model_validate(tomllib.loads(pack + known_break))

    assert read.consumer == "market-data-ibkr"
    assert len(read.known_breaks) == 1


def test_a_pack_is_added_as_the_readme_says(tmp_path: Path) -> None:
    """With the README's `pack.toml` and the lines it names in `tox.ini`, a new pack is a cell."""
    checkout = Checkout(tmp_path)
    (example,), (_, statement) = blocks("python"), blocks("toml")
    pack = checkout.root / "packs/ibkr"
    pack.mkdir()
    (pack / "test_feedback.py").write_text(example, encoding="utf-8")
    (pack / "pack.toml").write_text(statement, encoding="utf-8")
    tox_ini = checkout.root / "tox.ini"
    said = tox_ini.read_text(encoding="utf-8")
    said = said.replace("{pipeline,store,orchestrator}", "{pipeline,store,orchestrator,ibkr}")
    said = said.replace(
        "    store: PACK = store\n", "    store: PACK = store\n    ibkr: PACK = ibkr\n"
    )
    said = said.replace("    store: store\n", "    store: store\n    ibkr: ibkr\n")
    tox_ini.write_text(said, encoding="utf-8")

    listed = checkout.tox("list", "--no-desc", GITHUB_ACTIONS="true", PACK="ibkr").stdout
    done = checkout.tox("run", "-e", "ibkr-core_v1461")

    assert listed.index("ibkr-core_v110") < listed.index("pipeline-core_v110")
    assert done.returncode == 0, done.stdout
    assert "ibkr-core_v1461: Core 1.4.61 from pypi" in done.stdout
