"""What tox.ini cannot say itself: drop a cell's old evidence, and read CORE_CANDIDATE.

tox loads this file as a plugin. Nothing from before may be judged: neither the evidence of a
cell's last run, should its environment not be made this time, nor what an earlier build left
in a candidate's directory.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from packaging.version import VERSION_PATTERN
from tox.config.sets import ConfigSet
from tox.plugin import impl
from tox.session.state import State
from tox.tox_env.api import ToxEnv
from tox.tox_env.errors import Fail

VARIABLE = "CORE_CANDIDATE"
DISTRIBUTION = "market-data-core"
GIT_URL = re.compile(
    r"git\+(https|ssh|file)://([\w.:%-]+@)?[\w.:%-]*/[\w.~:/+%-]+@[\w.~/+%-]+", re.ASCII
)
VERSION = re.compile(VERSION_PATTERN, re.ASCII | re.IGNORECASE | re.VERBOSE)
HINT = (
    "set it to a version, a wheel, an sdist, a directory, or a git URL such as"
    " git+https://host/repository@ref"
)


def requirement(candidate: str, root: Path) -> str:
    """The PEP 508 requirement for a version, wheel, sdist, directory or git URL with a ref.

    Relative paths start at root. Raises ValueError, saying what to set instead.
    """
    candidate = candidate.strip()
    if not candidate:
        raise ValueError(f"{VARIABLE} is not set; {HINT}")
    if GIT_URL.fullmatch(candidate):
        return f"{DISTRIBUTION} @ {candidate}"
    if VERSION.fullmatch(candidate):
        return f"{DISTRIBUTION}=={candidate}"
    try:
        path = (root / Path(candidate).expanduser()).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        shown = re.sub(r"://[^/@\s]+@", "://", candidate)
        raise ValueError(f"{VARIABLE} names nothing that is there: {shown!r}; {HINT}") from error
    return f"{DISTRIBUTION} @ file://{quote(str(path))}"


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:
    """Give tox.ini a requirement where the user gave a version, a path or a URL."""
    with suppress(ValueError):
        found = requirement(os.environ.get(VARIABLE, ""), state.conf.src_path.parent)
        os.environ["CANDIDATE_REQUIREMENT"] = found


@impl
def tox_on_install(tox_env: ToxEnv, arguments: object, section: str, of_type: str) -> None:
    """Before a cell installs anything: no evidence, and no candidate that cannot be one."""
    name = tox_env.conf.name
    if "-core_" not in name or of_type != "deps":
        return
    Path(tox_env.environment_variables["EVIDENCE"], f"{name}.xml").unlink(missing_ok=True)
    if name.endswith("-core_candidate"):
        try:
            requirement(os.environ.get(VARIABLE, ""), tox_env.core["tox_root"])
        except ValueError as error:
            raise Fail(str(error)) from error
        # setuptools takes up `build/` again, with files that the candidate has no more.
        config = Path(tox_env.environment_variables["DIST_EXTRA_CONFIG"])
        config.write_text(f"[build]\nbuild_base = {config.parent / 'build'}\n", encoding="utf-8")
