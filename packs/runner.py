"""The runner of a cell: pytest as a child that it keeps the time of, and ends with all it started.

Nothing that the child does after its last word, be it to its exit code, changes what is known of
the promises: the evidence is sealed, and the exit code computed from it, when the child has ended.
It runs without site-packages (`python -ES`), so that what Core installs takes no part in it.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from child import Child, Stopped, adopt_orphans, stop_by_signals
from lifeline import hold

OLDEST = (3, 11)
PACKS = Path(__file__).resolve().parent
# No other plugin than this one takes part, whatever distribution ships it.
SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")
OF_TOOLS = ("PYTEST", "PIP_", "UV_", "VIRTUALENV_")  # some hold a password for an index
OF_A_USER = {"TERM", "TERMINFO", "SSH_AGENT_PID", "SSH_AUTH_SOCK", "PKG_CONFIG", "PKG_CONFIG_PATH"}
OF_A_USER |= {"CC", "CFLAGS", "CCSHARED", "CXX", "CPPFLAGS", "LDFLAGS"}
FOLDERS = ["HOME", "TMPDIR"]
if sys.platform == "win32":
    FOLDERS += ["USERPROFILE", "TEMP", "TMP", "APPDATA", "LOCALAPPDATA"]
PLUGIN = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_mode=auto", *SCOPE)
SHOWN = ("-q", "-rN", "--disable-warnings", "--tb=short")
OPTIONS = (*SHOWN, "--strict-markers", "--strict-config", "-p", "no:cacheprovider", *PLUGIN)


def main() -> int:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.stderr.write(
            f"errored: a cell needs Python 3.11 or newer, and this is Python {found}\n"
        )
        return 2
    options, more = arguments().parse_known_args()
    return seal(options, lambda file, journal: follow(options, file, journal, more))


def seal(options: Namespace, judge: Callable[[Path, Path], int]) -> int:
    """Have a cell judged, with the file of its evidence and a journal; the exit code."""
    file = options.evidence.resolve() / f"{options.cell}.xml"
    journal = file.with_name(f".{options.cell}.{os.getpid()}.journal")
    hold(options.lifeline)
    stop_by_signals()
    adopt_orphans()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        journal.write_bytes(b"")
        return judge(file, journal)
    except OSError as error:
        sys.stderr.write(f"errored: the evidence cannot be written: {error}\n")
        return 1
    except Stopped as stopped:
        return 128 + stopped.number
    finally:
        journal.unlink(missing_ok=True)


def follow(options: Namespace, file: Path, journal: Path, more: Sequence[str]) -> int:
    asked = pytest_arguments(options.cell, options.core, journal)
    command = (sys.executable, "-P", "-m", "pytest", *asked, *more)
    with TemporaryDirectory(prefix="cell-", ignore_cleanup_errors=True) as folder:
        environment = environment_in(folder)
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        # Where all share one, whoever ends first tidies up after everybody, for however long.
        environment["PYTEST_DEBUG_TEMPROOT"] = folder
        child = Child(command, environment)
        try:
            # Imported while the child starts, which takes longer.
            from run import Run

            run = Run(options, file, journal)
            return run.judge(child, lambda: Child(command, environment))
        finally:
            child.end()


def environment_in(folder: str) -> dict[str, str]:
    """What the code of a cell has around it: nothing of the terminal and the session it runs in."""
    left = (name for name in os.environ if not name.startswith(OF_TOOLS) and name not in OF_A_USER)
    return {name: os.environ[name] for name in left} | dict.fromkeys(FOLDERS, folder)


def pytest_arguments(cell: str, core: str, journal: Path) -> list[str]:
    """What pytest is given to run the pack of a cell on the Core that was asked for."""
    pack = PACKS / cell.partition("-core_")[0]
    return [str(pack), *OPTIONS, f"--cell={cell}", f"--core={core}", f"--journal={journal}"]


def arguments() -> ArgumentParser:
    parser = arguments_of_cell("Run one cell; any other option is one of pytest.")
    parser.add_argument("--promise-seconds", type=float, default=60, metavar="N")
    parser.add_argument("--end-seconds", type=float, default=10, metavar="N")
    return parser


def arguments_of_cell(description: str) -> ArgumentParser:
    """What every cell is told, of whatever kind it is."""
    parser = ArgumentParser(allow_abbrev=False, description=description)
    parser.add_argument("--cell", required=True, metavar="NAME")
    parser.add_argument("--core", default="", metavar="REQUIREMENT")
    parser.add_argument("--evidence", type=Path, default=Path("evidence"), metavar="FOLDER")
    parser.add_argument("--cell-seconds", type=float, default=600, metavar="N")
    parser.add_argument("--lifeline", type=int, metavar="NUMBER", help="a pipe to end with")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
