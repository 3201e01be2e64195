"""Taking over through tox: what runs, what need not, and what is said of both.

The Cores are made up; pytest comes from a package index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fanout.cells.evidence import read_file
from fanout.cells.live import read_live
from fanout.model import Evidence
from tests.servers.core_index import CoreIndex, any_wheel
from tests.worlds.checkout import OURS
from tests.worlds.harness import resolution, takeover
from tests.worlds.small import SmallWorld

SAME = "number = 1\n"
RELEASES = {"1.9.0": SAME, "1.9.1": SAME, "1.9.2": SAME, "1.9.3": "number = 2\n"}
EVERY = [f"v{version.replace('.', '')}" for version in RELEASES]
KEPT = "from market_data_core import number\nassert number"
ONE = "from market_data_core import number\nassert number == 1"


class World(SmallWorld):
    """A pack on four Cores, three of them with the same content."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, RELEASES)
        before, cell = (root / "tox.ini").read_text("utf-8").split("[cell]")
        cell = re.sub(r" +(PYTHONPATH|UV_NO_INDEX) = .*\n", "", cell)
        cell = cell.replace("deps = ", "deps =\n    -r packs/requirements.txt\n    ")
        self.project.write("tox.ini", f"{before}[cell]{cell}")
        self.project.write("packs/requirements.txt", "pytest>=9.0\npytest-asyncio>=1.3\n")
        self.promises(kept=KEPT)

    def tox(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """What `tox p` ends with, and all that it says."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith((*OURS, "FRESH"))}
        done = subprocess.run(
            [sys.executable, "-m", "tox", "p", "--parallel-no-spinner", *arguments],
            cwd=self.root,
            env=clean | {"UV_FIND_LINKS": str(self.root / "releases")} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def evidence(self) -> dict[str, Evidence]:
        """The evidence of every cell by the end of its name, as the tool reads it."""
        files = sorted((self.root / "evidence").glob("*.xml"))
        return {file.stem.removeprefix("small-core_"): read_file(file) for file in files}

    def ran(self) -> list[str]:
        """The cells that really ran."""
        return [name for name, one in self.evidence().items() if one.taken_over is None]

    def results(self) -> dict[str, list[tuple[str, str, str]]]:
        return {
            name: [(one.name, one.result, one.message) for one in found.promises]
            for name, found in self.evidence().items()
        }


@pytest.fixture
def index() -> Iterator[CoreIndex]:
    server = CoreIndex()
    yield server
    server.close()


@pytest.fixture
def world(tmp_path: Path, compiled_wheels: None) -> World:
    return World(tmp_path / "world")


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


def test_what_cells_install_besides_core_is_made_once(world: World) -> None:
    """A new env is given what another one installed, compiled; with `-r` it installs all itself."""
    world.tox("-e", "small-core_v192")
    (made,) = world.root.glob(".tox/linked/*")
    (site,) = made.glob("env/lib/*/site-packages")
    assert [*site.glob("_pytest/__pycache__/runner.*.pyc")]
    assert not [*site.glob("market_data_core*")]
    (site / "mark").touch()

    for options, marked in (((), True), (("-r",), False)):
        code, _ = world.tox(*options, "-e", "small-core_v193")
        assert code == 0
        env = world.root / ".tox/small-core_v193"
        assert bool([*env.glob("lib/*/site-packages/mark")]) is marked
        asked = (env / "bin/pytest", "--version")
        assert subprocess.run(asked, capture_output=True, check=True).stdout
        assert str(env).encode() in (env / "bin/pytest").read_bytes()


def served_by(world: World, index: CoreIndex) -> dict[str, str]:
    """The variables by which a world has its Cores from an index alone."""
    tox_ini = (world.root / "tox.ini").read_text("utf-8")
    world.project.write("tox.ini", re.sub(r" +UV_FIND_LINKS = .*\n", "", tox_ini))
    return {"UV_INDEX": index.url, "UV_FIND_LINKS": str(world.root / "packs")}


def test_what_this_run_has_found_is_asked_of_no_index_again(world: World, index: CoreIndex) -> None:
    """tox finds installed what its cell installs; with `-r` the cell installs it itself."""
    index.serve(RELEASES)
    where = served_by(world, index)
    for options, installs in (((), False), (("-r",), True)):
        asked = ("-vv", "--parallel-live", *options, "-e", "small-core_v193")
        code, said = world.tox(*asked, **where)
        assert code == 0
        assert ("+ market-data-core==1.9.3" in said) is installs


@pytest.mark.parametrize("served", [{"1.9.0": "number = 2\n"}, {"1.9.9": SAME}])
def test_a_core_that_its_index_no_longer_has_is_not_judged(
    world: World, index: CoreIndex, served: dict[str, str]
) -> None:
    """What a new env gets is what its index has now, and not what uv has kept of it."""
    asked, where = ("-e", "small-core_v190"), served_by(world, index)
    world.promises(kept=ONE)
    index.serve({"1.9.0": SAME})
    assert world.tox(*asked, **where)[0] == 0

    index.serve(served)
    shutil.rmtree(world.root / ".tox/small-core_v190")
    shutil.rmtree(world.root / ".tox/kept")
    code, said = world.tox(*asked, **where)
    assert code != 0, said
    assert ("no version of market-data-core==1.9.0" in said) is ("1.9.9" in served)


def test_who_installs_in_another_way_gets_nothing(world: World) -> None:
    """Where what a cell requires names an index itself, the cell installs all of it."""
    requirements = (world.root / "packs/requirements.txt").read_text("utf-8")
    world.project.write("packs/requirements.txt", f"--find-links elsewhere\n{requirements}")
    (world.root / "packs/elsewhere").mkdir()
    assert world.tox("-e", "small-core_v190")[0] == 0
    assert not (world.root / ".tox/linked").exists()


def made_up_installer(folder: Path, script: str) -> resolution.Installer:
    """An installer whose uv is this shell script."""
    uv = folder / "uv"
    uv.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    uv.chmod(0o700)
    return resolution.Installer(str(uv), sys.executable, {}, folder, folder)


def test_one_at_a_time_asks_the_index(tmp_path: Path) -> None:
    """Questions wait for each other; what needs no index waits for none."""
    asking = tmp_path / "asking"
    script = (
        f"case $* in *--offline*) test -d '{asking}'; exit;; esac\n"
        f"mkdir '{asking}' && sleep 0.3 && rmdir '{asking}'\n"
    )
    one, other = (made_up_installer(tmp_path, script) for _ in range(2))
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(each.ask, "compile") for each in (one, other, one)]
        while not asking.is_dir():
            assert not all(answer.done() for answer in asked)
        one.ask("install", "--offline")
        assert [answer.result() for answer in asked] == ["", "", ""]


def test_an_index_that_gives_no_answer_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one question that was not answered the cells themselves say what is wrong."""
    monkeypatch.setattr(resolution.Installer, "away", False)
    asked = tmp_path / "asked"
    script = f"echo >> '{asked}'\necho 'error sending request for url' >&2\nexit 2\n"
    one = made_up_installer(tmp_path, script)
    for _ in range(3):
        with pytest.raises(resolution.Unresolved):
            one.lock(["a"])
    assert len(asked.read_text("utf-8").splitlines()) == 1


def test_all_is_resolved_as_of_one_moment(tmp_path: Path) -> None:
    """An index is asked once of each distribution; who asks for one more asks it again."""
    asked = tmp_path / "asked"
    script = (
        f"case $* in *--offline*) echo -n offline-;; esac >> '{asked}'\n"
        f"tee -a '{asked}' | sed 's/$/==1.0/'\necho >> '{asked}'\n"
    )
    one = made_up_installer(tmp_path, script)
    assert one.lock(["a", "b"]) == ["a==1.0", "b==1.0"]
    assert one.lock(["b"]) == ["b==1.0"]
    assert one.lock(["b", "c"]) == ["b==1.0", "c==1.0"]
    assert one.lock(["a", "c"]) == ["a==1.0", "c==1.0"]
    assert one.lock([]) == []
    words = asked.read_text("utf-8").split()
    assert " ".join(words) == "a b offline-b offline-b c b c offline-a c"


def test_what_is_no_module_is_in_each_env_too(world: World) -> None:
    """The data of a distribution, and a package that is called like the folder of scripts."""
    files = {"tooly-1.0.data/data/share/tooly/said.txt": "said", "bin/__init__.py": ""}
    metadata = b"Metadata-Version: 2.1\nName: tooly\nVersion: 1.0\n"
    made = any_wheel("tooly", "1.0", "", metadata, files)
    (world.root / "releases/tooly-1.0-py3-none-any.whl").write_bytes(made)
    requirements = world.root / "packs/requirements.txt"
    world.project.write("packs/requirements.txt", requirements.read_text() + "tooly\n")
    world.promises(
        kept="import sys, bin\nfrom pathlib import Path\n"
        "assert Path(sys.prefix, 'share/tooly/said.txt').read_text() == 'said'"
    )
    assert world.tox("-e", "small-core_v192")[0] == 0
    assert world.tox("-r", "-e", "small-core_v192")[0] == 0


def test_an_env_installs_itself_what_cannot_be_linked(world: World) -> None:
    """Without a folder for it cells run as well."""
    world.project.write(".tox/linked", "no folder")
    code, _ = world.tox()
    assert (code, world.ran()) == (0, ["v192", "v193"])


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
    assert "small-core_v193 runs: 'golden.json', which its promises read, has changed" in said


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


def test_another_index_may_have_something_else(live: World) -> None:
    """What was found with one index says nothing of a consumer that another one serves."""
    assert live.tox("-m", "live")[0] == 0
    first, other = live.root / "releases", live.root / "other"
    shutil.copytree(first, other)
    (consumer,) = other.glob("market_data_large*")
    kept = consumer.read_bytes()
    consume(live, "from market_data_core import gone\n")
    consumer.write_bytes((first / consumer.name).read_bytes())
    (first / consumer.name).write_bytes(kept)
    for env in live.root.glob(".tox/large_live*"):
        shutil.rmtree(env)

    code, said = live.tox("-m", "live", UV_FIND_LINKS=str(other))
    assert "taken over: 2 of 4 cells" in said
    assert code == 1


IMPORTS = "from market_data_core import number\n"
OTHERS = "at_least('market-data-core', 1)\n"  # whatever that does
WITH_METADATA = "from importlib.metadata import version\nversion('market-data-core')\n"


@pytest.fixture
def live(world: World) -> World:
    """The same with a consumer, whose live cells install it from the folder of releases."""
    tox_ini = (world.root / "tox.ini").read_text("utf-8")
    tox_ini = re.sub(r"(\[live\].*?) +PYTHONPATH = .*?\n", r"\1", tox_ini, flags=re.DOTALL)
    tox_ini = tox_ini.replace("{env:CONSUMER}", "-r packs/requirements.txt\n    {env:CONSUMER}", 1)
    world.project.write("tox.ini", tox_ini)
    world.project.write("consumers.toml", 'market-data-large = "1.0"\n')
    consume(world, IMPORTS)
    return world


def consume(world: World, code: str, **files: str) -> None:
    """Make the consumer anew, with this code as its one module, and these beside it."""
    metadata = b"Metadata-Version: 2.1\nName: market-data-large\nVersion: 1.0\n"
    metadata += b"Requires-Dist: market-data-core<1.9.1\n"  # which nobody asks
    beside = {f"market_data_large/{name}.py": text for name, text in files.items()}
    made = any_wheel("market_data_large", "1.0", code, metadata, beside)
    (world.root / "releases/market_data_large-1.0-py3-none-any.whl").write_bytes(made)


def imported(world: World) -> dict[str, tuple[str, bool]]:
    """What came of each live cell, by the end of its name, and whether it was taken over."""
    found = [read_live(file) for file in sorted((world.root / "evidence").glob("large_live*.xml"))]
    return {
        one.cell.removeprefix("large_live-core_"): (
            ",".join(module.imported for module in one.modules),
            one.taken_over is not None,
        )
        for one in found
    }


def test_a_live_cell_takes_over(live: World) -> None:
    """A consumer meets each content of Core once, be it broken by it or not, and again never."""
    consume(live, "from market_data_core import number\nassert number == 1\n")
    code, said = live.tox("-m", "live")
    assert "taken over: 2 of 4 cells" in said
    here = {"v192": ("yes", False), "v193": ("own fault", False)}
    there = {"v190": ("yes", True), "v191": ("yes", True)}
    assert (code, imported(live)) == (0, here | there), said

    code, said = live.tox("-m", "live")
    assert "taken over: 4 of 4 cells" in said
    everywhere = {name: (what, True) for name, (what, _) in (here | there).items()}
    assert (code, imported(live)) == (0, everywhere)

    live.project.write("consumers.toml", 'market-data-large = "1.0.0"\n')
    _, said = live.tox("-m", "live")
    assert "taken over: 2 of 4 cells" in said


def test_a_live_cell_that_core_breaks_is_red_again(live: World) -> None:
    """What a live cell takes over counts as much as what it would have found itself."""
    consume(live, "from market_data_core import gone\n")
    for took in (2, 4):
        code, said = live.tox("-m", "live")
        assert f"taken over: {took} of 4 cells" in said
        assert code == 1
        assert {what for what, _ in imported(live).values()} == {"broken"}, said


@pytest.mark.parametrize(
    ("code", "files"),
    [
        (IMPORTS + WITH_METADATA, {}),
        (IMPORTS, {"unasked": WITH_METADATA}),
        (IMPORTS, {"unasked": OTHERS}),
    ],
)
def test_a_consumer_that_reads_the_version_meets_every_core(
    live: World, code: str, files: dict[str, str]
) -> None:
    """Wherever in it that is read: by the module that is imported, or by another one."""
    consume(live, code, **files)
    for _ in range(2):
        live.tox("-m", "live")
        assert {taken for _, taken in imported(live).values()} == {False}
