"""Which cells tox is told of: it configures all that there are to run or list one."""

from __future__ import annotations

import atexit
import os

from tox.session.state import State

from matrix.cells import by_default, cells

RUNS = ("run", "r", "run-parallel", "p", "legacy", "le")  # commands of tox
folded: set[str] = set()  # cells that are not listed, that a run does not ask for, or need not run


def fold_run(state: State) -> None:
    """Leave out of a run the cells that it cannot ask for: tox configures all to run one."""
    options = state.conf.options
    if options.command not in RUNS or options.env.is_all or options.factors:
        return
    factors = {factor for name in cells() for factor in name.split("-")}
    # tox takes an odd mix of factors for an env, which says that it is no cell.
    if any(name not in cells() and factors & {*name.split("-")} for name in options.env):
        return
    asked = {*options.env} if options.env or options.labels else {*by_default()}
    labels = {*options.labels}
    folded.update(
        name for name, cell in cells().items() if name not in asked and not labels & cell.labels
    )


def fold_list(state: State) -> None:
    """Leave out of a whole list for people the cells that the default matrix has not."""
    options = state.conf.options
    listing = options.command in ("list", "l") and not options.list_no_description
    if not listing or options.labels or options.factors or options.list_default_only:
        return
    folded.update({*cells()} - {*by_default()})
    if not os.environ.get("FANOUT_LIST"):  # or else the tox around this one says it
        os.environ["FANOUT_LIST"] = "folded"
        labels = "`tox list -m history`, `-m candidate` and `-m live`"
        shown = sum(bool(cells()[name].labels) for name in folded)
        atexit.register(print, f"and {shown} cells more, which {labels} show")
