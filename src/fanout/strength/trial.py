"""One pack against the mutants of one Core: made, chosen, run and told."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path
from time import monotonic

from fanout.cells.live import DRIFT
from fanout.cells.packs import read_strength
from fanout.cells.run import PackInMatrix, cell_of
from fanout.consumers.uses import read_uses
from fanout.core.index import fetch
from fanout.core.wheel import read_files
from fanout.errors import InvalidSearch
from fanout.model import Core, StrengthAsked
from fanout.strength.answer import Fate, MutantReport, Strength, UseAt, complaints, fate_of
from fanout.strength.changes.mutation import Mutant, Mutation, changed_files, diff
from fanout.strength.crew import Crew, Tried, crew_of
from fanout.strength.installed import Installed
from fanout.strength.meeting import Facts
from fanout.strength.source import Source
from fanout.wording import one_line, printable

LONGEST_ID = 300
SHOWN = (Fate.ERRORED, Fate.SURVIVED, Fate.EQUIVALENT, Fate.REFUSED)  # with what they change


class Trial:
    """A pack, the Core in its cell's env, and all the mutants of it that concern the pack."""

    def __init__(self, pack: PackInMatrix, core: Core, index: str) -> None:
        self.pack = pack
        self.core = core
        folder = pack.root / "packs" / pack.name
        self.asked: StrengthAsked = read_strength(folder / "pack.toml")
        self.reasons = {one.mutant: one.reason for one in self.asked.equivalent}
        says = pack.pack.says
        self.installed = Installed(pack.root, cell_of(pack.name, core, pack.matrix), core)
        wheel = fetch(says.release, pack.root, index, says.consumer)
        self.consumer = {
            path: text for path, text in read_files(wheel).items() if path.endswith(".py")
        }
        self.tests = {
            path.relative_to(pack.root).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*.py"))
            if path.name != DRIFT  # which no cell runs
        }
        self.made: dict[str, dict[str, str | None]] = {}
        source = Source(self.installed.files)
        self.mutation = Mutation(
            source,
            Facts(read_uses(self.consumer), source),
            Facts(read_uses(self.tests, words=True), source),
        )
        self.mutants = self.mutation.mutants(
            self.installed.site, pack.root / "packs" / "requirements.txt", self.installed.info
        )

    def named(self, name: str) -> Mutant:
        """The mutant with an id; raises InvalidSearch."""
        found = next((one for one in self.mutants if one.id == name), None)
        if found is None or not self.files(found):
            raise InvalidSearch(
                f"no mutant of Core {self.core.shown} for the pack '{self.pack.name}' has the id"
                f" '{printable(one_line(name))[:LONGEST_ID]}'",
                f"see `fanout strength {self.pack.name} --format json` for the ids",
            )
        return found

    def measure(self, sample: int, seed: int, told: Callable[[int, int], None]) -> Strength:
        """Run the pack on every mutant that a use can meet, or on a sample of them."""
        began = monotonic()
        could_run = [one for one in self.mutants if one.met or not one.breaking]
        chosen = {one.id for one in could_run}
        if 0 < sample < len(could_run):
            chosen = set(sampled(could_run, sample, seed))
        with crew_of(self.installed) as crew:
            crew.begin()
            ran = dict(self.run(crew, [one for one in could_run if one.id in chosen], told))
        reports = []
        for one in self.mutants:
            if one.id in ran:
                reports.append(self.report(one, ran[one.id]))
            elif one.id not in chosen:
                fate = Fate.NOT_CHOSEN if one.met or not one.breaking else Fate.NOT_MET
                reports.append(self.bare(one, fate))
        says = self.pack.pack.says
        return Strength(
            pack=self.pack.name,
            consumer=says.consumer,
            release=says.release,
            core=self.core.shown,
            processes="forked" if crew.forks else "fresh",
            seed=seed if sample else 0,
            sample=min(sample, len(could_run)),
            floor=self.asked.floor,
            seconds=round(monotonic() - began, 1),
            mutants=tuple(reports),
            complaints=complaints(self.asked, reports),
        )

    def run(
        self, crew: Crew, mutants: Iterable[Mutant], told: Callable[[int, int], None]
    ) -> Iterator[tuple[str, Tried]]:
        """What the pack says of each; one that is no Python, or changes nothing, is left out."""
        all_of_them = list(mutants)

        def job(mutant: Mutant) -> Tried | None:
            files = self.files(mutant)
            return crew.run(files, mutant.change.hidden) if files else None

        jobs = [(one.id, partial(job, one)) for one in all_of_them]
        for done, (name, found) in enumerate(crew.each(jobs), 1):
            told(done, len(jobs))
            if found is not None:
                yield name, found

    def try_one(self, mutant: Mutant) -> MutantReport:
        with crew_of(self.installed) as crew:
            crew.number = 1
            crew.begin()
            tried = crew.run(self.files(mutant), mutant.change.hidden)
        report = self.report(mutant, tried)
        return report.model_copy(update={"diff": self.diff(mutant)})

    def files(self, mutant: Mutant) -> dict[str, str | None]:
        """The changed files; none if it is no Python, or Core as it is."""
        if mutant.id not in self.made:
            self.made[mutant.id] = changed_files(mutant, self.installed.files) or {}
        return self.made[mutant.id]

    def keep(self, mutant: Mutant, folder: Path) -> Path:
        return self.installed.keep(folder, self.files(mutant))

    def report(self, mutant: Mutant, tried: Tried) -> MutantReport:
        reason = self.reasons.get(mutant.id, "")
        fate = fate_of(mutant.breaking, bool(tried.broken), bool(tried.errored), bool(reason))
        said = {
            "broken": tried.broken,
            "errored": tried.errored,
            "message": one_line(tried.message),
            "reason": reason,
            "seconds": round(tried.seconds, 3),
            "diff": self.diff(mutant) if fate in SHOWN else "",
        }
        return self.bare(mutant, fate).model_copy(update=said)

    def diff(self, mutant: Mutant) -> str:
        return printable(diff(self.files(mutant), self.installed.files))

    def bare(self, mutant: Mutant, fate: Fate) -> MutantReport:
        """What is told of a mutant that did not run."""
        return MutantReport(
            id=mutant.id,
            kind=mutant.kind,
            breaking=mutant.breaking,
            symbol=mutant.symbol,
            fate=fate,
            use=self.use_of(mutant),
        )

    def use_of(self, mutant: Mutant) -> UseAt | None:
        if mutant.use is None:
            return None
        by = "consumer" if mutant.by_consumer else "pack"
        content = (self.consumer if mutant.by_consumer else self.tests)[mutant.use.file]
        lines = re.split(r"\r?\n", content.decode("utf-8", "replace"))
        text = lines[mutant.use.line - 1] if 0 < mutant.use.line <= len(lines) else ""
        return UseAt(by=by, file=mutant.use.file, line=mutant.use.line, text=one_line(text))


def sampled(mutants: Iterable[Mutant], number: int, seed: int) -> list[str]:
    """The ids of some mutants: one of each kind, then another of each, as the seed chooses."""
    by_kind: dict[str, list[str]] = {}
    for one in sorted(mutants, key=lambda one: one.id):
        by_kind.setdefault(one.kind, []).append(one.id)
    chance = random.Random(seed)  # noqa: S311 - it guards nothing
    for ids in by_kind.values():
        chance.shuffle(ids)
    kinds = sorted(by_kind)
    chance.shuffle(kinds)
    rounds = zip_longest(*(by_kind[kind] for kind in kinds))
    return [one for ids in rounds for one in ids if one][:number]
