"""A package index on this machine that serves tiny releases of Core, and of its consumers."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROJECT = re.compile(r"/simple/([^/]+)/")
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def wheel(version: str, code: str) -> bytes:
    """A wheel of Core with one module."""
    metadata = f"Metadata-Version: 2.1\nName: market-data-core\nVersion: {version}\n"
    return any_wheel("market_data_core", version, code, metadata.encode())


def any_wheel(
    package: str, version: str, code: str, metadata: bytes, files: Mapping[str, str] | None = None
) -> bytes:
    """A wheel of a distribution with one module, or more, whatever its metadata says."""
    file, info = io.BytesIO(), f"{package}-{version}.dist-info"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package}/__init__.py", code)
        for path, text in (files or {}).items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file.getvalue()


@dataclass(frozen=True)
class Offer:
    """One release of a consumer; `metadata` is all of it, in place of what it requires."""

    version: str
    requires: tuple[str, ...] = ()
    at: str = "2026-01-01T00:00:00Z"
    yanked: bool = False
    beside: bool = True  # the metadata is served beside the wheel as well
    metadata: bytes = b""
    code: str = ""  # of its one module
    file: str = ""  # the end of its name, where it is no wheel
    files: Mapping[str, str] = field(default_factory=dict)  # in the wheel, beside its package

    def written(self, distribution: str) -> bytes:
        lines = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {self.version}"]
        lines += [f"Requires-Dist: {one}" for one in self.requires]
        return self.metadata or "\n".join((*lines, "", "")).encode()


class CoreIndex(ThreadingHTTPServer):
    """The simple repository API, with one page and its files; `answers` maps paths to bytes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.page = ""
        self.status = 200
        self.answers: dict[str, bytes] = {}
        self.pages: dict[str, str] = {}  # of what is not Core, by distribution
        self.asked: list[str] = []
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

    def offer(self, distribution: str, *offers: Offer) -> None:
        """Serve these releases of a consumer, and no others."""
        package, files = distribution.replace("-", "_"), list[dict[str, object]]()
        for offer in offers:
            metadata = offer.written(distribution)
            content = any_wheel(package, offer.version, offer.code, metadata, offer.files)
            name = f"{package}-{offer.version}{offer.file or '-py3-none-any.whl'}"
            self.answers |= {f"/files/{name}": content, f"/files/{name}.metadata": metadata}
            beside = {"sha256": hashlib.sha256(metadata).hexdigest()} if offer.beside else False
            files.append(
                {
                    "filename": name,
                    "url": f"/files/{name}",
                    "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                    "core-metadata": beside,
                    "upload-time": offer.at,
                    "yanked": offer.yanked,
                }
            )
        self.pages[distribution] = page(files, "1.1", distribution)

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


def page(
    files: list[dict[str, object]], version: str = "1.0", name: str = "market-data-core"
) -> str:
    return json.dumps({"meta": {"api-version": version}, "name": name, "files": files})


class Answer(BaseHTTPRequestHandler):
    """One answer of the index."""

    server: CoreIndex

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        pages = self.server.pages | {"market-data-core": self.server.page}
        found = PROJECT.fullmatch(self.path)
        project = found is not None and found[1] in pages
        content = pages[found[1]].encode() if found and project else None
        content = self.server.answers.get(self.path) if content is None else content
        self.send_response(404 if content is None else self.server.status)
        self.send_header("Content-Type", SIMPLE_JSON if project else "application/zip")
        self.end_headers()
        self.wfile.write(content or b"")

    def do_HEAD(self) -> None:
        """Refuse, so that an installer downloads the file."""
        self.send_error(405)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""
