"""The search for the release that broke a promise, over the Core refs of tox.ini."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fanout.bisect.answer import Bisection, around, check_ends, titled
from fanout.bisect.halving import breaks, search, steps_left
from fanout.bisect.judged import Judged, judged, kept, weigh
from fanout.cells.matrix import version
from fanout.cells.run import PackInMatrix
from fanout.core.resolve import released
from fanout.errors import InvalidSearch, NothingFound
from fanout.history.document import read_run
from fanout.history.query import History
from fanout.history.tables import EPOCH
from fanout.model import CellReport, Core, Evidence, Promise, Result, Standing
from fanout.wording import number

# The run that last saw a cell as it is now.
NEWEST = """
SELECT document.name FROM cell
JOIN evidence ON evidence.cell = cell.id JOIN content ON content.id = evidence.content
JOIN attempt ON attempt.evidence = evidence.id JOIN document ON document.id = attempt.document
WHERE cell.name = ? AND asked = ? AND pack_digest = ? ORDER BY attempt.started DESC LIMIT 1"""


def core_refs(pack: PackInMatrix, good: str, bad: str) -> tuple[Core, ...]:
    """The Core refs from a good one to a bad one, by version.

    Raises InvalidSearch if tox.ini does not name them, or not in this order.
    """
    cells = [cell for cell in pack.matrix.cells if cell.pack == pack.name]
    found = [released(cell.core_ref, pack.matrix) for cell in sorted(cells, key=version)]
    cores = [core for core in found if core]
    names = [core.core_ref for core in cores]
    places = []
    for named in (good, bad):
        core = released(named.strip(), pack.matrix)
        if core is None or core.core_ref not in names:
            raise InvalidSearch(
                f"'{named}' is no Core ref of tox.ini",
                "see `tox list`, or name a repository with --repo to search its commits",
            )
        places.append(names.index(core.core_ref))
    first, last = places
    if first >= last:
        raise InvalidSearch(
            f"'{good}' is not older than '{bad}'",
            "swap them: --good comes before --bad" if first > last else "name two Core refs",
        )
    return tuple(cores[first : last + 1])


@dataclass(frozen=True)
class ReleaseSearch:
    """A search in a range of Core refs, oldest first, with what earlier runs saw of them."""

    pack: PackInMatrix
    cores: tuple[Core, ...]
    folder: Path  # of the evidence
    history: History
    say: Callable[[str], None]
    reports: dict[int, CellReport] = field(default_factory=dict)  # of every cell that ran

    def find(self, promise: str | None) -> Bisection:
        """The first Core ref that breaks the promise, or any promise that the good one keeps.

        Raises InvalidSearch or NothingFound if the ends are not as they were named.
        """
        past = self.past()
        ends = (0, len(self.cores) - 1)
        self.run(*(place for place in ends if place not in past))
        promises = (promise,) if promise else kept(self.said(0, past))
        if not promises:
            good = self.cores[0]
            raise InvalidSearch(
                f"Core {good.version} keeps no promise of {self.pack.name}",
                "name another one as good",
            )
        seen = {place: one for place in past if (one := self.reused(place, past, promises))}
        self.run(*(place for place in ends if place not in seen and place not in self.reports))
        seen |= {place: self.judged(place, promises) for place in self.reports}
        check_ends(seen[0], seen[ends[1]])

        def judge(place: int) -> Standing:
            self.run(place)
            seen[place] = self.judged(place, promises)
            left = number(steps_left(standings(seen)), "cell")
            self.say(f"{titled(seen[place])}: {seen[place].standing}; {left} left at most")
            return seen[place].standing

        for place in ends:
            self.say(f"{titled(seen[place])}: {seen[place].standing}")
        search(judge, standings(seen))
        return self.answer(seen)

    def past(self) -> dict[int, Evidence]:
        """What earlier runs saw of this very pack, on releases; what a path holds may change."""
        results = self.history.results(self.pack.name, self.pack.pack.digest)
        return {
            place: self.evidence(core, said)
            for place, core in enumerate(self.cores)
            if core.source == "pypi"
            if (said := results.get((core.core_ref, core.requirement)))
        }

    def evidence(self, core: Core, said: Mapping[str, Result]) -> Evidence:
        return Evidence(
            cell=f"{self.pack.name}-{core.core_ref}",
            started=EPOCH,
            seconds=0,
            asked=core.requirement,
            version=core.version,
            source=core.source,
            supports=self.pack.pack.says.supports,
            promises=tuple(Promise(name=name, result=said[name]) for name in said),
        )

    def said(self, place: int, past: Mapping[int, Evidence]) -> tuple[Promise, ...]:
        if place in past:
            return past[place].promises
        report = self.reports[place]
        if report.evidence is None or not report.judges:
            raise NothingFound(
                f"Core {self.cores[place].version} cannot be judged: {report.reason}",
                "mend that, or name another one",
            )
        return report.evidence.promises

    def run(self, *places: int) -> None:
        """Run the cells of these Core refs, in parallel; nothing if there are none."""
        if places:
            reports = self.pack.run([self.cores[place] for place in places], self.folder)
            self.reports.update(zip(places, reports, strict=True))

    def judged(self, place: int, promises: Sequence[str]) -> Judged:
        core = self.cores[place]
        found = judged(core.core_ref, self.reports[place], promises)
        known = {"version": found.version or core.version, "source": core.source}
        return found.model_copy(update=known)

    def core(self, name: str) -> Core:
        """The Core of one that was judged."""
        return next(core for core in self.cores if core.core_ref == name)

    def reused(
        self, place: int, past: Mapping[int, Evidence], promises: Sequence[str]
    ) -> Judged | None:
        """What an earlier run says of a Core ref; nothing if it errored there."""
        found = weigh(self.cores[place].core_ref, past[place], promises)
        if found.standing is Standing.UNKNOWN:
            return None
        return found.model_copy(update={"reused": True})

    def answer(self, seen: Mapping[int, Judged]) -> Bisection:
        *earlier, last = breaks(standings(seen))
        first = seen[last.broken]
        return Bisection(
            pack=self.pack.name,
            owner=self.pack.pack.says.owner,
            good=seen[0].name,
            bad=seen[len(self.cores) - 1].name,
            first=self.with_why(first, self.cores[last.broken]) if first.reused else first,
            last=seen[last.kept],
            skipped=around(seen, last),
            earlier=tuple((seen[one.kept].name, seen[one.broken].name) for one in earlier),
            seen=tuple(seen[place] for place in sorted(seen)),
            command=f"tox run -e {self.pack.name}-{first.name}",
            cells_run=len(self.reports),
            cells_reused=sum(one.reused for one in seen.values()),
        )

    def with_why(self, found: Judged, core: Core) -> Judged:
        """The same with words and reasons, which are in the documents alone."""
        cell = f"{self.pack.name}-{core.core_ref}"
        broken = {one.name: one for one in found.broken}
        rows = self.history.rows(NEWEST, cell, core.requirement, self.pack.pack.digest)
        for (document,) in rows:
            run = read_run(self.history.folder / document)
            for attempt in run.attempts:
                for one in run.findings_of(attempt) if attempt.cell == cell else ():
                    if one.name in broken and one.result is broken[one.name].result:
                        broken[one.name] = one.promise
        return found.model_copy(update={"broken": tuple(broken.values())})


def standings(seen: Mapping[int, Judged]) -> dict[int, Standing]:
    return {place: one.standing for place, one in seen.items()}
