"""What the workflow files themselves must say: who may do what, and what reaches a shell."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import yaml

from tests import ROOT

FILE = ROOT / ".github/workflows/contracts.yml"
TESTS = ROOT / ".github/workflows/tests.yml"
INSTALL = ROOT / ".github/actions/install/action.yml"
Mapping = dict[str, object]
FOREIGN = ("core", "contract", "strength")  # the jobs that run what Core and the packs say


def loaded(path: Path) -> Mapping:
    return cast(Mapping, yaml.safe_load(path.read_text(encoding="utf-8")))


WORKFLOW = loaded(FILE)
JOBS = cast(dict[str, Mapping], WORKFLOW["jobs"])
SYSTEMS = cast(dict[str, Mapping], loaded(TESTS)["jobs"])["systems"]
EVERY_JOB = JOBS | {"systems": SYSTEMS}


def steps(job: str) -> list[Mapping]:
    return cast(list[Mapping], EVERY_JOB[job]["steps"])


def every_use() -> Iterator[tuple[Path, str]]:
    for path in (FILE, TESTS, INSTALL):
        for line in path.read_text(encoding="utf-8").splitlines():
            if found := re.search(r"uses: (.*)", line):
                yield path, found[1]


def test_every_action_is_pinned_by_commit() -> None:
    """An action that others can move under its name is not run; its version stands beside it."""
    for _, use in every_use():
        assert use.startswith("./") or re.fullmatch(
            r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use
        ), use


def test_one_action_is_pinned_to_one_commit() -> None:
    """The same action is the same code in every job."""
    pins: dict[str, set[str]] = {}
    for _, use in every_use():
        pins.setdefault(use.partition("@")[0], set()).add(use)
    assert all(len(found) == 1 for found in pins.values()), pins


def test_dependabot_follows_every_pin() -> None:
    """Actions and the lock of the tool are brought up to date, wherever they are pinned."""
    updates = cast(list[Mapping], loaded(ROOT / ".github/dependabot.yml")["updates"])
    places = {
        (one["package-ecosystem"], str(one.get("directory", one.get("directories"))))
        for one in updates
    }
    assert places == {
        ("github-actions", "['/', '/.github/actions/install']"),
        ("pip", "/.github"),
    }


def test_permissions_are_granted_to_jobs_alone() -> None:
    """A workflow grants nothing; each job names what it needs, and foreign code may only read."""
    assert WORKFLOW["permissions"] == loaded(TESTS)["permissions"] == {}
    for name, job in EVERY_JOB.items():
        granted = cast(dict[str, str], job["permissions"])
        writes = {key for key, value in granted.items() if value == "write"}
        assert writes == ({"contents", "pages", "id-token"} if name == "publish" else set()), name


@pytest.mark.parametrize("job", [*FOREIGN, "plan", "report", "tests", "systems"])
def test_no_secret_reaches_a_job_that_handles_foreign_things(job: str) -> None:
    """Neither a secret nor a token is given to a job that runs or reads what others wrote."""
    said = yaml.safe_dump(EVERY_JOB[job])
    assert "secrets." not in said
    assert "github.token" not in said
    assert "cache" not in said


def test_no_checkout_leaves_its_token() -> None:
    """git cannot push with what a checkout left behind."""
    for job in EVERY_JOB:
        for step in steps(job):
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert cast(Mapping, step["with"])["persist-credentials"] is False, job


def test_nothing_from_outside_is_written_into_a_shell_line() -> None:
    """A shell sees what comes from outside in variables alone."""
    for job in EVERY_JOB:
        for step in steps(job):
            assert "${{" not in str(step.get("run", "")), job


def test_foreign_code_can_fill_neither_disk_nor_log() -> None:
    """What cells print is cut, and what they write is limited, before anything is kept of it."""
    for job in ("contract", "strength"):
        (run,) = [str(step["run"]) for step in steps(job) if "tox run" in str(step.get("run"))]
        assert "ulimit -f " in run
        assert re.search(r"tox run .* \|\s+head --bytes=\d+ ", run)


def test_a_weak_pack_fails_its_job() -> None:
    """The strength of every pack is measured each week, on the same sample, and its code counts."""
    (step,) = [step for step in steps("strength") if "tox run" in str(step.get("run"))]
    assert step["shell"] == "bash"  # which GitHub runs with pipefail
    assert re.search(r"tox run -e strength -- --sample \d+ --seed \d+ ", str(step["run"]))
    schedule = cast(dict[object, dict[str, list[dict[str, str]]]], WORKFLOW)[True]["schedule"]
    assert any(f"'{one['cron']}'" in str(JOBS["strength"]["if"]) for one in schedule)


def test_core_is_installed_by_its_digest() -> None:
    """Before a cell runs, the wheel that its job got is compared with the one that was built."""
    (run,) = [str(step["run"]) for step in steps("contract") if "tox run" in str(step.get("run"))]
    assert run.index("sha256sum --check --strict") < run.index("tox run")


def test_every_job_ends() -> None:
    """No job runs for longer than an hour."""
    for name, job in EVERY_JOB.items():
        assert cast(int, job["timeout-minutes"]) <= 60, name


def test_runs_follow_each_other() -> None:
    """Runs on one commit of Core share a group; publishing waits its turn, and none is lost."""
    group = cast(Mapping, WORKFLOW["concurrency"])["group"]
    assert "client_payload.sha" in str(group)
    assert JOBS["publish"]["concurrency"] == {"group": "publish", "queue": "max"}


def test_the_matrix_is_typed_nowhere() -> None:
    """Neither a pack nor a Core ref stands in the workflow: both come from tox."""
    said = FILE.read_text(encoding="utf-8")
    assert not re.search(r"pipeline|store|orchestrator|core_v\d", said)


def test_every_job_but_the_daily_ones_leads_to_the_required_check() -> None:
    """The one check that is required fails if any job before it does."""
    others = set(JOBS) - {"contracts", "upkeep"}
    assert set(cast(list[str], JOBS["contracts"]["needs"])) == others


def test_other_systems_run_what_their_people_type() -> None:
    """On Windows and macOS a cell, a report and a check run in the shell that is usual there."""
    matrix = cast(Mapping, cast(Mapping, SYSTEMS["strategy"])["matrix"])
    assert matrix == {"system": ["windows-latest", "macos-latest"]}
    lines = [str(step["run"]) for step in steps("systems") if "run" in step]
    assert not any("shell" in step for step in steps("systems"))
    for command in ("-e store-core_", "-m candidate", "-e check --", "-e dashboard"):
        assert any(line.startswith(f"tox run {command}") for line in lines), command


@pytest.mark.parametrize("name", ["requirements", "uv"])
def test_the_lock_is_up_to_date(name: str, tmp_path: Path) -> None:
    """The tool is installed from a lock with digests, which fits what pyproject.toml asks for."""
    lock = tmp_path / f"{name}.txt"
    shutil.copy(ROOT / f".github/{name}.txt", lock)
    source = "pyproject.toml --group build" if name == "requirements" else ".github/uv.in"
    command = f"uv pip compile {source} --universal --python-version 3.11 --generate-hashes"
    command += f" --no-emit-index-url --no-annotate --no-header --quiet --output-file {lock}"
    subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=ROOT,
        check=True,
    )

    locked = (ROOT / f".github/{name}.txt").read_text(encoding="utf-8")
    assert lock.read_text(encoding="utf-8") == locked
    assert "--hash=sha256:" in locked
