"""The outside: what a cell sees while it runs, and its key does not have.

Python tells of it by audit events (PEP 578), which nothing that is imported later can switch off.
A file is told with the digest of its content, so that whoever takes the cell's verdict over can
look whether that is still the same. A process or a connection may say anything at any time.
"""

from __future__ import annotations

import os
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from threading import get_ident
from types import FrameType
from urllib.parse import parse_qs, unquote, urlsplit
from weakref import WeakSet

from sight import (
    ABSENT,
    HERE,
    PRESENT,
    Name,
    as_told,
    base,
    exists,
    folders_of,
    is_folder,
    join,
    look,
    parent,
    path_of,
    real,
    source_of,
    text_of,
)

# A pack may put something else in their place.
is_absolute, relative, this_machine = os.path.isabs, os.path.relpath, socket.gethostname
MOST = 1000  # files that are told
LOOPBACK = {"127.0.0.1", "::1", "localhost", "", "0.0.0.0", "::"}  # noqa: S104 - of what is bound
IMPORTS = {"importlib", "_frozen_importlib", "_frozen_importlib_external", "_pytest"}
STARTS = {"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork", "os.forkpty"}
STARTS |= {"os.spawn", "os.startfile", "_winapi.CreateProcess"}
SPAWNS = {f"multiprocessing.popen_{how}" for how in ("spawn_posix", "spawn_win32", "forkserver")}
SPEAKS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
ASKS = {"socket.getaddrinfo", "socket.gethostbyname"}
ASKS_BACK = {"socket.gethostbyaddr", "socket.getnameinfo"}


