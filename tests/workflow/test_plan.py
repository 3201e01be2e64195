"""The plan of a run: every expected cell in one job, on one Core, however large it is."""

from __future__ import annotations

import base64
import json
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from fanout.cli import main
from fanout.model import Cell, Matrix
from fanout.notify.announcement import Request
from fanout.workflow.candidate import Candidate
from fanout.workflow.plan import InvalidPlan, Plan, packed, plan, unpacked
from tests import PACKS
from tests.servers.core_index import CoreIndex
from tests.worlds.checkout import Checkout
from tests.worlds.runs import cell, record
from tests.worlds.small import CoreRepository

LIMIT_OF_A_VARIABLE = 128 * 1024  # bytes
LIMIT_OF_OUTPUTS = 1_000_000 // 2  # characters


def matrix(packs: int, refs: int) -> Matrix:
    cells = tuple(
        Cell(
            name=f"consumer{pack}-core_v{ref}",
            pack=f"consumer{pack}",
            core_ref=f"core_v{ref}",
            core=f"market-data-core=={ref}.0",
        )
        for pack in range(packs)
        for ref in range(1, refs + 1)
    )
    return Matrix(cells=cells, expected=tuple(cell.name for cell in cells))


@pytest.mark.parametrize(("packs", "refs"), [(3, 11), (3, 72), (1, 256), (1, 257), (50, 200)])
def test_a_plan_fits_where_it_travels(packs: int, refs: int) -> None:
    """Every cell is in one job, and outputs and variables stay within their limits."""
    known = matrix(packs, refs)

    made = plan(Request(), None, known, "", {})

    assert sorted(made.cells) == sorted(known.expected)
    assert len(made.shards) <= 256
    assert len(packed(made)) < LIMIT_OF_A_VARIABLE
    shards = [{"name": one.name, "cells": ",".join(one.cells)} for one in made.shards]
    assert len(packed(made)) + len(json.dumps(shards)) < LIMIT_OF_OUTPUTS
    assert unpacked(packed(made)) == made


@given(st.binary(max_size=200) | st.just(zlib.compress(b"{}")))
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    """Whatever else stands in its place gives an error, and no traceback."""
    with pytest.raises(InvalidPlan):
        unpacked(base64.b64encode(content).decode())


def test_a_plan_that_unpacks_to_gigabytes_is_refused() -> None:
    """No more is unpacked than any plan has."""
    with pytest.raises(InvalidPlan, match="more than"):
        unpacked(base64.b64encode(zlib.compress(b" " * 100_000_000)).decode())


def test_a_candidate_runs_beside_the_release_before_it() -> None:
    """Each pack has two cells: the candidate's, and the newest older release's."""
    candidate = Candidate(named="main", address="git+https://h/r@c", commit="c" * 40)

    made = plan(Request(core_ref="main"), candidate, matrix(2, 3), "", {})

    assert made.baseline == "3.0"
    assert set(made.cells) == {
        f"consumer{pack}-core_{ref}" for pack in (0, 1) for ref in ("candidate", "v3")
    }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("plan"))


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    server.serve({"9.9.9": "new = 1"})
    yield server
    server.close()


def ask(
    checkout: Checkout, repository: Path, index: str, *options: str, **inputs: str
) -> tuple[Plan, Result]:
    output = repository.parent / "output"
    output.unlink(missing_ok=True)
    arguments = ["workflow", "plan", "--root", str(checkout.root)]
    arguments += ["--inputs", json.dumps(inputs), "--core-repository", repository.as_uri()]
    arguments += ["--index", index, "--wait", "0"]
    arguments += options
    done = CliRunner().invoke(main, arguments, env={"GITHUB_OUTPUT": str(output)})
    assert done.exit_code == 0, done.output
    return Plan.model_validate_json(done.stdout), done


@pytest.fixture
def core(tmp_path: Path) -> CoreRepository:
    made = CoreRepository(tmp_path / "core")
    made.commit("a = 1", "First")
    made.git("tag", "--annotate", "v2.0.0-rc1", "--message=x")
    made.commit("a = 2", "Second")
    return made


