"""What is asked of a package index."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from fanout.core.index import read_releases
from fanout.errors import UnreachableIndex
from tests.servers.core_index import CoreIndex


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    yield server
    server.close()


@pytest.mark.parametrize(("unanswered", "reached"), [(2, True), (3, False)])
def test_a_name_server_that_gives_no_answer_is_asked_again(
    index: CoreIndex, monkeypatch: pytest.MonkeyPatch, unanswered: int, reached: bool
) -> None:
    """Twice; after that the index is told to be unreachable."""
    index.serve({"1.9.0": "number = 1\n"})
    left = [socket.gaierror(socket.EAI_AGAIN, "Temporary failure")] * unanswered
    ask = socket.getaddrinfo

    def answer(*asked: object) -> object:
        if left:
            raise left.pop()
        return ask(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    try:
        releases = read_releases(index.url, lambda done, of: None)
    except UnreachableIndex:
        releases = ()
    assert bool(releases) is reached
