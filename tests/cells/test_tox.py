"""The matrix through tox, on real Core releases: these tests need a package index."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fanout.cells.evidence import read_file
from fanout.cells.matrix import read_matrix
from fanout.cells.tox import ToxConfig, read_config
from fanout.core.resolve import newest, release_at, resolve
from fanout.model import Result
from tests import PACKS
from tests.worlds.checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path, compiled_wheels: None) -> Checkout:
    # A space, because a path may have one.
    return Checkout(tmp_path / "a clone")


def broken(file: Path) -> set[str]:
    red = (Result.BROKEN, Result.KNOWN_BREAK)
    return {found.name for found in read_file(file).promises if found.result in red}


@pytest.mark.parametrize(
    "names",
    [
        ("pipeline-store", "core_v110", "store", "py311-store-core_v110", "store-core_v110-report"),
        ("py",),  # of no pack and no Core ref, so that the cells are left out of the run
    ],
)
def test_an_env_that_is_no_cell_is_refused(checkout: Checkout, names: tuple[str, ...]) -> None:
    """An odd mix of known factors, which tox runs with no command and calls a success, fails."""
    done = checkout.tox("run", "-e", ",".join(names))

    assert done.returncode != 0
    for name in names:
        assert f"  {name}: FAIL code 1" in done.stdout
    assert done.stdout.count("\nno such cell: see `tox list`\n") == len(names)
    assert not (checkout.root / "evidence").exists()


def test_an_unknown_core_ref_is_refused(checkout: Checkout) -> None:
    """A Core ref that the table does not name is no cell."""
    done = checkout.tox("run", "-e", "pipeline-core_v999")

    assert done.returncode != 0
    assert "pipeline-core_v999" in done.stdout
    assert "Traceback" not in done.stdout


def test_every_env_has_a_description(checkout: Checkout) -> None:
    """`tox list` reads as documentation."""
    done = checkout.tox("-qq", "config", "-e", "ALL", "--format", "json", "-k", "description")

    said = {
        name: env["description"].strip()
        for name, env in json.loads(done.stdout)["env"].items()
        if not name.startswith(".")
    }
    assert len(said) > 200
    assert [name for name in said if not said[name]] == []
    assert "stand-in" in said["store-core_v110"]


def test_the_matrix_is_told_as_tox_configures_it(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the plugin tells the tool of each cell is what `tox config` says after making them."""
    monkeypatch.setenv("CORE_CANDIDATE", "1.2.31")
    told = read_config(checkout.root)
    keys = ("env_list", "set_env", "labels")
    done = checkout.tox(
        "-qq", "config", "-e", "ALL", "--format", "json", "-k", *keys, CORE_CANDIDATE="1.2.31"
    )
    made = ToxConfig.model_validate_json(done.stdout)

    cells = {name: env for name, env in made.env.items() if "-core_" in name}
    assert list(told.env) == list(cells)
    assert told.tox.env_list == [name for name in made.tox.env_list if name in cells]
    for name, env in cells.items():
        assert told.env[name].set_env["CORE"] == env.set_env["CORE"], name
        assert {*told.env[name].labels} == {*env.labels}, name


def test_a_matrix_that_cannot_be_read(checkout: Checkout) -> None:
    """It is told on one line, whoever asks for it; what needs no matrix goes on."""
    (checkout.root / "consumers.toml").write_text("x = [")
    report = ("-m", "fanout", "report")
    for safe in ("", "1"):
        done = checkout.run(sys.executable, *report, PYTHONSAFEPATH=safe)
        assert done.returncode == 2
        assert "consumers.toml cannot be read" in done.stdout
        assert "Traceback" not in done.stdout
    listed = checkout.tox("list")
    assert listed.returncode not in (0, 1)
    assert "consumers.toml cannot be read" in listed.stdout
    assert "Traceback" not in listed.stdout
    assert checkout.tox("--version").returncode == 0


def test_a_list_is_short(checkout: Checkout) -> None:
    """`tox list` has the default matrix and the commands, and says how to list the other cells."""
    lines = checkout.tox("list").stdout.splitlines()
    cells = [line.split()[0] for line in lines if "-core_" in line]
    matrix = read_matrix(checkout.root)
    assert sorted(cells) == sorted(matrix.expected)
    labels = ("-m", "history", "candidate", "live")
    shown = checkout.tox("list", "--no-desc", *labels).stdout.split()
    more = len({name for name in shown if "-core_" in name} - set(cells))
    assert lines[-1].startswith(f"and {more} cells more, which `tox list -m history`")
    assert {"check", "report-history"} <= {line.split()[0] for line in lines if line}