class Outside:
    """What of the outside the code of a cell sees; `running` tells the promise that runs.

    A pack's own folder is in its key, what is below `own` is made by the cell, and what is in
    folders that it `overlooks` counts for nothing.
    """

    def __init__(self, pack: str, *own: str, overlooks: Set[str] = frozenset()) -> None:
        self.pack = join(HERE, pack)
        self.overlooks = overlooks
        self.running: Callable[[], str] = str
        self.sees: dict[str, str] = {}  # the digest of each file and folder, by its path
        self.beyond = ""  # why its verdict is its own, if it is
        libraries = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
        libraries += [path for path in sys.path if path.endswith(".zip")]  # of Python itself
        self.inside = {os.path.abspath(path) for path in (sys.prefix, *libraries)}
        self.own = {*map(real, own)}
        self.sockets: WeakSet[socket.socket] = WeakSet()  # that have a place, or will have one
        self.places: set[object] = set()  # of its own
        self.spoken: dict[object, str] = {}  # the promise that has spoken to a place
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

    def told(self) -> dict[str, object]:
        """What the journal is told."""
        for where, promise in self.spoken.items():
            if where not in self.places:
                self.note_beyond("connects to something that it has not made", promise)
                break
        return {"sees": self.sees, "beyond": self.beyond}

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        if event not in HEARD or get_ident() in self.busy:
            return
        with self.aside():
            try:
                HEARD[event](self, *args)
            except Exception as error:  # of an argument that Core has made
                self.note_beyond(f"does what cannot be told ({event}: {type(error).__name__})")

    def note_beyond(self, does: str, promise: str = "") -> None:
        who = promise or self.running() or "a file of it"
        self.beyond = self.beyond or f"'{who}' {does}"

    def start(self, *args: object) -> None:
        self.note_beyond("starts a process")

    def divide(self, *args: object) -> None:
        self.note_beyond("starts another interpreter, which nothing watches")

    def load(self, module: str, *args: object) -> None:
        if module in SPAWNS:  # of whose processes no event tells
            self.start()

    def bind(self, bound: socket.socket, address: object, *args: object) -> None:
        self.sockets.add(bound)
        # A path may be relative to a folder that is left soon; what is there binds for nobody else.
        if isinstance(where := place(address), str) and not exists(where):
            self.places.add(where)

    def speak(self, speaker: socket.socket, address: object = None, *args: object) -> None:
        """Who speaks has a place from then on, and what is spoken to may be made later."""
        self.places |= {place_of(one) for one in self.sockets}
        self.sockets.add(speaker)
        if address is not None:
            self.spoken.setdefault(place(address), self.running())

    def ask(self, host: object = None, *args: object) -> None:
        name = host.decode(errors="replace") if isinstance(host, bytes) else host
        if name is not None and name not in LOOPBACK and not is_address(str(name)):
            self.note_beyond(f"asks for the address of '{name}'")

    def ask_back(self, asked: object, *args: object) -> None:
        host = asked[0] if isinstance(asked, tuple) else asked
        if host not in {*LOOPBACK, this_machine()}:  # as a server of the standard library asks
            self.note_beyond(f"asks for the name of '{host}'")

    def connect(self, database: Name, *args: object) -> None:
        """SQLite opens more files than the one that is told, and that by no event."""
        text = text_of(database)
        address = urlsplit(text if text.startswith("file:") else "")
        file = unquote(address.path) if address.scheme else text
        file = file.lstrip("/") if sys.platform == "win32" else file
        in_memory = file in ("", ":memory:") or "memory" in parse_qs(address.query).get("mode", ())
        if not (in_memory or self.has(path_of(file))):
            self.note_beyond(f"opens a database that it has not made, '{text}'")

    def list(self, path: Name | int | None = None, *args: object) -> None:
        if isinstance(path, int) or asking() == "_pytest":  # which collects
            return
        folder = path_of("." if path is None else path)
        if folder != HERE or asking() not in IMPORTS:  # where each import looks, and finds no more
            self.see(folder)

    def make_folder(self, path: Name, mode: int = 0o777, folder: int = -1) -> None:
        if folder == -1:
            self.make(path_of(path))

    def open(self, path: Name | int, mode: str | None, flags: int) -> None:
        if isinstance(path, int) or path == os.devnull:
            return
        file = path_of(path)
        if (flags & os.O_TRUNC or asking() == "tempfile") and is_folder(file):
            return  # a temporary file without a name is opened by its folder
        # Of what `os.open` is given as its `dir_fd`, nothing is told.
        if mode is None and not is_absolute(text_of(path)):
            if asking() != "shutil" and (flags & os.O_EXCL or not flags & os.O_WRONLY):
                self.note_beyond(f"opens '{text_of(path)}' by less than its whole path")
        elif flags & os.O_EXCL:
            self.make(file)
        elif flags & os.O_TRUNC and as_told(file) not in self.sees:
            self.own.add(real(file))
        elif flags & os.O_CREAT and not exists(file):
            self.make(file)
        elif not flags & os.O_WRONLY or flags & os.O_APPEND:  # whose place in it tells the size
            self.see(source_of(file))

    def make(self, path: str) -> None:
        """What the cell makes is its own; who makes it is told whether it was there."""
        there = exists(path)
        if asking() not in {*IMPORTS, "tempfile"}:
            self.see(path, PRESENT if there else ABSENT)
        if not there:
            self.own.add(real(path))

    def copy(self, source: Name, target: Name, *args: object) -> None:
        self.see(path_of(source))
        self.own.add(real(path_of(target)))

    def move(self, source: Name, target: Name, *folders: int) -> None:
        file, to = path_of(source), path_of(target)
        if any(folder != -1 for folder in folders):
            self.note_beyond(f"moves '{text_of(source)}' by less than its whole path")
        elif self.has(file):
            self.own.add(join(real(parent(to)), base(to)))
        elif is_folder(file):
            self.note_beyond(f"moves '{as_told(file)}', a folder that it has not made")
        else:
            self.see(file)

    def see(self, path: str, found: str = "") -> None:
        name = as_told(path)
        if self.sees.get(name, PRESENT) != PRESENT or self.has(path):
            return
        if self.overlooks & {*folders_of(path)}:
            return
        if len(self.sees) == MOST:
            self.note_beyond(f"reads more than {MOST} files outside its pack")
        elif found := found or look(path):
            self.sees[name] = found
        else:
            self.note_beyond(f"reads '{name}', which may say another thing each time")

    def has(self, path: str) -> bool:
        """Whether the key has it, or the cell has made it."""
        above = {path, *folders_of(path)}
        if above & self.inside:
            return True
        led = real(path)  # a link that the cell has made may lead elsewhere
        if {led, *folders_of(led)} & self.own:
            return True
        if self.pack in above:
            within = relative(path, self.pack).split(os.sep)
            hidden = any(part.startswith(".") for part in within) and within != ["."]
            compiled = path.endswith((".pyc", ".pyo"))
            return not hidden and ("__pycache__" in within[:-1]) == compiled
        folder, name = parent(path), base(path)
        return folder == HERE and (name.endswith(".py") or name == "requirements.txt")


HEARD: dict[str, Callable[..., None]] = {
    **dict.fromkeys(STARTS, Outside.start),
    **dict.fromkeys(SPEAKS, Outside.speak),
    **dict.fromkeys(ASKS, Outside.ask),
    **dict.fromkeys(ASKS_BACK, Outside.ask_back),
    **dict.fromkeys(("os.listdir", "os.scandir"), Outside.list),
    **dict.fromkeys(("os.rename", "os.link"), Outside.move),
    "_winapi.CopyFile2": Outside.copy,
    "cpython.PyInterpreterState_New": Outside.divide,
    "import": Outside.load,
    "open": Outside.open,
    "os.mkdir": Outside.make_folder,
    "socket.bind": Outside.bind,
    "sqlite3.connect": Outside.connect,
}


def asking() -> str:
    """The module, or the package that it is in, whose code does what is heard."""
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_globals is globals():
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] if frame else ""


def place(address: object) -> object:
    """What tells two places to connect to apart: a port of this machine, or a path."""
    if isinstance(address, tuple) and len(address) > 1 and address[0] in LOOPBACK:
        return address[1]
    if isinstance(address, str | bytes) and address[:1] not in ("", b"", "\0", b"\0"):
        return path_of(address)
    return address


def place_of(one: socket.socket) -> object:
    try:
        return place(one.getsockname())
    except OSError:  # it is closed
        return None


def is_address(host: str) -> bool:
    """Whether nobody need be asked where it is."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            return bool(socket.inet_pton(family, host.partition("%")[0]))
    return False