def test_a_ref_is_resolved_once(checkout: Checkout, core: CoreRepository, index: CoreIndex) -> None:
    """A branch, a tag and a commit are each the commit that they name now, and nothing else."""
    head, first = core.git("rev-parse", "HEAD"), core.git("rev-parse", "HEAD~")

    for named, commit in (("main", head), ("v2.0.0-rc1", first), (first, first), ("HEAD", head)):
        made, _ = ask(checkout, core.root, index.url, core_ref=named)
        assert made.candidate
        assert made.candidate.commit == made.request.commit == commit
        assert made.candidate.address == f"git+{core.root.as_uri()}@{commit}"


def test_what_is_known_to_be_alike_shares_a_job(
    checkout: Checkout, core: CoreRepository, index: CoreIndex, tmp_path: Path
) -> None:
    """Releases that had one content when they ran last are in one job."""
    every = {"every": "true", "packs": "store"}
    apart, _ = ask(checkout, core.root, index.url, **every)
    alike = [cell("1.4.61", name=name, digest="a" * 64) for name in apart.cells[1:]]
    record(tmp_path / "history", *alike)

    kept = ("--history", str(tmp_path / "history"))
    made, _ = ask(checkout, core.root, index.url, *kept, **every)

    assert sorted(made.cells) == sorted(apart.cells)
    assert (len(apart.shards), len(made.shards)) == (4, 1)


def test_a_commit_alone_is_enough(
    checkout: Checkout, core: CoreRepository, index: CoreIndex
) -> None:
    """Without a ref the commit is what the candidate is called."""
    head = core.git("rev-parse", "HEAD")

    made, _ = ask(checkout, core.root, index.url, sha=head)

    assert made.candidate
    assert (made.candidate.named, made.candidate.commit) == (head, head)


def test_a_release_is_taken_from_the_index(
    checkout: Checkout, core: CoreRepository, index: CoreIndex
) -> None:
    """A version that tox.ini does not name yet is a candidate; one that it names is its own ref."""
    new, _ = ask(checkout, core.root, index.url, core_ref="v9.9.9")
    old, _ = ask(checkout, core.root, index.url, core_ref="1.4.60", baseline="1.2.31")

    assert new.candidate
    assert (new.candidate.core_ref, new.candidate.address) == ("core_candidate", "9.9.9")
    assert old.candidate
    assert (old.candidate.core_ref, old.candidate.address) == ("core_v1460", "")
    assert "store-core_v1231" in old.cells


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"core_ref": "9.9.8"}, "Core 9.9.8 is not on the index after 0 seconds"),
        ({"core_ref": "gone"}, "has no branch, tag or commit 'gone'"),
        ({"core_ref": "main", "packs": "stroe"}, "there is no pack 'stroe'"),
        ({"core_ref": "main", "baseline": "main"}, "the baseline 'main' is no release of Core"),
    ],
)
def test_what_cannot_be_run_is_a_plan_too(
    checkout: Checkout, core: CoreRepository, index: CoreIndex, inputs: dict[str, str], said: str
) -> None:
    """It has no cells, and says what is wrong; so the answer can be told."""
    made, _ = ask(checkout, core.root, index.url, **inputs)

    assert said in made.problem
    assert made.cells == ()


def test_an_index_that_gives_no_answer_is_no_missing_release(
    checkout: Checkout, core: CoreRepository
) -> None:
    """What is not known is said to be so."""
    made, _ = ask(checkout, core.root, "http://127.0.0.1:9/simple/", core_ref="9.9.9")

    assert "gave no usable answer" in made.problem


def test_a_change_of_one_pack_is_seen_in_git(tmp_path: Path) -> None:
    """Since a commit after which only one pack has changed, only its cells are planned."""
    checkout = Checkout(tmp_path / "clone")

    def git(*arguments: str) -> str:
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        command = ["git", *name, *arguments]
        done = subprocess.run(
            command, cwd=checkout.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message=one")
    base = git("rev-parse", "HEAD")
    (checkout.root / "packs/store/README.md").write_text("# store\n")
    git("commit", "--quiet", "--all", "--message=two")

    arguments = ["workflow", "plan", "--root", str(checkout.root), "--inputs"]
    done = CliRunner().invoke(main, [*arguments, json.dumps({"since": base})])
    everything = CliRunner().invoke(main, [*arguments, json.dumps({"since": "0" * 40})])

    assert set(Plan.model_validate_json(done.stdout).packs) == {"store"}
    assert len(Plan.model_validate_json(everything.stdout).packs) == len(PACKS)
