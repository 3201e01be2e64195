"""What the tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from project import Project, make_python


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python in which a tiny Core 1.2.0 is installed."""
    return make_python(tmp_path_factory.mktemp("python"), "1.2.0")
