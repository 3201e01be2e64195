"""The plugin of tox: every cell as an env, with evidence of this run alone.

tox loads this file, and `matrix/` says what a cell is. Nothing from before may be judged: neither
the evidence of a cell's last run, should its environment not be made this time, nor what an earlier
build left in a candidate's directory.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from filelock import FileLock
from tox.config.loader.memory import MemoryLoader
from tox.config.sets import ConfigSet, EnvConfigSet
from tox.config.types import EnvList
from tox.execute import Outcome
from tox.plugin import impl
from tox.report import HandledError
from tox.session.state import State
from tox.tox_env.api import ToxEnv
from tox.tox_env.errors import Fail, Recreate
from tox.tox_env.info import Info
from tox.tox_env.python.api import Python
from tox.tox_env.register import ToxEnvRegister

from matrix.answer import ANSWERS, be_brief, end_with_answer, for_programs, leave_stdout
from matrix.cells import (
    ROOT,
    Cell,
    InvalidMatrix,
    by_default,
    cells,
    digest_of,
    installed,
    packs,
    requirement,
    section,
)
from matrix.folding import fold_list, fold_run, folded
from matrix.taking_over import take_over, take_over_now

if TYPE_CHECKING:
    from tox.util.json_types import JsonValue

    from takeover import Plan

OLDEST = (3, 11)


def too_old(version: tuple[object, ...]) -> str:
    return f"Python 3.11 or newer is needed, and this is Python {version[0]}.{version[1]}"


if sys.version_info < OLDEST:
    # An older tox would go on to look for releases of tox and its plugins that fit, in vain.
    sys.stderr.write(f"error: {too_old(sys.version_info)}\n")
    raise SystemExit(2)

plan: Plan | None = None  # of cells that run in parallel


@contextmanager
def told_by_tox() -> Iterator[None]:
    """A block in which it is a user's mistake that there is no matrix."""
    try:
        yield
    except InvalidMatrix as error:
        raise HandledError(str(error)) from error


class OfAnyName(Info):
    """What is kept about an env that has several names."""

    @contextmanager
    def compare(
        self, value: object, section: str, sub_section: str | None = None
    ) -> Generator[tuple[bool, object], None, None]:
        unnamed = {**value, "name": ""} if isinstance(value, dict) and "name" in value else value
        with super().compare(unnamed, section, sub_section) as found:
            yield found


@impl
def tox_register_tox_env(register: ToxEnvRegister) -> None:
    """Give all commands of the tool one env, made by the first, and anew for other dependencies."""
    try:
        from tox_uv._run import UvVenvRunner
    except ImportError:  # this tox goes on to fetch the one that has it
        return

    class Tool(UvVenvRunner):
        making = RLock()  # by one of those that run at once
        made = False

        @staticmethod
        def id() -> str:
            return "tool"

        @property
        def cache(self) -> Info:
            return OfAnyName(self.env_dir)

        def python_cache(self) -> dict[str, JsonValue]:
            project = (ROOT / "pyproject.toml").read_bytes()
            return super().python_cache() | {"project": hashlib.sha256(project).hexdigest()}

        def setup(self) -> None:
            self.env_dir.parent.mkdir(parents=True, exist_ok=True)
            with self.making, FileLock(f"{self.env_dir}.lock"):
                if Tool.made:  # a command that is running has it
                    self._run_state["clean"] = True
                super().setup()
                Tool.made = True

    register.add_run_env(Tool)


@impl(optionalhook=True)  # a tox that lacks it still reads `requires`, and fetches one that has it
def tox_extend_envs() -> Iterator[str]:
    with told_by_tox():
        every = cells()
    yield from (name for name in every if name not in folded)


