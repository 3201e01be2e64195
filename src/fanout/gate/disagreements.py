"""What reading says of releases beside what ran: the newest evidence of cells and live cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fanout.consumers.compatibility.ran import Tried, evidence_folders, read_tried
from fanout.consumers.needs.across import Met
from fanout.consumers.needs.disagreement import Asked, Disagreements, of_modules, of_promises
from fanout.history.judged import JudgedOn, judged
from fanout.history.past import GREEN, RED
from fanout.history.query import History
from fanout.model import Pack, version_of


def disagreements(
    every: Iterable[Met], packs: Mapping[str, tuple[str, Pack]], root: Path, history: Path
) -> Iterator[Disagreements]:
    """Where the two disagree, of each release and content of Core of which anything ran.

    Promises count for the release that their pack, by consumer, was read from.
    """
    tried = read_tried(evidence_folders(root))
    with History(history) as runs:
        said = {
            (consumer, one.digest): one
            for consumer, (name, pack) in packs.items()
            for one in judged(runs, name, pack.release)
        }
    for one in every:
        consumer, version, *_ = one.release
        live = tried.get(Tried(consumer, version, one.digest))
        of_pack = consumer in packs and version_of(packs[consumer][1].release)
        ran = said.get((consumer, one.digest)) if of_pack == version_of(version) else None
        modules = live.modules if live else ()
        promises = list(asked(ran)) if ran else []
        if modules or promises:
            yield Disagreements(
                consumer=consumer,
                release=version,
                cores=one.cores,
                modules=len(modules),
                promises=len(promises),
                found=(
                    *of_modules(one.found, modules),
                    *of_promises(one.found, one.shapes, promises),
                ),
            )


def asked(found: JudgedOn) -> Iterator[Asked]:
    """The promises that were judged."""
    for one in found.findings:
        if one.result in GREEN | RED:
            yield Asked(one.name, one.contract, one.result in GREEN, one.message)
