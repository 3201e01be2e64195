"""What `fanout` says of itself, in a terminal of 80 by 24."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from fanout.cli import JOBS, PLACES, main


@pytest.mark.parametrize("command", ["", *(name for name in PLACES if name not in JOBS)])
def test_help_is_one_screen(command: str) -> None:
    """The help of a command for people fits on one screen, and ends with an example."""
    told = CliRunner().invoke(main, [*command.split(), "--help"], env={"COLUMNS": "80"})
    lines = told.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith("  Example: fanout ")


def test_commands_for_people_come_first() -> None:
    """The commands that scripts and workflows call stand below those for people."""
    shown = CliRunner().invoke(main, ["--help"]).stdout
    assert shown.index("For people:") < shown.index("  check ") < shown.index("For jobs:")
    assert shown.index("For jobs:") < shown.index("  probe ")


@pytest.mark.parametrize(
    ("typed", "said"),
    [("chek", "No such command 'chek': did you mean 'check'?"), ("x", "No such command 'x'.")],
)
def test_did_you_mean(typed: str, said: str) -> None:
    """A mistyped command is answered with the one that is most alike, if one is."""
    done = CliRunner().invoke(main, [typed])
    assert done.exit_code == 2
    assert said in done.stderr
