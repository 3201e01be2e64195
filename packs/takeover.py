"""Taking over: of the cells that are asked for, those with a verdict already need not run.

Of the others, the last of each key runs, and the rest take over what it says; if that is no
verdict, they run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

import sealed
from cell_key import CoreSeen, PackSeen, Parts, key_of, parts_of, read_pack_seen
from evidence import without_secrets
from kept import Beyond, Changed, Refused, Store, Verdict, taken_over
from linked import Linked
from pack import HarnessError
from resolution import Installer, Unresolved, installed

T = TypeVar("T")
AT_ONCE = 8  # questions to uv
ONE_IN = 10  # of the cells of a sample
DISAGREE = "disagree"  # the type of an error


@dataclass(frozen=True)
class Asked:
    """A cell that is asked for, how tox runs it, and what it installs besides Core.

    `content` tells two Cores of one requirement apart; a live cell has a `consumer`.
    """

    cell: str
    pack: str
    core: str
    content: str = ""
    how: str = ""
    beside: tuple[str, ...] = ()
    consumer: str = ""

    def requires(self, core: CoreSeen) -> tuple[str, ...]:
        """What it installs of the index besides a Core; a consumer has it bring its own."""
        return (*self.beside, self.consumer) if self.consumer else (*self.beside, *core.required)


@dataclass(frozen=True)
class Planned:
    """A cell with its key, and all that it is to install besides Core."""

    asked: Asked
    core: CoreSeen
    parts: Parts
    key: str
    uv: Installer

    @property
    def lock(self) -> list[str]:
        return self.parts["distributions"]


@dataclass
class Plan:
    """What is known of the cells before any of them runs."""

    evidence: Path
    store: Store
    linked: Linked | None  # none where each env is to install all itself
    say: Callable[[str], None]
    cells: dict[str, Planned] = field(default_factory=dict)
    taken: dict[str, Verdict] = field(default_factory=dict)
    follows: dict[str, str] = field(default_factory=dict)  # the cell that runs first, by cell
    sample: set[str] = field(default_factory=set)
    anew: set[str] = field(default_factory=set)  # whose env was made again
    beyond: set[str] = field(default_factory=set)  # why none takes over, as far as was told
    last: str = ""  # the one cell that is left where all others need not run

    def decide(self, fresh: bool, sample: str) -> None:
        """Take over what is kept, unless all is to run; `sample` draws cells that run again."""
        if fresh:
            return
        first: dict[str, str] = {}
        verdicts: dict[str, Verdict | None] = {}
        for name, planned in reversed(self.cells.items()):  # the newest Core runs
            if planned.key not in verdicts:
                verdicts[planned.key] = self.kept(planned)
            verdict = verdicts[planned.key]
            known = verdict or planned.key in first
            if known and sample and drawn(sample, name):
                self.sample.add(name)
            elif verdict and self.take(name, verdict):
                self.taken[name] = verdict
            elif planned.key in first:
                self.follows[name] = first[planned.key]
            else:
                first[planned.key] = name

    def kept(self, planned: Planned) -> Verdict | None:
        """What is kept for a cell; what is not believed is told, and as if it were not there."""
        try:
            return self.store.find(planned.key)
        except Refused as error:
            self.say(f"{planned.asked.cell} runs: {error}")
            with suppress(OSError):
                self.store.file(planned.key).unlink(missing_ok=True)
            return None

    def take(self, name: str, verdict: Verdict) -> bool:
        """Write the evidence of a cell that takes a verdict over, if it may."""
        planned = self.cells[name]
        asked = without_secrets(planned.asked.core)
        try:
            content = taken_over(verdict, planned.key, name, asked, planned.core)
            sealed.put(self.evidence / f"{name}.xml", content)
        except (Refused, OSError):
            return False
        return True

    def follow(self, name: str) -> Verdict | None:
        """What a cell takes over, be it from one that has run meanwhile, its evidence written."""
        verdict = self.taken.get(name)
        if name in self.follows:
            verdict = self.kept(self.cells[name])
        return verdict if verdict and self.take(name, verdict) else None

    def fits(self, name: str, site: Path) -> bool:
        """Whether an env has nothing yet, or what the cells of this run have."""
        return installed(site) in ([], self.cells[name].lock)

    def fill(self, name: str, site: Path, python: Path) -> None:
        """Give an env that has nothing yet what its cell installs, as far as no index is needed.

        What is left is for its installer, which this only saves its questions.
        """
        planned = self.cells[name]
        if self.linked is None or any(site.glob("*.dist-info")):
            return
        there = not planned.asked.consumer and self.linked.into(site, planned.lock)
        install = partial(planned.uv.ask, "install", "--offline", "--no-deps", python=str(python))
        with suppress(Unresolved):
            if planned.lock and not there:
                install(*planned.lock)
            if release := planned.uv.release(planned.asked.core):
                install("--require-hashes", "-r", "-", told=release)

    def keep(self, name: str) -> None:
        """Keep what a cell has said that really ran."""
        if name in self.taken:
            return
        planned = self.cells[name]
        file = self.evidence / f"{name}.xml"
        try:
            evidence = file.read_text("utf-8")
            both = self.store.keep(planned.key, planned.parts, evidence)
        except (Beyond, Changed) as error:
            if (why := str(error)) not in self.beyond:
                self.beyond.add(why)
                self.say(f"no other cell takes over what {name} says: {why}")
            return
        except (OSError, UnicodeDecodeError, Refused):
            return  # the evidence itself says what is wrong with it
        if both:
            said = f"'{both[0]}' and '{both[1]}' have one key, and do not say the same"
            self.say(f"{said}: nothing is taken over from either")
            if self.sample:
                add_error(file, evidence, said)


def make_plan(plan: Plan, asked: Sequence[Asked], packs: Path, uv: Installer, anew: bool) -> None:
    """Find the key of each cell that has one; of the others their own run will tell."""
    seen = packs_seen(asked, packs, plan.say)
    wanted = [one for one in asked if (one.pack, bool(one.consumer)) in seen]
    cores = cores_seen(wanted, uv, anew, plan.say)
    keyed = [(one, core) for one in wanted if (core := cores.get((one.core, one.content)))]
    keyed = [(one, core) for one, core in keyed if not core.reads]
    questions = {
        (one.requires(core), core.required): one.core if one.consumer else "" for one, core in keyed
    }
    # Who asks for most is first: what the others ask for, that has seen.
    order = sorted(questions, key=lambda asked: len(asked[0]), reverse=True)
    locks = {asked: attempt(partial(uv.lock, asked[0], questions[asked])) for asked in order}
    today = datetime.now(UTC).date()
    for one, core in keyed:
        if (lock := locks[one.requires(core), core.required]) is not None:
            pack = seen[one.pack, bool(one.consumer)]
            parts = parts_of(pack, core, lock, one.how, today)
            plan.cells[one.cell] = Planned(one, core, parts, key_of(parts), uv)


def packs_seen(
    asked: Iterable[Asked], packs: Path, say: Callable[[str], None]
) -> dict[tuple[str, bool], PackSeen]:
    """What a key needs of each pack, of cells and of live cells, unless it has none."""
    seen = {}
    for name, live in dict.fromkeys((one.pack, bool(one.consumer)) for one in asked):
        try:
            found = read_pack_seen(packs / name, live=live)
        except (HarnessError, OSError, ValueError):
            continue  # its cells say what is wrong with it
        if found.reads:
            said = f"its '{found.reads}' reads which Core it runs on"
            say(f"no cell of '{name}' is taken over: {said}")
        else:
            seen[name, live] = found
    return seen


def cores_seen(
    wanted: Iterable[Asked], uv: Installer, anew: bool, say: Callable[[str], None]
) -> dict[tuple[str, str], CoreSeen]:
    """Each Core that can be had, by what it is asked for with."""
    contents = dict.fromkeys((one.core, one.content) for one in wanted)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda core: attempt(lambda: uv.core(*core, anew=anew)), contents)
        cores = {core: one for core, one in zip(contents, found, strict=True) if one}
    for core in cores.values():
        if core.reads:
            said = f"'{core.reads}' reads its version"
            say(f"no cell on Core {core.version} is taken over: {said}")
    return cores


def attempt(find: Callable[[], T]) -> T | None:
    try:
        return find()
    except (Unresolved, OSError):
        return None


def drawn(sample: str, cell: str) -> bool:
    """Whether a cell is of a sample, which is the same for everybody who names it so."""
    number = hashlib.sha256(f"{sample}\0{cell}".encode()).digest()
    return int.from_bytes(number, "big") % ONE_IN == 0


def add_error(file: Path, evidence: str, said: str) -> None:
    """Let the evidence of a cell say that it has no verdict, and why."""
    root = ElementTree.fromstring(evidence)  # noqa: S314 - its runner wrote it
    suite = next(root.iter("testsuite"))
    case = ElementTree.SubElement(suite, "testcase", name="run", time="0.000")
    ElementTree.SubElement(case, "error", type=DISAGREE, message=said)
    for count in ("tests", "errors"):
        suite.set(count, str(int(suite.get(count, "0")) + 1))
    file.write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