@impl(wrapper=True)
def tox_add_core_config(core_conf: ConfigSet, state: State) -> Iterator[None]:
    """Give each cell its section, and the env list the cells of the default matrix."""
    be_brief()
    with told_by_tox():
        cells()
    if for_programs(state):
        leave_stdout(state)
    end_with_answer(state)
    fold_list(state)
    fold_run(state)
    chosen = os.environ.get("PACK", "")
    if chosen and chosen not in packs():
        raise HandledError(f"PACK names no pack: {chosen!r}; it is one of {', '.join(packs())}")
    default = [name for name in by_default() if name not in folded]
    if chosen:
        env_list = [name for name in default if cells()[name].pack == chosen]
    else:
        env_list = [*default, *re.findall(r"[^\s,]+", section("tox").get("env_list", ""))]
    os.environ["EVIDENCE"] = str(ROOT / (os.environ.get("EVIDENCE") or "evidence"))
    global plan
    plan = take_over(state, env_list)
    core_conf.loaders.insert(0, MemoryLoader(env_list=EnvList(env_list)))
    for name, cell in cells().items():
        # The content behind a path or a branch changes while its name stays.
        how: dict[str, object] = {} if cell.named else {"recreate": True}
        if plan and name in plan.follows:
            how["depends"] = EnvList([plan.follows[name]])
        seed = MemoryLoader(
            base=["live" if cell.release else "cell"],
            description=cell.description,
            labels=cell.labels,
            **how,
        )
        state.conf.memory_seed_loaders[name].append(seed)
    # tox-gh-actions would empty the env list, which is chosen already; its groups of lines stay.
    on_github = os.environ.pop("GITHUB_ACTIONS", None)
    try:
        return (yield)
    finally:
        if on_github is not None:
            os.environ["GITHUB_ACTIONS"] = on_github


@impl
def tox_add_env_config(env_conf: EnvConfigSet, state: State) -> None:
    """Tell a cell its pack, and its Core, if what is asked for can be one; and others a file."""
    if env_conf.name in (*ANSWERS, "dashboard"):
        env_conf["set_env"].update({"FANOUT_ANSWER": os.environ.get("FANOUT_ANSWER", "")})
    if cell := cells().get(env_conf.name):
        brief = os.environ.get("FANOUT_BRIEF", "")
        env_conf["set_env"].update({"PACK": cell.pack, "CORE": installed(cell), "BRIEF": brief})
        if cell.release:
            env_conf["set_env"].update({"CONSUMER": cell.release})


@impl
def tox_on_install(tox_env: ToxEnv, arguments: object, section: str, of_type: str) -> None:
    """Before a cell installs anything: no evidence, and no variable that cannot name a Core."""
    cell_name = tox_env.conf.name
    cell = cells().get(cell_name)
    if cell is None or of_type != "deps":
        return
    if isinstance(tox_env, Python) and tox_env.base_python.version_info < OLDEST:
        raise Fail(too_old(tox_env.base_python.version_info))
    evidence = Path(tox_env.environment_variables["EVIDENCE"], f"{tox_env.conf.name}.xml")
    try:
        evidence.parent.mkdir(parents=True, exist_ok=True)
        evidence.unlink(missing_ok=True)
    except OSError as error:
        raise Fail(f"EVIDENCE names no folder for '{evidence}': {error.strerror}") from error
    try:
        requirement(cell.asked, ROOT, cell.variable)
    except ValueError as error:
        raise Fail(str(error)) from error
    if plan and cell_name in plan.cells:
        take_over_now(tox_env, plan, cell_name)
    if cell.release:
        force_core(tox_env)
    if cell.named and cell.variable:
        reinstall_if_changed(tox_env.env_dir / f"{cell.core_ref}.txt", cell)
    # setuptools takes up `build/` again, with files that the source has no more.
    config = Path(tox_env.environment_variables["DIST_EXTRA_CONFIG"])
    config.write_text(f"[build]\nbuild_base = {config.parent / 'build'}\n", encoding="utf-8")


def force_core(tox_env: ToxEnv) -> None:
    """Let the installer take the Core that is asked for, whatever anybody declares of it."""
    file = tox_env.env_tmp_dir / "core.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{tox_env.environment_variables['CORE']}\n", encoding="utf-8")
    install = tox_env.conf["install_command"].args
    if "--override" not in install:
        install[-1:-1] = ["--override", str(file)]


def reinstall_if_changed(stamp: Path, cell: Cell) -> None:
    """Make the env again if the stand-in has changed, and always for what a variable names."""
    found = digest_of(cell)
    moving = cell.asked != cell.named and stamp.exists()
    if moving or (stamp.exists() and stamp.read_text("utf-8") != found):
        stamp.unlink()
        raise Recreate("Core has changed, or may have")
    stamp.write_text(found, "utf-8")


@impl
def tox_after_run_commands(tox_env: ToxEnv, exit_code: int, outcomes: list[Outcome]) -> None:
    """Keep what a cell has said."""
    if plan and tox_env.conf.name in plan.cells:
        plan.keep(tox_env.conf.name)