def test_a_need_that_a_real_release_does_not_meet_is_red(checkout: Checkout) -> None:
    """Core 1.2.31 exports a provider registry that the pipeline can use; 1.2.33 does not."""
    checkout.tox("run", "-e", "pipeline-core_v1231,pipeline-core_v1233")

    registry = (
        "test_job_providers.py::test_registry_at_the_root_is_made_of_the_configured_providers"
    )
    assert registry not in broken(checkout.root / "evidence/pipeline-core_v1231.xml")
    assert registry in broken(checkout.root / "evidence/pipeline-core_v1233.xml")


def test_a_cell_that_cannot_be_installed_leaves_no_old_evidence(checkout: Checkout) -> None:
    """What a cell's last run said is gone once its environment cannot be made again."""
    evidence = checkout.root / "evidence/store-core_v110.xml"
    assert checkout.tox("run", "-e", "store-core_v110").returncode == 0
    assert evidence.exists()

    done = checkout.tox("run", "-e", "store-core_v110", CORE_V110="src")

    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert not evidence.exists()


def test_an_edit_to_a_candidate_is_seen_on_the_next_run(checkout: Checkout) -> None:
    """A candidate given as a directory keeps its name while its content changes."""
    core = checkout.root.parent / "core"
    core_files = core / "src/market_data_core"
    Checkout(core.parent / "other").root.joinpath("cores/v1.1.0").rename(core)
    evidence = checkout.root / "evidence/store-core_candidate.xml"

    first = checkout.tox("run", "-e", "store-core_candidate", CORE_CANDIDATE="../core")
    before = read_file(evidence)
    telemetry = core_files / "telemetry.py"
    telemetry.write_text(telemetry.read_text().replace('"soft"', '"gentle"'))
    second = checkout.tox("run", "-e", "store-core_candidate", CORE_CANDIDATE="../core")

    assert (first.returncode, second.returncode) == (0, 1)
    assert before.digest != read_file(evidence).digest
    assert broken(evidence)


def test_an_edit_to_the_stand_in_is_seen_on_the_next_run(checkout: Checkout) -> None:
    """The stand-in is installed again when its files have changed, and only then."""
    telemetry = checkout.root / "cores/v1.1.0/src/market_data_core/telemetry.py"

    first = checkout.tox("run", "-e", "store-core_v110")
    again = checkout.tox("run", "-e", "store-core_v110")
    telemetry.write_text(telemetry.read_text().replace('"soft"', '"gentle"'))
    edited = checkout.tox("run", "-e", "store-core_v110")

    assert (first.returncode, again.returncode, edited.returncode) == (0, 0, 1)
    assert "install_deps>" not in again.stdout
    assert broken(checkout.root / "evidence/store-core_v110.xml")

    telemetry.rename(telemetry.with_name("telemetry_of_old.py"))
    renamed = checkout.tox("run", "-e", "store-core_v110")
    assert "install_deps>" in renamed.stdout


def test_evidence_of_another_candidate_is_stale(checkout: Checkout) -> None:
    """The report of one candidate is not made from what another has left."""
    checkout.tox("run", "-e", "store-core_candidate", CORE_CANDIDATE="cores/v1.1.0")
    expected = {"cores/v1.1.0": "passed", "1.4.61": "errored", "": "errored"}

    for candidate, outcome in expected.items():
        options = ("--label", "candidate", "--format", "json")
        done = checkout.run(
            sys.executable, "-m", "fanout", "report", *options, CORE_CANDIDATE=candidate
        )
        cells = {cell["cell"]["name"]: cell for cell in json.loads(done.stdout)["cells"]}
        assert cells["store-core_candidate"]["outcome"] == outcome, done.stdout
        assert ("stale" in cells["store-core_candidate"]["reason"]) == (outcome == "errored")


