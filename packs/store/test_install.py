"""What installing Core does beside store, which installs Core by its own requirements."""

import re
from importlib import metadata

import pytest


@pytest.mark.contract("telemetry")
def test_core_does_not_ask_for_store() -> None:
    """Installing Core does not ask for store, which itself asks for Core."""
    requirements = metadata.requires("market-data-core") or []
    names = [re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in requirements]

    assert "market-data-store" not in [re.sub(r"[_.-]+", "-", name).lower() for name in names]
