"""A small project like this repository, for one test: packs, Core refs, cells and evidence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from click.testing import CliRunner, Result
from defusedxml.ElementTree import parse

from fanout.cells.packs import pack_digest
from fanout.cli import main
from tests import ROOT

PACK_TOML = """\
consumer = "market-data-small"
release = "0.1.0"
owner = "small team"
supports = ">=1.1,<2"
"""
TOX_INI = """\
[tox]
env_list = {small,other}-core_{v110,v120}
[testenv:{small,other}-core_{v110,v120,v130,candidate}]
skip_install = true
labels = !core_candidate: history
set_env = CORE = market-data-core
[pytest]
addopts = --strict-markers --strict-config
"""


@dataclass(frozen=True)
class Case:
    """One `testcase` of evidence: `tag` and `type` are its JUnit element, kept without them."""

    name: str = "test_event.py::test_kept"
    tag: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    says: str = "An event has a source."
    properties: dict[str, str] = field(default_factory=dict)


class Project:
    """The folder of a `tox.ini` and `packs/`, with what runs on them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("tox.ini", TOX_INI)
        self.write("packs/small/pack.toml", PACK_TOML)
        self.write("packs/other/pack.toml", PACK_TOML.replace("small", "other"))
        for file in (ROOT / "packs").glob("*.py"):
            shutil.copy(file, root / "packs")

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def promise(
        self,
        body: str,
        *,
        name: str = "kept",
        contract: str = '"Event"',
        marks: str = "",
        above: str = "",
    ) -> None:
        """Give the pack `small` a file with one promise."""
        self.write(
            f"packs/small/test_{name}.py",
            f"import pytest\n\n{above}\n{marks}\n@pytest.mark.contract({contract})\n"
            f'def test_{name}():\n    """An event has a source."""\n    {body}\n',
        )

    def evidence(self, cell: str, *cases: Case, **said: str) -> Path:
        """Write evidence as a cell would, of these cases, with these properties of the suite."""
        properties = {"cell": cell, "asked": "market-data-core", "source": "pypi"}
        properties |= {"version": "1.2.0", "supports": ">=1.1,<2"}
        properties["pack-digest"] = pack_digest(self.root / "packs" / cell.partition("-")[0])
        properties |= said
        tags = [case.tag for case in cases]
        counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
        suite = ElementTree.Element("testsuite", timestamp="2025-01-31T12:00:00+00:00", time="0.1")
        suite.set("tests", str(len(cases)))
        for attribute, tag in counts.items():
            suite.set(attribute, str(tags.count(tag)))
        add_properties(suite, properties)
        for case in cases:
            element = ElementTree.SubElement(suite, "testcase", name=case.name, time="0.01")
            add_properties(element, {"promise": case.says, "contract": "Event"} | case.properties)
            if case.tag:
                attributes = {"type": case.type, "message": case.message}
                ElementTree.SubElement(element, case.tag, attributes).text = case.text
        root = ElementTree.Element("testsuites")
        root.append(suite)
        return self.write(f"evidence/{cell}.xml", ElementTree.tostring(root, "utf-8"))

    def fanout(self, command: str, *options: str, columns: int = 100) -> Result:
        """Run `fanout` on this project; an exception that it lets out fails the test."""
        arguments = [command, "--root", str(self.root), *options]
        if command == "report":
            (self.root / "evidence").mkdir(exist_ok=True)
            arguments += ["--evidence", str(self.root / "evidence")]
        # A cell of an outer tox may have left its own evidence elsewhere.
        outside = {"COLUMNS": str(columns), "EVIDENCE": None}
        result = CliRunner().invoke(main, arguments, env=outside)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def cell(
        self,
        python: Path,
        name: str = "small-core_v120",
        *options: str,
        asked: str = "market-data-core",
        path: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run a cell in a Python made by `make_python`, as tox would."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHON"))}
        command = [str(python), "-ES", "packs/runner.py", f"--cell={name}", f"--core={asked}"]
        return subprocess.run(
            [*command, "--evidence=evidence", *options],
            cwd=self.root,
            env=clean | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    def outcomes(self, cell: str = "small-core_v120") -> dict[str, tuple[str, str]]:
        """Each case of a cell's evidence by name, with its JUnit element and that one's type."""
        found = {}
        for case in parse(self.root / f"evidence/{cell}.xml").iter("testcase"):
            outcome = next((child for child in case if child.tag != "properties"), None)
            said = ("kept", "") if outcome is None else (outcome.tag, outcome.get("type", ""))
            found[case.attrib["name"]] = said
        return found


def add_properties(parent: ElementTree.Element, properties: dict[str, str]) -> None:
    element = ElementTree.SubElement(parent, "properties")
    for name, value in properties.items():
        ElementTree.SubElement(element, "property", name=name, value=value)


def make_python(
    folder: Path, version: str = "", *, code: str = "", modules: Mapping[str, str] | None = None
) -> Path:
    """A Python with the pytest that runs this test, and with a tiny Core if a version is given."""
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    (site / "pytest.pth").write_text(sysconfig.get_path("purelib"))
    if version:
        make_core(site, version, code, modules or {})
    return folder / "bin" / Path(sys.executable).name


def make_core(site: Path, version: str, code: str, modules: Mapping[str, str]) -> None:
    """A tiny `market-data-core` in a folder, as an installer would leave it."""
    files = {
        "market_data_core/__init__.py": code,
        **{f"market_data_core/{name}.py": text for name, text in modules.items()},
        f"market_data_core-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: market-data-core\nVersion: {version}\n"
        ),
    }
    files[f"market_data_core-{version}.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    for name, content in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(content)
