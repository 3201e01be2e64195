"""A little GitHub that remembers what it is told, and hands every request to its description."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BOT = "contracts-bot"
MADE = "ghs_made"  # the token of an installation
DATE = "2026-01-01T00:00:00Z"
Json = Any  # what json.loads gives


def private_key() -> str:
    """A key as GitHub gives it to the owner of an app."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


class Fault:
    """An answer that GitHub gives in place of the right one, so many times."""

    def __init__(
        self,
        where: str,
        status: int,
        *,
        times: int = 1,
        headers: dict[str, str] | None = None,
        message: str = "no",
        after: bool = False,
        seconds: float = 0,
    ) -> None:
        self.where = re.compile(where)
        self.status = status
        self.times = times
        self.headers = headers or {}
        self.message = message
        self.after = after  # whether what was asked is done all the same
        self.seconds = seconds


class GitHub(ThreadingHTTPServer):
    """Statuses, comments and issues; `asked` holds every request, `refused` why one was wrong."""

    daemon_threads = True

    def __init__(self, described: str) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.described = described
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []
        self.refused: list[str] = []
        self.faults: list[Fault] = []
        self.statuses: list[Json] = []
        self.comments: list[Json] = []
        self.issues: list[Json] = []
        self.hidden: list[str] = []
        self.dispatches: list[Json] = []
        self.pulls: list[Json] = []
        self.head = "b" * 40  # of each pull request of Core
        self.compared: dict[str, str] = {}  # how `older...newer` are to each other
        self.files: dict[str, dict[str, str]] = {}  # by branch and path
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()

    @property
    def written(self) -> list[str]:
        return [one for one in self.asked if not one.startswith("GET")]

    def comment(self, login: str, body: str) -> Json:
        number = len(self.comments) + 1
        made = {
            "id": number,
            "node_id": f"IC_{number}",
            "url": f"{self.url}/repos/owner/core/issues/comments/{number}",
            "user": {"login": login},
            "body": body,
        }
        self.comments.append(made)
        return made

    def issue(self, login: str, said: Json) -> Json:
        number = len(self.issues) + 1
        made = {
            "number": number,
            "url": f"{self.url}/repos/owner/contracts/issues/{number}",
            "user": {"login": login},
            "state": "open",
            "assignees": [],
            **said,
        }
        self.issues.append(made)
        return made


