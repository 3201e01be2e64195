"""Histories for the tests of the dashboard, each one a scene that its pages must tell of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from pydantic import HttpUrl

from fanout.cause.fewest import BrokenPromise, Cause
from fanout.cells.live import Imported
from fanout.cells.outcome import judge
from fanout.consumers.compatibility.answer import (
    Compatibility,
    Content,
    Fit,
    OfConsumer,
    Run,
    Share,
)
from fanout.consumers.installs import Found
from fanout.gate.decision import decide
from fanout.history.compatibilities import keep_compatibility
from fanout.history.document import make_run, write_run
from fanout.model import (
    Cell,
    CellReport,
    Core,
    Evidence,
    KnownBreak,
    Matrix,
    Outcome,
    Pack,
    PackOnDisk,
    Promise,
    Result,
)
from fanout.surface.change import Change, What
from tests.worlds.runs import START, missing, record
from tests.worlds.runs import cell as small_cell

Scene = Callable[[Path], Path]
REFS = {"v110": "1.1.0", "v120": "1.2.0", "v121": "1.2.1", "v130": "1.3.0", "v131": "1.3.1"}
CONTENTS = {"1.2.1": "1.2.0", "1.3.1": "1.3.0"}  # releases that repeat another one
CLOSE = KnownBreak(
    core=">=1.3",
    test="test_queue.py::test_close",
    reason="closing is being rewritten",
    link=HttpUrl("https://example.org/issues/1"),
    expires=date(2026, 3, 1),
)


def pack(name: str, *, supports: str = ">=1.1,<2", digest: str = "", consumer: str = "") -> Pack:
    return Pack(
        consumer=consumer or f"market-data-{name}",
        release="0.1.0",
        owner=f"{name} team",
        supports=supports,
        known_breaks=(CLOSE,) if name == "store" else (),
    )


PACKS = {
    name: PackOnDisk(says=pack(name, supports=supports), digest=name.ljust(64, "0"))
    for name, supports in {"pipeline": ">=1.1,<2", "store": ">=1.1,<2", "narrow": "<1.3"}.items()
}
MATRIX = Matrix(
    cells=tuple(
        Cell(name=f"{name}-core_{ref}", pack=name, core_ref=f"core_{ref}", core=asked)
        for name in PACKS
        for ref, version in REFS.items()
        for asked in (f"market-data-core=={version}",)
    ),
    expected=tuple(f"{name}-core_{ref}" for name in PACKS for ref in REFS),
)


def promise(name: str, result: Result, *, text: str = "") -> Promise:
    broken = result is not Result.KEPT and result is not Result.NOT_APPLICABLE
    return Promise(
        name=f"test_queue.py::test_{name}",
        says=f"An event that is published can {name}.",
        contract=(f"telemetry.{name.title()}", "telemetry.FeedbackEvent"),
        core=">=1.2" if result is Result.NOT_APPLICABLE else "",
        result=result,
        message="AssertionError: assert 'soft' == 'hard'" if broken else "",
        text=text or "E   AssertionError: assert 'soft' == 'hard'" if broken else "",
        known_break=f"{CLOSE.reason}, {CLOSE.link}, {CLOSE.expires}" * (result is KNOWN),
        expires=CLOSE.expires if result is KNOWN else None,
    )


KEPT, BROKEN, KNOWN = Result.KEPT, Result.BROKEN, Result.KNOWN_BREAK


def results(name: str, version: str) -> dict[str, Result]:
    """What a pack says of each of its promises: soft is broken from 1.3.0 on."""
    late = version >= "1.3"
    return {
        "return": KEPT,
        "soften": BROKEN if late else KEPT,
        "wait": Result.NOT_APPLICABLE if version < "1.2" else KEPT,
        "close": KNOWN if late and name == "store" else KEPT,
    }


def report(at: Cell, day: float, **changed: Result) -> CellReport:
    """A cell that ran some days after START, with results other than its usual ones."""
    ref = at.core_ref.removeprefix("core_")
    version = REFS.get(ref, "1.4.0")
    said = results(at.pack, version) | changed
    source = "stand-in" if ref == "v110" else "path" if ref not in REFS else "pypi"
    evidence = Evidence(
        cell=at.name,
        started=START + timedelta(days=day),
        seconds=1.5 + day / 10,
        asked=at.core,
        source=source,
        version=version,
        digest=CONTENTS.get(version, version).replace(".", "").ljust(64, "a"),
        python="3.11.7",
        distributions=(f"market-data-core=={version}", "pydantic==2.14.3", "pytest==9.0.1"),
        supports=PACKS[at.pack].says.supports,
        pack_digest=PACKS[at.pack].digest,
        promises=tuple(promise(name, result) for name, result in said.items()),
    )
    return judge(at, evidence, PACKS[at.pack], evidence.started.date())


def steady(history: Path, days: int = 3) -> Path:
    """Some runs of three packs on five Core refs: every outcome, and a promise that flips once."""
    for day in range(days):
        cells = [
            report(at, day, **({"return": BROKEN} if (at.name, day) == FLIPPED else {}))
            for at in MATRIX.cells
        ]
        if day == days - 1:
            cells = [unlucky(one) for one in cells]
        run = make_run("report", START + timedelta(days=day), [cells], PACKS, matrix=MATRIX)
        write_run(run.model_copy(update={"id": f"{day:016x}"}), history)
    return history


FLIPPED = ("store-core_v121", 1)


def unlucky(report: CellReport) -> CellReport:
    """The newest run has a cell that did not run, and one whose harness broke."""
    if report.cell.name == "pipeline-core_v121":
        reason = "no evidence: the cell did not run, or its environment could not be made"
        return CellReport(cell=report.cell, outcome=Outcome.MISSING, reason=reason)
    if report.cell.name == "store-core_v110" and report.evidence:
        errored = promise("return", Result.ERRORED)
        rest = report.evidence.promises[1:]
        evidence = report.evidence.model_copy(update={"promises": (errored, *rest)})
        return judge(report.cell, evidence, PACKS["store"], evidence.started.date())
    return report


def checked(history: Path, day: float = 3.5) -> Path:
    """One more run: a check of a candidate, which is held, with a cause."""
    candidate = Core(
        named="../core",
        core_ref="core_candidate",
        requirement="market-data-core @ file:///srv/core.whl",
        source="path",
        version="1.4.0",
        wheel="/srv/core.whl",
    )
    baseline = Core(
        named="1.3.1",
        core_ref="core_v131",
        requirement="market-data-core==1.3.1",
        source="pypi",
        version="1.3.1",
    )
    sides = [
        report(
            Cell(
                name=f"{name}-{core.core_ref}",
                pack=name,
                core_ref=core.core_ref,
                core=core.requirement,
            ),
            day,
            **({"return": BROKEN} if core is candidate and name == "store" else {}),
        )
        for name in ("pipeline", "store")
        for core in (candidate, baseline)
    ]
    packs = {name: PACKS[name] for name in ("pipeline", "store")}
    attempts = {one.cell.name: one for one in sides}
    decision = decide(candidate, baseline, [attempts], packs, ())
    cause = Cause(
        changes=(
            Change(
                symbol="telemetry.Return",
                what=What.REMOVED,
                kind="class",
                baseline="class Return(BaseModel)",
            ),
        ),
        promises=(BrokenPromise(pack="store", name="test_queue.py::test_return"),),
        since="1.3.1",
    )
    run = make_run(
        "check",
        START + timedelta(days=day),
        [sides],
        packs,
        matrix=MATRIX,
        candidate=candidate,
        baseline=baseline,
        answer=decision.answer,
        verdicts=decision.cells,
        causes=(cause,),
    )
    write_run(run.model_copy(update={"id": "c" * 16}), history)
    return history


def vanished(history: Path) -> Path:
    """A pack that got another name and a Core ref that is gone, both only in the first run."""
    steady(history, days=2)
    old = {
        "ancient": PackOnDisk(says=pack("ancient", consumer="market-data-store"), digest="a" * 64)
    }
    cells = [
        small_cell("1.0.0", name=f"{name}-core_v100", day=-1) for name in ("ancient", "pipeline")
    ]
    run = make_run("report", START - timedelta(days=1), [cells], PACKS | old)
    write_run(run.model_copy(update={"id": "f" * 16}), history)
    return history


def single(history: Path) -> Path:
    """One run of one pack."""
    record(history, small_cell("1.2.0"), small_cell("1.3.0"))
    return history


def cut_off(history: Path) -> Path:
    """One run that was stopped before its last cells: they left no evidence."""
    record(history, small_cell("1.2.0"), missing("small-core_v130"), missing("small-core_v140"))
    return history


def tabled(history: Path, says: str = "it is not there") -> Path:
    """What is kept of a consumer: eleven contents of Core, and a row of each kind of place."""
    fits = (
        Fit(declared=Share.ALL, installs=Share.ALL, imports=Imported.YES, ran="1.0"),
        Fit(declared=Share.SOME, installs=Share.SOME, imports=Imported.OWN, kept=90, judged=100),
        Fit(declared=Share.NONE, forced=Found.YES, imports=Imported.YES, kept=99, judged=99),
        Fit(declared=Share.SOME, installs=Share.NONE, imports=Imported.BROKEN, fault=says),
        Fit(declared=Share.NONE, forced=Found.NO, imports=Imported.BROKEN, refusal=says),
        Fit(imports=Imported.ERRORED, kept=98, excused=2, judged=100),
    )
    contents = (Content(digest="a" * 64, versions=(f"1.4.{n}9", f"1.5.{n}9")) for n in range(11))
    found = OfConsumer(
        consumer="market-data-store",
        pack="store",
        contents=tuple(contents),
        runs=(
            Run(versions=("0.8.95", "0.9.12"), fits=(fits * 2)[:11]),
            Run(versions=("0.8.94",), yanked=True, fits=(fits[::-1] * 2)[:11]),
            Run(versions=("0.8.1",), unread=says),
        ),
    )
    keep_compatibility(history, Compatibility(consumers=(found,), made=START))
    return history
