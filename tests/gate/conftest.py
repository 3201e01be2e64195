"""What the tests of the gate share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.core_index import CoreIndex
from tests.worlds.large import RELEASES


@pytest.fixture(scope="module")
def index() -> Iterator[CoreIndex]:
    index = CoreIndex()
    index.serve(RELEASES)
    yield index
    index.close()
