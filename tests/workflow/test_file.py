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
from tests.workflow.rules import RULES, File, Node, complaints, read

FILES = {Path(one.path).name: one for one in read(ROOT)}
WORKFLOWS = {name: one for name, one in FILES.items() if one.jobs}
FANOUT, CONTRACTS = WORKFLOWS["fanout.yml"], WORKFLOWS["contracts.yml"]
JOBS = {
    f"{name.partition('.')[0]}/{key}": job
    for name, one in WORKFLOWS.items()
    for key, job in one.jobs.items()
}
# The jobs that run what Core and the packs say, and those that read what such jobs left.
FOREIGN = ("fanout/core", "fanout/cells", "upkeep/strength", "tests/tests", "tests/systems")
READING = ("fanout/plan", "fanout/report", "contracts/contracts")
WRITES = {
    "contracts/publish": {"contents", "id-token", "attestations"},
    "contracts/deploy": {"pages", "id-token"},
    "upkeep/measure": {"contents"},
}
CALLED = """
on: {workflow_call: {inputs: {core_ref: {required: true}}, secrets: {TOKEN: {required: false}}}}
permissions: {}
jobs: {one: {permissions: {contents: read}, steps: []}}
"""
CALL = "jobs: {one: {uses: ./.github/workflows/called.yml, permissions: {contents: read}, %s}}"
BROKEN = {
    "secret": ("on: push\nenv: {A: '${{ secrets.GITHUB_APP_ID }}'}", "cannot be named"),
    "variable": ("on: push\nenv: {A: '${{ vars.github_x }}'}", "cannot be named"),
    "default": ("on: push\njobs: {a: {env: {GITHUB_SHA: x}}}", "is GitHub's own"),
    "input": (f"on: push\n{CALL % 'with: {core_ref: x, ref: y}'}", "takes no inputs 'ref'"),
    "needed": (f"on: push\n{CALL % 'with: {}'}", "needs 'core_ref'"),
    "no-secret": (
        f"on: push\n{CALL % 'with: {core_ref: x}, secrets: {A: b}'}",
        "takes no secrets 'A'",
    ),
    "action": ("on: push\njobs: {a: {steps: [{uses: some/thing@v1}]}}", "is not known here"),
    "grant": (
        f"on: push\n{CALL.replace('contents', 'issues') % 'with: {core_ref: x}'}",
        "grants no 'contents: read'",
    ),
    "event": ("on: push\nenv: {A: '${{ github.event.client_payload.x }}'}", "no event that starts"),
    "caller": (
        "on: {workflow_call: {}}\nenv: {A: '${{ github.event.before }}'}",
        "no event that starts",
    ),
    "artifact": (
        "on: push\njobs: {a: {steps: [{uses: actions/upload-artifact@x, with: {name: a}}]}}",
        "cannot be left by a second attempt",
    ),
}


def steps(job: str) -> list[Node]:
    return list(JOBS[job].get("steps", ()))


def every_use() -> Iterator[str]:
    for one in FILES.values():
        yield from re.findall(r"uses: (.*)", one.text)


def test_the_files_are_what_github_takes() -> None:
    """None of them breaks a rule that no other reader of workflows knows."""
    assert complaints(list(FILES.values())) == []


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_can_fail(name: str) -> None:
    """A file that breaks a rule is complained of."""
    text, said = BROKEN[name]
    called = File(".github/workflows/called.yml", CALLED)

    found = complaints([File(".github/workflows/broken.yml", text), called])

    assert [one for one in found if said in one], found


def test_there_is_a_broken_file_for_every_rule() -> None:
    """No rule is left that nobody has seen to complain."""
    called = File(".github/workflows/called.yml", CALLED)
    for rule in RULES:
        broken = (File(".github/workflows/broken.yml", text) for text, _ in BROKEN.values())
        assert any([*rule(one, [one, called])] for one in broken), rule


def test_every_action_is_pinned_by_commit() -> None:
    """An action that others can move under its name is not run; its version stands beside it."""
    for use in every_use():
        assert use.startswith("./") or re.fullmatch(
            r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use
        ), use


def test_one_action_is_pinned_to_one_commit() -> None:
    """The same action is the same code in every job."""
    pins: dict[str, set[str]] = {}
    for use in every_use():
        pins.setdefault(use.partition("@")[0], set()).add(use)
    assert all(len(found) == 1 for found in pins.values()), pins