def test_evidence_of_a_pack_that_changed_is_stale(checkout: Checkout) -> None:
    """What a pack said before it was edited is not what it says."""
    checkout.tox("run", "-e", "store-core_v110")
    with (checkout.root / "packs/store/test_health.py").open("a") as file:
        file.write("# edited\n")

    done = checkout.run(sys.executable, "-m", "fanout", "report", "--format", "json")

    cells = {cell["cell"]["name"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert "the pack has changed" in cells["store-core_v110"]["reason"]


def test_a_core_that_ends_the_process_is_not_green(checkout: Checkout) -> None:
    """A Core that ends its process with 0 has no verdict."""
    package = checkout.root / "cores/v1.1.0/src/market_data_core/__init__.py"
    package.write_text("import os\nos._exit(0)\n")

    done = checkout.tox("run", "-e", "store-core_candidate", CORE_CANDIDATE="cores/v1.1.0")

    assert done.returncode == 1
    assert "errored: the run ended in its middle, with code 0: test_" in done.stdout


@pytest.mark.parametrize("evidence", ["tox.ini", "tox.ini/evidence"])
def test_evidence_that_is_no_folder_is_refused(checkout: Checkout, evidence: str) -> None:
    """A place where no evidence can be written is said before anything is installed."""
    done = checkout.tox("run", "-e", "store-core_v110", EVIDENCE=evidence)

    assert done.returncode == 1
    assert "EVIDENCE names no folder" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_folder_of_evidence_may_be_named(checkout: Checkout) -> None:
    """With EVIDENCE set, cells write there and the report reads there."""
    folder = str(checkout.root / "elsewhere")

    done = checkout.tox("run", "-e", "store-core_v110,report", EVIDENCE=folder)

    missing = len(read_matrix(checkout.root).expected) - 1
    assert f"{missing} missing" in done.stdout
    assert not (checkout.root / "evidence").exists()


def test_a_branch_that_moved_is_seen_on_the_next_run(checkout: Checkout) -> None:
    """A candidate given as a git branch keeps its name while its content changes."""
    core = checkout.root.parent / "core"
    Checkout(core.parent / "other").root.joinpath("cores/v1.1.0").rename(core)
    git(core, "init", "--quiet", "--initial-branch=next")
    git(core, "add", "--all")
    git(core, "commit", "--quiet", "--message=one")
    evidence = checkout.root / "evidence/store-core_candidate.xml"
    candidate = f"git+file://{core}@next".replace(" ", "%20")

    first = checkout.tox("run", "-e", "store-core_candidate", CORE_CANDIDATE=candidate)
    assert read_file(evidence).source == "stand-in"
    telemetry = core / "src/market_data_core/telemetry.py"
    telemetry.write_text(telemetry.read_text().replace('"soft"', '"gentle"'))
    git(core, "commit", "--quiet", "--all", "--message=two")
    second = checkout.tox("run", "-e", "store-core_candidate", CORE_CANDIDATE=candidate)

    assert (first.returncode, second.returncode) == (0, 1)
    assert broken(evidence)


def git(folder: Path, *arguments: str) -> None:
    name = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (None, "CORE_CANDIDATE is not set"),
        ("", "CORE_CANDIDATE is not set"),
        ("../nothing", "names nothing that is there"),
        ("--index-url=https://example.org", "is no address of a git ref"),
        ("src", "does not appear to be a Python project"),
        (".", "market-data-fanout"),
        ("99.0", "no version of market-data-core==99.0"),
    ],
)
def test_a_candidate_that_cannot_be_core_is_refused(
    checkout: Checkout, candidate: str | None, said: str
) -> None:
    """What is no Core gives a clear error, and neither a green nor evidence."""
    variables = {} if candidate is None else {"CORE_CANDIDATE": candidate}

    done = checkout.tox("run", "-e", "store-core_candidate", **variables)

    assert done.returncode != 0
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert not (checkout.root / "evidence/store-core_candidate.xml").exists()


def test_a_core_that_cannot_be_imported_is_broken(checkout: Checkout) -> None:
    """A Core that fails on import breaks the promises of a pack; nothing is green."""
    package = checkout.root / "cores/v1.1.0/src/market_data_core/__init__.py"
    package.write_text('raise RuntimeError("half a release")\n')

    done = checkout.tox("run", "-e", "store-core_candidate", CORE_CANDIDATE="cores/v1.1.0")

    assert done.returncode == 1
    results = {
        found.result
        for found in read_file(checkout.root / "evidence/store-core_candidate.xml").promises
    }
    assert Result.BROKEN in results
    listed = {Result.NOT_APPLICABLE, Result.KNOWN_BREAK}
    assert results <= {Result.BROKEN, Result.KEPT, *listed}


