"""The real workflow file, from an event to the answer, the history and the dashboard."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.model import Answer, Verdict
from tests.workflow.acting import NONE, READING, REPOSITORY, SECRETS, Workflow, workflow
from tests.workflow.costs import costs
from tests.workflow.done import Done
from tests.worlds.large import CANDIDATE, MENDED

SIDES = ("candidate", "v200")
BOTH = tuple(
    f"{pack}{kind}-core_{side}"
    for pack in ("alpha", "beta")
    for kind in ("", "_live")
    for side in SIDES
)


@pytest.fixture(scope="module")
def contracts(
    tmp_path_factory: pytest.TempPathFactory, described_github: str, compiled_wheels: None
) -> Iterator[Workflow]:
    with workflow(tmp_path_factory.mktemp("workflow").resolve(), described_github) as made:
        yield made


def dispatch(contracts: Workflow, payload: dict[str, object]) -> Done:
    return contracts.run("repository_dispatch", {"client_payload": payload})


def answered(done: Done, answer: Answer, *, alone: bool = False) -> None:
    assert done.announcement is not None, done.log
    assert done.announcement.answer is answer, done.log
    if alone or "contracts" in done.jobs:
        assert (done.exit_code == 0) is (answer is Answer.RELEASE), done.log
    # What a step of milliseconds prints, act may lose.
    assert re.search(rf"report *: +⚙  Summary - \*\*{answer}: ", done.log), done.log


def shown(contracts: Workflow) -> dict[str, object]:
    """The newest run, as the dashboard has it."""
    run = contracts.documents()[-1].rpartition("-")[2].removesuffix(".json")
    page = contracts.stand_in / f"pages/runs/{run}.json"
    return dict(json.loads(page.read_text(encoding="utf-8")))


def test_a_good_core_is_released(contracts: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core dispatches a commit that keeps every promise; the run is kept, and on the dashboard."""
    commit = contracts.core.commit(MENDED, "Add flush")
    before = len(contracts.documents())

    payload: dict[str, object] = {"core_ref": "main", "sha": commit, "pull_request": 7}
    monkeypatch.setitem(contracts.settings, "DASHBOARD_URL", "https://site.example.org")
    done = dispatch(contracts, payload)

    answered(done, Answer.RELEASE)
    assert sorted(done.evidence) == sorted(BOTH)
    assert done.announcement is not None
    assert done.announcement.request.pull_request == 7
    assert done.announcement.request.commit == commit
    assert "release: Core 1.9.0" in done.summary
    assert set(done.jobs.values()) == {"success"}
    (attested,) = (contracts.stand_in / "attested").iterdir()
    assert json.loads(attested.read_text())["request"]["commit"] == commit
    shutil.rmtree(attested.parent)
    assert contracts.github.statuses[-1]["state"] == "success"
    assert contracts.github.statuses[-1]["sha"] == commit
    assert "No difference" in contracts.github.comments[-1]["body"]
    assert "[the dashboard](https://site.example.org" in contracts.github.comments[-1]["body"]
    assert len(contracts.documents()) == before + 1
    assert shown(contracts)["answer"] == "release"


def test_a_night_asks_what_is_new_once(contracts: Workflow) -> None:
    """A new commit of a private Core, without a parameter that a pack needs, is held, and once."""
    contracts.core.commit(CANDIDATE, "Retry never")
    nightly = {"schedule": "23 2 * * *"}
    secrets = {**SECRETS, **READING}

    with contracts.private() as private:
        done = contracts.run("schedule", nightly, secrets=secrets, **private)
        kept = contracts.documents()
        again = contracts.run("schedule", nightly, secrets=secrets, **private)

    answered(done, Answer.HOLD)
    assert done.beside_cells == costs("a night on which something is").jobs
    assert done.announcement is not None
    assert done.announcement.decision is not None
    alpha, beta = done.announcement.decision.cells
    assert [one.name for one in alpha.having(Verdict.REGRESSED)] == [
        "test_promises.py::test_retries"
    ]
    assert beta.verdict is Verdict.PASSING
    assert "An event is published with a number of retries." in done.summary
    assert "2 times out of 2" in done.summary
    assert shown(contracts)["answer"] == "hold"
    assert contracts.github.statuses[-1]["state"] == "failure"
    (issue,) = contracts.github.issues
    assert issue["title"] == "alpha: An event is published with a number of retries."
    assert again.beside_cells == {*again.jobs} == costs("a night on which nothing is new").jobs
    assert (again.exit_code, contracts.documents()) == (0, kept), again.log
    assert "nothing is new since " in again.log


