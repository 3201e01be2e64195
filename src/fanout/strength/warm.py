"""A warm process: it has imported all that a pack runs with but Core, and forks for each mutant.

The tool starts it with the Python of a cell's env and without itself: what it uses is the standard
library, pytest, and the modules that every pack shares. It reads orders and writes what became of
them, a line of JSON each; where there is no fork, it ends after one.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

PAUSE = 0.004  # seconds between two looks at a child
PACKAGE = "market_data_core"
OLD = 1_000_000_000  # a time of change that no mutated file has: compiled files tell them by it
CAN_FORK = hasattr(os, "fork")


def main() -> None:
    packs, site, folder = (Path(text).resolve() for text in sys.argv[1:4])
    cell, asked = sys.argv[4:6]
    sys.path[:0] = [str(packs)]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    place = Place(site, folder)
    try:
        for line in sys.stdin:
            order = json.loads(line)
            answers.write(json.dumps(obey(order, place, cell, asked)) + "\n")
            answers.flush()
            if not CAN_FORK:
                break  # this process is spent
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Place:
    """A private copy of the installed Core, which is one mutant after another."""

    def __init__(self, site: Path, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        for path in (site / PACKAGE, *site.glob(f"{PACKAGE}-*.dist-info")):
            shutil.copytree(path, folder / path.name, ignore=ignored)
        for path in folder.rglob("*"):
            os.utime(path, (OLD, OLD))
        self.original: dict[str, bytes | None] = {}

    def become(self, files: dict[str, str | None]) -> None:
        """Be the Core with these files, of which some may be gone."""
        for name, content in files.items():
            path = self.folder / name
            self.original[name] = path.read_bytes() if path.is_file() else None
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode())

    def restore(self) -> None:
        for name, content in self.original.items():
            path = self.folder / name
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
                os.utime(path, (OLD, OLD))
        self.original.clear()


def obey(order: dict[str, Any], place: Place, cell: str, asked: str) -> dict[str, Any]:
    """Run the pack on one mutant; what became of each promise, and how long that took."""
    began = time.monotonic()
    if warm := order.get("warm"):
        for name in warm:
            with suppress(Exception):
                import_module(name)
        gc.collect()
        gc.freeze()  # what is imported is not looked through again in each child
    place.become(order["files"])
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        journal = Path(folder, "journal")
        journal.touch()
        try:
            said = run(order, place, cell, asked, journal)
        finally:
            place.restore()
        loaded = Path(folder, "modules")
        if loaded.is_file():
            said["modules"] = json.loads(loaded.read_text("utf-8"))
    return said | {"seconds": time.monotonic() - began}


def run(
    order: dict[str, Any], place: Place, cell: str, asked: str, journal: Path
) -> dict[str, Any]:
    from ending import Trouble, results_of, trouble_of
    from journal import Reader
    from runner import pytest_arguments

    # Where it broke is told by nobody, and finding the lines takes longer than the promise.
    command = [*pytest_arguments(cell, asked, journal), "--tb=line"]
    late = None
    if sys.platform != "win32" and CAN_FORK:
        child = os.fork()
        if not child:
            live(order, place, command, journal)
        code = wait(child, order["limit"])
        if code is None:
            late = Trouble("timed-out", f"it did not end within {order['limit']:g} s")
            code = -signal.SIGKILL
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
    else:
        code = live(order, place, command, journal)
    told = Reader(journal).read()
    results = results_of(told, late or trouble_of(told, code, False))
    return {
        "results": {name: [r.tag, r.type, r.message] for name, r in results.items()},
        "supported": told.supported,
        "forked": CAN_FORK,
        "late": late is not None,
    }


def live(order: dict[str, Any], place: Place, command: list[str], journal: Path) -> int:
    """The life of a child: pytest, on the mutant that lies first on the path of imports."""
    if sys.platform != "win32" and CAN_FORK:
        os.setsid()
    for number in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    first = bool(order.get("list"))
    sys.dont_write_bytecode = not first
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(journal.parent)
    sys.path[:0] = [str(place.folder)]
    hide(order.get("hidden", ()))
    import pytest

    try:
        code = int(pytest.main(command))
        if first:
            names = sorted(n for n, m in sys.modules.items() if worth_warming(n, m, command[0]))
            journal.with_name("modules").write_text(json.dumps(names), "utf-8")
    except BaseException:
        code = 70
    if CAN_FORK:
        sys.stdout.flush()
        os._exit(code)
    return code


def worth_warming(name: str, module: object, pack: str) -> bool:
    """Whether a module is neither Core's nor a pack's own."""
    file = str(getattr(module, "__file__", None) or "")
    own = name.partition(".")[0] in (PACKAGE, "conftest", "__main__")
    return not own and not file.startswith(os.path.join(pack, ""))


def hide(names: list[str]) -> None:
    """See that modules are not found, as if nothing had installed them."""
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        del sys.modules[name]
    if names:
        sys.meta_path[:] = [Without(finder, names) for finder in sys.meta_path]


class Without:
    """A finder of modules that finds some no more."""

    def __init__(self, finder: Any, names: list[str]) -> None:
        self.finder = finder
        self.names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        hidden = name.partition(".")[0] in self.names
        return None if hidden else self.finder.find_spec(name, path, target)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finder, name)


def wait(child: int, limit: float) -> int | None:
    """The code that a child ends with; none if it has not ended in time."""
    if sys.platform == "win32":
        return 0  # where nothing forks
    until = time.monotonic() + limit
    while time.monotonic() < until:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(PAUSE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main()