class Answer(BaseHTTPRequestHandler):
    """One answer."""

    server: GitHub

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        path = urlsplit(self.path).path
        asked = f"{self.command} {path}"
        self.server.asked.append(asked)
        self.check(content)
        said = json.loads(content) if content else {}
        fault = next(
            (one for one in self.server.faults if one.times and one.where.match(asked)), None
        )
        if fault:
            fault.times -= 1
            if fault.after:
                self.answer(asked, said)
            threading.Event().wait(fault.seconds)
            self.send(fault.status, {"message": fault.message}, fault.headers)
            return
        if asked == "GET /user" and MADE in self.headers.get("Authorization", ""):
            # An installation is nobody, as GitHub says of what such a token may ask.
            self.send(403, {"message": "Resource not accessible by integration"})
            return
        found = self.answer(asked, said)
        if found is None:
            self.send(404, {"message": "Not Found"})
        elif asked.endswith("/dispatches"):
            self.send(204, "")
        elif isinstance(found, list):
            self.send_page(found)
        else:
            self.send(201 if self.command == "POST" else 200, found)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_one  # noqa: N815 - inherited names

    def check(self, content: bytes) -> None:
        """Let the server that was made from GitHub's description see the request."""
        if self.path == "/graphql":
            return
        headers = {"Content-Type": "application/json"} if content else {}
        # A path inside a repository is one parameter in the description, with its slashes.
        before, inside, path = self.path.partition("/contents/")
        seen = requests.request(
            self.command,
            self.server.described + before + inside + path.replace("/", "%2F"),
            data=content,
            headers=headers,
            timeout=30,
        )
        if "problem+json" in seen.headers.get("Content-Type", "") and wrong(seen.json()):
            self.server.refused.append(f"{self.command} {self.path}: {seen.text}")

    def answer(self, asked: str, said: Json) -> Json:
        for pattern, act in ROUTES.items():
            if match := re.fullmatch(pattern, asked):
                return act(self.server, said, parse_qs(urlsplit(self.path).query), *match.groups())
        return None

    def send_page(self, found: list[Json]) -> None:
        """A list as GitHub sends it: thirty at a time unless asked for more, up to a hundred."""
        address, query = self.path.partition("?")[0], parse_qs(urlsplit(self.path).query)
        size = min(int(query.get("per_page", ["30"])[0]), 100)
        page = int(query.get("page", ["1"])[0])
        following = urlencode({name: one[0] for name, one in query.items()} | {"page": page + 1})
        more = len(found) > page * size
        link = {"Link": f'<{self.server.url}{address}?{following}>; rel="next"'} if more else {}
        self.send(200, found[(page - 1) * size : page * size], link)

    def send(self, status: int, said: Json, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(said).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        # One that was too slow has no reader any more.
        with suppress(BrokenPipeError):
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""


def wrong(problem: Json) -> bool:
    """Whether the request is at fault, and not one of GitHub's own examples of an answer."""
    places = [one["location"][0] for one in problem.get("validation", [])]
    return "request" in places or not (places or problem["type"].endswith("#UNKNOWN"))


def edited(things: list[Json], number: str, said: Json) -> Json:
    found = next((one for one in things if str(one.get("id", one.get("number"))) == number), None)
    if found is not None:
        found.update(said)
    return found


def combined(server: GitHub, said: Json, query: Json, sha: str) -> Json:
    newest = {one["context"]: one for one in server.statuses if one["sha"] == sha}
    return {"state": "pending", "sha": sha, "statuses": list(newest.values())}


def set_status(server: GitHub, said: Json, query: Json, sha: str) -> Json:
    server.statuses.append({"sha": sha, **said})
    return server.statuses[-1]


def hide(server: GitHub, said: Json, query: Json) -> Json:
    server.hidden.append(said["variables"]["input"]["subjectId"])
    return {"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}}


def repository(server: GitHub, said: Json, query: Json, name: str) -> Json:
    return {
        "name": name,
        "full_name": f"owner/{name}",
        "url": f"{server.url}/repos/owner/{name}",
        "default_branch": "main",
    }


def content(server: GitHub, said: Json, query: Json, path: str) -> Json:
    text = server.files.get(query.get("ref", ["main"])[0], {}).get(path)
    if text is None:
        return None
    return {
        "type": "file",
        "path": path,
        "sha": "f" * 40,
        "encoding": "base64",
        "content": base64.b64encode(text.encode()).decode(),
        "url": f"{server.url}/repos/owner/contracts/contents/{path}",
    }


def written(server: GitHub, said: Json, query: Json, path: str) -> Json:
    server.files[said["branch"]][path] = base64.b64decode(said["content"]).decode()
    return {"commit": {"sha": "e" * 40}, "content": {"sha": "d" * 40}}


def branched(server: GitHub, said: Json, query: Json) -> Json:
    server.files[said["ref"].removeprefix("refs/heads/")] = dict(server.files["main"])
    return {"ref": said["ref"], "object": {"sha": said["sha"]}}


def proposed(server: GitHub, said: Json, query: Json) -> Json:
    server.pulls.append({"number": len(server.pulls) + 1, "head": {"sha": "c" * 40}, **said})
    return {"number": len(server.pulls)}


def dispatched(server: GitHub, said: Json, query: Json) -> Json:
    server.dispatches.append(said)
    return {}


REPOSITORY = r"/repos/(?:owner|mjdevaccount)/(?:core|contracts|market-data-contracts)"
ROUTES: dict[str, Callable[..., Json]] = {
    r"GET /user": lambda server, said, query: {"login": BOT},
    r"GET /app": lambda server, said, query: {"slug": "contracts"},
    rf"GET {REPOSITORY}/installation": lambda server, said, query: {"id": 1},
    r"POST /app/installations/1/access_tokens": lambda server, said, query: {
        "token": MADE,
        "expires_at": "2099-01-01T00:00:00Z",
        "permissions": {},
    },
    rf"GET {REPOSITORY}/commits/(\w+)": lambda server, said, query, sha: {
        "sha": sha,
        "url": f"{server.url}/repos/owner/core/commits/{sha}",
    },
    rf"GET {REPOSITORY}/commits/(\w+)/status": combined,
    rf"GET {REPOSITORY}/compare/(\w+\.\.\.\w+)": lambda server, said, query, both: (
        {"status": server.compared[both]} if both in server.compared else None
    ),
    rf"POST {REPOSITORY}/statuses/(\w+)": set_status,
    rf"GET {REPOSITORY}/issues/(\d+)": lambda server, said, query, number: {
        "number": int(number),
        "url": f"{server.url}/repos/owner/core/issues/{number}",
    },
    rf"GET {REPOSITORY}/issues/\d+/comments": lambda server, said, query: server.comments,
    rf"POST {REPOSITORY}/issues/\d+/comments": lambda server, said, query: server.comment(
        BOT, said["body"]
    ),
    rf"PATCH {REPOSITORY}/issues/comments/(\d+)": lambda server, said, query, number: edited(
        server.comments, number, said
    ),
    rf"GET {REPOSITORY}/issues": lambda server, said, query: server.issues,
    rf"POST {REPOSITORY}/issues": lambda server, said, query: server.issue(BOT, said),
    rf"PATCH {REPOSITORY}/issues/(\d+)": lambda server, said, query, number: edited(
        server.issues, number, said
    ),
    rf"POST {REPOSITORY}/issues/(\d+)/assignees": lambda server, said, query, number: edited(
        server.issues, number, said
    ),
    r"POST /graphql": hide,
    r"GET /repos/owner/(\w+)": repository,
    rf"GET {REPOSITORY}/pulls/(\d+)": lambda server, said, query, number: {
        "number": int(number),
        "head": {"sha": server.head},
        "issue_url": f"{server.url}/repos/owner/core/issues/{number}",
    },
    rf"GET {REPOSITORY}/pulls": lambda server, said, query: server.pulls,
    rf"POST {REPOSITORY}/pulls": proposed,
    rf"GET {REPOSITORY}/contents/(.+)": content,
    rf"PUT {REPOSITORY}/contents/(.+)": written,
    rf"GET {REPOSITORY}/branches": lambda server, said, query: [
        {"name": name} for name in server.files
    ],
    rf"GET {REPOSITORY}/branches/main": lambda server, said, query: {
        "name": "main",
        "commit": {"sha": "a" * 40},
    },
    rf"POST {REPOSITORY}/git/refs": branched,
    rf"POST {REPOSITORY}/dispatches": dispatched,
}
