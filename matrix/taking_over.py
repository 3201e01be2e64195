"""Cells of a run that need not run: what is known of them before, and how tox is told."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from tox.config.types import Command
from tox.session.env_select import CliEnv
from tox.session.state import State
from tox.tox_env.api import ToxEnv
from tox.tox_env.errors import Fail, Recreate, Skip
from tox.tox_env.python.api import Python

from matrix.cells import LIVE, ROOT, VERSION, cells, digest_of, requirement, section
from matrix.folding import folded
from matrix.running import changed, how_it_runs, installed_beside, is_plain, variables

if TYPE_CHECKING:
    from takeover import Plan


def take_over(state: State, env_list: list[str]) -> Plan | None:
    """Before cells run in parallel: find out which need not, and leave those out that are green.

    One at least is left, or else there would be nothing to run, which tox calls a failure.
    """
    options = state.conf.options
    parallel = options.command in ("run-parallel", "p") and not options.no_test
    has_uv = find_spec("uv") is not None  # which `requires` brings, with tox-uv
    if not (parallel and has_uv and provisioned()) or options.factors:
        return None
    named = options.env
    if options.labels:
        asked = [name for name, cell in cells().items() if cell.labels & {*options.labels}]
    else:
        asked = list(env_list if named.is_default_list else () if named.is_all else named)
    if skipped := options.skip_env.strip():
        with suppress(re.error):  # of which tox tells
            asked = [name for name in asked if not re.match(skipped, name)]
    cells_asked = [name for name in asked if name in cells()]
    if not cells_asked:
        return None
    if why := changed(state):
        say(f"nothing is taken over: {why}")
        return None
    fresh = options.recreate or bool(os.environ.get("FRESH"))
    plan = made_plan(cells_asked, fresh=fresh, anew=options.recreate)
    green = [name for name, verdict in plan.taken.items() if not verdict.broken]
    # With these labels come commands of the tool, unless they are skipped.
    if len(green) == len(asked) and (skipped or not {"history", "candidate"} & {*options.labels}):
        plan.last = green.pop()
    folded.update(green)
    env_list[:] = [name for name in env_list if name not in folded]
    if not options.labels and not named.is_default_list:
        options.env = CliEnv(",".join(name for name in asked if name not in folded))
    return plan


def made_plan(names: list[str], *, fresh: bool, anew: bool) -> Plan:
    """What is known of cells before they run, with the evidence of those that take one over."""
    from uv import find_uv_bin

    sys.path.insert(0, str(ROOT / "packs"))
    from kept import Store
    from linked import HERE, Linked
    from resolution import Installer
    from takeover import Asked, Plan, make_plan

    sys.path.remove(str(ROOT / "packs"))
    work = ROOT / ".tox"
    uv = {
        kind: Installer(find_uv_bin(), sys.executable, variables(kind), ROOT, work / "cores")
        for kind in ("cell", "live")
    }
    # Another index may have something else of the same version.
    uses = repr([sorted(one.uses.items()) for one in uv.values()])
    kept = Store(work / "kept" / hashlib.sha256(uses.encode()).hexdigest())
    linked = Linked(work / "linked", uv["cell"]) if HERE and not anew and is_plain() else None
    found = Plan(Path(os.environ["EVIDENCE"]), kept, linked, say)
    asked: dict[str, list[Asked]] = {kind: [] for kind in uv}
    for name, core, content in steady(names):
        cell = cells()[name]
        kind = "live" if cell.release else "cell"
        how, beside = how_it_runs(kind, name) + cell.release, installed_beside(kind)
        pack = cell.pack.removesuffix(LIVE)
        asked[kind].append(Asked(name, pack, core, content, how, beside, cell.release))
    for kind, of_kind in asked.items():
        make_plan(found, of_kind, ROOT / "packs", uv[kind], fresh)
    found.decide(fresh, os.environ.get("SAMPLE", ""))
    if found.taken or found.follows:
        number = len(found.taken) + len(found.follows)
        say(f"taken over: {number} of {len(names)} cells, which see nothing new; FRESH=1 runs all")
    return found


def steady(names: list[str]) -> Iterator[tuple[str, str, str]]:
    """Of these cells, those whose Core is what it was: a release, or a stand-in of some content."""
    for name in names:
        cell = cells()[name]
        released = VERSION.fullmatch(cell.asked)
        if released or (cell.named and cell.asked == cell.named):
            content = "" if released else digest_of(cell)
            yield name, requirement(cell.asked, ROOT), content


def provisioned() -> bool:
    """Whether this is the tox that runs the cells, and not one that hands over to it."""
    for line in section("tox").get("requires", "").splitlines():
        wanted = Requirement(line) if line.strip() and line.strip()[0] != "#" else None
        try:
            if wanted and not wanted.specifier.contains(version(wanted.name), prereleases=True):
                return False
        except PackageNotFoundError:
            return False
    return True


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def take_over_now(tox_env: ToxEnv, plan: Plan, name: str) -> None:
    """End a cell that has a verdict already, or see that it installs what all of this run do."""
    if verdict := plan.follow(name):
        if verdict.broken:
            raise Fail(verdict.says)
        if name != plan.last:
            raise Skip(verdict.says)
        # Where every cell is skipped, tox calls it a failure.
        tox_env.conf["commands"][:] = [Command(["python", "-c", f"print({verdict.says!r})"])]
        return
    lock = plan.cells[name].lock
    if isinstance(tox_env, Python):
        site = tox_env.env_site_package_dir()
        if not plan.fits(name, site) and name not in plan.anew:  # one that is new may have a pip
            plan.anew.add(name)
            raise Recreate("what it installs besides Core has changed")
        plan.fill(name, site, tox_env.env_python())
    file = tox_env.env_tmp_dir / "lock.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lock), encoding="utf-8")
    install = tox_env.conf["install_command"].args
    if "--constraint" not in install:
        install[-1:-1] = ["--constraint", str(file)]
