"""The real workflow file, from an event to the answer, the history and the dashboard."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.model import Answer, Verdict
from tests.workflow.acting import REPOSITORY, Done, Workflow, workflow
from tests.worlds.large import CANDIDATE, MENDED

BETA = {"core_ref": "2.0.0", "baseline": "1.0.0", "packs": "beta"}
SIDES = ("candidate", "v200")
BOTH = tuple(
    f"{pack}{kind}-core_{side}"
    for pack in ("alpha", "beta")
    for kind in ("", "_live")
    for side in SIDES
)


@pytest.fixture(scope="module")
def contracts(
    tmp_path_factory: pytest.TempPathFactory, described_github: str
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


def test_a_good_core_is_released(contracts: Workflow) -> None:
    """Core dispatches a commit that keeps every promise; the run is kept, and on the dashboard."""
    commit = contracts.core.commit(MENDED, "Add flush")
    before = len(contracts.documents())

    payload: dict[str, object] = {"core_ref": "main", "sha": commit, "pull_request": 7}
    told: dict[str, object] = {"client_payload": payload}
    done = contracts.run("repository_dispatch", told, STAND_IN_INSTALLED="nothing")

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
    assert len(contracts.documents()) == before + 1
    assert shown(contracts)["answer"] == "release"


def test_a_breaking_core_is_held(contracts: Workflow) -> None:
    """A commit without a parameter that one pack needs: hold, with the promise and its owner."""
    contracts.core.commit(CANDIDATE, "Retry never")
    contracts.core.git("branch", "--force", "feature/no-retry")

    done = dispatch(contracts, {"core_ref": "feature/no-retry"})

    answered(done, Answer.HOLD)
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
    """A change of one pack runs the cells of that pack alone; without secrets, it is answered."""
    base = contracts.git("rev-parse", "HEAD")
    contracts.write("packs/beta/README.md", "# beta\n")
    contracts.commit("Describe beta")
    before = contracts.documents()
    pull_request: dict[str, object] = {
        "base": {"sha": base},
        "head": {"repo": {"fork": True}},
        "title": "x",
    }

    done = contracts.run("pull_request", {"pull_request": pull_request}, secrets={})

    assert done.evidence == ("beta-core_v100", "beta-core_v200")
    answered(done, Answer.RELEASE)
    assert done.jobs["contracts"] == "success"
    assert contracts.documents() == before
    assert "publish" not in done.jobs


def test_nothing_needs_to_be_configured(contracts: Workflow) -> None:
    """A push to a private repository without Pages or secrets is kept, told nobody, and green."""
    shutil.rmtree(contracts.stand_in / "attested", ignore_errors=True)
    contracts.dashboard, dashboard = "", contracts.dashboard
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

    contracts.dashboard = dashboard
    answered(done, Answer.RELEASE)
    assert (done.exit_code, done.jobs["publish"]) == (0, "success"), done.log
    assert "deploy" not in done.jobs
    assert len(contracts.documents()) == before + 1
    assert contracts.github.asked[asked:] == []
    assert not (contracts.stand_in / "attested").exists()


def test_a_job_that_dies_is_unknown(contracts: Workflow) -> None:
    """By hand; a job that is killed leaves no evidence, and what it did not say is not green."""
    done = contracts.ask(**BETA, STAND_IN_DEAD="beta-core_v200")

    answered(done, Answer.UNKNOWN, alone=True)
    assert done.jobs["shard-1"] == "failure"
    assert "beta-core_v200: its job left no evidence" in done.summary


CALLER = """\
name: release
on: push
jobs:
  contracts:
    uses: owner/contracts/.github/workflows/alone.yml@main
    permissions: {contents: read}
    with: {core_ref: 2.0.0, baseline: 1.0.0, packs: beta}
  release:
    needs: contracts
    runs-on: ubuntu-latest
    steps:
      - run: test "$ANSWER" = release
        env:
          ANSWER: ${{ needs.contracts.outputs.answer }}
"""


def test_a_release_workflow_waits_for_the_answer(contracts: Workflow) -> None:
    """Called by another workflow it runs the cells and answers, publishes nothing, tells nobody."""
    before = (contracts.documents(), len(contracts.github.asked))

    done = contracts.call(CALLER, "push", {"before": "0" * 40})

    assert done.exit_code == 0, done.log
    assert done.jobs["release"] == "success"
    assert {"beta-core_v100", "beta-core_v200", "beta_live-core_v200"} <= {*done.evidence}
    assert not [job for job in done.jobs if re.search("publish|notify|tests", job)]
    assert (contracts.documents(), len(contracts.github.asked)) == before


def test_every_day_new_releases_are_looked_for(contracts: Workflow) -> None:
    """The daily schedule runs no cell: it looks for releases."""
    before = len(contracts.github.asked)

    options = ("--workflows", ".github/workflows/upkeep.yml")
    done = contracts.run("schedule", {"schedule": "53 5 * * 1-6"}, options)

    assert (done.exit_code, done.jobs) == (0, {"upkeep": "success"}), done.log
    assert contracts.github.asked[before:] == ["GET /user"]
