"""What the tests of taking over share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.core_index import CoreIndex
from tests.worlds.taking_over import World


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    yield server
    server.close()


@pytest.fixture
def world(tmp_path: Path, compiled_wheels: None) -> World:
    return World(tmp_path / "world")
