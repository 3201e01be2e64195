"""Cores made at random, each checked by the real command: its answer against what is known of it.

Each is made of parts, of which tests/worlds/random_cores.toml says what is known. It ends with 1 if
an answer is wrong, and keeps that Core, made of as few parts as are wrong together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.servers.core_index import CoreIndex
from tests.worlds.large import PACK_TOML, World, tox_ini
from tests.worlds.random_core import PACK, Answers, Part, at_random, named, right, write_core

BASELINE = "1.0.0"
ANSWERS = {0: "release", 1: "hold", 2: "unusable", 3: "unknown"}
LIMITS = "--promise-seconds=3 --cell-seconds=20 --end-seconds=2"
EXPECTED = 5.0  # seconds for one Core, until one has been checked


class Answered(NamedTuple):
    """A Core by its parts, and what the command answered in how many seconds."""

    made_of: tuple[Part, ...]
    right: Answers
    answer: str
    first_line: str
    seconds: float

    @property
    def name(self) -> str:
        return " ".join(part.name for part in self.made_of)

    @property
    def wrong(self) -> bool:
        return self.answer not in self.right


class Trial:
    """A world for each of a few checks at a time, with one pack and one release of Core."""

    def __init__(self, folder: Path, index: CoreIndex, jobs: int) -> None:
        self.folder = folder
        self.worlds = SimpleQueue[World]()
        self.jobs = jobs
        wheel = write_core(folder / "baseline", (), BASELINE).read_bytes()
        index.answers = {f"/files/market_data_core-{BASELINE}-py3-none-any.whl": wheel}
        index.describe()
        for number in range(jobs):
            self.worlds.put(make_world(folder / f"world-{number}", index.url))

    def check(self, made_of: tuple[Part, ...]) -> Answered:
        """Ask the command about a Core of these parts."""
        world = self.worlds.get()
        core = world.root / "candidate"
        try:
            shutil.rmtree(core, ignore_errors=True)
            shutil.rmtree(world.root / "runs", ignore_errors=True)
            began = time.monotonic()
            path = write_core(core, made_of)
            arguments = (str(path), "--baseline", BASELINE, "--index", world.index)
            process = world.start("check", *arguments, "--minutes", "2")
            out, error = process.communicate()
            answer = ANSWERS.get(process.returncode, str(process.returncode))
            if "Traceback" in error:
                answer = "traceback"
            line = (out or error).strip().partition("\n")[0]
            return Answered(made_of, right(made_of), answer, line, time.monotonic() - began)
        finally:
            self.worlds.put(world)

    def run(
        self, cores: Sequence[tuple[Part, ...]], done: Callable[[int, Answered], None]
    ) -> list[Answered]:
        """Check them all, a few at a time; `done` is told of each."""
        found = []
        with ThreadPoolExecutor(self.jobs) as pool:
            for number, answered in enumerate(pool.map(self.check, cores), 1):
                found.append(answered)
                done(number, answered)
        return found

    def smallest(self, answered: Answered) -> Answered:
        """The same wrong answer, of no more parts than it needs."""
        for part in answered.made_of:
            fewer = tuple(one for one in answered.made_of if one is not part)
            again = self.check(fewer) if fewer else answered
            if again.wrong and again.answer == answered.answer:
                answered = again
        return answered


def make_world(root: Path, index: str) -> World:
    world = World(root, index)
    command = '--evidence="{env:EVIDENCE}" '
    text = tox_ini([BASELINE])
    assert command in text
    world.harness(text.replace(command, f"{command}{LIMITS} "))
    world.write("packs/small/pack.toml", PACK_TOML.format(pack="small", supports=">=0.9"))
    for name, content in PACK.items():
        world.write(f"packs/small/{name}", content)
    return world


@contextmanager
def trial(jobs: int = 1) -> Iterator[Trial]:
    """A trial in a folder of its own, which ends with it."""
    index = CoreIndex()
    try:
        with tempfile.TemporaryDirectory(prefix="cores-", ignore_cleanup_errors=True) as folder:
            yield Trial(Path(folder).resolve(), index, jobs)
    finally:
        index.close()


def table(found: Iterable[Answered]) -> Table:
    """How often each part was in a Core, with which answers."""
    answers: dict[str, Counter[str]] = {}
    known: dict[str, str] = {}
    for answered in found:
        for part in answered.made_of:
            known[part.name] = part.known
            word = f"WRONG {answered.answer}" if answered.wrong else answered.answer
            answers.setdefault(part.name, Counter())[word] += 1
    shown = Table("part", "known", "Cores", "answers")
    for name in sorted(answers):
        said = ", ".join(f"{number} {word}" for word, number in sorted(answers[name].items()))
        shown.add_row(name, known[name], str(answers[name].total()), said)
    return shown


def as_json(found: Iterable[Answered]) -> list[dict[str, Any]]:
    return [
        {
            "parts": [part.name for part in answered.made_of],
            "right": sorted(answered.right),
            "answer": answered.answer,
            "wrong": answered.wrong,
            "first_line": answered.first_line,
            "seconds": round(answered.seconds, 2),
        }
        for answered in found
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="tox run -e cores-at-random --")
    parser.add_argument("--cores", type=int, default=200, help="how many (200)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="checks at a time")
    parser.add_argument("--core", metavar="PARTS", help="one Core of these parts, by their names")
    parser.add_argument("--keep", type=Path, default=Path("runs/wrong"), metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="PATH")
    options = parser.parse_args()
    if min(options.cores, options.jobs) < 1:
        parser.error("--cores and --jobs are at least 1")
    try:
        cores = [named(options.core.split())] if options.core else None
    except KeyError as error:
        parser.error(f"--core: there is no part {error}; see tests/worlds/random_cores.toml")
    cores = cores or list(islice(at_random(options.seed), options.cores))
    console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    began = time.monotonic()

    def say(number: int, answered: Answered) -> None:
        left = (time.monotonic() - began) / number * (len(cores) - number) / 60
        mark = "WRONG " if answered.wrong else ""
        told = f"{number}/{len(cores)} {mark}{answered.answer}: {answered.name}"
        console.print(f"{told} ({answered.seconds:.0f} s; about {left:.1f} minutes left)")

    console.print(f"about {len(cores) * EXPECTED / options.jobs / 60:.0f} minutes")
    with trial(min(options.jobs, len(cores))) as running:
        found = running.run(cores, say)
        seconds = time.monotonic() - began
        wrong = [running.smallest(answered) for answered in found if answered.wrong]
    output = Console(highlight=False, markup=False)
    output.print(table(found))
    counted = Counter(f"wrong {one.answer}" if one.wrong else one.answer for one in found)
    said = ", ".join(f"{number} {word}" for word, number in sorted(counted.items()))
    output.print(f"{len(found)} Cores in {seconds:.0f} s, seed {options.seed}: {said}")
    for number, answered in enumerate(wrong, 1):
        path = write_core(options.keep / str(number), answered.made_of)
        output.print(
            f"wrong: '{answered.first_line}', and right is {' or '.join(sorted(answered.right))}:"
            f" {path}; again by: tox run -e cores-at-random -- --core '{answered.name}'",
            soft_wrap=True,
        )
    if options.json:
        options.json.write_text(json.dumps(as_json(found), indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
