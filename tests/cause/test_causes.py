"""Why promises broke: deliberate breaks of a release, what they break, and the change behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from fanout.cause.fewest import causes
from fanout.cells.evidence import read_folder
from fanout.cells.promises import read_promises
from fanout.model import PromiseVerdict, Result, Side, Standing, Verdict
from fanout.surface.change import changes
from fanout.surface.reader import surface
from tests import PACKS, ROOT
from tests.worlds.core_wheel import make_wheel, released
from tests.worlds.patched_core import CELLS, Edits, Workbench, full_names, read_table

WRONG = read_table("wrong_cores.toml")
COMPATIBLE = read_table("compatible_cores.toml")
PROMISES = {
    f"{pack}/{promise.name}": promise
    for pack in PACKS
    for promise in read_promises(ROOT / "packs" / pack)
}
# What only a failure's words can explain: nothing that the promises name has changed.
ONLY_BY_WORDS = ("missing-dependency", "circular-dependency")
RENAMED = re.compile(r"renamed-(field|method|enum-member)|removed-export-rate-controller")
# Their failures speak in different ways: of a field, of a distribution.
REAL = ("renamed-field-feedback-queue-size", "missing-dependency-yaml")


def broken(
    name: str, contract: Iterable[str], message: str = "", text: str = ""
) -> tuple[str, PromiseVerdict]:
    pack, _, inside = name.partition("/")
    failed = Side(standing=Standing.BROKEN, message=message, text=text)
    kept = Side(standing=Standing.KEPT)
    return pack, PromiseVerdict(
        name=inside,
        contract=tuple(contract),
        verdict=Verdict.REGRESSED,
        candidate=failed,
        baseline=kept,
    )


def with_compatible_changes(workbench: Workbench, edits: Edits) -> Edits:
    """The edits and, of those that break nothing, all that can be made beside them."""
    for core in COMPATIBLE.values():
        for file, pairs in core.edits.items():
            more = edits | {file: (*edits.get(file, ()), *pairs)}
            try:
                workbench.edited(more)
            except ValueError:
                continue  # the same lines are edited already
            edits = more
    return edits


@pytest.mark.parametrize("name", [n for n in WRONG if not n.startswith(ONLY_BY_WORDS)])
def test_break_is_found_from_the_symbols_alone(
    name: str, workbench: Workbench, tmp_path: Path
) -> None:
    """What was edited explains nearly all that breaks, in one entry, without a failure's words."""
    core = WRONG[name]
    baseline = released("1.4.61")
    candidate = surface(workbench.wheel(tmp_path / "core", core.edits))
    names = full_names(core.breaks)
    if core.breaks_all_but:
        names = set(PROMISES) - full_names(core.breaks_all_but)
    found = causes([broken(n, PROMISES[n].contract) for n in sorted(names)], baseline, candidate)
    # A new name for something is one cause of two changes: what is gone, and what came.
    assert len(found[0].changes) == (2 if RENAMED.match(name) else 1)
    assert len(found[0].promises) >= 0.8 * len(names)
    assert all(not cause.changes for cause in found[1:])


@pytest.mark.parametrize("name", REAL)
def test_break_is_found_among_many_changes(name: str, workbench: Workbench, tmp_path: Path) -> None:
    """Among dozens of compatible changes, what was edited explains every failure, in one entry."""
    baseline = released("1.4.61")
    edits = WRONG[name].edits
    workbench.results(name, edits)
    failures = []
    for cell, evidence in read_folder(
        workbench.folder / name / "evidence", frozenset(CELLS)
    ).items():
        assert not isinstance(evidence, str), evidence
        failures += [
            broken(f"{CELLS[cell]}/{one.name}", one.contract, one.message, one.text)
            for one in evidence.promises
            if one.result is Result.BROKEN and f"{CELLS[cell]}/{one.name}" in named_in(name)
        ]
    assert len(failures) == len(named_in(name))
    own = changes(baseline, surface(workbench.wheel(tmp_path / "own", edits)))
    both = with_compatible_changes(workbench, edits)
    candidate = surface(workbench.wheel(tmp_path / "both", both))
    assert len(changes(baseline, candidate)) > 30
    found = causes(failures, baseline, candidate)
    assert len(found) == 1
    assert found[0].changes[0].symbol in {one.symbol for one in own}


