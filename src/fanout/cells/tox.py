"""tox, as this tool calls it: for its configuration, and to run cells in parallel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic

from pydantic import BaseModel, ValidationError

from fanout.cells.process import killed, running
from fanout.errors import InvalidMatrix
from fanout.model import SLOTS
from fanout.wording import printable

FINISHED = re.compile(r"^(?P<cell>[a-z][a-z0-9_]*-core_\w+): (?P<word>OK|FAIL|SKIP)\b")
MINUTES = 30.0  # after which cells are stopped
LINES_KEPT = 200
LINES_OF_REASON = 8


class ToxEnv(BaseModel):
    """What tox says of one env."""

    set_env: dict[str, str] = {}
    labels: list[str] = []


class ToxCore(BaseModel):
    """What tox says of itself."""

    env_list: list[str]


class ToxConfig(BaseModel):
    """What `tox config --format json` prints."""

    env: dict[str, ToxEnv]
    tox: ToxCore


class Step(BaseModel):
    """One command that tox ran in an env."""

    retcode: int | None = None
    output: str = ""
    err: str = ""


class EnvResult(BaseModel):
    """What `--result-json` tells of one env."""

    setup: list[Step] = []


class ResultFile(BaseModel):
    """What `--result-json` writes."""

    testenvs: dict[str, EnvResult] = {}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tox", "--colored", "no", *arguments]


def clean_environment() -> dict[str, str]:
    """The environment without what an outer tox, or a CI, says of its own run.

    A PACK chooses what tox runs by default; it must not choose what is judged.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TOX", "_TOX"))
        and name not in ("GITHUB_ACTIONS", "PACK", "PYTHONSAFEPATH")
    }
    # What tox prints is read as UTF-8, and so are the paths in it, whatever the locale says.
    return inherited | {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"}


def read_config(root: Path) -> ToxConfig:
    """The envs of the matrix; raises InvalidMatrix if there is none.

    tox would make them all to tell of them, which takes it long; the folder from which its plugin
    has them tells them at once.
    """
    if not (root / "tox.ini").is_file():
        raise InvalidMatrix(
            f"there is no tox.ini in '{root.resolve()}'",
            "run it in the folder of tox.ini, or name that folder with --root",
        )
    keys = ("-k", "env_list", "set_env", "labels")
    made = command("-q", "config", "-e", "ALL", "--format", "json", *keys)
    told = [sys.executable, "-m", "matrix"]
    there = all((root / file).is_file() for file in ("toxfile.py", "matrix/__main__.py"))
    done = subprocess.run(
        told if there else made,
        cwd=root,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    try:
        if done.returncode:
            said = done.stdout.strip() or done.stderr.strip()
            raise ValueError(said.removeprefix("ROOT: HandledError| "))
        return ToxConfig.model_validate_json(done.stdout)
    except (ValidationError, ValueError) as error:
        raise InvalidMatrix(
            f"tox could not read the matrix in '{root}': {error}",
            "run `tox config` there to see what is wrong",
        ) from error


def make_env(root: Path, name: str, variables: Mapping[str, str]) -> None:
    """Make an env with all that it installs, and run nothing in it; raises InvalidMatrix."""
    arguments = command("run", "--notest", "-e", name)
    last = deque[str](maxlen=LINES_KEPT)
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        # A cell whose env is made loses the evidence of its last run, which is not made again here.
        environment = clean_environment() | dict(variables) | {"EVIDENCE": folder}
        with running(arguments, environment, root, seconds=MINUTES * 60) as process:
            last.extend(line.rstrip() for line in process.stdout or ())
    if process.returncode:
        raise InvalidMatrix(
            f"tox cannot make the env '{name}': {shortened(chr(10).join(last))}",
            f"see what `tox run --notest -e {name}` says",
        )


def run_cells(
    root: Path,
    cells: Sequence[str],
    evidence: Path,
    variables: Mapping[str, str],
    *,
    fresh: bool = False,
    minutes: float = MINUTES,
    finished: Callable[[str], None] = lambda cell: None,
) -> dict[str, str]:
    """Run cells in parallel; the reason of each one that left no evidence in the folder.

    `fresh` makes their envs anew; `finished` is told each cell as it ends; after so many
    minutes all are stopped. Nothing here says whether a promise was kept: the evidence does.
    """
    evidence.mkdir(parents=True, exist_ok=True)
    environment = {
        name: value
        for name, value in clean_environment().items()
        if name not in {f"CORE_{slot.upper()}" for slot in SLOTS}
    }
    environment |= dict(variables) | {"EVIDENCE": str(evidence.resolve())}
    environment["PYTHONUNBUFFERED"] = "1"  # or its lines come all at once, at the end
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        results = Path(folder, "tox.json")
        arguments = ["run-parallel", "--parallel-no-spinner", "--result-json", str(results)]
        arguments += ["--recreate"] if fresh else []
        arguments += ["-e", ",".join(cells)]
        began = monotonic()
        with running(command(*arguments), environment, root, seconds=minutes * 60) as process:
            last = deque[str](maxlen=LINES_KEPT)
            running_still = set(cells)
            for line in process.stdout or ():
                last.append(line.rstrip())
                found = FINISHED.match(line)
                if found and found["cell"] in running_still:
                    running_still.remove(found["cell"])
                    finished(found["cell"])
        late = monotonic() - began >= minutes * 60
        told = read_results(results)
    for cell in sorted(running_still):  # of the last one, tox says no word
        if (evidence / f"{cell}.xml").is_file():
            finished(cell)
    absent = [cell for cell in cells if not (evidence / f"{cell}.xml").is_file()]
    if late or killed(process):
        return dict.fromkeys(absent, f"tox was stopped, as it would be after {minutes:g} minutes")
    return {cell: why_absent(cell, told, last, process.returncode) for cell in absent}


def read_results(path: Path) -> ResultFile:
    """What tox told of its envs; nothing if it came to no end."""
    try:
        return ResultFile.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return ResultFile()


def why_absent(cell: str, told: ResultFile, last: Sequence[str], code: int) -> str:
    """What tox said last where a cell left no evidence."""
    for step in told.testenvs.get(cell, EnvResult()).setup:
        if step.retcode:
            return f"its env cannot be made: {shortened(step.err or step.output)}"
    for line in last:
        if line.startswith(f"{cell}: failed with "):
            return printable(line.removeprefix(f"{cell}: "))
    return f"tox ended with code {code}: {shortened(chr(10).join(last))}"


def shortened(output: str) -> str:
    """The last lines of an output, from its error on where it marks one."""
    lines = [line.strip() for line in output.strip().splitlines()]
    start = next((i for i, line in enumerate(lines) if line.startswith("error")), 0)
    return printable(" ".join(lines[start:][-LINES_OF_REASON:]))
