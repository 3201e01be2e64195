"""The site on this machine's own address, and rebuilt when the history has a new run.

The pages forbid their scripts every request but for scripts, styles and images, and stay as they
are. A script that only this server adds to them asks for an image, whose width is the number of
the edition; if that is another one than the page's own, it loads the page again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import BinaryIO
from urllib.parse import urlsplit

from fanout.dashboard.site import Written
from fanout.errors import UnusableInput, UnusablePort
from fanout.history.document import document_names

HOST = "127.0.0.1"
POLL = 1.0  # seconds
LIVE, EDITION = "/-/live.js", "/-/edition.svg"
LIVE_SCRIPT = b"""\
"use strict";
(() => {
  const shown = Number(document.currentScript.dataset.edition);
  const later = () => setTimeout(ask, 1000);
  function ask() {
    if (document.hidden) return later();
    const image = new Image();
    image.onerror = later;
    image.onload = () => image.naturalWidth === shown ? later() : location.reload();
    image.src = `/-/edition.svg?${Date.now()}`;
  }
  ask();
})();
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="1"/>'
TYPES = {
    "": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".sqlite": "application/vnd.sqlite3",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/atom+xml",
}


class Server(ThreadingHTTPServer):
    """Serves a folder; `edition` counts what it has held, from where no earlier server began."""

    # On Windows this would let two servers have one address.
    allow_reuse_address = os.name == "posix"

    def __init__(self, folder: Path, port: int) -> None:
        self.edition = int(time.time()) % 10_000 + 1
        super().__init__((HOST, port), partial(Handler, directory=str(folder)))
        self.url = f"http://{HOST}:{self.server_port}/"
        self.hosts = frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a reader that leaves in the middle of a file is no fault."""


class Handler(SimpleHTTPRequestHandler):
    """Answers GET and HEAD for the files of the folder, and nothing else."""

    server: Server
    extensions_map = TYPES

    def send_head(self) -> BytesIO | BinaryIO | None:
        # A page of elsewhere whose name leads here must not read the site.
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        path = urlsplit(self.path).path
        if path == LIVE:
            return self.made(LIVE_SCRIPT, TYPES[".js"])
        if path == EDITION:
            return self.made(SVG.format(self.server.edition).encode(), TYPES[".svg"])
        file = Path(self.translate_path(path))
        if path.endswith("/"):
            file /= "index.html"
        if file.suffix == ".html" and file.is_file():
            return self.made(self.live(file.read_bytes()), TYPES[".html"])
        return super().send_head()

    def made(self, content: bytes, kind: str) -> BytesIO:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return BytesIO(content)

    def live(self, page: bytes) -> bytes:
        """A page with the script that loads it again."""
        script = f'<script src="{LIVE}" data-edition="{self.server.edition}" defer></script>'
        return page.replace(b"</head>", script.encode() + b"</head>", 1)

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Nothing: what a browser asks for is of no interest."""


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Server]:
    """A server whose address is taken when the block begins; raises UnusablePort.

    It answers nothing before it is started.
    """
    try:
        server = Server(folder.resolve(), port)
    except OSError as error:
        raise UnusablePort(
            f"port {port} of {HOST} cannot be used: {error.strerror}",
            "name another one with --port; 0 picks a free one",
        ) from error
    try:
        yield server
    finally:
        server.server_close()


@contextmanager
def answering(server: Server) -> Iterator[None]:
    """A block in which a server answers."""
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def follow(
    server: Server,
    history: Path,
    build: Callable[[], Written],
    say: Callable[[str], None],
    complain: Callable[[UnusableInput], None],
) -> None:
    """Build the site whenever the history has changed, without end.

    What is wrong then is told to `complain` once, and the site stays as it was.
    """
    seen, complaint = state(history), ""
    while True:
        time.sleep(POLL)
        before, seen = seen, state(history)
        if seen == before:
            continue
        try:
            built = build()
        except UnusableInput as error:
            if error.what != complaint:
                complain(error)
            complaint = error.what
            continue
        complaint = ""
        if built.written or built.removed:
            server.edition += 1
            say(f"rebuilt: {built.written} files written, {built.removed} removed")


def state(history: Path) -> frozenset[tuple[str, int, int]]:
    """The documents that are there, as far as a look at the folder tells them apart."""
    found = []
    for name in document_names(history):
        try:
            at = (history / name).stat()
        except OSError:
            continue
        found.append((name, at.st_mtime_ns, at.st_size))
    return frozenset(found)
