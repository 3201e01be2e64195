"""The pipeline's feedback settings and rate coordinator, which give every level its scale."""

import pytest


@pytest.mark.contract("telemetry.BackpressureLevel")
def test_level_is_found_by_its_name() -> None:
    """A backpressure level is looked up by its name, as policies with text keys need."""
    from market_data_core.telemetry import BackpressureLevel

    assert BackpressureLevel["ok"] is BackpressureLevel.ok
    assert BackpressureLevel["soft"] is BackpressureLevel.soft
    assert BackpressureLevel["hard"] is BackpressureLevel.hard


@pytest.mark.contract("telemetry.BackpressureLevel")
def test_level_is_found_by_its_value() -> None:
    """A level's value, handed to the rate coordinator as text, finds the same level again."""
    from market_data_core.telemetry import BackpressureLevel

    for level in (BackpressureLevel.ok, BackpressureLevel.soft, BackpressureLevel.hard):
        assert BackpressureLevel[level.value] is level


@pytest.mark.contract("telemetry.BackpressureLevel")
def test_policy_of_levels_is_told_from_one_of_texts() -> None:
    """A level is one of its enum and its name alone is none, which tells kinds of policy apart."""
    from market_data_core.telemetry import BackpressureLevel

    levels = (BackpressureLevel.ok, BackpressureLevel.soft, BackpressureLevel.hard)

    assert all(isinstance(level, BackpressureLevel) for level in levels)
    assert not any(isinstance(name, BackpressureLevel) for name in ("ok", "soft", "hard"))


@pytest.mark.contract("telemetry.RateAdjustment", "telemetry.BackpressureLevel")
def test_rate_adjustment_accepts_every_scale_from_zero_to_one() -> None:
    """Any scale from 0 to 1, both included, is accepted, because users set their own policy."""
    from market_data_core.telemetry import BackpressureLevel, RateAdjustment

    for scale in (0.0, 0.001, 0.25, 0.5, 0.999, 1.0):
        adjustment = RateAdjustment(
            provider="ibkr", scale=scale, reason=BackpressureLevel.soft, ts=1_700_000_000.25
        )
        assert adjustment.scale == scale


@pytest.mark.contract("telemetry.RateAdjustment", "telemetry.BackpressureLevel")
def test_rate_adjustment_accepts_any_provider_name() -> None:
    """A rate adjustment accepts whatever provider name the user has set."""
    from market_data_core.telemetry import BackpressureLevel, RateAdjustment

    for provider in ("ibkr", "synthetic", "polygon", "my-own_provider.2"):
        adjustment = RateAdjustment(
            provider=provider, scale=0.5, reason=BackpressureLevel.soft, ts=1_700_000_000.25
        )
        assert adjustment.provider == provider
