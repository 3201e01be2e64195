"""How cells run: what tox.ini says of it, the environment, and the options of this run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache

from tox.config.loader.ini.factor import extend_factors, filter_for_env
from tox.session.state import State

from matrix.cells import ROOT, cells, section, section_names

KINDS = ("cell", "live")
TOLD = ("BRIEF", "CONSUMER", "CORE", "EVIDENCE", "PACK")  # by toxfile.py
OF_AN_ENV = "testenv:"
OF_OTHER_ENVS = ("testenv", "env_run_base", "tool.tox.env_run_base")
REFERENCE = re.compile(r"\{\[([^\]]+)\](\w+)[^}]*\}")
SETTINGS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "setup.cfg", "conftest.py")
REQUIREMENTS = re.compile(r"-r\s*\S+$")


def changed(state: State) -> str:
    """What was given to this run that changes what cells do, of which no key says anything."""
    if state.conf.pos_args(None):
        return "what follows `--` may change what cells do"
    names = {*cells(), *KINDS}
    for name in section_names():
        if name.startswith(OF_AN_ENV) and names & {*extend_factors(name.removeprefix(OF_AN_ENV))}:
            return f"'[{name}]' of tox.ini may change what cells do"
    for kind in KINDS:
        if more := next(takes_up(kind), ""):
            return f"'{more}' in '[{kind}]' of tox.ini may read or write what no key has"
    used = {name for kind in KINDS for name in sections(kind)}
    for given in state.conf.options.override:
        section_name, _, env = given.namespace.partition(":")
        # No cell is based on `[testenv]`, as all other envs are; on `[testenv:cell]` it would be.
        if section_name not in OF_OTHER_ENVS or env in names or given.namespace in used:
            return f"an override of '{given.namespace}' may change what cells do"
    return ""


def takes_up(kind: str) -> Iterator[str]:
    """The keys that have tox run or read more for a cell than its one command."""
    yield from (key for key in section(kind) if re.search("^commands_|_commands$", key))
    if "\n" in section(kind).get("commands", "").replace("\\\n", " ").strip():
        yield "commands"
    used = sections(kind).values()
    yield from (key for says in used for key, text in says.items() if "file|" in text)


@lru_cache
def sections(kind: str) -> Mapping[str, Mapping[str, str]]:
    """The section of a kind of cells, and those that it refers to, and these in turn."""
    left, found = [kind], dict[str, Mapping[str, str]]()
    while left:
        name = left.pop()
        if name not in found:
            found[name] = dict(section(name))
            text = "\n".join(found[name].values())
            left += [name for name, _ in REFERENCE.findall(text)]
            left += re.findall(r"[^\s,]+", found[name].get("base", ""))
    return found


def variables(kind: str) -> Mapping[str, str]:
    """The environment in which a cell installs."""
    given = re.findall(r"^\s*(UV_\w+)\s*=\s*(.*)$", section(kind).get("set_env", ""), re.M)
    return os.environ | {name: text.replace("{tox_root}", str(ROOT)) for name, text in given}


@lru_cache
def installed_beside(kind: str) -> tuple[str, ...]:
    """What a cell installs besides Core and a consumer."""
    lines = (line.strip() for line in section(kind).get("deps", "").splitlines())
    return tuple(line for line in lines if line not in ("", "{env:CORE}", "{env:CONSUMER}"))


def is_plain() -> bool:
    """Whether cells install just what they name, in the way and from where all of uv does."""
    for kind in KINDS:
        files = [line for line in installed_beside(kind) if line.startswith("-")]
        if "install_command" in section(kind) or not all(REQUIREMENTS.match(one) for one in files):
            return False
        try:
            texts = [(ROOT / file[2:].strip()).read_text("utf-8") for file in files]
        except (OSError, ValueError):
            return False
        if any(line.lstrip().startswith("-") for text in texts for line in text.splitlines()):
            return False
    return True


def how_it_runs(kind: str, cell: str) -> str:
    """All that says how a cell runs, but the files that its evidence is of."""
    of_tox = {
        name: {key: filter_for_env(text, cell) for key, text in says.items()}
        for name, says in sections(kind).items()
    }
    said = {"tox": of_tox, "pytest": settings_of_pytest(), "variables": handed_down(kind)}
    return json.dumps(said, sort_keys=True, default=str)


@lru_cache
def settings_of_pytest() -> Mapping[str, object]:
    """What pytest is told above every pack, by the file that says it."""
    import tomllib

    said: dict[str, object] = {"tox.ini": dict(section("pytest"))}
    for folder in (ROOT, ROOT / "packs"):
        for name in SETTINGS:
            if (file := folder / name).is_file():
                said[file.relative_to(ROOT).as_posix()] = file.read_text("utf-8", "replace")
        with suppress(OSError, ValueError):
            table = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
            said[folder.name if folder != ROOT else ""] = table.get("tool", {}).get("pytest")
    return said


@lru_cache
def handed_down(kind: str) -> Mapping[str, str]:
    """The variables that a cell sees because a section names them, but what tells it its cell."""
    says = sections(kind).values()
    named = re.findall(r"\{env:(\w+)", "\n".join(text for one in says for text in one.values()))
    passed = " ".join(section(kind).get(name, "") for name in ("pass_env", "passenv"))
    for _ in says:  # as deep as they can refer to each other
        passed = REFERENCE.sub(lambda found: section(found[1]).get(found[2], ""), passed)
    patterns = [text.upper() for text in (*named, *re.split(r"[\s,]+", passed)) if text]
    return {
        name: text
        for name, text in os.environ.items()
        if name not in TOLD and any(fnmatchcase(name.upper(), pattern) for pattern in patterns)
    }
