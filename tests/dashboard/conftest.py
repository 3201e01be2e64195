"""What the tests of the dashboard share."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanout.dashboard.build import build
from tests.worlds import scenes


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of all that a history may have, which nobody changes."""
    folder = tmp_path_factory.mktemp("tasks")
    history = scenes.tabled(scenes.checked(scenes.steady(folder / "history")))
    build(history, folder / "site", 24, lambda count, of: None)
    return folder / "site"
