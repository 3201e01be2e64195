"""Packs against Cores made from a released one: wrong Cores break promises, compatible ones none.

All of these tests need the network: the release, and what packs run with, come from PyPI.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fanout.model import Result
from tests import PACKS
from tests.worlds.patched_core import Edits, PatchedCore, Workbench, full_names, read_table

WRONG = read_table("wrong_cores.toml")
COMPATIBLE = read_table("compatible_cores.toml")
KINDS = {
    "renamed-field",
    "changed-enum-value",
    "tightened-bound",
    "new-required-field",
    "dropped-default",
    "sync-instead-of-async",
    "renamed-parameter",
    "renamed-method",
    "unknown-fields-refused",
    "removed-export",
    "changed-json-name",
    "import-error",
    "missing-dependency",
}
CANNOT_MEET = {
    "ibkr": {"unknown-fields-refused"},  # it hands Core no field that Core does not have
}
# What the release lacks: redis, and the provider registry that the pipeline looks for in the root.
MENDED: Edits = {
    "METADATA": (("Name:", "Requires-Dist: redis\nName:"),),
    "__init__.py": (("__version__ =", "from .runtime import ProviderRegistry\n__version__ ="),),
}
Results = dict[str, Result]


@pytest.fixture(scope="session")
def released(workbench: Workbench) -> Results:
    """What every promise comes to on the release as it is."""
    return workbench.results("released", {})


def kept(results: Results) -> set[str]:
    return {name for name, result in results.items() if result is Result.KEPT}


def changed(before: Results, after: Results) -> Results:
    """What is another result than before, by promise; one that is gone counts as errored."""
    return {
        name: after.get(name, Result.ERRORED)
        for name in before.keys() | after.keys()
        if before.get(name) is not after.get(name)
    }


def test_release_gives_every_promise_a_verdict(released: Results) -> None:
    """On the release as it is, every pack keeps promises, and what it does not is known."""
    assert {name.partition("/")[0] for name in kept(released)} == set(PACKS)
    assert set(released.values()) == {Result.KEPT, Result.KNOWN_BREAK}


def told_apart(table: dict[str, PatchedCore]) -> list[tuple[str, ...]]:
    """Rows that one Core can hold: they edit other files, and each breaks promises of its own.

    To try them together takes a third of the time, and says no less of each.
    """
    groups: list[tuple[str, ...]] = []
    for name, core in table.items():
        for number, group in enumerate(groups):
            rows = [table[other] for other in group]
            if not core.breaks_all_but and all(apart(core, row) for row in rows):
                groups[number] = (*group, name)
                break
        else:
            groups.append((name,))
    return groups


def apart(one: PatchedCore, other: PatchedCore) -> bool:
    return not (
        other.breaks_all_but
        or one.edits.keys() & other.edits.keys()
        or full_names(one.breaks) & full_names(other.breaks)
    )


@pytest.mark.parametrize("names", told_apart(WRONG), ids="+".join)
def test_wrong_core_breaks_its_promises_and_no_others(
    names: tuple[str, ...], workbench: Workbench, released: Results
) -> None:
    """A wrong Core breaks exactly the promises that its table names, and none is errored."""
    cores = [WRONG[name] for name in names]
    broken = set[str]().union(*(full_names(core.breaks) for core in cores))
    if cores[0].breaks_all_but:
        broken = kept(released) - full_names(cores[0].breaks_all_but)
    edits = {file: pairs for core in cores for file, pairs in core.edits.items()}
    assert all(core.breaks or core.breaks_all_but for core in cores)
    after = workbench.results(names[0] if len(names) == 1 else f"{names[0]}-and-more", edits)
    assert changed(released, after) == dict.fromkeys(broken, Result.BROKEN), [
        core.change for core in cores
    ]


def test_compatible_changes_change_no_result(workbench: Workbench, released: Results) -> None:
    """A Core that adds, loosens, rewords and renames what is private, all at once, breaks nothing.

    To find the row of the table behind a failure, leave out one after the other.
    """
    edits: Edits = {}
    for core in COMPATIBLE.values():
        for file, pairs in core.edits.items():
            edits[file] = (*edits.get(file, ()), *pairs)
    assert changed(released, workbench.results("compatible", edits)) == {}


def test_what_the_release_breaks_can_be_kept(workbench: Workbench) -> None:
    """With what the release lacks put in, every promise is kept: the packs ask for no more."""
    found = set(workbench.results("mended", MENDED).values())
    assert found == {Result.KEPT, Result.LISTED_BUT_KEPT}


def test_every_promise_is_broken_by_a_wrong_core(released: Results) -> None:
    """Each promise can fail without nearly all of them failing: a wrong Core breaks it."""
    broken = set().union(*(full_names(core.breaks) for core in WRONG.values()))
    assert kept(released) - broken == set()


def test_every_kind_of_break_is_tried_on_every_pack() -> None:
    """Every pack notices a wrong Core of every kind, but of one that its consumer cannot meet."""
    for pack in PACKS:
        noticing = [core for core in WRONG.values() if core.breaks_all_but or pack in core.breaks]
        assert KINDS - {core.kind for core in noticing} == CANNOT_MEET.get(pack, set()), pack


def test_edit_that_does_not_match_is_refused(tmp_path: Path, workbench: Workbench) -> None:
    """An edit whose old text is not there exactly once is an error, not an unchanged Core."""
    for old in ("no such text", "Field("):
        with pytest.raises(ValueError, match="times"):
            workbench.wheel(tmp_path / "wrong", {"telemetry/health.py": ((old, ""),)})
