"""What everybody hears of a run of the workflow: the answer, and what turned since the last run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, HttpUrl

from fanout.gate.decision import Decision
from fanout.history.run import Name, Text
from fanout.model import Answer, Frozen, Verdict
from fanout.workflow.request import Request


def without_exit_code(value: object) -> object:
    """A decision as JSON tells it, without what follows from its answer."""
    if isinstance(value, dict):
        return {key: one for key, one in value.items() if key != "exit_code"}
    return value


class Turned(Frozen):
    """A promise that regressed or was fixed in this run, on a Core ref, since the run before."""

    pack: Name
    owner: Text
    promise: Name
    says: Text = ""
    verdict: Verdict  # regressed or fixed
    core_ref: Name
    message: Text = ""


class Announcement(Frozen):
    """One run of the workflow, as it is told on GitHub, in Slack and by email.

    `problem` says why nothing could be asked at all, such as a Core ref that does not exist;
    then there is no decision, and the answer is unknown. Where Core's candidate was judged,
    `decision` is the gate's; where the table of Core refs was, it is None and `turned` counts.
    """

    schema_version: Literal[1] = 1
    request: Request
    answer: Answer
    headline: Text
    problem: Text = ""
    url: HttpUrl  # of the run of the workflow
    dashboard: HttpUrl | None = None
    decision: Annotated[Decision | None, BeforeValidator(without_exit_code)] = None
    turned: tuple[Turned, ...] = ()
