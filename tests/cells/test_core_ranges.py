"""Which Core is in a range: a cell and the tool say so with code of their own, and must agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fanout.model import in_range
from tests import ROOT
from tests.worlds.project import Project

BY_THE_PACKS = """
import json, sys
from pack import holds
print(json.dumps([holds(text, version) for text, version in json.load(sys.stdin)]))
"""
FACTS = [
    ("1.10.0", ">=1.10", True),
    ("1.10.0rc1", ">=1.10", True),
    ("1.10.0.dev3", ">=1.10,<2", True),
    ("1.10.0a1.post2.dev3+local", ">=1.10", True),
    ("1.10.0+local", "==1.10.0", True),
    ("1.10.0rc1", "==1.10", True),
    ("1.10.0rc1", "<1.10", False),
    ("1.10.0rc1", ">1.9,<1.10", False),
    ("1.10.0rc1", "!=1.10", False),
    ("1.9.9", ">=1.10", False),
    ("2.0.0rc1", ">=1.10,<2", False),
    ("2.0.0.dev1", "<2", False),
    ("2.0.0+local", "<=2", True),
    ("1.10.0.post1", ">1.10", False),
    ("1.10.0.post1", ">=1.10.0.post1", True),
    ("1.10.0.post1.dev2", ">=1.10.0.post1", True),
    ("1.10.0", "==1.10.*", True),
    ("1.10.0rc1", "~=1.10", True),
    ("1!1.0rc1", ">=2", True),
    ("1.10.0rc1", "", True),
]


@pytest.mark.parametrize(("version", "text", "expected"), FACTS)
def test_a_range_speaks_of_releases(version: str, text: str, expected: bool) -> None:
    """A build of a release before or beside it is in the ranges that the release will be in."""
    assert in_range(version, text) is expected


def test_both_agree() -> None:
    """Of every version in every range, a cell says what the tool says."""
    asked = [(text, version) for _, text, _ in FACTS for version, _, _ in FACTS]
    done = subprocess.run(
        [sys.executable, "-c", BY_THE_PACKS],
        env=os.environ | {"PYTHONPATH": str(ROOT / "packs")},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [in_range(version, text) for text, version in asked]


def test_a_cell_that_judges_a_part(project: Project, python: Path) -> None:
    """The last line of a cell says how much of the pack it judged, if that is not all."""
    project.promise("assert int('1')")
    assert "promises" not in project.cell(python).stdout.splitlines()[-1]
    project.promise("assert False", name="later", contract='"Event", core=">=9"')
    assert project.cell(python).stdout.splitlines()[-1].endswith(", judged 1 of 2 promises")
