"""The outside: what a cell sees while it runs, and its key does not have.

Python tells of it by audit events (PEP 578), which nothing that is imported later can switch off.
A file is told with the digest of its content, so that whoever takes the cell's verdict over can
look whether that is still the same. A process or a connection may say anything at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import source_from_cache
from threading import get_ident
from weakref import ref

# A pack may put something else in their place.
open_file, status_of, names_in, exists = open, os.stat, os.listdir, os.path.lexists
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LARGEST = 16 * 1024 * 1024  # bytes of a file that is looked into
MOST = 1000  # files that are told
ABSENT = "absent"
MADE_UP = {"/dev", "/proc", "/sys"}  # folders of what says another thing each time
LOOPBACK = {"127.0.0.1", "::1", "localhost", "", "0.0.0.0", "::"}  # noqa: S104 - of what is bound
STARTS = {"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork", "os.forkpty"}
STARTS |= {"os.spawn", "os.startfile", "pty.spawn"}
SPAWNS = {f"multiprocessing.popen_{how}" for how in ("spawn_posix", "spawn_win32", "forkserver")}
SPEAKS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
LISTS = {"os.listdir", "os.scandir"}
OPENS = {"open", "sqlite3.connect"}


class Outside:
    """What of the outside a pack and its Core see; `running` tells the promise that runs."""

    def __init__(self, pack: str) -> None:
        self.pack = os.path.join(HERE, pack)
        self.running: Callable[[], str] = str
        self.sees: dict[str, str] = {}  # the digest of each file and folder, by its path
        self.beyond = ""  # why its verdict is its own, if it is
        libraries = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
        libraries += [path for path in sys.path if path.endswith(".zip")]  # of Python itself
        self.inside = {os.path.abspath(path) for path in (sys.prefix, *libraries)}
        self.own = {os.path.realpath(os.environ.get("PYTEST_DEBUG_TEMPROOT", os.devnull))}
        self.bound: list[ref[socket.socket]] = []
        self.busy: set[int] = set()  # threads that look into a file because it was opened

    def listen(self) -> None:
        sys.addaudithook(self.hear)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A block in which this thread does what is no part of the cell."""
        self.busy.add(get_ident())
        try:
            yield
        finally:
            self.busy.discard(get_ident())

    def told(self) -> dict[str, str]:
        """The properties in evidence, none for a cell that sees no more than its key has."""
        sees = json.dumps(self.sees, sort_keys=True) if self.sees else ""
        return {key: text for key, text in (("sees", sees), ("beyond", self.beyond)) if text}

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        if event not in HEARD or get_ident() in self.busy:
            return
        with self.aside():
            try:
                HEARD[event](self, *args)
            except Exception as error:  # of an argument that Core has made
                self.note_beyond(f"does what cannot be told ({event}: {type(error).__name__})")

    def note_beyond(self, does: str) -> None:
        self.beyond = self.beyond or f"'{self.running() or 'a file of it'}' {does}"

    def start(self, *args: object) -> None:
        self.note_beyond("starts a process")

    def load(self, module: str, *args: object) -> None:
        if module in SPAWNS:  # of whose processes no event tells
            self.start()

    def make(self, path: object, *args: object) -> None:
        """What is in a folder that the cell has made is its own."""
        folder = path_of(path)
        if folder and not exists(folder):
            self.own.add(os.path.realpath(folder))

    def bind(self, bound: socket.socket, *args: object) -> None:
        self.bound.append(ref(bound))

    def speak(self, speaker: socket.socket, address: object = None, *args: object) -> None:
        if address is not None and place(address) not in map(bound_to, self.bound):
            self.note_beyond("connects to something that it has not made")

    def list(self, path: object = None, *args: object) -> None:
        folder = path_of("." if path is None else path)
        # Python looks through folders as it imports, and pytest as it collects.
        asks = sys._getframe(2).f_globals.get("__name__", "")
        if folder and not str(asks).startswith(("importlib", "_frozen_importlib", "_pytest.")):
            self.see(folder)

    def open(self, path: object, mode: object = "r", flags: int = os.O_RDONLY) -> None:
        file = path_of(path)
        if not file or path == ":memory:":
            return
        if flags & (os.O_TRUNC | os.O_EXCL) and is_folder(file):
            return  # a temporary file without a name is opened by its folder
        made = flags & os.O_TRUNC or (flags & os.O_EXCL and not exists(file))
        if made and as_told(file) not in self.sees:
            self.own.add(os.path.realpath(file))
        elif not flags & os.O_WRONLY:
            self.see(source_of(file))

    def see(self, path: str) -> None:
        name = as_told(path)
        if name in self.sees or path == os.devnull or self.has(path):
            return
        if len(self.sees) == MOST:
            self.note_beyond(f"reads more than {MOST} files outside its pack")
        elif found := look(path):
            self.sees[name] = found
        else:
            self.note_beyond(f"reads '{name}', which may say another thing each time")

    def has(self, path: str) -> bool:
        """Whether the key has it, or the cell has made it."""
        above = {path, *folders_of(path)}
        real = os.path.realpath(path)  # a link that the cell has made may lead elsewhere
        if above & self.inside or {real, *folders_of(real)} & self.own:
            return True
        if self.pack in above:
            within = os.path.relpath(path, self.pack).split(os.sep)
            return within == ["."] or not any(part.startswith(".") for part in within)
        folder, name = os.path.split(path)
        return folder == HERE and (name.endswith(".py") or name == "requirements.txt")


