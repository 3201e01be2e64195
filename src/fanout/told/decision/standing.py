"""Where a promise stands on both sides, in words."""

from __future__ import annotations

from collections.abc import Sequence

from fanout.gate.decision import Decision
from fanout.model import InstalledVersions, PromiseVerdict, Side, Standing

MOST_VERSIONS = 3  # of what differs between environments, in one line


def unsettled(promise: PromiseVerdict) -> str:
    sides = {"candidate": promise.candidate, "baseline": promise.baseline}
    if promise.unjudged:
        return ", ".join(f"on the {word} {one.standing}" for word, one in sides.items())
    said = {word: what(one) for word, one in sides.items() if one.standing is Standing.UNKNOWN}
    if len(set(said.values())) < len(said):
        return f"on both sides {said['candidate']}"
    return ", ".join(f"on the {word} {told}" for word, told in said.items())


def what(side: Side) -> str:
    told = ", then ".join(side.attempts)
    if side.flaky:
        return f"flaky ({told})"
    if side.environment:
        return f"{told}, in environments that differ: {versions(side.environment, ' then ')}"
    return f"errored: {side.message}" if side.message else "no evidence"


def now_and_then(decision: Decision, promise: PromiseVerdict) -> tuple[str, ...]:
    was = f"was: {promise.baseline.standing} on {decision.baseline.shown}"
    if promise.baseline.standing is Standing.NOT_APPLICABLE and promise.core:
        was += f" (it holds from Core {promise.core})"
    if promise.baseline.standing is Standing.UNKNOWN:
        was += f", {what(promise.baseline)}"
    times = len(promise.candidate.attempts)
    again = f", {times} times out of {times}" if times > 1 else ", not yet run a second time"
    return (was, f"now: broken on {decision.candidate.shown}{again}")


def versions(differing: Sequence[InstalledVersions], between: str) -> str:
    """The first of what differs, each with its versions, and how many more do."""
    shown = [
        f"{one.name} {between.join(version or 'none' for version in one.versions)}"
        for one in differing[:MOST_VERSIONS]
    ]
    more = len(differing) - len(shown)
    return ", ".join((*shown, f"{more} more") if more else shown)
