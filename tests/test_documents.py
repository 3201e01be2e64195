"""What the documents say, done as they say it; these tests need a package index."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from click import Context
from playwright.sync_api import expect, sync_playwright

from fanout.cells import tox
from fanout.cli import main
from fanout.model import CoverageAsked, Pack
from tests import ROOT, needs
from tests.browser.visitor import Visitor, launch
from tests.documents import Block, Document, read_documents
from tests.worlds.checkout import Checkout

DOCUMENTS = read_documents()
ADDRESS = "https://github.com/mjdevaccount/market-data-contracts"
NAMED = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
NEWEST = re.findall(r"^core_(v[\d_]+) = ", (ROOT / "tox.ini").read_text("utf-8"), re.MULTILINE)[-1]
FEWER_CELLS = f" --skip-env '^(?!.*_{NEWEST}$)'"
GOLDEN = "GOLDEN=write .tox/tests/bin/pytest tests/gate/test_decision.py -k golden"
# These would run this very test again, or take minutes; so much of them is run here.
SHORTER = {
    "uvx tox p": "uvx tox run -e store-core_v1461",
    "tox run -e lint,tests": "tox run -e lint,tests --notest",
    GOLDEN: f"{GOLDEN} --collect-only",
    "tox run -e cores-at-random -- --cores 200 --seed 1": "tox run -e cores-at-random -- "
    "--core docstring",
    "tox run -e consumers -- --table": "tox run -e consumers -- ibkr --table",
    "tox run -e consumers -- pipeline --table --core 1.4.22": "tox run -e consumers -- ibkr --table"
    " --core 1.4.22",
    "tox run -e bench": "tox run -e bench -x testenv:bench.commands="
    "'python -m tests.bench.history --quick'",
} | {
    command: command + FEWER_CELLS
    for command in ("tox p -m history", "tox p -m pipeline", "tox p -m alerts", "PACK=store tox p")
}
# What is neither pasted, nor written to the file that it names, nor the output of what is pasted.
EXCUSED = {
    ".github/workflows/README.md: yaml": "needs GitHub; tests/workflow/test_core_side.py runs it",
    ".github/workflows/README.md: markdown": "tests/workflow/test_core_side.py follows its links",
    "packs/README.md: toml": "expires; test_known_break reads it",
    "docs/consumers.md: console": "is what an index said on one day",
    "docs/own-ci.md: yaml": "needs GitHub; what its steps run stands above it",
    "docs/strength.md: toml": "names a mutant of one Core; tests/strength reads such a table",
}
MAY_BE_RED = re.compile(
    r"\btox p\b|-core_|-e (report|check|consumers|cores$)|fanout (report|check) \S*\d"
)
MAY_HAVE_NO_VERDICT = re.compile(r"-e report-history")
NEEDS_BROWSER = re.compile(r"-e pictures")
# Which Core is the newest, and how long a run takes, is not what a document shows.
VARIES = re.compile(r"core_v\d+|\b\d+\.\d+\.\d+\b|\b\d+ s\b")


def test_every_command_works_by_being_pasted(tmp_path: Path) -> None:
    """From nothing, with git and Python alone, each command does what its document says."""
    served = Checkout(tmp_path / "served")
    for command in (["init", "-q"], ["add", "."], [*NAMED, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=served.root, check=True)
    reader = Reader(tmp_path / "home", served)
    for document in DOCUMENTS.values():
        reader.said.clear()
        for block in document.blocks:
            reader.follow(block)
    assert reader.excuses == set(EXCUSED)


class Reader:
    """Somebody who does what the documents say, from the first block to the last."""

    def __init__(self, home: Path, checkout: Checkout) -> None:
        home.mkdir()
        self.home = home
        self.checkout = checkout
        self.variables = {
            "COLUMNS": "100",
            "PIP_NO_COMPILE": "1",  # what pip installs runs once
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{checkout.root.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": ADDRESS,
        }
        self.done: dict[str, list[str]] = {}  # what each command has printed
        self.said: list[str] = []
        self.excuses: set[str] = set()

    def follow(self, block: Block) -> None:
        if block.file:
            file = self.checkout.root / block.file
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
            self.done = {
                one: said for one, said in self.done.items() if file.parent.name not in one
            }
        elif "git clone" in block.text:
            self.start(block)
        elif block.language == "sh":
            for command in block.text.splitlines():
                self.paste(command, block)
        elif block.language == "text":
            rest = iter(self.said)
            for line in filter(None, map(shape, block.text.splitlines())):
                near = [one for one in self.said if one[:20] == line[:20]]
                assert line == "…" or line in rest, f"{block.where}: no {line!r} here, but {near}"
        else:
            excuse = f"{block.document}: {block.language}"
            assert excuse in EXCUSED, f"{block.where} is neither tested nor excused"
            self.excuses.add(excuse)

    def start(self, block: Block) -> None:
        """Paste what needs one shell for all its lines, in an empty folder."""
        done = subprocess.run(
            ["bash", "-ec", block.text],
            cwd=self.home,
            env=os.environ | self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block.where}\n{done.stdout}{done.stderr}"
        self.checkout.root = self.home / ADDRESS.rpartition("/")[2]

    def paste(self, command: str, block: Block) -> None:
        if command in self.done:
            self.said += self.done[command]
            return
        if NEEDS_BROWSER.search(command) and not needs.found("chromium"):
            return
        path = f"{self.checkout.root / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
        pasted = SHORTER.get(command, command)
        done = self.checkout.run("bash", "-c", pasted, path=path, **self.variables)

        where = f"{block.where}: {command}\n{done.stdout}"
        fine = [0]
        fine += [1] if MAY_BE_RED.search(command) else []
        fine += [3] if MAY_HAVE_NO_VERDICT.search(command) else []
        assert done.returncode in fine, where
        assert "Traceback" not in done.stdout, where
        if re.search("-e [a-z]+-core_", command):
            assert re.search(r"-core_\w+: Core \d", done.stdout), where
        if "tox p" in command:
            ran = re.search(r"^  \w+-core_\w+: (OK|FAIL|SKIP)", done.stdout, re.MULTILINE)
            assert ran or "\n↩ taken over" in done.stdout, where
        if command.endswith(("tox p", "-m candidate")):
            assert not re.search(r" cells: .*(missing|errored)", done.stdout), where
        if command == "tox p":
            self.check_matrix(done)
        self.done[command] = [*map(shape, done.stdout.splitlines())]
        self.said += self.done[command]

    def check_matrix(self, done: subprocess.CompletedProcess[str]) -> None:
        """`tox p` ends with the report, fails exactly if the report does, and leaves the site."""
        summary = re.findall(r"^(\d+) cells: (.*)$", done.stdout, re.MULTILINE)
        assert len(summary) == 1
        counts = summary[0][1].partition(" (")[0]
        outcomes = {said.split()[1] for said in counts.split(", ")}
        assert done.returncode == int(not outcomes <= {"passed", "unsupported"})
        cells = re.findall(r"^  \w+-core_v\w+: (?:OK|FAIL|SKIP)", done.stdout, re.MULTILINE)
        assert int(summary[0][0]) == len(cells)
        assert done.stdout.index(" cells: ") > done.stdout.rfind("packs/runner.py")
        page = self.checkout.root / "dashboard/index.html"
        assert done.stdout.index(f"\n{page}\n") > done.stdout.index(" cells: ")
        if needs.found("chromium"):
            follow_a_promise(page)


def shape(line: str) -> str:
    """A line of output without what differs from run to run."""
    return " ".join(VARIES.sub("*", line).split())


def follow_a_promise(file: Path) -> None:
    """The page of a real run leads from a word to the cells that it is about, and to a command."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with Visitor(browser, file.parent.as_uri()) as visitor:
            page = visitor.open()
            page.keyboard.press("/")
            page.keyboard.type("redis")
            expect(page.locator("#shown")).to_contain_text("27 of 52 cells")
            address = page.url
            page.locator("a.box").first.click()
            command = page.locator(".command code").first
            expect(command).to_have_text(re.compile(r"tox run -e [a-z]+-core_v14\d+"))
            page.goto(address)
            expect(page.locator("#shown")).to_contain_text("27 of 52 cells")
        browser.close()


