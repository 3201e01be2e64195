"""Taking over through tox: what runs, what need not, and what is said of both.

The Cores are made up; pytest comes from a package index.
"""

from __future__ import annotations

import re

import pytest

from tests.servers.core_index import any_wheel
from tests.worlds.harness import takeover
from tests.worlds.taking_over import EVERY, KEPT, ONE, SAME, World


def test_each_thing_runs_once(world: World) -> None:
    """Of Cores alike one runs; again nothing does; a pack or a Core that is new runs alone."""
    world.promises(kept=KEPT, one=ONE)
    code, said = world.tox()
    assert "taken over: 2 of 4 cells" in said
    assert (code, world.ran()) == (1, ["v192", "v193"])
    found = world.evidence()
    for name in ("v190", "v191"):
        taken = found[name].taken_over
        assert taken
        assert (taken.cell, taken.started) == ("small-core_v192", found["v192"].started)
        assert found[name].version == f"1.9.{name[-1]}"
    report = world.project.fanout("report").stdout
    assert "passed ↩" in report
    assert "taken over, and ran on" in report
    before = world.results()

    code, said = world.tox()
    assert "taken over: 4 of 4 cells" in said
    assert "broken promise: Core keeps one. (test_core.py::test_one)" in said
    assert (code, world.ran(), world.results()) == (1, [], before)

    code, said = world.tox(FRESH="1")
    assert "taken over" not in said
    assert (code, world.ran(), world.results()) == (1, EVERY, before)

    world.release("1.9.4", SAME)
    tox_ini = (world.root / "tox.ini").read_text("utf-8")
    tox_ini = tox_ini.replace("v193\n", "v193 v194\n").replace(
        "core_v193 = 1.9.3\n", "core_v193 = 1.9.3\ncore_v194 = 1.9.4\n"
    )
    world.project.write("tox.ini", tox_ini)
    world.tox()
    assert world.ran() == []
    assert "v194" in world.evidence()

    world.promises(kept=KEPT)
    code, _ = world.tox()
    assert (code, world.ran()) == (0, ["v193", "v194"])
    code, said = world.tox("-m", "small")
    assert (code, world.ran()) == (0, [])
    assert "congratulations" in said


