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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The one test that takes minutes starts first, so that the others run beside it.
    items.sort(key=lambda item: item.path.name != "test_readme.py")
