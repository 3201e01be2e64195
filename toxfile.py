"""What tox.ini cannot say itself: no old evidence, and what CORE_CANDIDATE and CORE_V110 name.

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

VARIABLES = {"candidate": "CORE_CANDIDATE", "v110": "CORE_V110"}  # by Core ref
DISTRIBUTION = "market-data-core"
GIT_URL = re.compile(
    r"git\+(https|ssh|file)://([\w.:%-]+@)?[\w.:%-]*/[\w.~:/+%-]+@[\w.~/+%-]+", re.ASCII
)
VERSION = re.compile(VERSION_PATTERN, re.ASCII | re.IGNORECASE | re.VERBOSE)
HINT = (
    "set it to a version, a wheel, an sdist, a directory, or a git URL such as"
    " git+https://host/repository@ref"
)


def requirement(named: str, root: Path, variable: str = "CORE_CANDIDATE") -> str:
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
    try:
        path = (root / Path(named).expanduser()).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        shown = re.sub(r"://[^/@\s]+@", "://", named)
        raise ValueError(f"{variable} names nothing that is there: {shown!r}; {HINT}") from error
    return f"{DISTRIBUTION} @ file://{quote(str(path))}"


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:
    """Give tox.ini a requirement where the user gave a version, a path or a URL."""
    for variable in VARIABLES.values():
        with suppress(ValueError):
            named = os.environ.get(variable, "")
            found = requirement(named, state.conf.src_path.parent, variable)
            os.environ[f"{variable}_REQUIREMENT"] = found


@impl
def tox_on_install(tox_env: ToxEnv, arguments: object, section: str, of_type: str) -> None:
    """Before a cell installs anything: no evidence, and no variable that cannot name a Core."""
    _, _, core_ref = tox_env.conf.name.partition("-core_")
    if not core_ref or of_type != "deps":
        return
    Path(tox_env.environment_variables["EVIDENCE"], f"{tox_env.conf.name}.xml").unlink(
        missing_ok=True
    )
    variable = VARIABLES.get(core_ref, "")
    named = os.environ.get(variable, "")
    if named or core_ref == "candidate":
        try:
            requirement(named, tox_env.core["tox_root"], variable)
        except ValueError as error:
            raise Fail(str(error)) from error
        # setuptools takes up `build/` again, with files that the source has no more.
        config = Path(tox_env.environment_variables["DIST_EXTRA_CONFIG"])
        config.write_text(f"[build]\nbuild_base = {config.parent / 'build'}\n", encoding="utf-8")
