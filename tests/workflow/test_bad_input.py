"""What the commands of the jobs say to a setting or an argument that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fanout.cli import main
from fanout.notify.announcement import Request
from fanout.workflow.plan import Plan, packed

PLAN = packed(Plan(request=Request(), problem="nothing can be run"))
CONCLUDE = ("conclude", "--plan", PLAN, "--evidence", "none", "--output", "answer")
HERE = ("--url", "https://github.com/owner/contracts/actions/runs/1")
OPEN = "https://[example.org"


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (("wheel", "1.4.61;x", "--output", "core"), {}, "'1.4.61;x' is no version"),
        (("wheel", "1..4", "--output", "core"), {}, "'1..4' is no version"),
        ((*CONCLUDE, *HERE), {"DASHBOARD_URL": "example.org"}, "'example.org' is no address"),
        ((*CONCLUDE, *HERE), {"DASHBOARD_URL": OPEN}, f"'{OPEN}' is no address"),
        ((*CONCLUDE, "--url", "1"), {}, "'1' is no address"),
        (("plan",), {"CORE_WAIT": "nan"}, "'nan' is not a valid"),
        (("plan",), {"CORE_WAIT": "ten"}, "'ten' is not a valid"),
    ],
)
def test_it_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    variables: dict[str, str],
    said: str,
) -> None:
    """It is unusable input, and no fault of the tool; nothing is written."""
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(main, ["workflow", *arguments], env=variables)

    assert done.exit_code == 2, done.output
    assert said in done.output
    assert not list(tmp_path.iterdir())


def test_another_wheel_than_was_built_is_not_judged(tmp_path: Path) -> None:
    """Cells cannot put one in its place, which the answer would then be attested of."""
    wheel = tmp_path / "core/wheels/0123456789abcdef/market_data_core-1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(b"another")
    arguments = [*CONCLUDE[:-1], str(tmp_path / "answer"), "--wheel", str(tmp_path / "core"), *HERE]

    done = CliRunner().invoke(main, ["workflow", *arguments], env={"SHA256": "0" * 64})

    assert done.exit_code == 2, done.output
    assert "is not the wheel that was built" in done.output
    assert not (tmp_path / "answer").exists()