def test_dependencies_that_cannot_be_resolved_are_said(checkout: Checkout) -> None:
    """A Core whose requirements contradict those of every pack has no verdict."""
    project = checkout.root / "cores/v1.1.0/pyproject.toml"
    project.write_text(project.read_text().replace('"pydantic>=2.7"', '"pydantic<2"'))

    done = checkout.tox("run", "-e", "store-core_candidate", CORE_CANDIDATE="cores/v1.1.0")

    assert done.returncode != 0
    assert "pydantic<2" in done.stdout
    assert not (checkout.root / "evidence/store-core_candidate.xml").exists()


@pytest.mark.parametrize("command", [["list"], ["run"], ["p"]])
@pytest.mark.parametrize("variables", [{}, {"GITHUB_ACTIONS": "true"}], ids=["here", "on GitHub"])
def test_a_pack_that_is_none_is_no_default(
    tmp_path: Path, command: list[str], variables: dict[str, str]
) -> None:
    """A misspelt PACK ends in an error that names the packs, not in another env."""
    checkout = Checkout(tmp_path)

    done = checkout.tox(*command, PACK="stroe", **variables)

    assert done.returncode != 0
    assert "PACK names no pack: 'stroe'; it is one of " + ", ".join(PACKS) in done.stdout
    assert "Traceback" not in done.stdout


def selected(checkout: Checkout, *options: str, **variables: str) -> list[str]:
    """The envs that `tox` runs with these options, or else by default."""
    which = options or ("-d",)
    done = checkout.tox("-qq", "list", "--no-desc", *which, **variables)
    assert done.returncode == 0, done.stdout
    return done.stdout.split()


def test_one_command_runs_one_pack(tmp_path: Path) -> None:
    """A pack's label and PACK select its cells of the default matrix, on GitHub as elsewhere."""
    checkout = Checkout(tmp_path)
    default = selected(checkout)
    store = [name for name in default if name.startswith("store-core_")]

    assert [name for name in default if "-core_" not in name] == ["report", "dashboard"]
    assert len(store) == (len(default) - 2) / len(PACKS)
    assert selected(checkout, GITHUB_ACTIONS="true") == default
    for variables in ({}, {"GITHUB_ACTIONS": "true"}):
        assert selected(checkout, "-m", "store", **variables) == store
        assert selected(checkout, PACK="store", **variables) == store


def test_a_yanked_release_is_history(tmp_path: Path) -> None:
    """A Core ref that the table says is yanked has its cells, and none in the default matrix."""
    checkout = Checkout(tmp_path)
    tox_ini = checkout.root / "tox.ini"
    tox_ini.write_text(tox_ini.read_text().replace("\ncore_v110", "\nyanked = v1461\ncore_v110"))

    assert not [name for name in selected(checkout) if name.endswith("core_v1461")]
    assert "store-core_v1461" in selected(checkout, "-m", "history")
    assert "store-core_v1461" in selected(checkout, "-m", "yanked")
    matrix = read_matrix(checkout.root)
    older = resolve("1.4.60", "candidate", checkout.root, matrix)
    assert newest(matrix, older).version == "1.4.59"
    assert newest(matrix, release_at("candidate", "2.0.0")).version == "1.4.60"


def test_a_pack_is_a_folder(tmp_path: Path) -> None:
    """A folder with a pack.toml has a cell on each Core ref, and no other file names it."""
    checkout = Checkout(tmp_path)
    shutil.copytree(checkout.root / "packs/store", checkout.root / "packs/alerts")
    default = selected(checkout)

    for pack in ("store", "alerts"):
        refs = [name.partition("-")[2] for name in default if name.startswith(pack)]
        assert len(refs) > 10
        assert selected(checkout, PACK=pack) == [f"{pack}-{ref}" for ref in refs]
        assert selected(checkout, "-m", pack) == [f"{pack}-{ref}" for ref in refs]


