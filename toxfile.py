"""What tox.ini cannot say itself: drop a cell's old evidence, and read CORE_CANDIDATE.

tox loads this file as a plugin. Nothing from before may be judged: neither the evidence of a
cell's last run, should its environment not be made this time, nor what an earlier build left
in a candidate's directory.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

from packaging.version import InvalidVersion, Version
from tox.config.sets import ConfigSet
from tox.plugin import impl
from tox.session.state import State
from tox.tox_env.api import ToxEnv
from tox.tox_env.errors import Fail

VARIABLE = "CORE_CANDIDATE"
DISTRIBUTION = "market-data-core"
GIT_URL = re.compile(r"git\+(https|ssh|file)://[\w.~:/@+=%-]+", re.ASCII)
candidate_error = ""


def requirement(candidate: str, root: Path) -> str:
    """The PEP 508 requirement for a version, wheel, sdist, directory or git URL with a ref.

    Relative paths start at root. Raises ValueError, saying what to set instead.
    """
    if not candidate:
        raise ValueError(f"{VARIABLE} is not set")
    if candidate.startswith("git+"):
        if not GIT_URL.fullmatch(candidate):
            raise ValueError(f"{VARIABLE} is not a git URL: {candidate!r}")
        return f"{DISTRIBUTION} @ {candidate}"
    try:
        return f"{DISTRIBUTION}=={Version(candidate)}"
    except InvalidVersion:
        path = (root / Path(candidate).expanduser()).resolve()
    if not path.exists():
        raise ValueError(f"{VARIABLE} is neither a version nor a path that is there: {candidate!r}")
    return f"{DISTRIBUTION} @ file://{quote(str(path))}"


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:
    """Give tox.ini a requirement where the user gave a version or a path."""
    global candidate_error
    try:
        root = state.conf.src_path.parent
        os.environ[VARIABLE] = requirement(os.environ.get(VARIABLE, "").strip(), root)
    except ValueError as error:
        os.environ[VARIABLE] = ""
        candidate_error = (
            f"{error}; set it to a version, a wheel, an sdist, a directory, or a git URL such as"
            " git+https://host/repository@ref"
        )


@impl
def tox_on_install(tox_env: ToxEnv, arguments: object, section: str, of_type: str) -> None:
    """Before a cell installs anything: no evidence, and no candidate that cannot be one."""
    name = tox_env.conf.name
    if "-core_" in name and of_type == "deps":
        folder = tox_env.environment_variables["EVIDENCE"]
        Path(folder, f"{name}.xml").unlink(missing_ok=True)
    if name.endswith("-core_candidate") and of_type == "deps":
        if candidate_error:
            raise Fail(candidate_error)
        # setuptools takes up `build/` again, with files that the candidate has no more.
        fresh = tox_env.env_tmp_dir / "build"
        config = Path(tox_env.environment_variables["DIST_EXTRA_CONFIG"])
        config.write_text(f"[build]\nbuild_base = {fresh}\n", encoding="utf-8")
