"""A plugin of pytest that runs packs where they are, on the Core that is installed: `--contracts`.

Until it is asked it does nothing. A pack never runs in the process of this pytest: the runner of a
cell judges it, in the same environment, and each promise is reported as its evidence has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import Any

import pytest

HARNESS = Path(__file__).resolve().parent
NAME = "contracts"
SHOWN = ("promise", "contract")  # of a promise, in the JUnit file of this pytest
ENDS = 15.0  # seconds in which a runner that is told to end does


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(NAME, "contract packs")
    group.addoption(
        "--contracts",
        action="append",
        default=[],
        metavar="FOLDER",
        help="run the pack in this folder on the Core that is installed, and nothing else unless"
        " it is named, such as --contracts=packs/store; may be given again",
    )
    group.addoption(
        "--contracts-evidence", metavar="FOLDER", help="keep the evidence of packs in this folder"
    )
    parser.addini(NAME, "the folders of packs that each run of pytest runs as well", type="paths")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    told = early_config.known_args_namespace
    if told.contracts and not told.file_or_dir:
        told.noconftest = True  # nothing else is collected


def pytest_configure(config: pytest.Config) -> None:
    here = config.invocation_params.dir
    asked = [Path(here, folder) for folder in config.getoption("--contracts")]
    if folders := asked or config.getini(NAME):
        packs = [*dict.fromkeys(Path(os.path.abspath(folder)) for folder in folders)]
        check(packs)
        config.pluginmanager.register(Contracts(config, packs, bool(asked)), "contracts-asked")


def check(packs: Sequence[Path]) -> None:
    """Raise UsageError unless each folder is a pack, and each has a name of its own."""
    for folder in packs:
        if not (folder / "pack.toml").is_file():
            raise pytest.UsageError(
                f"there is no pack in '{folder}': --contracts, or `contracts` in the settings of"
                " pytest, names a folder that has a pack.toml"
            )
    if len({folder.name for folder in packs}) < len(packs):
        raise pytest.UsageError("--contracts names two packs of one name: ask for one at a time")


class Contracts:
    """The packs that a run of pytest was asked for."""

    def __init__(self, config: pytest.Config, packs: Sequence[Path], asked: bool) -> None:
        told: Mapping[str, Any] | None = getattr(config, "workerinput", None)
        self.own = "" if told else mkdtemp(prefix="contracts-")
        named = config.args_source is pytest.Config.ArgsSource.ARGS
        told = told or {"contracts": self.own, "only_contracts": asked and not named}
        self.told = {key: told[key] for key in ("contracts", "only_contracts")}
        if told["only_contracts"]:
            config.args = []
        kept = config.getoption("--contracts-evidence")
        evidence = Path(config.invocation_params.dir, kept) if kept else None
        self.runs = [Run(pack, Path(told["contracts"], pack.name), evidence) for pack in packs]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Have the processes of pytest-xdist share one run of each pack."""
        node.workerinput.update(self.told)

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        return True if any(run.folder == collection_path for run in self.runs) else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> Iterator[None]:
        """Add the items of the packs, whose runs are selected with any of their promises."""
        for run in self.runs:
            where = Path(os.path.relpath(run.folder, session.config.rootpath)).as_posix()
            about = {"name": run.folder.name, "path": run.folder, "nodeid": where}
            items += session.genitems(PackNode.from_parent(session, run=run, **about))
        runs = [one for one in items if isinstance(one, RunItem)]
        yield
        selected = {one.run for one in items if isinstance(one, PromiseItem)}
        items[:0] = [one for one in runs if one.run in selected and one not in items]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in [line for run in self.runs for line in run.last_lines()]:
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        if self.own:
            shutil.rmtree(self.own, ignore_errors=True)


class Run:
    """One run of a pack, in a room that all processes of this run of pytest have in common."""

    def __init__(self, folder: Path, room: Path, evidence: Path | None) -> None:
        self.folder = folder
        self.room = room
        self.stage = room / "stage"
        self.evidence = evidence or room / "evidence"

    @cached_property
    def plan(self) -> dict[str, Any]:
        """What `stage.py` says of the pack, once it is on its stage."""
        file = self.room / "plan.json"
        with alone(self.room):
            if not file.exists():
                file.write_bytes(ask("-E", HARNESS / "stage.py", self.folder, self.stage))
        plan: dict[str, Any] = json.loads(file.read_bytes())
        return plan

    @cached_property
    def promises(self) -> dict[str, dict[str, str]]:
        """The outcome of each promise, and that of the run."""
        return self.outcomes("runner.py", self.plan["cell"], self.plan["promises"])

    @cached_property
    def facts(self) -> dict[str, dict[str, str]]:
        """The outcome of each fact of the consumer's own classes."""
        how = (f"--consumer={self.plan['consumer']}", "--only-drift")
        return self.outcomes("live.py", self.plan["live"], self.plan["facts"], *how)

    def outcomes(
        self, runner: str, cell: str, names: Sequence[str], *how: str
    ) -> dict[str, dict[str, str]]:
        """What `outcomes.py` says of these in a cell, which is run unless it has been."""
        file = self.room / f"{cell}.json"
        packs = self.stage / "packs"
        with alone(self.room):
            if not file.exists():
                more = (f"--core={self.plan['core']}", f"--evidence={self.evidence}", *how)
                code, said = follow([packs / runner, f"--cell={cell}", *more], self.stage)
                asked = {"file": str(self.evidence / f"{cell}.xml"), "code": code, "said": said}
                # A fact is of the consumer, whichever Core it stands on.
                counts = self.plan["supported"] or cell == self.plan["live"]
                asked |= {"names": names, "supported": counts}
                told = ask("-ES", packs / "outcomes.py", told=json.dumps(asked))
                file.write_text(json.dumps(asked | {"told": json.loads(told)}), "utf-8")
        outcomes: dict[str, dict[str, str]] = json.loads(file.read_text("utf-8"))["told"]
        return outcomes

    def last_lines(self) -> Iterator[str]:
        """What each runner has said at last, where that is about its cell."""
        for file in sorted(self.room.glob("*-core_*.json")):
            said = json.loads(file.read_text("utf-8"))["said"]
            last = said.rstrip().rpartition("\n")[2]
            if last.startswith(f"{file.stem}: "):
                yield last