def test_what_has_no_verdict_is_not_taken_over(world: World) -> None:
    """Where the first of three cells alike is errored, or dies, the others run."""
    world.promises(kept="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    world.tox()
    assert world.ran() == EVERY


def test_damage_is_noticed(world: World) -> None:
    """What is kept and was changed is told by file, and the cells run."""
    world.tox()
    kept = sorted((world.root / ".tox/kept").glob("*/*.json"))
    assert len(kept) == 2
    for file in kept:
        file.write_bytes(file.read_bytes().replace(b"1.9.2", b"1.9.1").replace(b"v193", b"v194"))
    _, said = world.tox()
    for file in kept:
        assert f"'{file}' is not believed" in said
    assert world.ran() == ["v192", "v193"]


def test_a_sample_that_disagrees_is_an_error(world: World) -> None:
    """A cell of a sample runs though its verdict is kept; one that says otherwise names both."""
    flag = world.root / "flag"
    world.promises(kept=f"from pathlib import Path\nassert not Path({str(flag)!r}).exists()")
    world.tox()
    flag.touch()
    drawn = (str(number) for number in range(1000))
    by = next(one for one in drawn if takeover.drawn(one, "small-core_v191"))
    code, said = world.tox(SAMPLE=by)

    both = "'small-core_v192' and 'small-core_v191' have one key, and do not say the same"
    assert both in said
    assert "v191" in world.ran()
    errors = [one.message for one in world.evidence()["v191"].promises if one.result == "errored"]
    assert errors == [both]
    assert code


def test_where_nothing_can_be_found_out_or_kept_all_run(world: World) -> None:
    """Neither what a Core requires, nor the folders of what is kept, nor a pip ends the run."""
    metadata = "Metadata-Version: 2.1\nName: market-data-core\nVersion: 1.9.1\n"
    unreadable = any_wheel(
        "market_data_core", "1.9.1", SAME, f"{metadata}Requires-Dist: packaging>=2.*\n".encode()
    )
    (world.root / "releases/market_data_core-1.9.1-py3-none-any.whl").write_bytes(unreadable)
    for name in ("kept", "cores"):
        world.project.write(f".tox/{name}", "no folder")
    code, said = world.tox(UV_VENV_SEED="1")
    assert "Traceback" not in said
    assert (code, world.ran()) == (0, EVERY)


def test_a_pack_that_reads_the_version_runs_everywhere(world: World) -> None:
    """A pack that asks which Core is installed is told by name, and never taken over."""
    world.promises(
        kept="from importlib.metadata import version\nassert version('market-data-core')"
    )
    _, said = world.tox()
    assert "no cell of 'small' is taken over: its 'test_core.py' reads which Core" in said
    assert world.ran() == EVERY


def test_what_is_overridden_runs(world: World) -> None:
    """A cell that is run in another way than tox.ini says takes nothing over, and is not kept."""
    cell = ("-e", "small-core_v190")
    world.tox(*cell, "-x", "cell.set_env+=A=1")
    world.tox(*cell)
    assert world.ran() == ["v190"]
    world.tox(*cell)
    assert world.ran() == []
    _, said = world.tox(*cell, "-x", "cell.set_env+=A=1")
    assert world.ran() == ["v190"]
    assert "nothing is taken over: an override of 'cell' may change what cells do" in said
    _, said = world.tox(*cell, TOX_OVERRIDE="testenv:small-core_v190.set_env+=A=1")
    assert world.ran() == ["v190"]
    assert "nothing is taken over: an override of 'testenv:small-core_v190'" in said
    _, said = world.tox(*cell, "-x", "testenv:cell.pass_env=A=secret")
    assert world.ran() == ["v190"]
    assert "secret" not in said
    _, said = world.tox("-e", "report", "--", "--json")
    assert "nothing is taken over" not in said


def test_what_a_section_refers_to_is_in_the_key(world: World) -> None:
    """Another section that `[cell]` has a line of, whoever changes that."""
    before = (world.root / "tox.ini").read_text("utf-8")
    before = before.replace("[cell]\n", "[cell]\npass_env = {[more]names}\n")
    cell = ("-e", "small-core_v190")
    for names, ran in (("A,B", ["v190"]), ("A,B", []), ("A,C", ["v190"])):
        world.project.write("tox.ini", f"{before}\n[more]\nnames = {names}\n")
        world.tox(*cell)
        assert world.ran() == ran
    for value in ("1", "2"):
        world.tox(*cell, C=value)
        assert world.ran() == ["v190"]
    _, said = world.tox(*cell, "-x", "more.names=A")
    assert "nothing is taken over: an override of 'more' may change what cells do" in said


@pytest.mark.parametrize("name", ["small-core_v190", "{other,small}-core_{v190,v191}", "cell"])
def test_what_has_a_section_of_its_own_runs(world: World, name: str) -> None:
    """A cell that tox.ini says more of is not what its key says, and a line says so."""
    tox_ini = (world.root / "tox.ini").read_text("utf-8")
    cell = ("-e", "small-core_v190")
    world.tox(*cell)
    world.project.write("tox.ini", f"{tox_ini}\n[testenv:{name}]\nset_env = A=1\n")
    _, said = world.tox(*cell)
    assert world.ran() == ["v190"]
    assert f"nothing is taken over: '[testenv:{name}]' of tox.ini may change" in said


@pytest.mark.parametrize(
    "line",
    [
        "set_env = file|more.env",
        "commands_pre = python more.py",
        "extra_setup_commands = python more.py",
        "commands =\n    python more.py\n    python -ES packs/runner.py \\\n    -a",
    ],
)
def test_what_tox_reads_or_runs_besides_is_in_no_key(world: World, line: str) -> None:
    """A file of variables, and another command: nobody knows what they do to a cell."""
    name = line.partition(" ")[0]
    tox_ini = (world.root / "tox.ini").read_text("utf-8")
    before, _, cell = tox_ini.partition("[cell]\n")
    if name in ("set_env", "commands"):
        cell = re.sub(rf"^{name} *=.*\n(?: .*\n)*", "", cell, count=1, flags=re.M)
    world.project.write("tox.ini", f"{before}[cell]\n{line}\n{cell}")
    for file in ("more.env", "more.py"):
        world.project.write(file, "")
    _, said = world.tox("-e", "small-core_v190")
    assert f"nothing is taken over: '{name}' in '[cell]' of tox.ini may read or write" in said


def test_what_holds_for_one_cell_is_in_its_key(world: World) -> None:
    """A line with a condition, and the settings that every pytest reads."""
    tox_ini = (world.root / "tox.ini").read_text("utf-8")
    only = tox_ini.replace("[cell]\n", "[cell]\npass_env =\n    core_v190: A\n")
    world.project.write("tox.ini", only)
    world.tox()
    assert world.ran() == ["v190", "v192", "v193"]

    cell = ("-e", "small-core_v190")
    world.tox(*cell)
    assert "v190" not in world.ran()
    world.project.write("pytest.toml", '[pytest]\npython_functions = ["nothing"]\n')
    world.tox(*cell)
    assert "v190" in world.ran()


@pytest.mark.parametrize("name", ["http_proxy", "NO_COLOR"])
def test_a_variable_that_tox_hands_to_all_is_in_the_key(world: World, name: str) -> None:
    """What tox passes on without being told runs again when its value is another."""
    cell = ("-e", "small-core_v190")
    for value, ran in (("1", ["v190"]), ("1", []), ("2", ["v190"])):
        world.tox(*cell, **{name: value})
        assert world.ran() == ran


def test_what_is_overridden_for_other_envs_is_nothing_to_a_cell(world: World) -> None:
    """A machine that hands variables to all envs but the cells takes over as any other."""
    handed = {"TOX_OVERRIDE": "testenv.pass_env+=A_*;testenv:report.pass_env+=A_*", "A_B": "1"}
    code, _ = world.tox(**handed)
    assert (code, world.ran()) == (0, ["v192", "v193"])
    world.promises(kept=KEPT, not_handed="import os\nassert 'A_B' not in os.environ")
    code, _ = world.tox(**handed)
    assert (code, world.ran()) == (0, EVERY)  # a pack that reads its environment


def test_a_file_elsewhere_is_looked_at_again(world: World) -> None:
    """What a promise reads beside its pack is in no key: its cells run again once it changes."""
    golden = world.project.write("golden.json", "1")
    promise = (
        "from market_data_core import number\nassert number and int(open('golden.json').read())"
    )
    world.promises(kept=promise)
    code, _ = world.tox()
    assert (code, world.ran()) == (0, ["v192", "v193"])
    code, said = world.tox()
    assert (code, world.ran()) == (0, [])

    golden.write_text("0")
    code, said = world.tox()
    assert (code, world.ran()) == (1, ["v192", "v193"])
    assert "small-core_v193 runs: 'golden.json', which it has read, has changed" in said


def test_a_variable_that_tox_hands_down_is_in_the_key(world: World) -> None:
    """What `[cell]` passes on, or is made of, runs again when its value is another."""
    tox_ini = (world.root / "tox.ini").read_text("utf-8")
    named = "[cell]\npass_env = A_*\n"
    world.project.write("tox.ini", tox_ini.replace("[cell]\n", named))
    cell = ("-e", "small-core_v190")
    for value, ran in (("1", ["v190"]), ("1", []), ("2", ["v190"])):
        world.tox(*cell, A_B=value)
        assert world.ran() == ran


def test_what_starts_a_process_is_not_taken_over(world: World) -> None:
    """Nobody knows what a process has seen: every such cell runs, and one line says why."""
    promise = "import subprocess\nassert subprocess.run(['true'])"
    world.promises(kept=promise)
    for _ in range(2):
        code, said = world.tox()
        assert (code, world.ran()) == (0, EVERY)
    assert said.count("'test_core.py::test_kept' starts a process, of which no key says") == 1


def test_a_cell_that_changes_what_it_reads_is_not_taken_over(world: World) -> None:
    """It has said what it says of something that is no longer there, and a line says so."""
    golden = world.project.write("golden.json", "1")
    promise = "from pathlib import Path\nfile = Path('golden.json')\n"
    promise += "assert int(file.read_text())\nfile.write_text(file.read_text() + '1')"
    world.promises(kept=promise)
    for number in ("11", "111"):
        _, said = world.tox("-e", "small-core_v190")
        assert (world.ran(), golden.read_text()) == (["v190"], number)
        assert "no other cell takes over what small-core_v190 says: 'golden.json', which" in said


def test_a_path_is_never_taken_over(world: World) -> None:
    """A candidate that a path names runs, however like another Core it is."""
    wheel = world.root / "releases/market_data_core-1.9.0-py3-none-any.whl"
    world.tox("-e", "small-core_v190")
    for _ in range(2):
        world.tox("-m", "candidate", CORE_CANDIDATE=str(wheel))
        assert "candidate" in world.ran()


def test_what_is_skipped_is_not_what_is_left(world: World) -> None:
    """Where all that is not skipped is taken over, the run ends well all the same."""
    world.tox()
    for label in ("small", "history"):
        code, said = world.tox("-m", label, "--skip-env", ".*_v19[01]")
        assert "taken over: 2 of 2 cells" in said
        assert code == 0
