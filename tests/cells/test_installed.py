"""What the cells of a run install: found out once, as of one moment, and made once."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers.core_index import CoreIndex, any_wheel
from tests.worlds.harness import resolution
from tests.worlds.taking_over import ONE, RELEASES, SAME, World


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