def ask(*command: str | Path, told: str = "") -> bytes:
    """What a script of the harness answers."""
    done = subprocess.run(
        (sys.executable, *command), input=told.encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return done.stdout


def follow(command: Sequence[str | Path], folder: Path) -> tuple[int, str]:
    """Wait until a runner has ended, or end it with this process; its code and what it said."""
    # Its lifeline is what it reads from, where a system can have one.
    lifeline = () if sys.platform == "win32" else ("--lifeline=0",)
    whole = (sys.executable, "-ES", *command, *lifeline)
    with TemporaryFile() as output:
        how: dict[str, Any] = {"stdout": output, "stderr": subprocess.STDOUT, "cwd": folder}
        with subprocess.Popen(whole, stdin=subprocess.PIPE, **how) as runner:
            try:
                code = runner.wait()
            finally:
                if runner.poll() is None:
                    runner.terminate()
                    runner.wait(ENDS)
        output.seek(0)
        return code, output.read().decode(errors="replace")


@contextmanager
def alone(room: Path) -> Iterator[None]:
    """A block in which no other process is in a room; one that ends is in none."""
    room.mkdir(exist_ok=True)
    with (room / "lock").open("ab") as lock:
        if sys.platform == "win32":
            import msvcrt

            while True:
                with suppress(OSError):  # which it raises after ten seconds
                    msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class PackNode(pytest.Collector):
    """A pack: an item for its run, and its files."""

    def __init__(self, *, run: Run, **more: Any) -> None:
        super().__init__(**more)
        self.run = run

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        plan = self.run.plan
        if "refused" in plan:
            raise self.CollectError(plan["refused"])
        yield RunItem.from_parent(self, name="run", run=self.run)
        for kind, names in ((PromiseItem, plan["promises"]), (FactItem, plan["facts"])):
            for file, group in groupby(names, key=lambda name: str(name.partition("::")[0])):
                about = {"name": file, "path": self.path / file, "nodeid": f"{self.nodeid}/{file}"}
                yield FileNode.from_parent(self, kind=kind, names=[*group], run=self.run, **about)


class FileNode(pytest.Collector):
    """A file of a pack, which is not imported."""

    def __init__(
        self, *, kind: type[PromiseItem], names: Sequence[str], run: Run, **more: Any
    ) -> None:
        super().__init__(**more)
        self.kind, self.names, self.run = kind, names, run

    def collect(self) -> Iterator[pytest.Item]:
        for name in self.names:
            yield self.kind.from_parent(self, name=name.partition("::")[2], run=self.run)


class PromiseItem(pytest.Item):
    """A promise of a pack, with all its cases."""

    def __init__(self, *, run: Run, **more: Any) -> None:
        super().__init__(**more)
        self.run = run

    @property
    def stated(self) -> str:
        """Its name in the evidence."""
        return f"{self.path.relative_to(self.run.folder).as_posix()}::{self.name}"

    def outcome(self) -> dict[str, str]:
        return self.run.promises[self.stated]

    def setup(self) -> None:
        self.found = self.outcome()
        self.user_properties += [(key, self.found[key]) for key in SHOWN if self.found.get(key)]
        if self.found["word"] == "errored":
            raise pytest.fail.Exception(self.found["said"], pytrace=False)

    def runtest(self) -> None:
        if self.found["word"] == "left-out":
            raise pytest.skip.Exception(self.found["said"])
        if self.found["word"] == "known":
            raise pytest.xfail.Exception(self.found["said"], pytrace=False)
        if self.found["word"] != "passed":
            raise pytest.fail.Exception(self.found["said"], pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


class FactItem(PromiseItem):
    """A fact that a pack states of its consumer's own classes."""

    def outcome(self) -> dict[str, str]:
        if not self.run.plan["live"]:
            raise pytest.skip.Exception(f"{self.run.plan['consumer']} is not installed here")
        return self.run.facts[self.stated]


class RunItem(PromiseItem):
    """The run of a pack itself: the guard, and whatever else no promise or fact tells."""

    def outcome(self) -> dict[str, str]:
        found = self.run.promises["run"]
        if found["word"] == "passed" and self.run.plan["live"]:
            return self.run.facts["run"]
        return found
