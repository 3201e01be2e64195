"""The search for the commit that broke a promise, by `git bisect run` in a worktree of its own."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fanout import git
from fanout.bisect.answer import Bisection, Commit, check_ends, titled
from fanout.bisect.judged import Judged, judged, kept
from fanout.bisect.probe import keep, probe, read_probe
from fanout.cells.process import running
from fanout.cells.run import PackInMatrix, alone
from fanout.errors import InvalidCore, InvalidSearch, NothingFound
from fanout.gate.decision import reproduce
from fanout.model import CellReport, Core, Standing
from fanout.wording import printable

SECONDS_TO_STOP = 30
# Each commit has its own folder of evidence; `$0` is the folder of them all.
PER_COMMIT = 'exec "$@" --evidence "$0/$(git rev-parse HEAD)"'
HINT = "see `git log` for the commits, and name one that is there"


class Repository:
    """A git repository with the source of a Core, which is only read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inside = self.git("rev-parse", "--show-prefix")

    def git(self, *arguments: str, tree: Path | None = None) -> str:
        """What git prints; raises InvalidSearch with what it says if it fails."""
        done = git.run("-C", str(tree or self.path), *arguments)
        if done.returncode:
            said = printable(done.stderr.strip()) or "it does not say why"
            raise InvalidSearch(f"git cannot read '{self.path}': {said}", HINT)
        return done.stdout.rstrip("\n")

    def commit(self, ref: str) -> str:
        """The full hash of a ref; raises InvalidSearch if there is no such commit."""
        try:
            return self.git(
                "rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}"
            )
        except InvalidSearch as error:
            raise InvalidSearch(f"'{self.path}' has no commit '{ref}'", HINT) from error

    def about(self, commit: str) -> Commit:
        said = self.git("show", "--no-patch", "--no-notes", "--format=%an%x00%aI%x00%s", commit)
        author, date, subject = (printable(part) for part in said.split("\0"))
        return Commit(hash=commit, author=author, date=date, subject=subject)

    def core(self, built: Core, commit: str) -> Core:
        """What was built of a commit, as others name it if it is all of a repository."""
        address = f"git+{Path(self.git('rev-parse', '--show-toplevel')).as_uri()}@{commit}"
        return built.model_copy(update={"address": "" if self.inside else address})

    def between(self, good: str, bad: str) -> list[str]:
        """The commits after a good one up to a bad one, oldest first."""
        return self.git("rev-list", "--topo-order", "--reverse", bad, f"^{good}").split()

    @contextmanager
    def worktree(self, commit: str) -> Iterator[Path]:
        """A checkout beside the user's own, with an index, a HEAD and a bisect of its own."""
        with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
            tree = Path(folder).resolve() / "core"
            self.git("worktree", "add", "--quiet", "--detach", str(tree), commit)
            try:
                yield tree
            finally:
                self.git("worktree", "remove", "--force", "--force", str(tree))


