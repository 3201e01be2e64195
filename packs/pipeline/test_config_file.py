"""How the pipeline's commands load a configuration file through Core."""

from pathlib import Path
from typing import Any

import pytest


def load(folder: Path, text: str, profile: str | None = None) -> Any:
    """The configuration that the pipeline gets for a file of this text."""
    from market_data_core import load_config

    path = folder / "jobs.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(str(path), profile_override=profile)


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_profile_given_to_the_command_overlays_the_file(tmp_path: Path) -> None:
    """A profile given on the command line replaces the file's own and overlays its settings."""
    text = """
profile: dev
features: {write_enabled: false}
profiles:
  prod: {features: {write_enabled: true}}
"""
    config = load(tmp_path, text, profile="prod")

    assert config.profile == "prod"
    assert config.features.write_enabled is True


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_profile_of_the_file_holds_otherwise(tmp_path: Path) -> None:
    """A configuration keeps the profile of its file when the command line gives none."""
    assert load(tmp_path, "profile: staging\n").profile == "staging"


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_included_file_is_merged(tmp_path: Path) -> None:
    """A configuration file includes others, found beside it, and wins over them."""
    (tmp_path / "base.yaml").write_text(
        "features: {write_enabled: false, export_enabled: true}\n", encoding="utf-8"
    )
    config = load(tmp_path, "includes: [base.yaml]\nfeatures: {write_enabled: true}\n")

    assert config.features.write_enabled is True
    assert config.features.export_enabled is True


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_environment_fills_in_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration takes values from the environment, or else the default beside them."""
    monkeypatch.setenv("PACK_DATABASE", "postgresql://from-environment/market")
    monkeypatch.delenv("PACK_SYMBOL", raising=False)
    text = """
providers:
  invented: {type: synthetic}
datasets:
  closing_prices: {provider: invented, symbols: ["${PACK_SYMBOL:-AAA}"], interval: 1d}
storage:
  primary: {type: timescaledb, uri: "${PACK_DATABASE}"}
"""
    config = load(tmp_path, text)

    assert config.storage.root["primary"].uri == "postgresql://from-environment/market"
    assert config.datasets.root["closing_prices"].symbols == ["AAA"]


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_fingerprint_tells_configurations_apart(tmp_path: Path) -> None:
    """The same configuration has the same fingerprint, a text; a changed one has another."""
    first = load(tmp_path, "features: {write_enabled: true}\n").fingerprint
    again = load(tmp_path, "features: {write_enabled: true}\n").fingerprint
    changed = load(tmp_path, "features: {write_enabled: false}\n").fingerprint

    assert isinstance(first, str)
    assert first == again
    assert first != changed


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_documented_settings_are_accepted(tmp_path: Path) -> None:
    """Every setting that the pipeline documents for its jobs is accepted by Core."""
    text = """
version: 2
profile: dev
providers:
  invented: {type: synthetic, enabled: true, seed: 7}
storage:
  primary:
    type: timescaledb
    uri: postgresql://localhost/market
    schema: public
    table_bars: bars
    write: {batch_size: 50, upsert_keys: [symbol, ts], deduplicate: true}
datasets:
  closing_prices:
    provider: invented
    symbols: [AAA]
    interval: 1d
    fields: [close, volume]
    adjustments: {splits: true, dividends: false}
jobs:
  history:
    dataset: closing_prices
    mode: backfill
    backfill: {from: now-9d, to: now, chunk: 3d, concurrency: 2}
    execution: {concurrency: 2, retry: {max_attempts: 4, backoff_seconds: 6}}
features: {dry_run: true, write_enabled: true, export_enabled: false}
telemetry: {log_level: INFO, metrics: {enabled: true, port: 9100}}
"""
    assert "history" in load(tmp_path, text).jobs.root
