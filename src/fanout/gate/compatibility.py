"""Which releases of consumers go with which Cores: the index, a resolver and evidence, asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from fanout.cells.run import today
from fanout.consumers.compatibility.answer import Compatibility, Content
from fanout.consumers.compatibility.fits import Asked, Known, OfPack, Promises, of_consumers
from fanout.consumers.compatibility.needed import Needed, Needs
from fanout.consumers.compatibility.ran import evidence_folders, read_tried
from fanout.consumers.compatibility.resolved import Resolver
from fanout.consumers.declared import Declared, requirements
from fanout.consumers.release import made, metadata_in
from fanout.consumers.releases import ConsumerRelease, read_consumers
from fanout.consumers.use import File
from fanout.core.index import DOWNLOADS_AT_ONCE, exact, fetch, wheel_of
from fanout.core.resolve import released, resolve
from fanout.core.wheel import read_files
from fanout.errors import InvalidCore
from fanout.history.contents import contents_of, cores_in
from fanout.history.judged import JudgedOn, judged
from fanout.history.past import GREEN, RED
from fanout.history.query import History
from fanout.model import Core, Matrix, Pack, Result
from fanout.wording import one_line

Told = Callable[[str], Callable[[int, int], None]]


class Table:
    """What the table is made from, and where that lies; `told` begins to tell of progress."""

    def __init__(self, matrix: Matrix, root: Path, history: Path, index: str, told: Told) -> None:
        self.told = told
        self.matrix = matrix
        self.root = root
        self.history = history
        self.index = index

    def make(
        self, distributions: Sequence[str], packs: Mapping[str, tuple[str, Pack]], named: str | None
    ) -> Compatibility:
        """The table of some consumers on every Core of tox.ini, or on the one that is named."""
        core = resolve(named, "candidate", self.root, self.matrix) if named else None
        cores = contents_of(
            [core] if core else cores_in(self.matrix),
            *(self.root, self.history, self.index),
            self.told("Cores"),
        )
        contents = [Content(digest=key, versions=one[0]) for key, one in reversed(cores.items())]
        asked = {version: self.asked(version, core) for one in contents for version in one.versions}
        needs = Needs([cores[one.digest][1] for one in contents])
        known = Known(
            contents=tuple(contents),
            cores=asked,
            tried=read_tried(evidence_folders(self.root)),
            packs=self.packs(packs),
        )
        return Compatibility(
            core=core.version if core else "",
            consumers=of_consumers(
                self.needed(distributions, needs),
                known,
                Resolver(self.root, self.index, today()),
                self.told,
            ),
            made=datetime.now(UTC),
        )

    def asked(self, version: str, core: Core | None) -> Asked:
        found = core or released(version, self.matrix)
        if found is None:
            raise InvalidCore(f"tox.ini names no Core {version}", "name one with --core")
        wheel = wheel_of(found, self.root, self.index)
        metadata = metadata_in(read_files(wheel))
        return Asked(exact(found, self.root, self.index), requirements(metadata))

    def needed(self, distributions: Sequence[str], needs: Needs) -> dict[str, list[Needed]]:
        """What the releases of the last year need; the wheel of each is downloaded once."""
        listed = read_consumers(distributions, self.root, self.index, self.told("releases"))
        wanted = [
            (name, one) for name, releases in listed.items() for one in releases if one.declared
        ]
        uses: dict[str, tuple[File, ...]] = {}
        found: dict[str, list[Needed]] = {name: [] for name in listed}
        told = self.told("wheels")
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            wheels = pool.map(self.fetched, wanted)
            for count, ((name, one), wheel) in enumerate(zip(wanted, wheels, strict=True), 1):
                found[name].append(self.read(name, one, wheel, needs, uses))
                told(count, len(wanted))
        return found

    def fetched(self, wanted: tuple[str, ConsumerRelease]) -> Path | str:
        """The wheel of a release, or why there is none."""
        name, one = wanted
        if one.declared is None or one.declared.unreadable:
            return one.declared.unreadable if one.declared else "it was not read"
        try:
            return fetch(one.version, self.root, self.index, name)
        except InvalidCore as error:
            return one_line(error.what)

    def read(
        self,
        name: str,
        one: ConsumerRelease,
        wheel: Path | str,
        needs: Needs,
        uses: dict[str, tuple[File, ...]],
    ) -> Needed:
        unread = wheel if isinstance(wheel, str) else ""
        if not isinstance(wheel, str):
            try:
                release = made(name, one.version, read_files(wheel), uses)
                uses[release.code] = release.files
                return needs.of(release, one.yanked)
            except InvalidCore as error:
                unread = one_line(error.what)
        says = one.declared or Declared(unreadable=unread)
        return Needed(one.version, one.yanked, says, unread=unread)

    def packs(self, packs: Mapping[str, tuple[str, Pack]]) -> dict[str, OfPack]:
        """What is known of each consumer's pack, by consumer."""
        with History(self.history) as runs:
            return {
                consumer: OfPack(
                    name,
                    pack.release,
                    {one.digest: promises(one) for one in judged(runs, name, pack.release)},
                )
                for consumer, (name, pack) in packs.items()
            }


def promises(found: JudgedOn) -> Promises:
    kept, broken = found.count(*GREEN), found.count(*RED)
    return Promises(kept, found.count(Result.KNOWN_BREAK), kept + broken)
