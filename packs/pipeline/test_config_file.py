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


def job_file(
    provider: str = "{type: synthetic}", dataset: str = "invented", job: str = "closing_prices"
) -> str:
    """A configuration file with one provider, a dataset of that name from it, and a job."""
    return f"""
providers: {{invented: {provider}}}
datasets: {{closing_prices: {{provider: {dataset}, symbols: [AAA], interval: 1d}}}}
jobs: {{today: {{dataset: {job}, mode: live}}}}
"""


def refused(folder: Path, text: str) -> bool:
    """Whether Core refuses a file, by whatever error: the commands say no more than that."""
    try:
        load(folder, text)
    except Exception:
        return True
    return False


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_smallest_file_with_a_job_is_accepted(tmp_path: Path) -> None:
    """A file with a provider, a dataset and a job, each with what it must have, is accepted."""
    assert "today" in load(tmp_path, job_file()).jobs.root


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_file_whose_dataset_has_no_provider_is_refused(tmp_path: Path) -> None:
    """A dataset of a provider that the file does not have is refused: `validate` trusts Core."""
    load(tmp_path, job_file())
    assert refused(tmp_path, job_file(dataset="nobody"))


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_file_whose_job_has_no_dataset_is_refused(tmp_path: Path) -> None:
    """A job of a dataset that the file does not have is refused: `validate` trusts Core."""
    load(tmp_path, job_file())
    assert refused(tmp_path, job_file(job="nothing"))


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_file_with_an_unknown_kind_of_provider_is_refused(tmp_path: Path) -> None:
    """A provider of a type that Core does not have is refused: `validate` trusts Core."""
    load(tmp_path, job_file())
    assert refused(tmp_path, job_file(provider="{type: carrier-pigeon}"))


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_file_with_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    """A job of another mode than live and backfill is refused: the job runner would run it live."""
    load(tmp_path, job_file())
    assert refused(tmp_path, job_file().replace("mode: live", "mode: backfil"))


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_broker_needs_only_its_type(tmp_path: Path) -> None:
    """A provider of type ibkr needs neither host nor port nor anything else."""
    assert load(tmp_path, job_file(provider="{type: ibkr}")).providers.root["invented"]


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_backfill_needs_only_its_beginning(tmp_path: Path) -> None:
    """A backfill that says only from when ends now, in chunks of Core's choice."""
    text = job_file().replace("mode: live", "mode: backfill, backfill: {from: now-9d}")
    backfill = load(tmp_path, text).jobs.root["today"].backfill

    assert backfill.from_ == "now-9d"
    assert backfill.to == "now"
    assert backfill.chunk


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_lake_export_is_a_storage_of_type_s3(tmp_path: Path) -> None:
    """A storage of type s3 is accepted with no more than its bucket, and found as lake_export."""
    text = "storage: {lake_export: {type: s3, bucket: bars}}\nfeatures: {export_enabled: true}\n"
    assert load(tmp_path, text).storage.root["lake_export"]


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_every_other_setting_is_accepted(tmp_path: Path) -> None:
    """A file that sets all else that Core knows of brokers, storage, data and jobs is accepted."""
    # An empty client is what a variable leaves that the environment does not have.
    text = """
providers:
  broker:
    {type: ibkr, enabled: true, client_id: "", account: DU1, host: 127.0.0.1, port: 7497,
     paper: true, timezone: Europe/Paris, what_to_show_default: MIDPOINT,
     pacing: {requests_per_minute: 30, burst: 5, cooldown_seconds: 30},
     retry: {max_attempts: 2, backoff_seconds: 5, jitter: false}}
storage:
  primary:
    {type: timescaledb, uri: postgresql://one/market, retention: {policy: tiered, tiers:
     [{name: hot, keep_days: 30, compress_after_days: 7}]}}
  secondary: {type: timescaledb, uri: postgresql://two/market, retention: {policy: simple}}
  lake_export: {type: s3, bucket: bars, prefix: daily, format: parquet, partitioning: [symbol],
                write_mode: append}
  lake_copy: {type: s3, bucket: copies, format: csv, write_mode: overwrite}
datasets:
  closing_prices:
    {provider: broker, symbols: "@watchlists.large", interval: 1d, calendar: xnys, timezone: UTC,
     bar_size_hint: 1 day, sla: {success_rate_min: 0.9, max_latency_ms: 500}}
jobs:
  nightly: {dataset: closing_prices, mode: live, schedule: {type: cron, expr: "0 1 * * *",
            window: {skip_holidays: true}}}
  often: {dataset: closing_prices, mode: live, schedule: {type: interval, every: 5m},
          execution: {rate_limit: {provider_budget_ref: broker}}}
telemetry: {tracing: {otlp_endpoint: "http://localhost:4317", sample_ratio: 0.5}}
calendars: {xnys: {open: "09:30"}}
watchlists: {large: [AAA, BBB]}
"""
    assert {"nightly", "often"} <= set(load(tmp_path, text).jobs.root)


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_every_log_level_is_accepted(tmp_path: Path) -> None:
    """A file may set the log level to DEBUG, INFO, WARN and ERROR."""
    for level in ("DEBUG", "INFO", "WARN", "ERROR"):
        assert load(tmp_path, f"telemetry: {{log_level: {level}}}\n")


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_profile_is_dev_if_nobody_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without a profile has the profile dev, where the environment names no other."""
    monkeypatch.delenv("APP_PROFILE", raising=False)
    assert load(tmp_path, job_file()).profile == "dev"


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_number_from_the_environment_is_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number or a switch that comes from the environment, which has texts alone, is read."""
    monkeypatch.setenv("PACK_NUMBER", "50")
    monkeypatch.setenv("PACK_SWITCH", "false")
    text = """
version: "${PACK_NUMBER}"
providers:
  broker:
    {type: ibkr, port: "${PACK_NUMBER}", paper: "${PACK_SWITCH}",
     pacing: {requests_per_minute: "${PACK_NUMBER}"}, retry: {max_attempts: "${PACK_NUMBER}"}}
  invented: {type: synthetic, seed: "${PACK_NUMBER}"}
storage:
  primary:
    {type: timescaledb, uri: u, write: {batch_size: "${PACK_NUMBER}"}, retention: {tiers:
     [{name: hot, keep_days: "${PACK_NUMBER}", compress_after_days: "${PACK_NUMBER}"}]}}
datasets:
  closing_prices:
    {provider: invented, symbols: [AAA], interval: 1d, adjustments: {splits: "${PACK_SWITCH}"},
     sla: {max_latency_ms: "${PACK_NUMBER}"}}
jobs:
  history:
    {dataset: closing_prices, mode: backfill, execution: {concurrency: "${PACK_NUMBER}"},
     backfill: {from: now-9d, concurrency: "${PACK_NUMBER}"}}
features: {write_enabled: "${PACK_SWITCH}"}
telemetry:
  metrics: {enabled: "${PACK_SWITCH}", port: "${PACK_NUMBER}"}
  tracing: {sample_ratio: "0.${PACK_NUMBER}"}
"""
    config = load(tmp_path, text)

    assert config.storage.root["primary"].write.batch_size == 50
    assert config.features.write_enabled is False


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_setting_that_core_does_not_know_is_passed_over(tmp_path: Path) -> None:
    """A file may hold settings of the pipeline's own, or for another Core, wherever they stand."""
    text = """
bus: {type: redis}
providers:
  broker: {type: ibkr, pacing: {note: 1}, retry: {note: 1}, note: 1}
  invented: {type: synthetic, note: 1}
storage:
  primary:
    {type: timescaledb, uri: u, write: {note: 1}, note: 1, retention: {note: 1, tiers:
     [{name: hot, keep_days: 30, compress_after_days: 7, note: 1}]}}
  lake_export: {type: s3, bucket: bars, note: 1}
datasets:
  closing_prices:
    {provider: invented, symbols: [AAA], interval: 1d, adjustments: {note: 1}, sla: {note: 1},
     note: 1}
jobs:
  nightly:
    {dataset: closing_prices, mode: backfill, schedule: {type: cron, expr: "0 1 * * *", note: 1},
     backfill: {from: now-9d, note: 1}, execution: {note: 1}, note: 1}
  often: {dataset: closing_prices, mode: live, schedule: {type: interval, every: 5m, note: 1}}
features: {note: 1}
telemetry: {metrics: {note: 1}, tracing: {note: 1}, note: 1}
"""
    assert {"nightly", "often"} == set(load(tmp_path, text).jobs.root)


@pytest.mark.contract("load_config", core=">=1.2.31")
def test_schedule_needs_only_its_time_and_a_service_level_nothing(tmp_path: Path) -> None:
    """A job's schedule needs only when it runs, and a dataset's service level sets nothing."""
    text = """
providers: {invented: {type: synthetic}}
datasets: {closing_prices: {provider: invented, symbols: [AAA], interval: 1d, sla: {}}}
jobs:
  nightly: {dataset: closing_prices, mode: live, schedule: {expr: "0 1 * * *"}}
  often: {dataset: closing_prices, mode: live, schedule: {every: 5m}}
"""
    assert {"nightly", "often"} == set(load(tmp_path, text).jobs.root)
