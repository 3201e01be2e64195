"""A command line as each shell takes it."""

from __future__ import annotations

import subprocess

import pytest

from fanout.shell import line

HOSTILE = '/a b/it\'s $(touch x) `y` "z"; 100% \u2019 Köre'


@pytest.mark.parametrize("value", ["1.5.0", "git+https://h/core@v1", HOSTILE])
def test_sh(value: str) -> None:
    """A POSIX shell gives the variable to that one command, every character of it."""
    command = line("printenv CORE", {"CORE": value}, windows=False)
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    assert done.stdout.decode() == f"{value}\n"


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("1.5.0", "'1.5.0'"),
        (r"C:\my core\$env:X", r"'C:\my core\$env:X'"),
        ("it's \u2018so\u2019", "'it''s \u2018\u2018so\u2019\u2019'"),
    ],
)
def test_powershell(value: str, quoted: str) -> None:
    """PowerShell sets a variable first; in single quotes nothing but a quote is special."""
    command = line("tox run -e small-core_candidate", {"CORE_CANDIDATE": value}, windows=True)
    assert command == f"$env:CORE_CANDIDATE={quoted}; tox run -e small-core_candidate"


@pytest.mark.parametrize("windows", [True, False])
def test_nothing_to_set(windows: bool) -> None:
    """A command without variables is the same in every shell."""
    assert line("tox p", {}, windows=windows) == "tox p"