def test_readme_is_an_entrance() -> None:
    """README.md has at most 150 lines."""
    assert len(DOCUMENTS["README.md"].text.splitlines()) <= 150


def test_known_break() -> None:
    """The tables of `pack.toml` that the document for packs shows are valid ones."""
    found = {block.file: block.text for block in DOCUMENTS["packs/README.md"].blocks}

    said = tomllib.loads(found["packs/alerts/pack.toml"] + toml("packs/README.md"))
    asked = CoverageAsked.model_validate(said.pop("coverage"))
    read = Pack.model_validate(said)

    assert read.consumer == "market-data-alerts"
    assert [one.of for one in read.known_breaks] == [
        "test_events.py::test_name",
        "module market_data_alerts.cli",
    ]
    assert len(asked.not_pinned) == 1


def toml(document: str) -> str:
    return "".join(
        block.text
        for block in DOCUMENTS[document].blocks
        if block.language == "toml" and not block.file
    )


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_links_lead_somewhere(document: Document) -> None:
    """Every relative link, anchor and picture is there."""
    for link in document.links:
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document.name).parent.joinpath(path) if path else ROOT / document.name
        assert target.exists(), link
        if anchor:
            name = target.resolve().relative_to(ROOT).as_posix()
            assert anchor in DOCUMENTS[name].anchors, link


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_names_exist(document: Document, names: set[str]) -> None:
    """Every env, label and command that a document names is there, or comes from its own pack."""
    files = [Path(block.file) for block in document.blocks if block.file]
    own = {file.parent.name for file in files if not (ROOT / file.parent).exists()}
    for code in document.code:
        for said in re.findall(r"\btox (?:run|p)\b.*? -[em] ([\w,-]+)", code):
            for name in said.split(","):
                assert name in names or re.split("-core_", name)[0] in own, code
        for command in re.findall(r"^fanout ([a-z]+)", code):
            assert command in main.list_commands(Context(main)), code


@pytest.fixture(scope="module")
def names() -> set[str]:
    """The envs of tox, and their labels."""
    run = tox.command("-qq", "list", "--no-desc")
    listed = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    labels = {label for env in tox.read_config(ROOT).env.values() for label in env.labels}
    return {*listed.split(), *labels}


def test_every_pack_has_an_owner() -> None:
    """`CODEOWNERS` names a team for each pack, and the documents list it."""
    owners = (ROOT / ".github/CODEOWNERS").read_text(encoding="utf-8").splitlines()
    for statement in ROOT.glob("packs/*/pack.toml"):
        pack, consumer = (
            statement.parent.name,
            tomllib.loads(statement.read_text("utf-8"))["consumer"],
        )
        assert f"/packs/{pack}/ @mjdevaccount/{consumer}" in owners
        assert f"{pack}/README.md" in DOCUMENTS["packs/README.md"].links


def test_every_room_is_described() -> None:
    """The document of the tool names every folder and module that it has at its root."""
    described = set(DOCUMENTS["src/fanout/README.md"].code)
    for path in (ROOT / "src/fanout").iterdir():
        if path.suffix == ".py" or (path / "__init__.py").is_file():
            assert path.stem in described or path.stem.startswith("__"), path
