"""`fanout dashboard --serve`: the site on this machine alone, brought up to date as runs come."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TextIO

import pytest

from tests.worlds.project import Project
from tests.worlds.runs import BROKEN, cell, record

PATIENCE = 60  # seconds


class Served:
    """A running `fanout dashboard --serve`, and what it prints line by line."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.said: Queue[str] = Queue()
        assert process.stdout
        assert process.stderr
        for stream in (process.stdout, process.stderr):
            Thread(target=self.listen, args=(stream,), daemon=True).start()

    def listen(self, stream: TextIO) -> None:
        for line in stream:
            self.said.put(line.rstrip())

    def hear(self, pattern: str) -> str:
        """The next line that a pattern is found in."""
        heard = []
        try:
            while True:
                heard.append(self.said.get(timeout=PATIENCE))
                if re.search(pattern, heard[-1]):
                    return heard[-1]
        except Empty:
            raise AssertionError(f"'{pattern}' is not in {heard}") from None

    def ask(
        self, path: str, method: str = "GET", host: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """The status, the headers and the body that the server answers with."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Host": f"127.0.0.1:{self.port}" if host is None else host}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        told = (answer.status, answer.headers, answer.read())
        connection.close()
        return told


@contextmanager
def serving(project: Project) -> Iterator[Served]:
    command = [sys.executable, "-m", "fanout", "dashboard", "--offline", "--serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--root", str(project.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        first = process.stdout.readline()
        found = re.fullmatch(r"serving http://127\.0\.0\.1:(\d+)/ until Ctrl-C\n", first)
        assert found, first + (process.stderr.read() if process.stderr else "")
        yield Served(process, int(found[1]))
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def history(project: Project) -> Path:
    return project.root / "history"


def test_files(project: Project, history: Path) -> None:
    """Files have their types and are never kept by a browser; there is nothing beyond them."""
    record(history, cell())
    (project.root / "dashboard").mkdir()
    with serving(project) as served:
        kinds = {
            "/latest.json": "application/json",
            "/feed.xml": "application/atom+xml",
            "/history.sqlite": "application/vnd.sqlite3",
            "/badges/small.svg": "image/svg+xml",
            "/badges/": "text/html; charset=utf-8",
            "/assets/page.js": "text/javascript; charset=utf-8",
            "/assets/dashboard.css?1": "text/css; charset=utf-8",
        }
        for path, kind in kinds.items():
            status, headers, body = served.ask(path)
            assert (status, headers["Content-Type"], headers["Cache-Control"]) == (
                200,
                kind,
                "no-store",
            )
            assert headers["X-Content-Type-Options"] == "nosniff"
            if not path.startswith(("/badges/", "/assets/d")):
                assert body == (project.root / "dashboard" / path[1:]).read_bytes()
        (status, headers, body) = served.ask("/latest.json", "HEAD")
        assert (status, body) == (200, b"")
        assert int(headers["Content-Length"]) > 0
        for path in ("/assets/", "/nothing", "/../tox.ini", "/..%2ftox.ini", "/%2e%2e/tox.ini"):
            assert served.ask(path)[0] == 404, path
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert served.ask("/latest.json", method)[0] in (405, 501)


def test_pages_of_elsewhere_read_nothing(project: Project, history: Path) -> None:
    """Asked under another name than this machine's own, as by a page that has rebound it: 421."""
    record(history, cell())
    with serving(project) as served:
        for host in ("evil.example", f"evil.example:{served.port}", "127.0.0.1", ""):
            assert served.ask("/latest.json", host=host)[0] == 421
        assert served.ask("/latest.json", host=f"localhost:{served.port}")[0] == 200
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", served.port), timeout=5)


def test_new_runs_are_followed(project: Project, history: Path) -> None:
    """A new run is on the site at once, open pages learn of it, and Ctrl-C ends with 0."""
    record(history, cell())
    with serving(project) as served:
        page = served.ask("/badges/index.html")[2].decode()
        (edition,) = re.findall(r'<script src="/-/live\.js" data-edition="(\d+)" defer>', page)
        assert f'width="{edition}"' in served.ask("/-/edition.svg?1")[2].decode()
        assert served.ask("/-/live.js")[1]["Content-Type"].startswith("text/javascript")

        record(history, cell("1.3.0", BROKEN, day=1), day=1)

        served.hear(r"rebuilt: \d+ files written")
        assert b"small-core_v130" in served.ask("/latest.json")[2]
        assert f'width="{int(edition) + 1}"' in served.ask("/-/edition.svg?2")[2].decode()
        published = (project.root / "dashboard/badges/index.html").read_text()
        assert "/-/" not in published
        served.process.send_signal(signal.SIGINT)
        served.hear("stopped; the site stays where it is")
        assert served.process.wait(PATIENCE) == 0
    assert (project.root / "dashboard/latest.json").is_file()


def test_a_bad_document_leaves_the_site(project: Project, history: Path) -> None:
    """A document that cannot be read is named once, and what was there is served until it can."""
    record(history, cell())
    with serving(project) as served:
        before = served.ask("/latest.json")[2]
        bad = history / "20260102T120000Z-0123456789ab.json"
        bad.write_text('{"schema_version": 1, "id"')
        served.hear(f"error: '{re.escape(str(bad))}' is cut off")
        served.hear("the site stays as it was")
        record(history, cell("1.3.0", day=1), day=1)
        time.sleep(2.5)
        assert served.said.empty()
        assert served.ask("/latest.json")[2] == before
        bad.unlink()
        served.hear("rebuilt")
        assert b"small-core_v130" in served.ask("/latest.json")[2]


def test_a_port_that_is_taken(project: Project, history: Path) -> None:
    """A port that something else uses is said before anything is built; 2."""
    record(history, cell())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = project.fanout("dashboard", "--offline", "--serve", "--port", str(port))
    assert done.exit_code == 2
    assert f"error: port {port} of 127.0.0.1 cannot be used: Address already in use" in done.stderr
    assert "--port" in done.stderr
    assert not (project.root / "dashboard").exists()


@pytest.mark.parametrize("options", [["--port", "8000"], ["--serve", "--format", "json"]])
def test_options_that_contradict(project: Project, options: list[str]) -> None:
    """A port without a server, and one JSON for many builds, are refused."""
    assert project.fanout("dashboard", *options).exit_code == 2
