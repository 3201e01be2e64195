"""The runner of a live cell: each module of a consumer that imports Core, in a child of its own.

It runs without site-packages (`python -ES`), as the runner of a cell does: whatever a module does,
be it to end its process, to print or to leave something behind, it does not write the verdict.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from child import Child
from ending import Trouble, trouble_of
from evidence import UNFINISHED, Evidence, Result, without_secrets
from journal import Reader, Told, Writer
from runner import PACKS, arguments_of_cell, environment_in, seal

DRIFT = "drift.py"  # what a pack says of its consumer's own classes
BESIDE = ("run", "undeclared: ")  # what results are of that is no module
OWN = ("own", "undeclared")  # types of what is the consumer's own fault
GRACE = 0.2  # seconds in which what a module has started may end after it


def main() -> int:
    options = arguments().parse_args()

    def judge(file: Path, journal: Path) -> int:
        with TemporaryDirectory(prefix="live-", ignore_cleanup_errors=True) as folder:
            return Live(options, file, journal, Path(folder)).run()

    return seal(options, judge)


def arguments() -> ArgumentParser:
    parser = arguments_of_cell("Run one live cell.")
    parser.add_argument("--consumer", required=True, metavar="DISTRIBUTION[==RELEASE]")
    parser.add_argument("--only-drift", action="store_true", help="import no module for itself")
    parser.add_argument("--module-seconds", type=float, default=60, metavar="N")
    return parser


class Live:
    """One run of a live cell."""

    def __init__(self, options: Namespace, file: Path, journal: Path, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.journal = journal
        self.reader = Reader(journal)
        self.until = monotonic() + options.cell_seconds
        said = {"cell": options.cell, "asked": without_secrets(options.core)}
        self.evidence = Evidence(file, said)
        self.evidence.write({"run": Result("error", UNFINISHED, "the run did not finish")})

    @property
    def told(self) -> Told:
        return self.reader.told

    def run(self) -> int:
        results = self.look()
        stand_ins = [name.partition(": ")[2] for name in results if name.startswith("undeclared: ")]
        for name in [name for name in results if results[name].type == UNFINISHED]:
            results[name] = self.judge(name, ",".join(stand_ins))
        if "run" not in results:
            results |= self.drift(results, stand_ins)
            results |= self.changed()
        self.evidence.properties |= self.told.outside
        self.evidence.write(results)
        self.say(results)
        return int(any(result.tag in ("failure", "error") for result in results.values()))

    def look(self) -> dict[str, Result]:
        """What there is to import, and what the consumer does not ask for."""
        only_drift = self.options.only_drift
        if wrong := self.installed(*(["--again"] if only_drift else [])):
            return {"run": wrong}
        self.evidence.properties |= self.told.about
        if not self.told.left and not only_drift:
            no_modules = Result("error", "no-modules", "no module of it imports Core")
            return {"run": no_modules} | self.told.results
        return dict(self.told.results)

    def installed(self, *more: str) -> Result | None:
        """Have a child tell what is installed; why it is not what was asked for, if it is not."""
        asked = (f"--cell={self.options.cell}", f"--core={self.options.core}")
        trouble = self.child("importing.py", *asked, f"--consumer={self.options.consumer}", *more)
        if self.told.refused:
            return Result("error", "guard", self.told.refused)
        return Result("error", trouble.type, trouble.how) if trouble else None

    def judge(self, module: str, stand_ins: str) -> Result:
        """What is known of a module; where it fails by itself, of what it would do without that."""
        first = self.imported(module)
        if first.type not in OWN:
            return first
        again = self.imported(module, "--by-itself", f"--stand-in={stand_ins}")
        if again.tag == "failure":
            return again
        if again.tag == "error":
            self.told.beyond = self.told.beyond or f"'{module}' ends before it tells what it sees"
        if again.tag is None:
            first.message += "; by itself it can be imported"
        elif again.message != first.message:
            first.message += f"; and by itself, {again.message}"
        return first

    def imported(self, module: str, *how: str) -> Result:
        began = monotonic()
        self.told.results[module] = Result("error", UNFINISHED)
        trouble = self.child("importing.py", f"--module={module}", *how)
        result = self.told.results[module]
        if trouble or result.type == UNFINISHED:
            trouble = trouble or Trouble("crashed", "it told nothing")
            result = Result("error", trouble.type, trouble.how)
        result.seconds = monotonic() - began
        return result

    def drift(self, results: Mapping[str, Result], stand_ins: Sequence[str]) -> dict[str, Result]:
        """What the consumer's own classes say to what its pack says of them, if it has one."""
        pack = PACKS / self.options.cell.partition("_live-core_")[0]
        if not (pack / DRIFT).is_file():
            return {}
        alone = any(result.type in OWN and "." in name for name, result in results.items())
        packages = {name.partition(".")[0] for name in results if ": " not in name}
        how = (f"--by-itself={','.join(sorted(packages))}", f"--stand-in={','.join(stand_ins)}")
        trouble = self.child("drifting.py", f"--pack={pack}", *(how if alone else ()))
        told = {name: one for name, one in self.told.results.items() if name.startswith(DRIFT)}
        if trouble:
            where = f" ({self.told.running})" if self.told.running else ""
            told[DRIFT] = Result("error", trouble.type, f"{trouble.how}{where}")
        elif told[DRIFT].tag is None and len(told) > 1:
            del told[DRIFT]
        return told

    def child(self, script: str, *arguments: str) -> Trouble | None:
        """Have a child tell, until it is too late; what is wrong with how it ended."""
        limit = min(self.options.module_seconds, self.until - monotonic())
        if limit <= 0:
            return Trouble(
                "timed-out", f"the cell did not end within {self.options.cell_seconds:g} s"
            )
        Writer(self.journal).tell(process=0, running="", code=None)
        self.told.code, self.told.wrong = None, ""
        command = (
            sys.executable,
            "-P",
            str(PACKS / script),
            f"--journal={self.journal}",
            *arguments,
        )
        child = Child(command, environment_in(str(self.folder)), self.folder, subprocess.DEVNULL)
        late = False
        try:
            code = child.process.wait(limit)
        except subprocess.TimeoutExpired:
            late, code = True, 0
        finally:
            left = child.end(0 if late else GRACE)
        told = self.reader.read()
        if late:
            return Trouble("timed-out", f"it did not end within {limit:g} s")
        return trouble_of(told, code, left)

    def changed(self) -> dict[str, Result]:
        """An error of the run, if what is installed is not what it was before."""
        before = dict(self.told.about)
        if not (wrong := self.installed("--again")) and self.told.about == before:
            return {}
        said = "while its modules were imported, what is installed was changed"
        return {"run": Result("error", "guard", f"{said}: {wrong.message}" if wrong else said)}

    def say(self, results: Mapping[str, Result]) -> None:
        """Print each fault in words, whose it is, and which consumer met which Core."""
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        lines = [
            f"{whose(result)}: {name}: {result.message}"
            for name, result in results.items()
            if result.tag
        ]
        if about := self.told.about:
            core = f"Core {about['version']} from {about['source']}, sha256:{about['digest'][:12]}"
            facts = [one for name, one in results.items() if name.startswith(DRIFT)]
            there = {*results} - {name for name in results if name.startswith((*BESIDE, DRIFT))}
            modules = f"{kept(results[name] for name in there)} modules can be imported"
            said = [] if self.options.only_drift else [modules]
            said += [f"its pack is right in {kept(facts)}"] if facts else []
            consumer = f"{about['consumer']} {about['release']}"
            lines.append(f"{self.options.cell}: {consumer} with {core}: {', and '.join(said)}")
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def kept(results: Iterable[Result]) -> str:
    """How many of some results are as they should be."""
    tags = [result.tag for result in results]
    return f"{tags.count(None)} of {len(tags)}"


def whose(result: Result) -> str:
    """Whose fault a result is, to begin a line with."""
    if result.tag == "failure":
        return "drift" if result.type == "drift" else "broken by Core"
    return "its own fault" if result.type in OWN else f"errored ({result.type})"


if __name__ == "__main__":
    raise SystemExit(main())