def test_on_sundays_every_release_is_asked(contracts: Workflow) -> None:
    """The weekly schedule runs the releases that the default matrix leaves out as well."""
    done = contracts.run("schedule", {"schedule": "41 3 * * 0"})

    answered(done, Answer.RELEASE)
    assert done.evidence == tuple(
        f"{pack}-core_{ref}" for pack in ("alpha", "beta") for ref in ("v100", "v200")
    )
    assert done.beside_cells == costs("every release, on Sundays").jobs


def test_a_hostile_request_is_unknown(contracts: Workflow) -> None:
    """Nothing runs, nothing is green, and Core's commit is told what is wrong with the request."""
    payload: dict[str, object] = {"core_ref": "x'; touch /tmp/pwned; '", "sha": "0" * 40}

    done = dispatch(contracts, payload)

    answered(done, Answer.UNKNOWN)
    assert done.announcement is not None
    assert "is not a version, branch, tag" in done.announcement.problem
    assert not done.evidence
    told = [one for one in contracts.github.statuses if one["sha"] == payload["sha"]]
    assert [one["state"] for one in told] == ["error"]
    assert not Path("/tmp/pwned").exists()  # noqa: S108


def test_a_pull_request_of_a_fork_runs_what_it_touches(contracts: Workflow) -> None:
    """A change of one pack runs the cells of that pack alone; without secrets, it is answered.

    Each job installs the tool, as it does on GitHub.
    """
    base = contracts.git("rev-parse", "HEAD")
    contracts.write("packs/beta/README.md", "# beta\n")
    contracts.commit("Describe beta")
    before = contracts.documents()
    pull_request: dict[str, object] = {
        "base": {"sha": base},
        "head": {"repo": {"fork": True}},
        "title": "x",
    }

    options = {"STAND_IN_INSTALLED": "nothing"}
    done = contracts.run("pull_request", {"pull_request": pull_request}, secrets={}, **options)

    assert done.evidence == ("beta-core_v200",)
    answered(done, Answer.RELEASE)
    assert done.beside_cells == costs("a pull request of one pack").jobs
    assert done.jobs["contracts"] == "success"
    assert contracts.documents() == before


def test_a_merge_queue_lets_nothing_unknown_in(contracts: Workflow) -> None:
    """What changed in the group is run; evidence that is lost turns the required check red."""
    base = contracts.git("rev-parse", "HEAD")
    contracts.write("packs/alpha/README.md", "# alpha\n")
    contracts.commit("Describe alpha")
    group = {"merge_group": {"base_sha": base}}

    done = contracts.run("merge_group", group, STAND_IN_LOST="evidence-alpha-core_v200")

    answered(done, Answer.UNKNOWN)
    assert {"plan", "report", "contracts", "alpha-core_v200"} == {*done.jobs}
    assert done.jobs["contracts"] == "failure"
    assert "**alpha, 2.0.0**: missing: its job left no evidence" in done.summary


def test_a_branch_is_answered_by_its_pull_request(contracts: Workflow) -> None:
    """A push to a branch that is not the default one runs nothing, and gives no check a colour."""
    done = contracts.run("push", {"before": "0" * 40, "ref": "refs/heads/feature"})

    assert (done.exit_code, done.jobs) == (0, {}), done.log


