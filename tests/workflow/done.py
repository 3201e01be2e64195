"""What one run of the workflow by `act` came to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

from fanout.notify.announcement import Announcement

CELLS = re.compile(r"shard-\d+|\w+-core_\w+")  # the names of jobs that run cells


@dataclass
class Done:
    """One run of the workflow: what each job came to, all that was printed, and what is left."""

    exit_code: int
    jobs: dict[str, str] = field(default_factory=dict)  # by name: success or failure
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)  # by job, of its steps
    log: str = ""
    announcement: Announcement | None = None
    summary: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def beside_cells(self) -> set[str]:
        """The jobs that ran, but for those that run cells."""
        return {name for name in self.jobs if not CELLS.fullmatch(name)}


def read(process: CompletedProcess[str], answer: Path) -> Done:
    """What `act --json` printed, and the answer that the run left."""
    done = Done(process.returncode)
    failed = set()
    for line in (process.stdout + process.stderr).splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            said = {"msg": line}
        cells = (said.get("matrix") or {}).get("name")
        job = cells or str(said.get("job", "")).rpartition("/")[2].strip()
        if said.get("stepResult") == "failure":
            failed.add(job)
        if result := said.get("jobResult"):
            # To `act` all jobs of a matrix fail where one does.
            done.jobs[job] = "success" if cells and job not in failed else result
        if said.get("command") == "set-output":
            done.outputs.setdefault(job, {})[said["name"]] = said["arg"]
        done.log += f"{said.get('job', '')}: {said.get('msg', '')}".rstrip() + "\n"
    if (answer / "announcement.json").is_file():
        told = (answer / "announcement.json").read_text()
        done.announcement = Announcement.model_validate_json(told)
        done.summary = (answer / "account.md").read_text()
        evidence = (answer / "evidence").rglob("*.xml")
        done.evidence = tuple(sorted({path.stem for path in evidence}))
    return done
