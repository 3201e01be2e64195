"""The libraries that the pipeline imports itself and does not ask for, because Core does."""

from importlib.util import find_spec

import pytest


@pytest.mark.contract("events.create_event_bus", core=">=1.2")
def test_redis_client_comes_along() -> None:
    """Core brings the Redis client along, which the pipeline's own streaming imports."""
    assert find_spec("redis") is not None


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_yaml_comes_along() -> None:
    """Core brings PyYAML along, with which the pipeline reads its other configuration files."""
    assert find_spec("yaml") is not None