HEARD: dict[str, Callable[..., None]] = {
    **dict.fromkeys(STARTS, Outside.start),
    **dict.fromkeys(SPEAKS, Outside.speak),
    **dict.fromkeys(LISTS, Outside.list),
    **dict.fromkeys(OPENS, Outside.open),
    "import": Outside.load,
    "os.mkdir": Outside.make,
    "socket.bind": Outside.bind,
}


def path_of(path: object) -> str:
    """The whole path of what is opened; empty for what was open before."""
    if isinstance(path, int):
        return ""
    return os.path.abspath(os.fsdecode(path))  # type: ignore[arg-type]


def source_of(file: str) -> str:
    """The file that a compiled one is of, which says as much and is the same everywhere."""
    try:
        return source_from_cache(file) if file.endswith(".pyc") else file
    except ValueError:
        return file


def is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(status_of(path).st_mode)
    except OSError:
        return False


def folders_of(path: str) -> Iterator[str]:
    while (folder := os.path.dirname(path)) != path:
        yield folder
        path = folder


def as_told(path: str) -> str:
    """A path in the repository as seen from its root, and any other as it is."""
    inside = path.startswith(ROOT + os.sep)
    return path[len(ROOT) + 1 :].replace(os.sep, "/") if inside else path


def look(path: str) -> str:
    """The digest of a file's content, or of the names in a folder; empty if there is none."""
    if MADE_UP & {*folders_of(path)}:
        return ""
    try:
        status = status_of(path)
        if stat.S_ISDIR(status.st_mode):
            content = "\0".join(sorted(names_in(path))).encode(errors="surrogateescape")
        elif stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST:
            with open_file(path, "rb") as file:
                content = file.read()
        else:
            return ""
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except OSError:
        return ""
    return hashlib.sha256(content).hexdigest()


def changed(sees: str) -> str:
    """The first that is no longer as a cell has seen it; raises ValueError for what is no JSON."""
    told = json.loads(sees).items()
    return next((name for name, before in told if look(os.path.join(ROOT, name)) != before), "")


def place(address: object) -> object:
    """What tells two places to connect to apart: a port of this machine, or a path."""
    if isinstance(address, tuple) and len(address) > 1 and address[0] in LOOPBACK:
        return address[1]
    return address


def bound_to(bound: ref[socket.socket]) -> object:
    there = bound()
    try:
        return place(there.getsockname()) if there else None
    except OSError:  # it is closed
        return None
