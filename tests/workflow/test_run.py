"""The real workflow file, from an event to the answer, the history and the dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.model import Answer, Verdict
from tests.workflow.acting import Done, Workflow, workflow
from tests.worlds.large import CANDIDATE, MENDED

BETA = {"core_ref": "2.0.0", "baseline": "1.0.0", "packs": "beta"}
BOTH = ("alpha-core_candidate", "alpha-core_v200", "beta-core_candidate", "beta-core_v200")


@pytest.fixture(scope="module")
def contracts(
    tmp_path_factory: pytest.TempPathFactory, described_github: str
) -> Iterator[Workflow]:
    with workflow(tmp_path_factory.mktemp("workflow").resolve(), described_github) as made:
        yield made


def dispatch(contracts: Workflow, payload: dict[str, object], **variables: str) -> Done:
    return contracts.run("repository_dispatch", {"client_payload": payload}, **variables)


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

    payload = {"core_ref": "main", "sha": commit, "pull_request": 7}
    done = dispatch(contracts, payload, STAND_IN_INSTALLED="nothing")

    answered(done, Answer.RELEASE)
    assert done.evidence == BOTH
    assert done.announcement is not None
    assert done.announcement.request.pull_request == 7
    assert done.announcement.request.commit == commit
    assert "release: Core 1.9.0" in done.summary
    assert set(done.jobs.values()) == {"success"}
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


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"core_ref": "no-such-branch"}, "has no branch, tag or commit 'no-such-branch'"),
        ({"core_ref": ""}, "'client_payload' has no 'core_ref'"),
        ({"core_ref": "v9.9.9"}, "Core 9.9.9 is not on the index after 2 seconds"),
        ({"core_ref": "x'; touch /tmp/pwned; '", "sha": "0" * 40}, "names no version, branch, tag"),
    ],
    ids=["missing", "empty", "announced", "hostile"],
)
def test_a_core_that_is_not_there_is_unknown(
    contracts: Workflow, payload: dict[str, object], said: str
) -> None:
    """Nothing runs, nothing is green, and the answer says what is wrong with the request."""
    done = dispatch(contracts, payload)

    answered(done, Answer.UNKNOWN)
    assert done.announcement is not None
    assert said in done.announcement.problem
    assert not done.evidence
    assert done.announcement.request.commit == payload.get("sha", "")
    told = [one for one in contracts.github.statuses if one["sha"] == payload.get("sha")]
    assert [one["state"] for one in told] == (["error"] if "sha" in payload else [])
    assert not Path("/tmp/pwned").exists()  # noqa: S108


def test_a_manual_run_names_baseline_and_packs(contracts: Workflow) -> None:
    """By hand any version, baseline and packs can be asked for."""
    done = contracts.ask(core_ref="2.0.0", baseline="1.0.0", packs="beta", only_new="true")

    answered(done, Answer.RELEASE, alone=True)
    assert done.announcement is not None
    assert "breaks no promise that 1.0.0 keeps" in done.announcement.headline
    assert done.evidence == ("beta-core_v100", "beta-core_v200")


def test_a_pull_request_runs_what_it_touches(contracts: Workflow) -> None:
    """A change of one pack runs the cells of that pack alone, and publishes nothing."""
    base = contracts.git("rev-parse", "HEAD")
    contracts.write("packs/beta/README.md", "# beta\n")
    contracts.commit("Describe beta")
    before = contracts.documents()

    done = contracts.run("pull_request", {"pull_request": {"base": {"sha": base}}})

    assert done.evidence == ("beta-core_v100", "beta-core_v200")
    answered(done, Answer.RELEASE)
    assert contracts.documents() == before
    assert "publish" not in done.jobs


def test_a_job_that_dies_is_unknown(contracts: Workflow) -> None:
    """A job that is killed leaves no evidence; what it did not say is not green."""
    done = contracts.ask(**BETA, STAND_IN_DEAD="beta-core_v200")

    answered(done, Answer.UNKNOWN, alone=True)
    assert done.jobs["beta-core_v200-1"] == "failure"
    assert "beta-core_v200: its job left no evidence" in done.summary


def test_an_upload_that_is_missing_is_unknown(contracts: Workflow) -> None:
    """A job that did its work but whose evidence got lost is no pass."""
    done = contracts.ask(**BETA, STAND_IN_LOST="evidence-beta-core_v200")

    answered(done, Answer.UNKNOWN, alone=True)
    assert "beta-core_v200: its job left no evidence" in done.summary


CALLER = """\
name: release
on: push
jobs:
  contracts:
    uses: owner/contracts/.github/workflows/alone.yml@{commit}
    permissions: {{contents: read}}
    with: {{core_ref: 2.0.0, baseline: 1.0.0, packs: beta}}
  release:
    needs: contracts
    runs-on: ubuntu-latest
    steps:
      - run: test "$ANSWER" = release
        env:
          ANSWER: ${{{{ needs.contracts.outputs.answer }}}}
"""


def test_a_release_workflow_waits_for_the_answer(contracts: Workflow) -> None:
    """Called by another workflow it runs the cells and answers, publishes nothing, tells nobody."""
    before = (contracts.documents(), len(contracts.github.asked))

    done = contracts.call(CALLER, "push", {"before": "0" * 40})

    assert done.exit_code == 0, done.log
    assert done.jobs["release"] == "success"
    assert done.evidence == ("beta-core_v100", "beta-core_v200")
    assert not [job for job in done.jobs if re.search("publish|notify|tests", job)]
    assert (contracts.documents(), len(contracts.github.asked)) == before


def test_every_day_new_releases_are_looked_for(contracts: Workflow) -> None:
    """The daily schedule runs no cell: it looks for releases, and sees to the token."""
    before = len(contracts.github.asked)

    options = ("--workflows", ".github/workflows/upkeep.yml")
    done = contracts.run("schedule", {"schedule": "53 5 * * 1-6"}, options)

    assert (done.exit_code, done.jobs) == (0, {"upkeep": "success"}), done.log
    assert contracts.github.asked[before:] == ["GET /user", "GET /user"]
