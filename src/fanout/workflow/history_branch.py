"""The branch of this repository that keeps the history: one document a run, and what is measured.

What is measured of packs and consumers is of the newest measurement alone, in folders of its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from fanout.errors import UnusableHistory, UnusableInput
from fanout.git import credentials, run
from fanout.history import compatibilities, coverages, strengths
from fanout.history.document import read_run, write_run, write_whole
from fanout.wording import printable

BRANCH = "history"
REF = f"refs/heads/{BRANCH}"
MEASURED = (coverages.FOLDER, compatibilities.FOLDER, strengths.FOLDER)
PAUSES = (0, 1, 3, 9, 27)  # seconds before each try
AUTHOR = ("-c", "user.name=contracts", "-c", "user.email=contracts@users.noreply.github.com")


class UnusableBranch(UnusableInput):
    """The branch of the history cannot be read or written; what is on it stays."""

    exit_code = UnusableHistory.exit_code


def unread(repository: str, folder: Path, token: str) -> str:
    """Make a folder what the history of a repository is now; why not, if it cannot be read.

    Without a repository the folder stays as it is. No branch is an empty history.
    """
    if repository:
        try:
            HistoryBranch(repository, folder.resolve(), token).fetch()
        except UnusableBranch as error:
            return error.what
    return ""


@dataclass(frozen=True)
class HistoryBranch:
    """The branch of a repository, in a folder of its own.

    `token` is of GitHub, or empty where the repository needs none.
    """

    repository: str
    folder: Path
    token: str = ""

    def publish(self, documents: Path, measured: Path | None = None) -> int:
        """Put documents on the branch, after those that others put there; how many are new.

        Each is checked before anything is written, and one that is there already is left. What is
        `measured`, in a folder that may be this branch's own, replaces what was before. Raises
        UnreadableDocument, UnusableHistory and UnusableBranch.
        """
        runs = [read_run(path) for path in sorted(documents.glob("*.json"))]
        files = [one for name in MEASURED if measured for one in (measured / name).glob("*.json")]
        others = {f"{one.parent.name}/{one.name}": one.read_bytes() for one in sorted(files)}
        for pause in PAUSES:
            time.sleep(pause)
            self.fetch()
            names = [write_run(run, self.folder).name for run in runs]
            for name, content in others.items():
                write_whole(self.folder / name, content, replace=True)
                names.append(name)
            if names:
                self.git("add", "--", *names)
            new = self.git("diff", "--cached", "--name-only").stdout.split()
            if not new:
                return 0
            message = f"Keep {', '.join(run.id for run in runs) or 'what was measured'}"
            self.git(*AUTHOR, "commit", "--quiet", "--message", message)
            done = self.git("push", "--quiet", self.repository, f"HEAD:{REF}", may_fail=True)
            if done.returncode == 0:
                return len(new)
        raise self.failed("written", done.stderr)

    def fetch(self) -> None:
        """Make the folder what the branch is now, and an empty one where there is none yet."""
        if not (self.folder / ".git").is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet")
        listed = self.git("ls-remote", self.repository, REF, may_fail=True)
        if listed.returncode:
            raise self.failed("read", listed.stderr)
        if listed.stdout:
            self.git("fetch", "--quiet", "--depth=1", self.repository, REF)
            self.git("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
        else:
            self.git("checkout", "--quiet", "--orphan", BRANCH)

    def git(self, *arguments: str, may_fail: bool = False) -> CompletedProcess[str]:
        variables = credentials(self.repository, self.token)
        done = run("-C", str(self.folder), *arguments, variables=variables)
        if done.returncode and not may_fail:
            raise self.failed("used", done.stderr)
        return done

    def failed(self, verb: str, said: str) -> UnusableBranch:
        why = printable(said.strip()) or "git does not say why"
        return UnusableBranch(
            f"the branch '{BRANCH}' cannot be {verb}: {why}",
            "see that the token may write the repository's contents, and run the job again",
        )
