"""What can go wrong outside this tool, each with what to do next and how the command ends."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends; stable, because workflows depend on it."""

    FINE = 0
    BROKEN = 1
    UNUSABLE_INPUT = 2
    NO_VERDICT = 3


class UnusableInput(Exception):
    """Something given to the tool cannot be used; nothing was changed."""

    exit_code = ExitCode.UNUSABLE_INPUT

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __reduce__(self) -> tuple[type[UnusableInput], tuple[str, str]]:
        return type(self), (self.what, self.hint)  # from another process it comes whole


class InvalidPack(UnusableInput):
    """A `pack.toml` does not say what a pack must say."""


class InvalidMatrix(UnusableInput):
    """tox did not give a matrix of cells."""


class NothingExpected(InvalidMatrix):
    """A gate has no matrix of cells, so that there is nothing to decide on."""

    exit_code = ExitCode.NO_VERDICT


class NoEvidence(UnusableInput):
    """The folder of evidence that was named is not there."""


class ForeignEvidence(UnusableInput):
    """Evidence is there for a cell that the matrix does not have."""


class DuplicateEvidence(UnusableInput):
    """Evidence is there twice for one cell."""


class InvalidCore(UnusableInput):
    """A text names no Core, or one that cannot be built."""


class NoGit(UnusableInput):
    """There is no git, and what was asked for needs it."""


class InvalidTable(UnusableInput):
    """The table of Core refs in `tox.ini` cannot be read or rewritten."""


class InvalidConsumers(UnusableInput):
    """`consumers.toml` cannot be read or rewritten, or does not name the consumer of a pack."""


class UnknownConsumer(UnusableInput):
    """A consumer was named that `consumers.toml` does not have."""


class UnreachableIndex(UnusableInput):
    """The package index gave no answer, or none that can be used."""

    exit_code = ExitCode.NO_VERDICT


class UnreadableDocument(UnusableInput):
    """A document of the history cannot be read; every other one stays as it is."""


class UnusableHistory(UnusableInput):
    """A run, or the database of the history, cannot be written; what was there stays."""

    exit_code = ExitCode.NO_VERDICT


class UnusableOutput(UnusableInput):
    """The folder of the dashboard is of something else, or cannot be written."""


class UnusablePort(UnusableInput):
    """The dashboard cannot be served on a port."""


class UnknownPack(UnusableInput):
    """A pack was named that the matrix does not have."""


class Busy(UnusableInput):
    """Another run uses the envs of this checkout."""

    exit_code = ExitCode.NO_VERDICT


class UnknownPromise(UnusableInput):
    """A text names no promise of a pack, or more than one."""


class InvalidSearch(UnusableInput):
    """What was named good and bad is not so, or has nothing between it."""


class NothingFound(UnusableInput):
    """A search came to no end, because something could not be judged."""

    exit_code = ExitCode.NO_VERDICT
