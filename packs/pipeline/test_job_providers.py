"""The pipeline's job runner, which gets its provider, and bars from it, through Core."""

from pathlib import Path
from typing import Any

import pytest

CONFIG = """
providers:
  invented: {type: synthetic, enabled: true, seed: 7}
  broker: {type: ibkr, host: 127.0.0.1, port: 7497}
datasets:
  closing_prices: {provider: invented, symbols: [AAA, BBB], interval: 1d}
jobs:
  today: {dataset: closing_prices, mode: live}
  history: {dataset: closing_prices, mode: backfill, backfill: {from: now-9d, to: now, chunk: 3d}}
"""


def registry_type() -> Any:
    """The registry that the job runner makes, where it can be made; else the one it once was."""
    import market_data_core

    if getattr(market_data_core.ProviderRegistry, "_is_protocol", False):
        from market_data_core.runtime import ProviderRegistry as Registry

        return Registry
    return market_data_core.ProviderRegistry


def configuration(folder: Path) -> Any:
    from market_data_core import load_config

    path = folder / "jobs.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return load_config(str(path), profile_override=None)


def job_and_provider(folder: Path, name: str) -> tuple[Any, Any, Any]:
    """A job's dataset, the job and the job's provider, found as the job runner finds them."""
    config = configuration(folder)
    job = config.jobs.root[name]
    dataset = config.datasets.root[job.dataset]
    return dataset, job, registry_type()(config.providers).resolve(dataset.provider)


@pytest.mark.contract("ProviderRegistry", "load_config", core=">=1.2.31")
def test_registry_at_the_root_is_made_of_the_configured_providers(tmp_path: Path) -> None:
    """The provider registry at Core's root is made of the configured providers, for every job."""
    from market_data_core import ProviderRegistry

    registry: Any = ProviderRegistry
    assert registry(configuration(tmp_path).providers)


@pytest.mark.contract("runtime.ProviderRegistry", "load_config", core=">=1.2.31")
def test_provider_is_found_by_its_name(tmp_path: Path) -> None:
    """The provider registry, once made, finds a provider by name, and that is the provider's."""
    _, _, provider = job_and_provider(tmp_path, "today")

    assert provider.name == "invented"


@pytest.mark.contract("runtime.ProviderRegistry", "load_config", core=">=1.2.31")
def test_broker_is_found_by_its_name(tmp_path: Path) -> None:
    """The provider registry, once made, finds a provider of type ibkr without connecting to it."""
    registry = registry_type()(configuration(tmp_path).providers)

    assert registry.resolve("broker").name == "broker"


@pytest.mark.contract("runtime.ProviderRegistry", "load_config", core=">=1.2.31")
def test_live_job_gets_bars_from_its_provider(tmp_path: Path) -> None:
    """A provider, given a dataset and a live job, has a bar for each symbol to iterate over."""
    dataset, job, provider = job_and_provider(tmp_path, "today")

    assert len(list(provider.fetch_live(dataset, job))) >= 2


@pytest.mark.contract("runtime.ProviderRegistry", "load_config", core=">=1.2.31")
def test_backfill_job_gets_bars_from_its_provider(tmp_path: Path) -> None:
    """A provider, given a dataset and a backfill, has bars for each symbol to iterate over."""
    dataset, job, provider = job_and_provider(tmp_path, "history")

    assert len(list(provider.backfill(dataset, job))) >= 2
