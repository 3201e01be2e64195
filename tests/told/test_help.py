"""What `fanout` says of itself, in a terminal of 80 by 24."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from fanout.cli import PLACES, main
from fanout.commands.workflow.group import PLACES as WORKFLOW

COMMANDS = ("", *PLACES, *(f"workflow {name}" for name in WORKFLOW))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_one_screen(command: str) -> None:
    """The help of each command fits on one screen, ends with an example, and is cut nowhere."""
    told = CliRunner().invoke(main, [*command.split(), "--help"], env={"COLUMNS": "80"})
    lines = told.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "  Example: " in lines[-1]
    assert f"fanout {command}".strip() in lines[-1]
    assert not [line for line in lines[1:] if line.endswith("...")]


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