def named_in(name: str) -> set[str]:
    """The promises that a wrong Core breaks and the release keeps."""
    core = WRONG[name]
    if not core.breaks_all_but:
        return full_names(core.breaks)
    # What the release breaks itself is no evidence of this break.
    ours = {n for n in PROMISES if "redis" in n or "test_job_providers" in n}
    return set(PROMISES) - full_names(core.breaks_all_but) - ours


REDIS = [
    broken("pipeline/test_brought_along.py::test_redis", ["events.create_event_bus"], said)
    for said in (
        "assert None is not None\n +  where None = find_spec('redis')",
        "No module named 'redis'",
        "redis package is not installed",
    )
]


@pytest.mark.parametrize("candidate", ["1.2.11", "1.2.15", "1.4.61"])
@pytest.mark.parametrize("failure", REDIS, ids=["find_spec", "import", "words"])
def test_distribution_that_core_no_longer_brings_is_the_cause(
    failure: tuple[str, PromiseVerdict], candidate: str
) -> None:
    """From 1.2.11 on Core brings no redis along, whatever else changed later."""
    (cause,) = causes([failure], released("1.2.9"), released(candidate))
    assert [change.symbol for change in cause.changes] == ["Requires-Dist redis"]


@pytest.mark.parametrize("candidate", ["1.2.33", "1.4.61"])
def test_name_of_another_thing_is_the_cause(candidate: str) -> None:
    """From 1.2.33 on the root's ProviderRegistry is the protocol: one cause of two promises."""
    said = "AttributeError: Protocols cannot be instantiated"
    failures = [
        broken(
            f"pipeline/test_job_providers.py::test_{name}",
            ["ProviderRegistry", "load_config"],
            said,
        )
        for name in ("live", "backfill")
    ]
    (cause,) = causes(failures, released("1.2.31"), released(candidate))
    assert [change.symbol for change in cause.changes] == ["ProviderRegistry"]
    assert cause.changes[0].baseline == "class ProviderRegistry in runtime.registry"
    assert [promise.name.rpartition("_")[2] for promise in cause.promises] == ["live", "backfill"]


def test_promises_without_a_change_are_told_apart(tmp_path: Path) -> None:
    """What nothing public explains is one cause without changes, after those that are known."""
    old = surface(make_wheel(tmp_path / "old", {"a.py": "def f(a): ...", "b.py": "def g(): ..."}))
    new = surface(make_wheel(tmp_path / "new", {"a.py": "def f(b): ...", "b.py": "def g(): ..."}))
    found = causes(
        [broken("p/x", ["b.g"]), broken("p/y", ["a.f"]), broken("q/z", ["a.f"])], old, new
    )
    assert [(len(cause.changes), [p.name for p in cause.promises]) for cause in found] == [
        (1, ["y", "z"]),
        (0, ["x"]),
    ]
    assert causes([], old, new) == ()
    assert causes([broken("p/x", ["a.f"])], old, old)[0].changes == ()


def test_signature_is_preferred_to_code_behind_it(tmp_path: Path) -> None:
    """Where both a signature and other code changed, the signature is the cause."""
    old = surface(make_wheel(tmp_path / "old", {"a.py": "def a(): return 1\ndef f(a): ..."}))
    new = surface(make_wheel(tmp_path / "new", {"a.py": "def a(): return 2\ndef f(b): ..."}))
    (cause,) = causes([broken("p/x", ["a.a", "a.f"])], old, new)
    assert [change.symbol for change in cause.changes] == ["a.f"]
