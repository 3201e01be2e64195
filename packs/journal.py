"""The journal: what a run of pytest tells its runner while it runs, as lines of JSON in a file.

A run tells each promise before it starts and when it has ended, so that what it does not live to
tell is known as well.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, fields
from pathlib import Path

from evidence import UNFINISHED, Result


class Writer:
    """The run's side."""

    def __init__(self, file: Path) -> None:
        self.file = file.resolve()

    def tell(self, **said: object) -> None:
        """Append one line at once: the next thing that happens may be the end of this process."""
        line = json.dumps({"process": os.getpid()} | said) + "\n"
        # Core may have closed all files that it found open.
        file = os.open(self.file, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def results(self, results: dict[str, Result]) -> None:
        if results:
            self.tell(results={name: vars(result) for name, result in results.items()})


@dataclass
class Told:
    """What a run has told so far."""

    about: dict[str, str] = field(default_factory=dict)
    supported: bool = True
    results: dict[str, Result] = field(default_factory=dict)
    running: str = ""
    refused: str = ""
    code: int | None = None  # that the run is about to end with
    process: int = 0
    sees: dict[str, str] = field(default_factory=dict)
    beyond: str = ""
    wrong: str = ""  # about the journal itself

    @property
    def outside(self) -> dict[str, str]:
        """What evidence has of it, nothing for a cell that sees no more than its key has."""
        sees = json.dumps(self.sees, sort_keys=True) if self.sees else ""
        return {key: text for key, text in (("sees", sees), ("beyond", self.beyond)) if text}

    @property
    def left(self) -> bool:
        """Whether a promise has not run."""
        return any(result.type == UNFINISHED for result in self.results.values())


class Reader:
    """The runner's side."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.offset = 0
        self.told = Told()

    def read(self) -> Told:
        """What has been told until now."""
        try:
            with self.file.open("rb") as file:
                file.seek(self.offset)
                whole, newline, _ = file.read().rpartition(b"\n")
        except OSError as error:
            self.told.wrong = f"the run's journal cannot be read: {error.strerror}"
            return self.told
        self.offset += len(whole + newline)
        for line in whole.splitlines():
            try:
                self.take(json.loads(line))
            except (AttributeError, KeyError, TypeError, ValueError):
                self.told.wrong = "something else wrote into the run's journal"
        return self.told

    def take(self, said: dict[str, object]) -> None:
        process = said.pop("process")
        if process == 0:  # the runner itself, before the next run
            self.told.process = 0
        elif not self.told.process:
            self.told.process = int(str(process))
        elif process != self.told.process:
            self.told.wrong = "a process that it had forked went on as if it were the run"
            return
        results = {name: result_of(row) for name, row in checked(said.pop("results", {})).items()}
        for name, result in results.items():
            if result.excuses and name != self.told.running:
                raise ValueError(f"{name!r} does not run, and so it is not kept")
        self.told.results |= results
        # Several processes may see the same, and the first says what others see of it.
        sees = {name: str(found) for name, found in checked(said.pop("sees", {})).items()}
        self.told.sees = sees | self.told.sees
        self.told.beyond = self.told.beyond or str(said.pop("beyond", ""))
        known = {field.name for field in fields(Told)}
        for key, value in said.items():
            if key not in known:
                raise ValueError(f"nobody tells {key!r}")
            setattr(self.told, key, value)


def checked(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no table")
    return value


def result_of(value: object) -> Result:
    row = checked(value)
    return Result(
        tag=None if row["tag"] is None else str(row["tag"]),
        type=str(row["type"]),
        message=str(row["message"]),
        text=str(row["text"]),
        seconds=float(str(row["seconds"])),
        properties={name: str(text) for name, text in checked(row["properties"]).items()},
    )
