"""What a run of the workflow was asked for, checked where it comes in."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from fanout.model import Frozen
from fanout.wording import printable

LONGEST_REF = 250  # characters; GitHub refuses longer branch names
PackName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
Commit = Annotated[str, Field(pattern=r"^([0-9a-f]{40})?$")]
Shown = Annotated[str, Field(max_length=LONGEST_REF), AfterValidator(printable)]


class Request(Frozen):
    """What to test, and where in Core's repository the answer is awaited.

    Without a `core_ref` the table of Core refs is tested. `commit` is the full hash of a commit
    of Core, `pull_request` the number of one there; both may be empty.
    """

    event: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    core_ref: Shown = ""
    commit: Commit = ""
    pull_request: Annotated[int, Field(ge=1)] | None = None
    baseline: Shown = ""
    packs: tuple[PackName, ...] = ()
