"""The real workflow, run from end to end on this machine by `act`, for a small world.

The world has two packs and a Core of one module. Only what cannot be reached is stood in for:
GitHub's own actions, by those in `actions/`, and its storage, by folders.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import yaml

from tests import ROOT
from tests.servers.core_index import CoreIndex, Offer
from tests.servers.github import GitHub
from tests.servers.private_git import PrivateGit
from tests.workflow.done import Done, read
from tests.worlds.large import HEAD, PACK_TOML, PUBLISH, RELEASES, RETRIES, tox_ini
from tests.worlds.small import CoreRepository

ACTIONS = Path(__file__).parent / "actions"
FILE = Path(".github/workflows/contracts.yml")
FANOUT = Path(".github/workflows/fanout.yml")
UPKEEP = Path(".github/workflows/upkeep.yml")
ALONE = Path(".github/workflows/alone.yml")  # the same, run by hand
USES = re.compile(r"(actions/([a-z-]+))@([0-9a-f]{40})")
REPOSITORY = "owner/contracts"
SECRETS = MappingProxyType({"REPO_TOKEN": "github_pat_x", "GITHUB_TOKEN": "ghs_x"})
NONE: Mapping[str, str] = MappingProxyType({})
READING = MappingProxyType({"READ_TOKEN": "github_pat_reads"})
# What `act` does not know yet, and GitHub does: more than one run that waits, an environment
# without a deployment, and where the file of a called workflow is from.
UNKNOWN_TO_ACT = {
    r"^ +queue: max\n": "",
    r"^ +deployment: false\n": "",
    r"job\.workflow_repository": f"'{REPOSITORY}'",
    r"job\.workflow_sha": "github.sha",
}
PACKS = {"alpha": HEAD + PUBLISH + RETRIES, "beta": HEAD + PUBLISH}
SHARED = ("pyproject.toml", "README.md", "LICENSE", "toxfile.py", "matrix", "src", ".github")
# `act` ends where a called workflow fails; GitHub goes on with what needs its result.
ENDS_ACT = 'run: test "$ANSWER" = release'
MAY_DIE = """\
#!/bin/sh
case "$1 $2 $CELLS" in "workflow run "*"$STAND_IN_DEAD"*) kill -9 "$PPID";; esac
exec "$STAND_IN/python/bin/fanout" "$@"
"""
# The tool is there already: to install it in every job of every test would take minutes.
INSTALLED = """\
#!/bin/sh
case "$*" in *"pip install"*) exit 0;; esac
exec "$STAND_IN/python/bin/python" "$@"
"""


class Workflow:
    """A repository with the workflow in it, another one with Core, and an index of its releases."""

    def __init__(self, root: Path, index: CoreIndex, github: GitHub) -> None:
        self.root = root
        self.index = index
        self.github = github
        self.core = CoreRepository(root / "core")
        self.checkout = root / "checkout"
        self.stand_in = root / "stand-in"
        self.bare = self.stand_in / "contracts.git"
        self.settings = {
            "CORE_REPOSITORY_URL": self.core.root.as_uri(),
            "HISTORY_REPOSITORY_URL": self.bare.as_uri(),
            "CORE_REPOSITORY": "owner/core",
            "CORE_WAIT": "2",
            "DASHBOARD_URL": "https://contracts.example.org/",
        }
        self.make()

    def make(self) -> None:
        for name in SHARED:
            source, target = ROOT / name, self.checkout / name
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, target, ignore=ignore)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        for path in ROOT.glob("packs/*.py"):
            self.write(f"packs/{path.name}", path.read_text())
        self.write("packs/requirements.txt", (ROOT / "packs/requirements.txt").read_text())
        # The older release is run where every one is asked for, or as a baseline.
        self.write("tox.ini", tox_ini().replace("default = v100 v200", "default = v200"))
        for pack, text in PACKS.items():
            self.write(f"packs/{pack}/pack.toml", PACK_TOML.format(pack=pack, supports=">=1"))
            self.write(f"packs/{pack}/test_promises.py", text)
        self.write("consumers.toml", "".join(f'market-data-{pack} = "0.1.0"\n' for pack in PACKS))
        # This repository's own tests would run this one again.
        self.write(".ci/run", "#!/bin/sh\necho tested\n")
        (self.checkout / ".ci/run").chmod(0o755)
        for file in (FILE, UPKEEP, FANOUT):
            said = (self.checkout / file).read_text()
            for pattern, known in UNKNOWN_TO_ACT.items():
                said = re.sub(pattern, known, said, flags=re.MULTILINE)
            (self.checkout / file).write_text(said)
        assert ENDS_ACT in said
        (self.checkout / ALONE).write_text(said)
        (self.checkout / FANOUT).write_text(said.replace(ENDS_ACT, "run: 'true'"))
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", f"https://github.com/{REPOSITORY}")
        self.commit("The packs")
        # Packed, as GitHub has it: what lies loose is compressed anew for each job.
        self.git("clone", "--quiet", "--bare", "--no-local", ".", str(self.bare))
        self.make_python()

    def write(self, path: str, content: str) -> None:
        file = self.checkout / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def make_python(self) -> None:
        """The Python that the jobs find, with what the lock names, and a tool that may die."""
        python = self.stand_in / "python"
        uv = [sys.executable, "-m", "uv", "--quiet"]
        subprocess.run([*uv, "venv", "--seed", "--python", sys.executable, str(python)], check=True)
        install = [*uv, "pip", "install", f"--python={python / 'bin/python'}", "--require-hashes"]
        locks = [f"--requirement={ROOT / '.github' / name}.txt" for name in ("uv", "requirements")]
        subprocess.run([*install, *locks], check=True)
        tool = ["--no-deps", "--no-build-isolation", str(ROOT)]
        subprocess.run([*install[:-1], *tool], check=True)
        for path, script in (
            (self.stand_in / "installed/fanout", MAY_DIE),
            (self.stand_in / "installed/python", INSTALLED),
        ):
            path.parent.mkdir(exist_ok=True)
            path.write_text(script)
            path.chmod(0o755)

    def git(self, *arguments: str) -> str:
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(
            ["git", *name, *arguments],
            cwd=self.checkout,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, subject: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={subject}")
        if self.bare.exists():
            self.git("push", "--quiet", "--force", str(self.bare), "HEAD:refs/heads/main")
        return self.git("rev-parse", "HEAD")

    @contextmanager
    def private(self) -> Iterator[dict[str, str]]:
        """Where Core and this repository are private; the variables with which a run sees that.

        `READING` reads both. A run here has a token for this repository, which nothing else reads.
        """
        ours, before = f"{self.stand_in.name}/{self.bare.name}", dict(self.settings)
        reads, here = READING["READ_TOKEN"], SECRETS["GITHUB_TOKEN"]
        server = PrivateGit(self.root, {"core": (reads,), ours: (reads, here)})
        self.settings["CORE_REPOSITORY_URL"] = f"{server.url}/core"
        self.settings["HISTORY_REPOSITORY_URL"] = f"{server.url}/{ours}"
        try:
            trusted = {"GIT_SSL_CAINFO": str(server.certificate)}
            yield {"STAND_IN_CONTRACTS": f"{server.url}/{ours}"} | trusted
        finally:
            self.settings = before
            server.close()

    def documents(self) -> list[str]:
        """What the branch of the history holds."""
        listed = ["git", "-C", str(self.bare), "ls-tree", "--name-only", "refs/heads/history"]
        done = subprocess.run(listed, capture_output=True, text=True, check=False)
        return done.stdout.split()

    def call(
        self,
        caller: str,
        event: str,
        payload: Mapping[str, object],
        secrets: Mapping[str, str] = NONE,
        **variables: str,
    ) -> Done:
        """Run another repository's workflow, which calls the fan-out on the branch `main`."""
        file = self.root / "caller.yml"
        file.write_text(caller)
        found = set(re.findall(r"uses: ([\w-]+/[\w-]+)/\.github/workflows/", caller))
        local = [f"https://github.com/{one}@main={self.checkout}" for one in found]
        options = [part for one in local for part in ("--local-repository", one)]
        options = ["--workflows", str(file), *options]
        secrets = {"GITHUB_TOKEN": "ghs_core", **secrets}
        return self.run(event, payload, options, secrets, **variables)

    def ask(self, **inputs: str) -> Done:
        """Run the fan-out by hand."""
        variables = {name: inputs.pop(name) for name in [*inputs] if name.startswith("STAND_IN")}
        options = ("--workflows", str(ALONE))
        return self.run("workflow_dispatch", {"inputs": inputs}, options, SECRETS, **variables)

    def again(self, done: Done) -> Done:
        """Run again what failed of `ask`, as "Re-run failed jobs" does, which `act` cannot.

        A job that ended well is in its place what it gave, artifacts stay, and of the matrix are
        the jobs that failed.
        """
        said = yaml.safe_load((self.checkout / ALONE).read_text())
        said["on"] = said.pop(True)  # as which YAML reads it
        kept = {name for name, result in done.jobs.items() if result == "success"}
        jobs = said["jobs"]
        matrix = json.loads(done.outputs["plan"]["matrix"])
        failed = [one for one in matrix["include"] if one["name"] not in kept]
        jobs["cells"]["strategy"]["matrix"] = {"include": failed}
        for name in kept & {*jobs}:
            jobs[name] = {
                "runs-on": "ubuntu-latest",
                "outputs": done.outputs[name],
                "steps": [{"run": "true"}],
            }
        file = self.root / "again.yml"
        file.write_text(yaml.safe_dump(said))
        return self.run("workflow_dispatch", {}, ("--workflows", str(file)), cleared=())

    def run(
        self,
        event: str,
        payload: Mapping[str, object],
        options: Sequence[str] = ("--workflows", str(FILE)),
        secrets: Mapping[str, str] = SECRETS,
        cleared: Sequence[str] = ("artifacts", "pages-artifacts"),
        **variables: str,
    ) -> Done:
        """Run the workflow on an event, as GitHub would; `variables` are for what stands in."""
        for name in cleared:
            shutil.rmtree(self.stand_in / name, ignore_errors=True)
        file = self.root / "event.json"
        repository = {"default_branch": "main", "full_name": REPOSITORY}
        file.write_text(json.dumps({"repository": repository, **payload}))
        clean = {
            k: v for k, v in os.environ.items() if not k.startswith(("TOX", "GITHUB", "PYTEST"))
        }
        home = {"HOME": str(self.root / "home"), "XDG_CACHE_HOME": str(self.root / "home/cache")}
        said = [part for k, v in secrets.items() for part in ("--secret", f"{k}={v}")]
        done = subprocess.run(
            [*self.command(event, file, variables), *options, *said],
            cwd=self.checkout,
            env=clean | home,
            capture_output=True,
            text=True,
            check=False,
        )
        return read(done, self.stand_in / "artifacts/answer")

    def command(self, event: str, file: Path, variables: dict[str, str]) -> list[str]:
        cache = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache/uv"))
        environment = {
            "STAND_IN": str(self.stand_in),
            "STAND_IN_DEAD": "no such cell",
            "STAND_IN_INSTALLED": "installed",
            "UV_CACHE_DIR": cache,
            "UV_INDEX": self.index.url,
            "CORE_INDEX": self.index.url,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GITHUB_API_URL": self.github.url,
        } | variables
        command = [str(Path(sys.executable).parent / "act"), event, "--json", "--pull=false"]
        command += ["--eventpath", str(file)]
        command += ["--platform", "ubuntu-latest=-self-hosted", "--action-offline-mode"]
        command += [part for k, v in environment.items() for part in ("--env", f"{k}={v}")]
        command += [part for k, v in self.settings.items() for part in ("--var", f"{k}={v}")]
        for path in sorted((self.checkout / ".github").rglob("*.yml")):
            for action, name, commit in USES.findall(path.read_text()):
                local = f"https://github.com/{action}@{commit}={ACTIONS / name}"
                command += ["--local-repository", local]
        return command


@contextmanager
def workflow(root: Path, described: str) -> Iterator[Workflow]:
    """The workflow in a folder, with an index that serves the small Core, and with a GitHub.

    `described` is the server made from GitHub's description, which every request must pass.
    """
    index, github = CoreIndex(), GitHub(described)
    index.serve(RELEASES)
    for pack in PACKS:
        index.offer(f"market-data-{pack}", Offer("0.1.0"))
    try:
        yield Workflow(root, index, github)
    finally:
        index.close()
        github.close()
    assert github.refused == [], github.refused
