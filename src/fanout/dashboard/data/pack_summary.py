"""What the history says of one pack, for programs: `packs/<pack>.json`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Literal

from fanout.dashboard.data.latest import as_json
from fanout.dashboard.edition import Edition
from fanout.dashboard.facts.along import oldest_first
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.snapshot import CoreRef, PackNow, Snapshot
from fanout.dashboard.site import Part
from fanout.history.past import GREEN, RED, first_red
from fanout.history.run import KnownBreakInRun
from fanout.model import Frozen, Outcome, Promise, Result
from fanout.wording import moment


class RefOutcome(Frozen):
    """What a pack says of one Core ref; `known` is whether the matrix still has that ref.

    `since` is when the cell began to have this outcome; `supported` whether its promises count.
    """

    core_ref: str
    version: str
    source: str
    digest: str
    known: bool
    cell: str
    outcome: Outcome
    reason: str
    supported: bool
    since: datetime


class PromiseOverRefs(Frozen):
    """A promise over the Core refs, by the newest evidence of each.

    `last_green` is the newest Core ref that keeps it, `first_red` the oldest one after that which
    breaks it, or the oldest of all that do; both are empty where there is none.
    """

    name: str
    says: str
    contract: tuple[str, ...]
    core: str
    results: dict[str, Result]
    last_green: str
    first_red: str


class PackSummary(Frozen):
    """A pack as the newest run with it states it, and what it says of every Core ref.

    `known` is whether the matrix has it; if not, `renamed` is the name that it has now, if any.
    `refs` and the results of promises come from the
    newest Core ref to the oldest.
    """

    schema_version: Literal[1] = 1
    pack: str
    consumer: str
    release: str
    owner: str
    supports: str
    digest: str
    known: bool
    renamed: str
    known_breaks: tuple[KnownBreakInRun, ...]
    refs: tuple[RefOutcome, ...]
    promises: tuple[PromiseOverRefs, ...]


def parts(edition: Edition) -> Iterator[Part]:
    snapshot = edition.snapshot
    refs = oldest_first(snapshot)[::-1]
    for pack in snapshot.packs:
        on = [(ref, snapshot.cells.get(f"{pack.name}-{ref.name}")) for ref in refs]
        seen = [(ref, cell) for ref, cell in on if cell]
        key = (
            pack.statement.model_dump(mode="json"),
            (pack.known, pack.renamed),
            [(ref.version, ref.known, cell.key, moment(cell.since)) for ref, cell in seen],
        )
        path = f"packs/{pack.name}.json"
        yield edition.file(path, key, partial(published, snapshot, pack, seen))


def published(snapshot: Snapshot, pack: PackNow, seen: Sequence[tuple[CoreRef, CellNow]]) -> bytes:
    return as_json(summary(snapshot, pack, seen))


def summary(
    snapshot: Snapshot, pack: PackNow, seen: Sequence[tuple[CoreRef, CellNow]]
) -> PackSummary:
    """A pack on the Core refs, newest first, of which there is evidence."""
    said: dict[str, dict[str, Promise]] = {}
    for _, cell in seen:
        for promise in snapshot.promises(cell.results):
            said.setdefault(promise.name, {})[cell.core_ref] = promise
    counts = frozenset(cell.core_ref for _, cell in seen if cell.supported)
    return PackSummary(
        pack=pack.name,
        **dict(pack.statement),
        known=pack.known,
        renamed=pack.renamed,
        refs=tuple(ref_outcome(ref, cell) for ref, cell in seen),
        promises=tuple(over_refs(said[name], counts) for name in sorted(said)),
    )


def ref_outcome(ref: CoreRef, cell: CellNow) -> RefOutcome:
    return RefOutcome(
        core_ref=ref.name,
        version=ref.version,
        source=cell.source,
        digest=cell.digest,
        known=ref.known,
        cell=cell.name,
        outcome=cell.outcome,
        reason=cell.reason,
        supported=cell.supported,
        since=cell.since,
    )


def over_refs(said: Mapping[str, Promise], counts: Collection[str]) -> PromiseOverRefs:
    """A promise by what was said of it, newest ref first; it counts on some of them only."""
    newest = next(iter(said.values()))
    refs = [ref for ref in said if ref in counts]
    green = {ref for ref in refs if said[ref].result in GREEN}
    red = {ref for ref in refs if said[ref].result in RED}
    return PromiseOverRefs(
        name=newest.name,
        says=newest.says,
        contract=newest.contract,
        core=newest.core,
        results={ref: promise.result for ref, promise in said.items()},
        last_green=next((ref for ref in refs if ref in green), ""),
        first_red=first_red(refs[::-1], green.__contains__, red.__contains__) or "",
    )