def test_nothing_needs_to_be_configured(contracts: Workflow) -> None:
    """A push to a private repository without Pages or secrets is kept, told nobody, and green."""
    shutil.rmtree(contracts.stand_in / "attested", ignore_errors=True)
    dashboard, contracts.settings["DASHBOARD_URL"] = contracts.settings["DASHBOARD_URL"], ""
    before, asked = len(contracts.documents()), len(contracts.github.asked)
    repository: dict[str, object] = {
        "default_branch": "main",
        "full_name": REPOSITORY,
        "private": True,
    }
    payload: dict[str, object] = {
        "repository": repository,
        "before": "0" * 40,
        "ref": "refs/heads/main",
    }

    done = contracts.run("push", payload, secrets={"GITHUB_TOKEN": "ghs_x"})

    contracts.settings["DASHBOARD_URL"] = dashboard
    answered(done, Answer.RELEASE)
    assert (done.exit_code, done.jobs["publish"]) == (0, "success"), done.log
    assert done.beside_cells == costs("the default matrix", "on a push").jobs - {"deploy"}
    assert len(contracts.documents()) == before + 1
    assert contracts.github.asked[asked:] == []
    assert not (contracts.stand_in / "attested").exists()


def test_what_failed_is_run_again_alone(contracts: Workflow) -> None:
    """By hand; a job that is killed makes the answer unknown, and once it ends well, a release.

    The other jobs are not run again: their evidence is what they have left.
    """
    done = contracts.ask(packs="beta", every="true", STAND_IN_DEAD="beta-core_v200")
    again = contracts.again(done)

    answered(done, Answer.UNKNOWN, alone=True)
    assert (done.jobs["beta-core_v100"], done.jobs["beta-core_v200"]) == ("success", "failure")
    assert "**beta, 2.0.0**: missing: its job left no evidence" in done.summary
    answered(again, Answer.RELEASE, alone=True)
    assert "beta-core_v100" not in again.jobs
    assert again.evidence == ("beta-core_v100", "beta-core_v200")


CALLER = """\
name: release
on: push
jobs:
  contracts:
    uses: owner/contracts/.github/workflows/alone.yml@main
    permissions: {contents: read}
    with: {core_ref: kept, packs: beta}
    secrets: {READ_TOKEN: "${{ secrets.READ_TOKEN }}"}
  release:
    needs: contracts
    runs-on: ubuntu-latest
    steps:
      - run: test "$ANSWER" = release
        env:
          ANSWER: ${{ needs.contracts.outputs.answer }}
"""


def test_a_release_workflow_waits_for_the_answer(contracts: Workflow) -> None:
    """Called by another repository it answers about a private Core, publishes and tells nothing.

    That needs a token that reads both; without one there is no answer, and nothing is released.
    """
    contracts.core.commit(MENDED, "Add flush")
    contracts.core.git("branch", "--force", "kept")
    before = (contracts.documents(), len(contracts.github.asked))
    push: dict[str, object] = {"before": "0" * 40}

    with contracts.private() as private:
        done = contracts.call(CALLER, "push", push, READING, **private)
        without = contracts.call(CALLER, "push", push, NONE, **private)

    assert done.exit_code == 0, done.log
    assert done.beside_cells == {"plan", "core", "report", "release"}
    assert {"beta-core_candidate", "beta-core_v200", "beta_live-core_v200"} <= {*done.evidence}
    assert (without.jobs["plan"], without.jobs["report"]) == ("failure", "failure"), without.log
    assert "release" not in without.jobs
    assert without.announcement is None
    assert (contracts.documents(), len(contracts.github.asked)) == before


def test_every_day_new_releases_are_looked_for(contracts: Workflow) -> None:
    """The daily schedule runs no cell: it looks for releases."""
    before = len(contracts.github.asked)

    options = ("--workflows", ".github/workflows/upkeep.yml")
    done = contracts.run("schedule", {"schedule": "53 5 * * 1-6"}, options)

    assert (done.exit_code, done.jobs) == (0, {"upkeep": "success"}), done.log
    assert contracts.github.asked[before:] == ["GET /user"]
