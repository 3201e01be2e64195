"""The plan of one run of the workflow: which cells are expected, in which jobs, on which Core.

It travels from job to job as an output of the first one, which no job with foreign code can change:
JSON, compressed (RFC 1950) and in Base64, because one variable of a process holds 128 KiB at most.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from fanout.cells.packs import chosen, read_packs
from fanout.consumers.imports import live_cells
from fanout.consumers.table import Asked
from fanout.core.resolve import newest, release_at, released
from fanout.errors import InvalidCore, UnusableInput
from fanout.history.document import document_names, read_run
from fanout.history.run import CellName, Text
from fanout.model import Answer, Core, Frozen, Matrix
from fanout.notify.announcement import Request
from fanout.workflow.candidate import Candidate, version_text
from fanout.workflow.shards import SECONDS, shard

LARGEST = 16 * 1024 * 1024  # bytes of a plan
LIVE_SECONDS = 8.0  # of a live cell, which installs a consumer with all that it asks for
ATTEMPTS = 2  # at the cells of a candidate: what disagrees is flaky, and holds nothing
RECENT = timedelta(days=7)  # or nobody would see that something else than Core has changed


class InvalidPlan(UnusableInput):
    """The plan of a run is not what the first job gives."""


class Shard(Frozen):
    """The cells of one job, and how often each is run."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    cells: tuple[CellName, ...]


class Plan(Frozen):
    """What every job after the first one needs to know.

    `label` is a label of tox whose cells are expected, empty for the env list. `baseline` is a
    version, empty where no candidate is judged. With a `problem` there are no cells, nor where a
    run is `known` that answered the same.
    """

    schema_version: Literal[1] = 1
    request: Request
    problem: Text = ""
    known: Text = ""
    label: Annotated[str, Field(pattern=r"^[a-z]*$")] = ""
    candidate: Candidate | None = None
    baseline: Annotated[str, Field(max_length=100)] = ""
    packs: tuple[str, ...] = ()
    shards: tuple[Shard, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        return tuple(cell for shard in self.shards for cell in shard.cells)

    @property
    def attempts(self) -> int:
        return ATTEMPTS if self.candidate else 1


def plan(
    request: Request,
    candidate: Candidate | None,
    matrix: Matrix,
    label: str,
    seconds: Mapping[str, float],
    consumers: Iterable[Asked] = (),
    contents: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """The plan of a request; `seconds` is what cells took so far, `contents` what of Core they met.

    A candidate has the live cells of `consumers` beside those of the packs. Raises UnknownPack and
    InvalidCore for a pack or a baseline that is not there.
    """
    asked = chosen(request.packs, matrix)
    packs = tuple(pack for pack in matrix.packs if pack in asked)
    baseline = baseline_of(request, candidate, matrix) if candidate else None
    if candidate and baseline:
        refs = dict.fromkeys((candidate.core_ref, baseline.core_ref))
        cells = [f"{pack}-{ref}" for pack in packs for ref in refs]
        sides = (("candidate", candidate.core), ("baseline", baseline))
        asked_too = [live_cells(consumers, core, slot, matrix) for slot, core in sides]
        live = dict.fromkeys((cell.name for side in asked_too for cell in side), LIVE_SECONDS)
        seconds = dict.fromkeys(cells, SECONDS) | live | dict(seconds)
        cells += live
    else:
        cells = [name for name in matrix.expected if name.partition("-")[0] in packs]
    jobs = shard(cells, seconds, contents)
    return Plan(
        request=request,
        label=label,
        candidate=candidate,
        baseline=baseline.version if baseline else "",
        packs=packs,
        shards=tuple(
            Shard(name=job[0] if len(job) == 1 else f"shard-{number}", cells=job)
            for number, job in enumerate(jobs, 1)
        ),
    )


def baseline_of(request: Request, candidate: Candidate, matrix: Matrix) -> Core:
    """The release to compare with: the newest one before the candidate unless told.

    A commit may hold any version, so there it is the newest release in the table.
    """
    if request.baseline:
        return release(request.baseline, matrix)
    if known := released(candidate.core_ref, matrix):
        return newest(matrix, known)
    before = "9999" if candidate.commit else candidate.address
    return newest(matrix, release_at("candidate", before))


def release(named: str, matrix: Matrix) -> Core:
    """The Core ref of the table that a text names, or the release; raises InvalidCore."""
    version = version_text(named)
    if known := released(named, matrix) or released(version, matrix):
        return known
    if not version:
        raise InvalidCore(
            f"the baseline '{named}' is no release of Core", "name a version such as 1.4.61"
        )
    return release_at("baseline", version)


def answered(asked: Plan, root: Path, history: Path, now: datetime) -> str:
    """The newest run that judged the same commit of Core by the same packs; empty if none did.

    An answer of unknown answers nothing. Raises InvalidPack, and UnreadableDocument.
    """
    if asked.candidate is None or not asked.candidate.commit:
        return ""
    packs = {name: pack.digest for name, pack in read_packs(root, asked.packs).items()}
    for name in sorted(document_names(history), reverse=True):
        run = read_run(history / name)
        if now - run.started > RECENT:
            return ""
        same = run.candidate and run.candidate.commit == asked.candidate.commit
        against = run.baseline and run.baseline.version == asked.baseline
        digests = {one: pack.digest for one, pack in run.packs.items()}
        if same and against and digests == packs and run.answer in (Answer.RELEASE, Answer.HOLD):
            return f"{run.id} of {run.started:%Y-%m-%d}"
    return ""


def packed(made: Plan) -> str:
    """The plan as one word, short enough for a variable however many cells it has."""
    content = made.model_dump_json(exclude_defaults=True).encode()
    return base64.b64encode(zlib.compress(content, 9)).decode()


def unpacked(text: str) -> Plan:
    """The plan in a word that `packed` made; raises InvalidPlan."""
    try:
        unzip = zlib.decompressobj()
        content = unzip.decompress(base64.b64decode(text, validate=True), LARGEST)
        if not unzip.eof:
            raise ValueError(f"it has more than {LARGEST} bytes, or is cut off")
        return Plan.model_validate_json(content)
    except (ValueError, zlib.error) as error:
        said = " ".join(str(error).splitlines()[:3])
        raise InvalidPlan(
            f"this is no plan: {said}", "give the output `plan` of `fanout workflow plan`"
        ) from error
