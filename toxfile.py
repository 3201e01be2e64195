"""What tox.ini cannot say itself: no old evidence, and what CORE_CANDIDATE and the like name.

tox loads this file as a plugin. Nothing from before may be judged: neither the evidence of a
cell's last run, should its environment not be made this time, nor what an earlier build left
in a candidate's directory.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from packaging.version import VERSION_PATTERN
from tox.config.sets import ConfigSet
from tox.plugin import impl
from tox.report import HandledError
from tox.session.state import State
from tox.tox_env.api import ToxEnv
from tox.tox_env.errors import Fail, Recreate

SLOTS = {"candidate": "CORE_CANDIDATE", "baseline": "CORE_BASELINE"}
TAG = "CORE_V110"
STAND_IN = "cores/v1.1.0"
DISTRIBUTION = "market-data-core"
GIT_URL = re.compile(
    r"git\+(https|ssh|file)://([\w.:%-]+@)?[\w.:%-]*/[\w.~:/+%-]+@[\w.~/+%-]+", re.ASCII
)
VERSION = re.compile(VERSION_PATTERN, re.ASCII | re.IGNORECASE | re.VERBOSE)
HINT = (
    "set it to a version, a wheel, an sdist, a directory, or a git URL such as"
    " git+https://host/repository@ref"
)


def requirement(named: str, root: Path, variable: str = SLOTS["candidate"]) -> str:
    """The PEP 508 requirement for a version, wheel, sdist, directory or git URL with a ref.

    Relative paths start at root. Raises ValueError, saying what to set `variable` to instead.
    """
    named = named.strip()
    if not named:
        raise ValueError(f"{variable} is not set; {HINT}")
    if GIT_URL.fullmatch(named):
        return f"{DISTRIBUTION} @ {named}"
    if VERSION.fullmatch(named):
        return f"{DISTRIBUTION}=={named}"
    if "://" in named:
        shown = re.sub(r"://[^/\s]+@", "://", named)
        raise ValueError(f"{variable} is no address of a git ref: {shown!r}; {HINT}")
    try:
        path = (root / Path(named).expanduser()).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{variable} names nothing that is there: {named!r}; {HINT}") from error
    return f"{DISTRIBUTION} @ file://{quote(str(path))}"


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:
    """Give tox.ini a requirement where the user gave a version, a path or a URL."""
    root = state.conf.src_path.parent
    pack = os.environ.get("PACK", "")
    if pack and os.environ.get("GITHUB_ACTIONS") == "true" and pack not in packs(root):
        # tox-gh-actions would select nothing, and tox run an env that nobody named.
        raise HandledError(f"PACK names no pack: {pack!r}; it is one of {', '.join(packs(root))}")
    os.environ["EVIDENCE"] = str(root / (os.environ.get("EVIDENCE") or "evidence"))
    for variable, stand_in in (*((slot, "") for slot in SLOTS.values()), (TAG, STAND_IN)):
        os.environ.pop(f"{variable}_REQUIREMENT", None)
        with suppress(ValueError):
            found = requirement(os.environ.get(variable) or stand_in, root, variable)
            os.environ[f"{variable}_REQUIREMENT"] = found


def packs(root: Path) -> list[str]:
    return sorted(path.parent.name for path in root.glob("packs/*/pack.toml"))


@impl
def tox_on_install(tox_env: ToxEnv, arguments: object, section: str, of_type: str) -> None:
    """Before a cell installs anything: no evidence, and no variable that cannot name a Core."""
    _, _, core_ref = tox_env.conf.name.partition("-core_")
    if not core_ref or of_type != "deps":
        return
    evidence = Path(tox_env.environment_variables["EVIDENCE"], f"{tox_env.conf.name}.xml")
    try:
        evidence.parent.mkdir(parents=True, exist_ok=True)
        evidence.unlink(missing_ok=True)
    except OSError as error:
        raise Fail(f"EVIDENCE names no folder for '{evidence}': {error.strerror}") from error
    root = tox_env.core["tox_root"]
    if core_ref in SLOTS:
        check(SLOTS[core_ref], root)
    elif core_ref == "v110":
        if os.environ.get(TAG):
            check(TAG, root)
        reinstall_if_changed(tox_env.env_dir / "core-v110.txt", root / STAND_IN)
    # setuptools takes up `build/` again, with files that the source has no more.
    config = Path(tox_env.environment_variables["DIST_EXTRA_CONFIG"])
    config.write_text(f"[build]\nbuild_base = {config.parent / 'build'}\n", encoding="utf-8")


def check(variable: str, root: Path) -> None:
    try:
        requirement(os.environ.get(variable, ""), root, variable)
    except ValueError as error:
        raise Fail(str(error)) from error


def reinstall_if_changed(stamp: Path, stand_in: Path) -> None:
    """Make the env again if the stand-in has changed, and always for what CORE_V110 names."""
    found = hashlib.sha256(os.environ.get(TAG, "").encode())
    for path in sorted(stand_in.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(stand_in)}\0{content}\n".encode())
    moving = os.environ.get(TAG) and stamp.exists()
    if moving or (stamp.exists() and stamp.read_text("utf-8") != found.hexdigest()):
        stamp.unlink()
        raise Recreate("Core has changed, or may have")
    stamp.write_text(found.hexdigest(), "utf-8")