def test_dependabot_follows_every_pin() -> None:
    """Actions and the locks are brought up to date, but for what the project cannot take yet."""
    said = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text(encoding="utf-8"))
    updates = cast(list[Node], said["updates"])
    places = {
        (one["package-ecosystem"], str(one.get("directory", one.get("directories"))))
        for one in updates
    }
    assert places == {
        ("github-actions", "['/', '/.github/actions/install']"),
        ("pip", "/.github"),
    }
    (limit,) = re.findall(r'"tox>=[\d.]+,(<[\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    ignored = [{"dependency-name": "tox", "versions": [limit.replace("<", ">=")]}]
    assert [one.get("ignore") for one in updates] == [None, ignored]


def test_permissions_are_granted_to_jobs_alone() -> None:
    """A workflow grants nothing; each job names what it needs, and foreign code may only read."""
    for one in WORKFLOWS.values():
        assert one.said["permissions"] == {}, one.path
    for name, job in JOBS.items():
        writes = {key for key, value in job["permissions"].items() if value == "write"}
        assert writes == WRITES.get(name, set()), name
    for job in FANOUT.jobs.values():
        assert job["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("job", [*FOREIGN, *READING])
def test_no_secret_reaches_what_runs_or_reads_foreign_things(job: str) -> None:
    """A token that may read is given to checkouts and to git, in steps that run nothing foreign."""
    for step in steps(job):
        said = yaml.safe_dump(step)
        fetches = "checkout@" in said or re.search(
            r"fanout workflow (plan|source|conclude)\b", said
        )
        if not fetches:
            assert "secrets." not in said, step
            assert "github.token" not in said, step
        assert re.sub(r"secrets\.READ_TOKEN \|\| github\.token", "", said).count("secrets.") == 0
    assert "cache" not in yaml.safe_dump(JOBS[job])


def test_core_is_built_without_a_token() -> None:
    """What builds Core runs Core's code: the step before it has fetched the source."""
    source, wheel = (
        next(step for step in steps("fanout/core") if f"fanout workflow {name}" in str(step))
        for name in ("source", "wheel")
    )
    assert "READ_TOKEN" in source["env"]
    assert list(wheel["env"]) == ["CORE"]


def test_no_checkout_leaves_its_token() -> None:
    """git cannot push with what a checkout left behind."""
    for job in JOBS:
        for step in steps(job):
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, job


def test_of_others_only_a_branch_is_checked_out() -> None:
    """What a caller names is a branch of the repository itself, and no commit of a fork of it."""
    (checkout,) = [step for step in steps("fanout/plan") if "checkout@" in str(step.get("uses"))]
    assert "format('refs/heads/{0}', inputs.branch)" in checkout["with"]["ref"]


def test_nothing_from_outside_is_written_into_a_shell_line() -> None:
    """A shell sees what comes from outside in variables alone."""
    for job in JOBS:
        for step in steps(job):
            assert "${{" not in str(step.get("run", "")), job


def test_foreign_code_can_fill_neither_disk_nor_log() -> None:
    """What cells write is limited, and what they print is not printed, or cut and no command."""
    (cells,) = [step["run"] for step in steps("fanout/cells") if "run" in step]
    assert "ulimit -f " in cells
    (strength,) = [step["run"] for step in steps("upkeep/strength") if "run" in step]
    assert re.search(
        r"ulimit -f [\s\S]*stop-commands[\s\S]*tox run .* \|\s+head --bytes=", strength
    )


def test_a_weak_pack_fails_its_job() -> None:
    """The strength of every pack is measured each week, on another sample, and its code counts."""
    (step,) = [step for step in steps("upkeep/strength") if "tox run" in str(step.get("run"))]
    assert step["shell"] == "bash"  # which GitHub runs with pipefail
    assert re.search(
        r'tox run -e strength -- --sample \d+ --seed "\$GITHUB_RUN_NUMBER" ', step["run"]
    )
    crons = [one["cron"] for one in WORKFLOWS["upkeep.yml"].events["schedule"]]
    assert any(f"'{cron}'" in str(JOBS["upkeep/strength"]["if"]) for cron in crons)


def test_every_job_ends() -> None:
    """No job runs for longer than an hour."""
    for name, job in JOBS.items():
        if "uses" not in job:
            assert job["timeout-minutes"] <= 60, name


def test_only_a_pull_request_ends_the_run_before_it() -> None:
    """Two pushes, dispatches or schedules in a row each have their answer; publishing waits."""
    group = CONTRACTS.said["concurrency"]["group"]
    assert "github.event_name == 'pull_request' && github.ref || github.run_id" in group
    assert JOBS["contracts/publish"]["concurrency"] == {"group": "publish", "queue": "max"}


def test_the_matrix_is_typed_nowhere() -> None:
    """Neither a pack nor a Core ref stands in the workflow: both come from tox."""
    for one in (FANOUT, CONTRACTS):
        assert not re.search(r"pipeline|store|orchestrator|core_v\d", one.text)


def test_nothing_but_an_answer_makes_the_required_check_green() -> None:
    """It runs whatever became of the fan-out, and a job that was skipped gave no answer."""
    job = JOBS["contracts/contracts"]
    assert job["if"].startswith("always() && ")
    (step,) = steps("contracts/contracts")
    for result, answer in (("skipped", ""), ("success", ""), ("failure", "release")):
        run = ["bash", "-e", "-c", step["run"]]
        done = subprocess.run(run, env={"RESULT": result, "ANSWER": answer}, check=False)
        assert done.returncode != 0
    done = subprocess.run(run, env={"RESULT": "success", "ANSWER": "release"}, check=False)
    assert done.returncode == 0


def test_what_is_skipped_is_no_required_check() -> None:
    """GitHub counts a skipped job as green: where nothing is asked, no job has the check's name."""
    name = JOBS["contracts/contracts"]["name"]
    asks = "github.event_name == 'pull_request' || github.event_name == 'merge_group'"
    assert JOBS["contracts/contracts"]["if"] == f"always() && ({asks})"
    assert " ".join(name.split()) == f"${{{{ ({asks}) && 'contracts' || 'nothing is asked' }}}}"


def test_the_report_is_red_where_there_is_no_plan() -> None:
    """Core requires this job: it runs whatever became of the plan, and is not skipped for it."""
    job, first = JOBS["fanout/report"], steps("fanout/report")[0]
    assert job["if"] == "always() && needs.plan.outputs.known == ''"
    for result in ("failure", "cancelled", "skipped", "success"):
        run = ["bash", "-e", "-c", first["run"]]
        said = {"PLANNED": result}
        done = subprocess.run(run, env=said, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is (result == "success")
        assert done.stdout.startswith("::error::unknown: there is no plan") is (done.returncode > 0)


def test_a_deployment_that_is_run_again_finds_the_dashboard() -> None:
    """It deploys what the attempt left that made the dashboard, whichever attempt it is itself."""
    (left,) = [one for one in steps("contracts/publish") if "pages-artifact@" in str(one)]
    (deployed,) = [one for one in steps("contracts/deploy") if "deploy-pages@" in str(one)]
    assert deployed["with"]["artifact_name"] == "${{ needs.publish.outputs.dashboard }}"
    assert (left["id"], left["with"]["name"]) == ("pages", "dashboard-${{ github.run_attempt }}")
    assert JOBS["contracts/publish"]["outputs"]["dashboard"] == (
        "${{ steps.pages.outcome == 'success' &&"
        " format('dashboard-{0}', github.run_attempt) || '' }}"
    )


def test_a_pack_is_not_stopped_by_the_tool() -> None:
    """The tool's own tests pass over a change of packs alone, and are not the required check."""
    for event in WORKFLOWS["tests.yml"].events.values():
        assert event["paths"] == ["**", "!packs/*/**"]


def test_other_systems_run_what_their_people_type() -> None:
    """On Windows and macOS a cell, a report and a check run in the shell that is usual there."""
    matrix = JOBS["tests/systems"]["strategy"]["matrix"]
    assert matrix == {"system": ["windows-latest", "macos-latest"]}
    lines = [str(step["run"]) for step in steps("tests/systems") if "run" in step]
    assert not any("shell" in step for step in steps("tests/systems"))
    for command in ("-e store-core_", "-m candidate", "-e check --", "-e dashboard"):
        assert any(line.startswith(f"tox run {command}") for line in lines), command


LOCKS = {
    "requirements": "pyproject.toml --group build",
    "uv": ".github/uv.in",
    "lint": "pyproject.toml packs/requirements.txt --group lint",
}


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_is_up_to_date(name: str, tmp_path: Path) -> None:
    """The tool and its linters are installed by digest, as pyproject.toml asks for them."""
    lock = tmp_path / f"{name}.txt"
    shutil.copy(ROOT / f".github/{name}.txt", lock)
    command = f"uv pip compile {LOCKS[name]} --universal --python-version 3.11 --generate-hashes"
    command += f" --no-emit-index-url --no-annotate --no-header --quiet --output-file {lock}"
    subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=ROOT,
        check=True,
    )

    locked = (ROOT / f".github/{name}.txt").read_text(encoding="utf-8")
    assert lock.read_text(encoding="utf-8") == locked
    assert "--hash=sha256:" in locked
