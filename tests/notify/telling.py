"""Telling an answer with `fanout workflow notify`, to a GitHub that remembers what it is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from github import GithubRetry

from fanout.cause.fewest import Cause
from fanout.cli import main
from fanout.gate.decision import Decision, decide
from fanout.history.document import write_run
from fanout.model import (
    Answer,
    CellReport,
    CellVerdict,
    Core,
    PromiseVerdict,
    Result,
    Side,
    Standing,
    Verdict,
)
from fanout.notify.announcement import Announcement, Request
from fanout.notify.github import client
from tests.servers.github import GitHub
from tests.worlds.runs import PACKS, cell, promise, run

SHA = "0123456789abcdef" * 2 + "01234567"
URL = "https://github.com/owner/contracts/actions/runs/1"
TOKEN = "github_pat_not_to_be_seen"  # noqa: S105 - nobody's


class Told(NamedTuple):
    """How `fanout workflow notify` ended, and what it printed."""

    code: int
    out: str


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for GitHub no longer than a test can."""
    quick = {"backoff_factor": 0.01, "secondary_rate_wait": 0.01, "max_rate_limit_wait": 0.05}
    retry = GithubRetry(total=5, allowed_methods=client.REPEATABLE.allowed_methods, **quick)
    monkeypatch.setattr(client, "REPEATABLE", retry)
    monkeypatch.setattr(client, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(client, "BETWEEN_WRITES", 0.0)
    monkeypatch.setattr(client, "SECONDS", 1)


@contextmanager
def listening(described: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """A GitHub to which nothing was told yet; no request may be other than it documents."""
    server = GitHub(described)
    for name in ("GITHUB_STEP_SUMMARY", "NOTIFY_URLS", "APP_ID", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/contracts")
    monkeypatch.setenv("REPO_TOKEN", TOKEN)
    hurry(monkeypatch)
    yield server
    server.close()
    assert server.refused == []


def core(slot: str, version: str) -> Core:
    return Core(
        named=version,
        core_ref=f"core_{slot}",
        requirement=f"market-data-core=={version}",
        source="pypi",
        version=version,
    )


def announcement(
    now: Result = Result.BROKEN,
    then: Result = Result.KEPT,
    *,
    pull_request: int | None = 7,
    says: str = "",
    text: str = "",
) -> Announcement:
    """What is told of a candidate of which a promise says `now`, and on the baseline `then`."""
    sides = {
        "small-core_candidate": cell(
            "1.3.0",
            name="small-core_candidate",
            promises=(promise(result=now, says=says, text=text, message=says),),
        ),
        "small-core_v120": cell("1.2.0", then),
    }
    decision = decide(core("candidate", "1.3.0"), core("v120", "1.2.0"), [sides], PACKS, ())
    return Announcement.model_validate(
        {
            "request": Request(
                core_ref="main",
                commit=SHA,
                pull_request=pull_request,
            ),
            "answer": decision.answer,
            "headline": f"{decision.answer}: Core 1.3.0",
            "url": URL,
            "decision": decision,
        }
    )


def judged(
    said: Mapping[tuple[str, str], tuple[Verdict, str]],
    version: str = "1.4.61",
    commit: str = "",
    number: int = 1,
    causes: tuple[Cause, ...] = (),
) -> Announcement:
    """What run `number` says of a Core: of each promise, by pack and name, verdict and message."""
    core_ref = "core_candidate" if commit else f"core_v{version.replace('.', '')}"
    candidate = core("v1", version).model_copy(update={"core_ref": core_ref, "commit": commit})
    cells = tuple(
        CellVerdict(
            pack=pack,
            owner=f"{pack} team",
            cell=f"{pack}-{core_ref}",
            baseline=f"{pack}-core_v120",
            verdict=Verdict.REGRESSED,
            command=f"tox run -e {pack}-{core_ref}",
            promises=tuple(
                PromiseVerdict(
                    name=name,
                    says=f"{name} holds.",
                    verdict=verdict,
                    candidate=Side(standing=Standing.BROKEN, message=message),
                    baseline=Side(standing=Standing.KEPT),
                )
                for (of, name), (verdict, message) in said.items()
                if of == pack
            ),
        )
        for pack in dict.fromkeys(pack for pack, _ in said)
    )
    answer = Answer.HOLD if Verdict.REGRESSED in {v for v, _ in said.values()} else Answer.RELEASE
    decision = Decision(
        answer=answer,
        candidate=candidate,
        baseline=core("v120", "1.2.0"),
        cells=cells,
        causes=causes,
    )
    return announced(decision, f"{answer}: Core {version}", number)


def of_the_table(number: int = 1) -> Announcement:
    """What run `number` announces of the table of Core refs."""
    return announced(None, "hold: Core breaks 1 promise of small", number)


def announced(decision: Decision | None, headline: str, number: int) -> Announcement:
    return Announcement.model_validate(
        {
            "request": Request(commit=decision.candidate.commit if decision else ""),
            "answer": decision.answer if decision else Answer.HOLD,
            "headline": headline,
            "url": URL.replace("/1", f"/{number}"),
            "decision": decision,
        }
    )


def cells_of(told: Announcement) -> Iterator[list[CellReport]]:
    """What the cells of the candidate said, of which a decision was made."""
    for one in told.decision.cells if told.decision else ():
        assert told.decision is not None
        said = {
            promise.name: Result.KEPT if promise.verdict is Verdict.PASSING else Result.BROKEN
            for promise in one.promises
        }
        yield [cell(told.decision.candidate.version, said, name=one.cell)]


def tell(folder: Path, told: Announcement, *cells: CellReport) -> Told:
    """Tell an answer, and leave beside it the run in which the cells said so."""
    answer = folder / "answer"
    shutil.rmtree(answer, ignore_errors=True)
    answer.mkdir()
    if reports := cells or [found for one in cells_of(told) for found in one]:
        write_run(run(*reports), answer / "run")
    (answer / "announcement.json").write_text(
        told.model_dump_json(round_trip=True), encoding="utf-8"
    )
    (folder / "tox.ini").write_text("[tox]\nenv_list = {small,store,pipeline}-core_v120\n")
    for pack, assignee in (("small", "ada"), ("store", "bob"), ("pipeline", "eve")):
        file = folder / "packs" / pack / "pack.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            f'consumer = "{pack}"\nrelease = "1"\nowner = "{pack} team"\nsupports = ">=1"\n'
            f'assignees = ["{assignee}"]\n'
        )
    arguments = ["workflow", "notify", str(answer), "--root", str(folder)]
    done = CliRunner().invoke(main, [*arguments, "--core-repository", "owner/core"])
    assert TOKEN not in done.output
    assert "Traceback" not in done.output, done.output
    return Told(done.exit_code, done.output)