@dataclass(frozen=True)
class CommitSearch:
    """A search in the commits of a repository, each of which is a candidate for a while."""

    pack: PackInMatrix
    repository: Repository
    good: str
    bad: str
    folder: Path  # of the evidence, one folder in it for each commit
    history: Path
    say: Callable[[str], None]

    def find(self, promise: str | None) -> Bisection:
        """The first commit that breaks the promise, or any promise that the good one keeps.

        Raises InvalidSearch or NothingFound if the ends are not as they were named, and
        NothingFound if git gives up.
        """
        good, bad = (self.repository.commit(ref) for ref in (self.good, self.bad))
        if not self.repository.between(good, bad):
            swap = "swap them" if self.repository.between(bad, good) else "name two commits"
            raise InvalidSearch(f"'{self.bad}' has no commit that '{self.good}' has not", swap)
        with self.repository.worktree(bad) as tree:
            reports = {commit: self.probe(tree, commit) for commit in (good, bad)}
            evidence = reports[good].evidence
            promises = (promise,) if promise else kept(evidence.promises if evidence else ())
            ends = [judged(commit, reports[commit], promises) for commit in (good, bad)]
            check_ends(*ends)
            for end in ends:
                self.say(f"{titled(end)}: {end.standing}")
            said = self.bisect(tree, good, bad, promises)
            return self.answer(tree, good, bad, promises, said)

    def probe(self, tree: Path, commit: str) -> CellReport:
        """What the pack says of a commit, which the worktree holds from then on."""
        self.repository.git("checkout", "--quiet", "--detach", commit, tree=tree)
        source = str(tree / self.repository.inside)
        with alone(self.pack.root):
            core, report = probe(self.pack, source, self.folder / commit)
        keep(self.pack, core, report, self.history)
        return report

    def bisect(self, tree: Path, good: str, bad: str, promises: Sequence[str]) -> str:
        """Let git probe commits until it knows; the last thing that it says."""
        self.repository.git("bisect", "start", bad, good, "--", tree=tree)
        arguments = [sys.executable, "-P", "-m", "fanout", "probe", self.pack.name]
        arguments += [str(tree / self.repository.inside), "--root", str(self.pack.root)]
        arguments += ["--history", str(self.history)]
        arguments += [part for promise in promises for part in ("--promise", promise)]
        shell = ("sh", "-c", PER_COMMIT, str(self.folder), *arguments)
        last = ""
        arguments = git.command("-C", str(tree), "bisect", "run", *shell)
        # A probe that is interrupted stops its own tox; one that is killed could not.
        with running(arguments, git.environment(), patience=SECONDS_TO_STOP) as process:
            for line in process.stdout or ():
                last = printable(line.strip()) or last
                if line.startswith((f"{self.pack.name} on ", "Bisecting: ")):
                    self.say(last)
        return last

    def answer(
        self, tree: Path, good: str, bad: str, promises: Sequence[str], said: str
    ) -> Bisection:
        """The answer from git's own marks, each of them checked against the evidence."""
        marks = self.repository.git(
            "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/bisect/", tree=tree
        )
        by_mark = [line.split() for line in marks.splitlines()]
        skipped = {commit for mark, commit in by_mark if mark.startswith("skip-")}
        goods = [commit for mark, commit in by_mark if mark.startswith("good-")]
        first = next(commit for mark, commit in by_mark if mark == "bad")
        open_ones = self.repository.git(
            "rev-list", "--topo-order", "--reverse", first, *(f"^{commit}" for commit in goods)
        ).split()
        seen = {
            commit: self.read(commit, promises)
            for commit in (good, *self.repository.between(good, bad))
            if commit in skipped or (self.folder / commit).is_dir()
        }
        keeping = [commit for commit in goods if seen[commit].standing is Standing.KEPT]
        found = read_probe(self.pack, self.folder / first)
        done = set(open_ones) - skipped == {first} and seen[first].standing is Standing.BROKEN
        if not done or not keeping or found is None:
            raise NothingFound(f"git bisect came to no end: {said}", "mend that, and run it again")
        order = list(seen)
        return Bisection(
            pack=self.pack.name,
            owner=self.pack.pack.says.owner,
            good=self.good,
            bad=self.bad,
            first=seen[first],
            last=seen[max(keeping, key=order.index)],
            skipped=tuple(seen[commit] for commit in open_ones if commit != first),
            seen=tuple(seen.values()),
            commit=self.repository.about(first),
            command=reproduce(self.repository.core(found[0], first), found[1].cell.name),
            cells_run=sum(any(path.glob("*.xml")) for path in self.folder.iterdir()),
        )

    def core(self, commit: str) -> Core:
        """What was built of a commit that was judged; raises InvalidCore if it is gone."""
        if found := read_probe(self.pack, self.folder / commit):
            return found[0]
        raise InvalidCore(f"commit {commit} has left no evidence", "run it again")

    def read(self, commit: str, promises: Sequence[str]) -> Judged:
        """What the evidence of a commit says."""
        found = read_probe(self.pack, self.folder / commit)
        if found is None:
            reason = "it cannot be built or installed, or left no evidence"
            return Judged(name=commit, standing=Standing.UNKNOWN, reason=reason)
        return judged(commit, found[1], promises)
