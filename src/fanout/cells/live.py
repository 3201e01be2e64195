"""A live cell: a consumer's release with one Core, and what came of importing its modules.

Its evidence is what `packs/live.py` writes: that of a cell, with a case for each module.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from xml.etree.ElementTree import Element

from pydantic import AwareDatetime, Field

from fanout.cells.evidence import (
    OUTCOMES,
    UnreadableEvidence,
    check_core,
    check_counts,
    not_from_the_future,
    properties,
    suite_of,
    taken_over,
)
from fanout.model import DISTRIBUTION, Frozen, TakenOver, Text
from fanout.wording import one_line, printable

DRIFT = "drift.py"  # of a pack: what it says of its consumer's own classes


class Imported(StrEnum):
    """What came of an import; of several, the first of these counts."""

    BROKEN = "broken"  # by Core
    ERRORED = "errored"  # the machine, or a module that did not end as an import does
    OWN = "own fault"  # the consumer cannot be imported, whatever the Core
    UNDECLARED = "undeclared"  # something that it imports, and nothing that it asks for brings
    DRIFT = "drift"  # a pack says something else of the consumer than it does
    YES = "yes"


class Module(Frozen):
    """One module, one thing that is not declared or one fact, and what came of it."""

    name: Text
    imported: Imported
    says: str = ""  # of a fact, what it is
    message: str = ""
    text: str = ""
    seconds: float = Field(default=0.0, ge=0)


class Live(Frozen):
    """What a live cell left behind. The texts are as the cell wrote them: trust none."""

    cell: Text
    started: AwareDatetime
    seconds: float = Field(ge=0)
    asked: str = ""  # the requirement of Core
    consumer: str = ""  # empty if the Core was refused
    release: str = ""
    version: str = ""  # of Core
    digest: str = ""
    python: str = ""
    distributions: tuple[str, ...] = ()
    taken_over: TakenOver | None = None
    modules: tuple[Module, ...]


def live_cell(distribution: str, core_ref: str) -> str:
    """The name of a consumer's cell on a Core ref, as `matrix/` makes it."""
    short = distribution.removeprefix(DISTRIBUTION.removesuffix("core"))
    return f"{short.replace('-', '_')}_live-{core_ref}"


def read_live(file: Path) -> Live:
    """The evidence of a live cell; raises UnreadableEvidence with the reason."""
    suite = suite_of(file)
    try:
        check_counts(suite)
        said = properties(suite)
        check_core(said)
        started = datetime.fromisoformat(suite.attrib["timestamp"])
        live = Live(
            cell=said["cell"],
            started=started,
            seconds=float(suite.attrib["time"]),
            modules=tuple(read_module(case) for case in suite.iterfind("testcase")),
            distributions=tuple(said.get("distributions", "").split()),
            taken_over=taken_over(said, started),
            **{
                key: said.get(key, "")
                for key in ("asked", "consumer", "release", "version", "digest", "python")
            },
        )
    except (KeyError, ValueError) as error:
        raise UnreadableEvidence(f"not what a live cell writes: {error}") from error
    not_from_the_future(live.started)
    if live.cell != file.stem:
        raise UnreadableEvidence(f"is the evidence of another cell, '{live.cell}'")
    if not live.modules:
        raise UnreadableEvidence("no module in it")
    return live


def read_module(case: Element) -> Module:
    outcomes = [child for child in case if child.tag in OUTCOMES]
    if len(outcomes) > 1 or {child.tag for child in case} - {"properties", *OUTCOMES}:
        raise ValueError(f"'{case.attrib['name']}' has more than one outcome, or an unknown one")
    outcome = outcomes[0] if outcomes else None
    return Module(
        name=one_line(case.attrib["name"]),
        imported=imported(outcome),
        says=properties(case).get("promise", ""),
        message=printable(outcome.get("message", "")) if outcome is not None else "",
        text=printable(outcome.text or "") if outcome is not None else "",
        seconds=float(case.attrib["time"]),
    )


def imported(outcome: Element | None) -> Imported:
    """A skip of an unknown type is never taken for an import."""
    if outcome is None:
        return Imported.YES
    return {
        ("failure", "core"): Imported.BROKEN,
        ("failure", "drift"): Imported.DRIFT,
        ("skipped", "own"): Imported.OWN,
        ("skipped", "undeclared"): Imported.UNDECLARED,
    }.get((outcome.tag, outcome.get("type", "")), Imported.ERRORED)
