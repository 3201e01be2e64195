"""How a run has ended, and what that makes of its promises: by rule, without input or output."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from evidence import NOT_APPLICABLE, Result
from journal import Told

OWN_CODES = (0, 1, 5)  # of pytest: all passed, some failed, none was collected
SOME_FAILED = 1
INTERRUPTED = 2
STOPPED_CODES = {3: "an error of its own", 4: "wrong usage"}


@dataclass(frozen=True)
class Trouble:
    """Why a run has no verdict for what had not ended: a type of error, and a sentence."""

    type: str
    how: str


def trouble_of(told: Told, code: int, left: bool) -> Trouble | None:
    """What is wrong with how a run ended, with this code; `left` says that it left processes."""
    if told.wrong:
        return Trouble("forged", told.wrong)
    if told.refused:
        return None
    if code < 0:
        return Trouble("killed", f"the run was ended by {name_of(-code)}")
    if told.code is None:
        return Trouble("crashed", f"the run ended in its middle, with code {code}")
    if code != told.code:
        return Trouble("crashed", f"the run ended with code {code}, where pytest had {told.code}")
    if code == INTERRUPTED:
        return Trouble("interrupted", "it ended the run, by an interrupt or `pytest.exit`")
    if code not in OWN_CODES:
        return Trouble("stopped", f"pytest ended with code {code}: {STOPPED_CODES.get(code, '')}")
    if left:
        return Trouble("left-behind", "the run left processes behind, which were ended")
    return None


def name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def results_of(told: Told, trouble: Trouble | None) -> dict[str, Result]:
    """What the evidence says of each promise, and of the run."""
    if told.refused:
        return {"run": Result("error", "guard", told.refused)}
    results = dict(told.results)
    tags = {result.tag for result in results.values()}
    if trouble:
        results["run"] = Result("error", trouble.type, trouble.how)
    elif all(result.type == NOT_APPLICABLE for result in results.values()):
        results["run"] = Result("error", "no-promises", "no promise was judged")
    elif told.code == SOME_FAILED and not tags & {"failure", "error"}:
        results["run"] = Result("error", "unexplained", "pytest failed, and no promise says why")
    return results