@pytest.mark.parametrize(
    ("name", "files", "said"),
    [
        ("alerts", ["test_bars.py"], "has no pack.toml"),
        ("alerts", ["README.md"], "has no pack.toml"),
        ("Alerts", ["pack.toml"], "no name for a pack"),
        ("market-data-alerts", ["pack.toml"], "no name for a pack"),
        ("2alerts", ["pack.toml"], "no name for a pack"),
        ("history", ["pack.toml"], "no name for a pack"),
        ("py311", ["pack.toml"], "no name for a pack"),
        ("alerts_live", ["pack.toml"], "no name for a pack"),
        ("pypy", ["pack.toml"], "no name for a pack"),
    ],
)
@pytest.mark.parametrize("command", ["tox", "fanout"])
def test_half_a_pack_is_refused(
    tmp_path: Path, name: str, files: list[str], said: str, command: str
) -> None:
    """A folder of packs/ that cannot be a pack is named by every command, and nothing runs."""
    checkout = Checkout(tmp_path)
    (checkout.root / "packs" / name).mkdir()
    for file in files:
        (checkout.root / "packs" / name / file).touch()

    if command == "tox":
        done = checkout.tox("run", "-e", "store-core_v110")
    else:
        done = checkout.run(sys.executable, "-m", "fanout", "report")

    assert done.returncode != 0
    assert f"packs/{name}'" in done.stdout
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert not (checkout.root / "evidence").exists()


def test_what_another_commit_left_is_no_pack(tmp_path: Path) -> None:
    """A folder that is hidden, or holds only what is hidden or compiled, is passed over."""
    checkout = Checkout(tmp_path)
    for name in ("alerts/__pycache__/test_bars.cpython-311.pyc", "alerts/.DS_Store", ".idea/x.xml"):
        left = checkout.root / "packs" / name
        left.parent.mkdir(parents=True, exist_ok=True)
        left.touch()

    assert {name.partition("-")[0] for name in selected(checkout)[:-2]} == set(PACKS)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("core_v1461 = ", "core_1461 = ", "no line for 'core_1461'"),
        ("default = v110", "default = v1 v110", "no line for 'core_v1'"),
        ("[cores]", "[cores]\nyanked = v1", "no line for 'core_v1'"),
        ("[cores]", "[cores]\n[other]", "'[cores]'"),
        ("core_v129 = 1.2.9", "core_v129 =", "'core_v129' names no version and no folder"),
        ("= 1.2.9\n", "= 1.2.9 # redis\n", "'core_v129' names no version and no folder"),
        ("cores/v1.1.0", "cores/v1.1.1", "'core_v110' names no version and no folder"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A table of Core refs that cannot be one is an error that names the line."""
    checkout = Checkout(tmp_path)
    tox_ini = checkout.root / "tox.ini"
    tox_ini.write_text(tox_ini.read_text().replace(old, new))

    done = checkout.tox("list")

    assert done.returncode != 0
    assert said in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("market-data-a = 1", "'market-data-a' has no release"),
        ("market-data-a = '1'\na = '2'", "'a' has no release, such as 1.2.0, or its live cells"),
        ("'market-data-a b' = '1'", "no name of their own: 'a b_live'"),
        ("market-data-a = '1", "consumers.toml cannot be read: "),
    ],
)
def test_a_broken_table_of_consumers_is_refused(tmp_path: Path, content: str, said: str) -> None:
    """Consumers that can have no live cells are an error that names the first of them."""
    checkout = Checkout(tmp_path)
    (checkout.root / "consumers.toml").write_text(content)
    done = checkout.tox("list")
    assert done.returncode != 0
    assert said in done.stdout
    assert "Traceback" not in done.stdout


def test_live_cells(tmp_path: Path) -> None:
    """Each consumer has a live cell on each Core ref of the default matrix, if it is asked for."""
    checkout = Checkout(tmp_path)
    (checkout.root / "consumers.toml").write_text("market-data-a-b = '1'\nother = '2'\n")
    refs = {name.partition("-")[2] for name in selected(checkout) if "-core_" in name}
    live = {name for name in selected(checkout, "-m", "live") if "-core_" in name}
    assert live == {f"{name}_live-{ref}" for name in ("a_b", "other") for ref in refs}
    assert not [name for name in selected(checkout) if "_live-" in name]


@pytest.mark.parametrize("command", [("report", "--format", "json"), ("history", "--schema")])
def test_output_for_programs_stands_alone(tmp_path: Path, command: tuple[str, ...]) -> None:
    """What a command prints for programs is all of stdout, though tox has much to say."""
    checkout = Checkout(tmp_path)
    name, *options = command
    arguments = [sys.executable, "-m", "tox", "run", "-e", name, "--", *options]

    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert json.loads(done.stdout), checkout.root
    assert "commands[0]> fanout" in done.stderr
