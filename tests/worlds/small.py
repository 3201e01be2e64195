"""A small project whose cells tox really runs, in about a second each and without an index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import textwrap
from collections.abc import Mapping
from pathlib import Path

from tests.servers.core_index import wheel
from tests.worlds.checkout import copy_plugin
from tests.worlds.project import Project

TOX_INI = """\
[cores]
default = {factors}
{cores}
[live]
skip_install = true
set_env =
    EVIDENCE = {{env:EVIDENCE:{{tox_root}}/evidence}}
    PYTHONPATH = {pytest}
    DIST_EXTRA_CONFIG = {{env_tmp_dir}}/setuptools.cfg
deps =
    {{env:CONSUMER}}
    {{env:CORE}}
commands = python -ES packs/live.py --cell={{env_name}} --core="{{env:CORE}}" \
    --consumer={{env:CONSUMER}} --evidence={{env:EVIDENCE}} {{posargs}}
[cell]
skip_install = true
set_env =
    EVIDENCE = {{env:EVIDENCE:{{tox_root}}/evidence}}
    PYTHONPATH = {pytest}
    UV_NO_INDEX = 1
    UV_FIND_LINKS = {{tox_root}}/releases
    DIST_EXTRA_CONFIG = {{env_tmp_dir}}/setuptools.cfg
deps = {{env:CORE}}
commands = python -ES packs/runner.py --cell={{env_name}} --core="{{env:CORE}}" \\
    --evidence={{env:EVIDENCE}} {{posargs}}
[pytest]
addopts = --strict-markers --strict-config
"""
# A build backend that needs nothing but Python.
BACKEND = """
from zipfile import ZipFile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "market_data_core-1.9.0-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\\nName: market-data-core\\nVersion: 1.9.0\\n"
    wheel = "Wheel-Version: 1.0\\nGenerator: b\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    with ZipFile(f"{folder}/{name}", "w") as archive:
        archive.write("market_data_core/__init__.py")
        archive.writestr("market_data_core-1.9.0.dist-info/METADATA", metadata)
        archive.writestr("market_data_core-1.9.0.dist-info/WHEEL", wheel)
        archive.writestr("market_data_core-1.9.0.dist-info/RECORD", "")
    return name
"""
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


class SmallWorld:
    """A project with one pack, `small`, and a Core of a line or two for each release."""

    def __init__(self, root: Path, releases: Mapping[str, str]) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.project = Project(root)
        shutil.rmtree(root / "packs/other")
        self.root = root
        factors = {f"v{version.replace('.', '')}": version for version in releases}
        lines = [f"core_{name} = {version}\n" for name, version in factors.items()]
        self.project.write(
            "tox.ini",
            TOX_INI.format(
                factors=" ".join(factors),
                cores="".join(lines),
                pytest=sysconfig.get_path("purelib"),
            ),
        )
        copy_plugin(root)
        (root / "releases").mkdir()
        for version, code in releases.items():
            self.release(version, code)

    def release(self, version: str, code: str) -> None:
        """Put a release of Core where the cells install from."""
        name = f"market_data_core-{version}-py3-none-any.whl"
        (self.root / "releases" / name).write_bytes(wheel(version, code))

    def promises(self, **bodies: str) -> None:
        """Give the pack one file with these promises by name, each with its body."""
        tests = [
            f'@pytest.mark.contract("{name}")\ndef test_{name}():\n    """Core keeps {name}."""\n'
            + textwrap.indent(body, "    ")
            for name, body in bodies.items()
        ]
        self.project.write(
            "packs/small/test_core.py", "\n\n".join(["import pytest", *tests]) + "\n"
        )


class CoreRepository:
    """A git repository with the source of a small Core."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "market_data_core").mkdir(parents=True)
        (root / "pyproject.toml").write_text(PYPROJECT)
        (root / "backend.py").write_text(BACKEND)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        name = ["-c", "user.name=A\x1b[31mda", "-c", "user.email=ada@example.org"]
        done = subprocess.run(
            ["git", *name, *arguments],
            cwd=self.root,
            env={key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, code: str, subject: str) -> str:
        """Commit this code as the whole Core; the hash."""
        (self.root / "market_data_core/__init__.py").write_text(code)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={subject}")
        return self.git("rev-parse", "HEAD")
