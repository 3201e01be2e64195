"""A package index on this machine that serves tiny releases of Core."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def wheel(version: str, code: str) -> bytes:
    """A wheel of Core with one module."""
    file, info = io.BytesIO(), f"market_data_core-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: market-data-core\nVersion: {version}\n"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("market_data_core/__init__.py", code)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file.getvalue()


class CoreIndex(ThreadingHTTPServer):
    """The simple repository API, with one page and its files; `answers` maps paths to bytes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.page = ""
        self.status = 200
        self.answers: dict[str, bytes] = {}
        self.yanked: frozenset[str] = frozenset()  # versions
        self.url = f"http://127.0.0.1:{self.server_port}/simple/"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()

    def serve(self, releases: dict[str, str]) -> None:
        """Serve these versions, each with this code in its wheel."""
        self.answers = {
            f"/files/market_data_core-{version}-py3-none-any.whl": wheel(version, code)
            for version, code in releases.items()
        }
        self.describe()

    def describe(self) -> None:
        """Make the page name the files as they are."""
        self.page = page(
            [
                {
                    "filename": path.removeprefix("/files/"),
                    "url": path,
                    "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                    "yanked": path.split("-")[1] in self.yanked,
                }
                for path, content in self.answers.items()
            ]
        )


def page(files: list[dict[str, object]], version: str = "1.0") -> str:
    meta = {"api-version": version}
    return json.dumps({"meta": meta, "name": "market-data-core", "files": files})


class Answer(BaseHTTPRequestHandler):
    """One answer of the index."""

    server: CoreIndex

    def do_GET(self) -> None:
        project = self.path == "/simple/market-data-core/"
        content = self.server.page.encode() if project else self.server.answers.get(self.path)
        self.send_response(404 if content is None else self.server.status)
        self.send_header("Content-Type", SIMPLE_JSON if project else "application/zip")
        self.end_headers()
        self.wfile.write(content or b"")

    def do_HEAD(self) -> None:
        """Refuse, so that an installer downloads the file."""
        self.send_error(405)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""
