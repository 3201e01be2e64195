"""What came of importing a consumer with a candidate, beside what came of it with the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from fanout.cells.live import Imported, Module
from fanout.consumers.affected import Fault
from fanout.consumers.imports import Imports
from fanout.gate.imports import Listed, faults
from fanout.model import KnownBreak

TODAY = date(2026, 11, 27)


def came(found: Mapping[str, Imported]) -> Imports:
    modules = (Module(name=name, imported=one) for name, one in found.items())
    return Imports(cell="small_live-core_v130", modules=tuple(modules))


def fault(
    now: Imported, then: Imported | None, *, listed: tuple[KnownBreak, ...] = (), **how: bool
) -> Fault:
    """What is said of one module, by what came of it with the candidate and the baseline."""
    before = came({"small": then}) if then else None
    asked = {"at_once": True, "only_new": False} | how
    (one,) = faults(came({"small": now}), before, Listed(listed, "1.3.0", TODAY), **asked)
    return one


def known(**changed: object) -> KnownBreak:
    said = {
        "core": ">=1.3",
        "module": "small",
        "reason": "renamed",
        "link": "https://example.org/1",
        "expires": TODAY,
    }
    return KnownBreak.model_validate(said | changed)


@pytest.mark.parametrize(
    "then", [None, Imported.YES, Imported.OWN, Imported.BROKEN, Imported.ERRORED]
)
def test_what_core_breaks(then: Imported | None) -> None:
    """It holds whatever the baseline says; with only_new unless the baseline breaks it too."""
    assert fault(Imported.BROKEN, then).holds
    assert fault(Imported.BROKEN, then, only_new=True).holds is (then is not Imported.BROKEN)
    assert not fault(Imported.BROKEN, then, at_once=False).holds


@pytest.mark.parametrize(
    "now", [Imported.ERRORED, Imported.OWN, Imported.UNDECLARED, Imported.DRIFT]
)
def test_what_holds_nothing(now: Imported) -> None:
    """No other fault holds; it is told if it is known that the baseline does without it."""
    assert not fault(now, Imported.YES).holds
    assert fault(now, Imported.YES).worse is (now is not Imported.ERRORED)
    assert not fault(now, now).worse
    assert not fault(now, None).worse
    assert not fault(now, Imported.ERRORED).worse


def test_a_baseline_without_a_verdict() -> None:
    """A run that did not end says nothing of what was there before."""
    before = came({"run": Imported.ERRORED})
    (one,) = faults(
        came({"small": Imported.OWN}),
        before,
        Listed((), "1.3.0", TODAY),
        at_once=True,
        only_new=True,
    )
    assert (one.before, one.worse) == (None, False)


def test_an_excuse() -> None:
    """A known break excuses its module, on the Core refs of its range and up to its last day."""
    assert not fault(Imported.BROKEN, Imported.YES, listed=(known(),)).holds
    for changed in ({"core": ">=1.4"}, {"expires": date(2026, 11, 26)}, {"module": "small.cli"}):
        assert fault(Imported.BROKEN, Imported.YES, listed=(known(**changed),)).holds
    of_install = known(module=None, install=True)
    assert fault(Imported.BROKEN, Imported.YES, listed=(of_install,)).holds
    assert Listed((of_install,), "1.3.0", TODAY).install


def test_an_entry_while_nothing_is_known() -> None:
    """What was not asked, or has no verdict, makes no entry wrong."""
    listed = Listed((known(), known(module=None, install=True)), "1.3.0", TODAY)
    for imports in (
        None,
        came({}),
        came({"run": Imported.ERRORED}),
        came({"small": Imported.ERRORED}),
    ):
        assert not list(listed.wrong(None, imports))
    assert len(list(listed.wrong(None, came({"other": Imported.YES})))) == 1
