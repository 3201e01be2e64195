"""What the pipeline's job runner and command line read from their configuration."""

from pathlib import Path
from typing import Any

import pytest

PROVIDERS = """
providers:
  invented: {type: synthetic, enabled: true, seed: 7}
  broker: {type: ibkr, host: 127.0.0.1, port: 7497}
"""
DATASETS = """
datasets:
  closing_prices: {provider: invented, symbols: [AAA, BBB], interval: 1d}
"""
JOBS = """
jobs:
  today: {dataset: closing_prices, mode: live}
  history:
    dataset: closing_prices
    mode: backfill
    backfill: {from: now-9d, to: now-2d, chunk: 3d}
"""


def load(folder: Path, text: str) -> Any:
    """The configuration that the pipeline gets for a file of this text."""
    from market_data_core import load_config

    path = folder / "jobs.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(str(path), profile_override=None)


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_sections_are_found_by_name(tmp_path: Path) -> None:
    """Providers, datasets, jobs and storage are mappings under root, empty when left out."""
    config = load(tmp_path, PROVIDERS + DATASETS + JOBS)

    assert set(config.providers.root) == {"invented", "broker"}
    assert set(config.datasets.root) == {"closing_prices"}
    assert set(config.jobs.root) == {"today", "history"}
    assert "primary" not in config.storage.root
    assert list(config.storage.root.keys()) == []


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_job_has_its_dataset_and_mode(tmp_path: Path) -> None:
    """A job names its dataset and its mode, which is live or backfill."""
    jobs = load(tmp_path, PROVIDERS + DATASETS + JOBS).jobs.root

    assert (jobs["today"].dataset, jobs["today"].mode) == ("closing_prices", "live")
    assert (jobs["history"].dataset, jobs["history"].mode) == ("closing_prices", "backfill")


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_backfill_has_its_period_and_chunk(tmp_path: Path) -> None:
    """The from, to and chunk of a backfill are read as from_, to and chunk."""
    backfill = load(tmp_path, PROVIDERS + DATASETS + JOBS).jobs.root["history"].backfill

    assert backfill
    assert (backfill.from_, backfill.to, backfill.chunk) == ("now-9d", "now-2d", "3d")


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_job_without_a_backfill_has_none(tmp_path: Path) -> None:
    """A job without a backfill says so, which the pipeline asks before it runs one."""
    assert not load(tmp_path, PROVIDERS + DATASETS + JOBS).jobs.root["today"].backfill


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_dataset_has_its_provider_symbols_and_interval(tmp_path: Path) -> None:
    """A dataset names its provider, its symbols and its interval."""
    dataset = load(tmp_path, PROVIDERS + DATASETS).datasets.root["closing_prices"]

    assert dataset.provider == "invented"
    assert dataset.symbols == ["AAA", "BBB"]
    assert dataset.interval == "1d"


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_provider_of_a_dataset_is_found_by_its_name(tmp_path: Path) -> None:
    """A dataset names its provider as the mapping of all providers does, for the plan of a job."""
    config = load(tmp_path, PROVIDERS + DATASETS)
    dataset = config.datasets.root["closing_prices"]

    assert config.providers.root[dataset.provider].type == "synthetic"


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_provider_has_its_type(tmp_path: Path) -> None:
    """A provider tells its type, synthetic or ibkr."""
    providers = load(tmp_path, PROVIDERS).providers.root

    assert providers["invented"].type == "synthetic"
    assert providers["broker"].type == "ibkr"


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_primary_storage_has_its_address_and_batch_size(tmp_path: Path) -> None:
    """Primary storage has the address given, and a batch size even when none is given."""
    text = """
storage:
  primary: {type: timescaledb, uri: "postgresql://one/market", write: {batch_size: 50}}
  secondary: {type: timescaledb, uri: "postgresql://two/market"}
"""
    storage = load(tmp_path, text).storage.root

    assert storage["primary"].uri == "postgresql://one/market"
    assert storage["primary"].write.batch_size == 50
    assert storage["secondary"].write.batch_size > 0


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_results_are_written_but_not_exported_unless_told(tmp_path: Path) -> None:
    """Results are written to storage and not exported, unless the configuration says otherwise."""
    silent = load(tmp_path, PROVIDERS).features
    told = load(tmp_path, "features: {write_enabled: false, export_enabled: true}\n").features

    assert (silent.write_enabled, silent.export_enabled) == (True, False)
    assert (told.write_enabled, told.export_enabled) == (False, True)
