"""The pipeline's job runner, which gets its provider, and bars from it, through Core."""

from pathlib import Path
from typing import Any

import pytest

CONFIG = """
providers:
  invented: {type: synthetic, enabled: true, seed: 7}
datasets:
  closing_prices: {provider: invented, symbols: [AAA, BBB], interval: 1d}
jobs:
  today: {dataset: closing_prices, mode: live}
  history: {dataset: closing_prices, mode: backfill, backfill: {from: now-9d, to: now, chunk: 3d}}
"""


def job_and_provider(folder: Path, name: str) -> tuple[Any, Any, Any]:
    """A job's dataset, the job and the job's provider, found as the job runner finds them."""
    from market_data_core import ProviderRegistry, load_config

    path = folder / "jobs.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    config: Any = load_config(str(path), profile_override=None)
    job = config.jobs.root[name]
    dataset = config.datasets.root[job.dataset]
    registry: Any = ProviderRegistry
    return dataset, job, registry(config.providers).resolve(dataset.provider)


@pytest.mark.contract("ProviderRegistry", "load_config", core=">=1.2.31")
def test_live_job_gets_bars_from_its_provider(tmp_path: Path) -> None:
    """The provider registry, given the configured providers, finds one that runs a live job."""
    dataset, job, provider = job_and_provider(tmp_path, "today")

    assert provider.name == "invented"
    assert {bar.symbol for bar in provider.fetch_live(dataset, job)} == {"AAA", "BBB"}


@pytest.mark.contract("ProviderRegistry", "load_config", core=">=1.2.31")
def test_backfill_job_gets_bars_from_its_provider(tmp_path: Path) -> None:
    """The provider registry, given the configured providers, finds one that runs a backfill."""
    dataset, job, provider = job_and_provider(tmp_path, "history")

    assert provider.name == "invented"
    assert {bar.symbol for bar in provider.backfill(dataset, job)} == {"AAA", "BBB"}
