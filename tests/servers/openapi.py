"""GitHub's own description of its interface, and a server that refuses what it does not allow."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock

from tests import ROOT

PACKAGES = (
    "@octokit/openapi@23.0.2",
    "@octokit/openapi-webhooks@12.1.0",
    "@stoplight/prism-cli@5.16.0",
)
NODE = ROOT / ".tox/npm"
# The Node of this env: a system's own may be too old for the server.
BESIDE = Path(sys.executable).parent
LONGEST_INSTALL = 300  # seconds
REFERENCE = re.compile(r'"\$ref": ?"#/components/(\w+)/([^"]+)"')
# What this project asks of GitHub, and nothing else.
PATHS = (
    "/app",
    "/app/installations/{installation_id}/access_tokens",
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/branches",
    "/repos/{owner}/{repo}/branches/{branch}",
    "/repos/{owner}/{repo}/commits/{ref}",
    "/repos/{owner}/{repo}/commits/{ref}/status",
    "/repos/{owner}/{repo}/compare/{basehead}",
    "/repos/{owner}/{repo}/contents/{path}",
    "/repos/{owner}/{repo}/dispatches",
    "/repos/{owner}/{repo}/git/refs",
    "/repos/{owner}/{repo}/installation",
    "/repos/{owner}/{repo}/issues",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    "/repos/{owner}/{repo}/issues/{issue_number}",
    "/repos/{owner}/{repo}/issues/{issue_number}/assignees",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/statuses/{sha}",
    "/user",
)


def installed() -> Path:
    """The folder of the packages, installed once for every process of a run."""
    NODE.mkdir(parents=True, exist_ok=True)
    with FileLock(NODE / "lock"):
        if not (NODE / "made").exists():
            install: list[str | Path] = [BESIDE / "npm", "install", "--no-audit", "--no-fund"]
            # npm trusts whom Python trusts; what it does not trust it would ask again for minutes.
            trusted = ssl.get_default_verify_paths().cafile or ""
            done = subprocess.run(
                [*install, "--fetch-retries=1", *PACKAGES],
                cwd=NODE,
                env={"NODE_EXTRA_CA_CERTS": trusted} | os.environ,
                capture_output=True,
                encoding="utf-8",
                timeout=LONGEST_INSTALL,
                check=False,
            )
            assert done.returncode == 0, f"npm cannot install {PACKAGES}: {done.stderr}"
            (NODE / "made").touch()
    return NODE / "node_modules"


def described(modules: Path) -> dict[str, Any]:
    file = modules / "@octokit/openapi/generated/api.github.com.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))


def reduced(description: dict[str, Any]) -> dict[str, Any]:
    """The description of those paths alone, with every component that they reach."""
    paths = {path: description["paths"][path] for path in PATHS}
    kept: dict[str, dict[str, Any]] = {}
    waiting = [paths]
    while waiting:
        for kind, name in REFERENCE.findall(json.dumps(waiting.pop())):
            if name not in kept.setdefault(kind, {}):
                kept[kind][name] = description["components"][kind][name]
                waiting.append(kept[kind][name])
    head = {key: description[key] for key in ("openapi", "info", "servers")}
    return {**head, "paths": paths, "components": kept}


@contextmanager
def prism(folder: Path) -> Iterator[str]:
    """The address of the server; it answers 4xx or 5xx to a request that is not as described."""
    modules = installed()
    file = folder / "github.json"
    file.write_text(json.dumps(reduced(described(modules))), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command: list[str | Path] = [BESIDE / "node", modules / ".bin/prism", "mock", "--errors"]
    command += ["--host", "127.0.0.1", "--port", str(port), file]
    printed = folder / "prism.log"
    with printed.open("w") as log:
        # What is called node may be a script that starts it, and would leave it behind.
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait(address, process, printed)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait(address: str, process: subprocess.Popen[bytes], printed: Path) -> None:
    for _ in range(600):
        try:
            requests.get(f"{address}/user", timeout=5)
        except requests.ConnectionError:
            assert process.poll() is None, f"prism ended: {printed.read_text(encoding='utf-8')}"
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("prism does not answer")
