"""What the control endpoints (`api/control.py`) and the audit log (`audit/logger.py`) need."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from market_data_core.telemetry import AuditEnvelope


@pytest.fixture
def envelope() -> "AuditEnvelope":
    from market_data_core.telemetry import AuditEnvelope, ControlAction, ControlResult

    return AuditEnvelope(
        actor="auth0|5f7c8ec7",
        role="operator",
        action=ControlAction.pause,
        result=ControlResult(status="error", detail="runtime is gone"),
        ts=1700000000.5,
    )


@pytest.mark.contract("telemetry.ControlResult")
def test_control_result_reports_success() -> None:
    """A control result reports ok together with a detail text."""
    from market_data_core.telemetry import ControlResult

    result = ControlResult(status="ok", detail="Ingestion resumed")
    assert (result.status, result.detail) == ("ok", "Ingestion resumed")


@pytest.mark.contract("telemetry.ControlResult")
def test_control_result_reports_any_error_text() -> None:
    """A control result reports error with whatever text the exception had, empty or long."""
    from market_data_core.telemetry import ControlResult

    texts = ["", "lost\nconnection", "x" * 10_000]
    results = [ControlResult(status="error", detail=text) for text in texts]
    assert [(result.status, result.detail) for result in results] == [
        ("error", text) for text in texts
    ]


@pytest.mark.contract("telemetry.ControlAction")
def test_control_actions_are_pause_resume_and_reload() -> None:
    """The control actions pause, resume and reload have their own name as value."""
    from market_data_core.telemetry import ControlAction

    assert ControlAction.pause.value == "pause"
    assert ControlAction.resume.value == "resume"
    assert ControlAction.reload.value == "reload"


@pytest.mark.contract(
    "telemetry.AuditEnvelope", "telemetry.ControlAction", "telemetry.ControlResult"
)
def test_audit_envelope_takes_every_control_action() -> None:
    """An audit envelope can be made for each control action of an operator or an admin."""
    from market_data_core.telemetry import AuditEnvelope, ControlAction, ControlResult

    done = [
        ("operator", ControlAction.pause),
        ("operator", ControlAction.resume),
        ("admin", ControlAction.reload),
    ]
    result = ControlResult(status="ok", detail="done")
    envelopes = [
        AuditEnvelope(actor="user", role=role, action=action, result=result, ts=1700000000.0)
        for role, action in done
    ]
    assert [(envelope.role, envelope.action) for envelope in envelopes] == done


@pytest.mark.contract("telemetry.AuditEnvelope")
def test_audit_envelope_says_who_did_what(envelope: "AuditEnvelope") -> None:
    """An audit envelope gives actor, role and action as text for a line of the audit log."""
    entry: dict[str, Any] = {
        "action": envelope.action.value,
        "user": envelope.actor,
        "role": envelope.role,
    }
    assert json.loads(json.dumps(entry)) == {
        "action": "pause",
        "user": "auth0|5f7c8ec7",
        "role": "operator",
    }


@pytest.mark.contract("telemetry.AuditEnvelope", "telemetry.ControlResult")
def test_audit_envelope_says_how_it_went(envelope: "AuditEnvelope") -> None:
    """An audit envelope gives status and detail of its result for a line of the audit log."""
    entry: dict[str, Any] = {
        "status": envelope.result.status,
        "detail": envelope.result.detail,
    }
    assert json.loads(json.dumps(entry)) == {"status": "error", "detail": "runtime is gone"}


@pytest.mark.contract("telemetry.AuditEnvelope")
def test_audit_envelope_says_when_it_happened(envelope: "AuditEnvelope") -> None:
    """An audit envelope gives the moment of the action in Unix seconds, with fractions."""
    assert datetime.fromtimestamp(envelope.ts, tz=UTC) == datetime(
        2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC
    )


@pytest.mark.contract("telemetry.AuditEnvelope", "telemetry.ControlResult")
def test_audit_status_is_a_metric_label(envelope: "AuditEnvelope") -> None:
    """The status of an audited result turns into plain text, as metric labels do."""
    assert str(envelope.result.status) == "error"
