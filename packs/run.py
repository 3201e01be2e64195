"""One run of a cell: followed while it lasts, and sealed into evidence when it has ended."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from child import Child, Stopped
from ending import Trouble, results_of, trouble_of
from evidence import NOT_APPLICABLE, UNFINISHED, Evidence, Result, without_secrets
from journal import Reader, Told, Writer

PAUSE = 0.1  # seconds between two looks at the journal
AGAIN = 3  # times that what a run left over is begun again
GRACE = 2.0  # seconds in which what a run has started may end after it


class Run:
    """A child that runs pytest, and what is known of it; begun again for what an end left over."""

    def __init__(self, options: Namespace, file: Path, journal: Path) -> None:
        self.limits = options
        self.journal = journal
        self.reader = Reader(journal)
        self.started = monotonic()
        self.again = AGAIN
        self.late: Trouble | None = None
        self.trouble: Trouble | None = None
        said = {"cell": options.cell, "asked": without_secrets(options.core)}
        self.evidence = Evidence(file, said)
        self.evidence.write({"run": Result("error", UNFINISHED, "the run did not finish")})

    @property
    def told(self) -> Told:
        return self.reader.told

    def judge(self, child: Child, begin: Callable[[], Child]) -> int:
        """Follow a child, and others for what it left over, to the end; the exit code."""
        code = 1
        try:
            while self.follow(child):
                child = begin()
        except Stopped as stopped:
            child.end()
            self.reader.read()
            self.charge(Trouble("stopped", f"the runner was ended by {stopped.name}"))
            code = 128 + stopped.number
        results = results_of(self.told, self.trouble)
        self.evidence.properties |= self.told.about | self.told.outside
        self.evidence.write(results)
        self.say(results)
        green = not any(result.counts_against(self.told.supported) for result in results.values())
        return 0 if green and not self.trouble else code

    def follow(self, child: Child) -> bool:
        """Wait until a child has ended, or end it; whether it left promises to another one."""
        ended = Event()
        watch = Thread(target=self.watch, args=(child, ended), daemon=True)
        watch.start()
        code = child.process.wait()
        ended.set()
        watch.join()
        left = child.end(0 if self.late else GRACE)
        trouble = self.late or trouble_of(self.reader.read(), code, left)
        culprit = self.charge(trouble) if trouble else ""
        over = monotonic() - self.started >= self.limits.cell_seconds
        if over or not (culprit and self.told.left and self.again):
            return False
        self.again -= 1
        self.late = None
        results = {culprit: vars(self.told.results[culprit])}
        Writer(self.journal).tell(process=0, results=results)
        return True

    def watch(self, child: Child, ended: Event) -> None:
        """End the child once it is too late."""
        before, since = None, monotonic()
        while not ended.wait(PAUSE):
            told, now = self.reader.read(), monotonic()
            if (told.running, told.code) != before:
                before, since = (told.running, told.code), now
            self.late = self.too_late(now - since, now - self.started)
            if self.late:
                child.kill()
                return

    def too_late(self, here: float, whole: float) -> Trouble | None:
        """Whether a limit is over, for what is done now or for the whole cell."""
        limits = self.limits
        if whole >= limits.cell_seconds:
            how = f"the cell did not end within {limits.cell_seconds:g} s"
        elif self.told.running and here >= limits.promise_seconds:
            how = f"it did not end within {limits.promise_seconds:g} s"
        elif self.told.code is not None and here >= limits.end_seconds:
            how = f"pytest did not end within {limits.end_seconds:g} s after its last word"
            how += ": a thread or an exit handler goes on"
        else:
            return None
        return Trouble("timed-out", how)

    def charge(self, trouble: Trouble) -> str:
        """Keep the first trouble, and make the promise that was running errored; its name."""
        name, self.told.running = self.told.running, ""
        if name:
            before = self.told.results.get(name, Result())
            error = Result("error", trouble.type, trouble.how, properties=before.properties)
            self.told.results[name] = error
            trouble = Trouble(trouble.type, f"{trouble.how}: {name}")
        self.trouble = self.trouble or trouble
        return name if "::" in name and trouble.type != "stopped" else ""

    def say(self, results: dict[str, Result]) -> None:
        """Print what people look for at the end: broken promises in words, and the Core."""
        # Not every terminal has every character that a promise may.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        told = {} if self.told.refused else results  # which pytest has said
        lines = [line(name, result) for name, result in told.items() if worth_a_line(result)]
        deselected = sum(result.type == "deselected" for result in results.values())
        if deselected:
            lines.append(
                f"errored: {deselected} promises were deselected: the evidence has no verdict"
            )
        if about := self.told.about:
            tested = f"Core {about['version']} from {about['source']}"
            facts = (tested, f"sha256:{about['digest'][:12]}", partly(results))
            lines.append(f"{self.limits.cell}: {', '.join(filter(None, facts))}")
        sys.stdout.write("".join(f"{text}\n" for text in lines))


def partly(results: Mapping[str, Result]) -> str:
    """How many promises of a pack were judged, if some do not apply to this Core."""
    judged = sum(result.type != NOT_APPLICABLE for result in results.values())
    part = f"judged {judged} of {len(results)} promises"
    return part if 0 < judged < len(results) else ""


def worth_a_line(result: Result) -> bool:
    """Whether the end of a cell's output names it."""
    return result.tag in ("failure", "error") and result.type != "deselected"


def line(name: str, result: Result) -> str:
    word = "broken promise" if result.tag == "failure" else "errored"
    return f"{word}: {result.properties.get('promise') or result.message} ({name})"
