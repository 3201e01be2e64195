"""The warm processes of a pack, which run it on one mutant after another, several at a time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Timer

from fanout.errors import NothingFound
from fanout.model import Frozen
from fanout.strength.installed import Installed

PATIENCE, SHORTEST = 10, 20.0  # times as long as Core as it is, and at least so many seconds
GRACE = 10.0  # seconds in which a warm process ends what it runs, once that is too late
BROKEN, ERRORED = "failure", "error"


class Tried(Frozen):
    """What a pack said of one Core: the names of what broke, and of what had no verdict."""

    broken: tuple[str, ...] = ()
    errored: tuple[str, ...] = ()
    message: str = ""  # of the first of these
    seconds: float = 0.0
    promises: int = 0
    late: bool = False

    @property
    def noticed(self) -> bool:
        return bool(self.broken or self.errored)


Job = Callable[[], Tried | None]


class Crew:
    """Warm processes that have seen the pack run once on the Core that nothing has changed."""

    def __init__(self, installed: Installed, number: int) -> None:
        self.installed = installed
        self.number = number
        self.free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        self.all: list[subprocess.Popen[str]] = []
        self.limit = 600.0
        self.modules: list[str] = []
        self.forks = True

    def begin(self) -> Tried:
        """Start; what the pack says of the Core as it is. Raises NothingFound if it is not kept."""
        first = self.start()
        answer = self.ask(first, {"files": {}, "list": True})
        unchanged = tried(answer)
        modules = answer.get("modules")
        self.modules = modules if isinstance(modules, list) else []
        if unchanged.noticed or not unchanged.promises:
            names = ", ".join((*unchanged.broken, *unchanged.errored)) or "no promise"
            raise NothingFound(
                f"the pack does not keep on Core as it is: {names}: {unchanged.message}",
                f"see what `tox run -e {self.installed.cell.name}` says, and mend that first",
            )
        self.limit = max(SHORTEST, PATIENCE * unchanged.seconds)
        self.forks = bool(answer.get("forked"))
        if self.forks:
            self.free.put(first)
        else:
            self.replace(first)
        for _ in range(self.number - 1):
            self.free.put(self.start())
        for process in self.all if self.forks else ():
            self.ask(process, {"files": {}, "warm": self.modules})
        return unchanged

    def start(self) -> subprocess.Popen[str]:
        process = self.installed.warm(os.getpid() * 100 + len(self.all))
        self.all.append(process)
        return process

    def ask(self, process: subprocess.Popen[str], order: Mapping[str, object]) -> dict[str, object]:
        if not process.stdin or not process.stdout:
            raise TypeError("a warm process has two pipes")
        # It keeps the time of its children; who keeps its own where it has none?
        timer = Timer(3 * self.limit + GRACE, process.kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(json.dumps({"limit": self.limit, **order}) + "\n")
            process.stdin.flush()
            found: dict[str, object] = json.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            raise NothingFound(
                f"the process that runs '{self.installed.cell.name}' has ended: {error}",
                f"see that `tox run -e {self.installed.cell.name}` works",
            ) from error
        finally:
            timer.cancel()
        return found

    def run(self, files: Mapping[str, str | None], hidden: Iterable[str] = ()) -> Tried:
        """What the pack says of one mutant; one that ends the warm process has no verdict."""
        process = self.free.get()
        order = {"files": self.installed.recorded(files), "hidden": list(hidden)}
        try:
            answer = self.ask(process, order | {"warm": () if self.forks else self.modules})
        except NothingFound as ended:
            self.replace(process)
            return Tried(errored=("run",), message=ended.what)
        found = tried(answer)
        if self.forks and found.late:
            # Other work may have kept the machine busy: it is so only where it is so again.
            found = tried(self.ask(process, order | {"limit": 2 * self.limit}))
        if self.forks:
            self.free.put(process)
        else:
            self.replace(process)
        return found

    def replace(self, process: subprocess.Popen[str]) -> None:
        """Put a new process in the place of one that has ended, or can run no more."""
        process.kill()
        self.free.put(self.start())

    def each(self, jobs: Iterable[tuple[str, Job]]) -> Iterator[tuple[str, Tried | None]]:
        """Run jobs, as many at a time as there are processes; each by name as it is asked for."""
        with ThreadPoolExecutor(self.number) as pool:
            futures = [(name, pool.submit(job)) for name, job in jobs]
            try:
                for name, future in futures:
                    yield name, future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def end(self) -> None:
        for process in self.all:
            if process.stdin:
                process.stdin.close()
        for process in self.all:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


@contextmanager
def crew_of(installed: Installed) -> Iterator[Crew]:
    crew = Crew(installed, os.cpu_count() or 1)
    try:
        yield crew
    finally:
        crew.end()


def tried(answer: Mapping[str, object]) -> Tried:
    results = answer.get("results")
    rows = results if isinstance(results, dict) else {}
    counts = bool(answer.get("supported", True))
    broken = [name for name, (tag, _, _) in rows.items() if tag == BROKEN and counts]
    errored = [name for name, (tag, _, _) in rows.items() if tag == ERRORED]
    first = next(iter((*broken, *errored)), "")
    return Tried(
        broken=tuple(broken),
        errored=tuple(errored),
        message=rows[first][2] if first else "",
        seconds=float(str(answer.get("seconds", 0.0))),
        promises=len(rows),
        late=bool(answer.get("late")),
    )
